/*
 * What a database must offer the vault: operations on handoffs, envelopes, events and counters, in
 * transactions of many. Nothing here is SQL, and nothing outside vault/store/ is.
 *
 * A store is one connection, used by one thread at a time. The writer opens it for writing and
 * makes the schema; readers open more of them. Unless said otherwise calls return 0, or -1 when the
 * database failed (store_error says how); a writer then rolls back and nothing of the batch has
 * happened.
 */
#ifndef HANDOFF_VAULT_STORE_H
#define HANDOFF_VAULT_STORE_H

#include "vault/alarm.h"
#include "vault/lifecycle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum {
    STORE_NONE = 1,   /* a lookup's answer when there is no such row */
    STORE_UNKNOWN = 2 /* a commit's answer when it failed in the middle */
};

enum store_mode { STORE_WRITER, STORE_READER };

/* Opens path. A writer makes file and schema when absent and refuses a schema it does not know.
   Returns the store; or NULL with a sentence in why. */
struct store *store_open(const char *path, enum store_mode mode, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Closes; a transaction that is open is rolled back. NULL is nothing. */
void store_close(struct store *s);

/* The last failure: a short constant text and the database's number for it. */
const char *store_error(const struct store *s, int *number) __attribute__((nonnull));

/* ---- transactions ---- */

struct store_head {
    int64_t next; /* the index that the next event gets */
    int64_t time; /* the last event's time; 0 where there is none */
};

/* Begins a write transaction and reads the log's head anew: another process may have written. */
int store_begin(struct store *s, struct store_head *head)
    __attribute__((nonnull, warn_unused_result));

/* Commits durably. Returns 0; -1 when it was rolled back and nothing happened; or STORE_UNKNOWN:
   then nobody can know whether it survives a crash, and the store must be closed and opened again.
 */
int store_commit(struct store *s) __attribute__((nonnull, warn_unused_result));

void store_rollback(struct store *s) __attribute__((nonnull));

/* Begins and ends a consistent view for several lookups of a reader. Keep it short (500 ms at the
   very most): a view that is held keeps burned bytes in the write-ahead log. */
int store_view_begin(struct store *s) __attribute__((nonnull, warn_unused_result));
void store_view_end(struct store *s) __attribute__((nonnull));

/* ---- handoffs ---- */

struct store_handoff {
    uint8_t id[16];
    struct lifecycle_facts facts;
    int64_t created_at;
    uint8_t claim_hash[32], opened_hash[32], receipt_key[32], manage_hash[32];
    uint8_t link_hash[32];     /* with a code; zeros otherwise */
    uint8_t claimant_hash[32]; /* once claimed; zeros before */
    uint8_t body_hash[32];     /* of the submission's members, to recognise a repeat */
    uint8_t envelope_hash[32]; /* SHA-256 */
    bool shown_label;          /* the created event has that detail */
    uint32_t key_id;           /* the master key that the envelope lies under */
    int64_t slot;              /* where the envelope lies; 0 once burned */
    uint32_t sealed_len;       /* bytes of its at-rest form */
    int64_t created_n, claimed_n, opened_n, revoked_n; /* events; -1: none */
    int64_t last_n;                                    /* the newest event */
    struct alarm refused, wrong;
};

/* Finds a handoff by id. Returns 0, STORE_NONE or -1. */
int store_find(struct store *s, const uint8_t id[16], struct store_handoff *out)
    __attribute__((nonnull, warn_unused_result));

/* Adds a handoff and puts its envelope's at-rest form (h->sealed_len bytes) into a slot; sets
 * h->slot. */
int store_insert(struct store *s, struct store_handoff *h, const uint8_t *sealed)
    __attribute__((nonnull, warn_unused_result));

/* Writes back what can change: facts, claimant_hash, slot, events, alarms. */
int store_update(struct store *s, const struct store_handoff *h)
    __attribute__((nonnull, warn_unused_result));

/* The earliest handoffs that time changes or whose alarms must be written, at most max of them:
   their ids go to ids, their number to *count. */
int store_due(struct store *s, int64_t now, uint8_t (*ids)[16], size_t max, size_t *count)
    __attribute__((nonnull, warn_unused_result));

/* ---- envelopes ---- */

/* Reads the at-rest form (h->sealed_len bytes) into out. */
int store_envelope(struct store *s, const struct store_handoff *h, uint8_t *out)
    __attribute__((nonnull, warn_unused_result));

/* Overwrites the slot with zeros of equal length and frees it; sets h->slot to 0. Older copies of
   the page are gone from the files after the next complete store_scrub. */
int store_burn(struct store *s, struct store_handoff *h)
    __attribute__((nonnull, warn_unused_result));

/* ---- events ---- */

struct store_event {
    int64_t n, time;
    int64_t prev; /* the same handoff's event before it; -1: none */
    uint8_t leaf[32];
    const char *line;
    size_t line_len;
    uint32_t key_id;        /* of the details */
    const uint8_t *details; /* their at-rest form; NULL: none */
    size_t details_len;
};

int store_append(struct store *s, const struct store_event *e)
    __attribute__((nonnull, warn_unused_result));

/* Finds an event, within a view; its pointers live until the next event is looked for or the view
   ends. 0, STORE_NONE or -1. */
int store_event(struct store *s, int64_t n, struct store_event *out)
    __attribute__((nonnull, warn_unused_result));

/* Just an event's prev. 0, STORE_NONE or -1. */
int store_event_prev(struct store *s, int64_t n, int64_t *prev)
    __attribute__((nonnull, warn_unused_result));

/* ---- wrong codes by address, receipts ---- */

struct store_tries {
    unsigned tries;
    int64_t tried_at; /* 0: none */
};

/* What one address (a keyed tag of it) tried at one handoff; zeros where nothing. */
int store_tries(struct store *s, const uint8_t id[16], const uint8_t tag[16],
                struct store_tries *out) __attribute__((nonnull, warn_unused_result));
int store_set_tries(struct store *s, const uint8_t id[16], const uint8_t tag[16],
                    const struct store_tries *tries) __attribute__((nonnull, warn_unused_result));

/* The event of a kept receipt, by the SHA-256 of its statement. 0, STORE_NONE or -1. */
int store_receipt(struct store *s, const uint8_t id[16], const uint8_t statement_hash[32],
                  int64_t *n) __attribute__((nonnull, warn_unused_result));
int store_add_receipt(struct store *s, const uint8_t id[16], const uint8_t statement_hash[32],
                      int64_t n) __attribute__((nonnull, warn_unused_result));

/* ---- the store's own ---- */

/* A small named value of 32 bytes, such as the check of the master key. 0, STORE_NONE or -1. */
int store_value(struct store *s, const char *name, uint8_t out[32])
    __attribute__((nonnull, warn_unused_result));
int store_set_value(struct store *s, const char *name, const uint8_t value[32])
    __attribute__((nonnull, warn_unused_result));

enum store_scrub {
    STORE_SCRUB_BEGIN, /* copy what can be copied without holding up anyone; any connection */
    STORE_SCRUB_FINISH /* the rest, and empty the write-ahead log; the writer's, between
                          transactions */
};

/* Removes older copies of pages from the files. Returns 0 when complete, STORE_NONE when a reader
   was in the way (try again soon), or -1. */
int store_scrub(struct store *s, enum store_scrub how) __attribute__((nonnull, warn_unused_result));

/* Bytes in the write-ahead log that a scrub would take away. */
int64_t store_log_bytes(const struct store *s) __attribute__((nonnull));

#endif
