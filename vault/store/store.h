/*
 * The room store/ keeps things in a database, and this header is its only door: operations on
 * handoffs, envelopes, events and counters, in transactions of many. Nothing here is SQL, and
 * nothing outside vault/store/ is; another database is another implementation of this header.
 *
 * A store is one connection, used by one thread at a time. The writer opens it for writing and
 * makes the schema; readers open more of them. Unless said otherwise calls return 0, or -1 when the
 * database failed (store_error says how); a writer then rolls back and nothing of the batch has
 * happened.
 */
#ifndef HANDOFF_VAULT_STORE_STORE_H
#define HANDOFF_VAULT_STORE_STORE_H

#include "vault/lifecycle/alarm.h"
#include "vault/lifecycle/lifecycle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum {
    STORE_NONE = 1,   /* a lookup's answer when there is no such row */
    STORE_UNKNOWN = 2 /* a commit's answer when it failed in the middle */
};

enum store_mode {
    STORE_WRITER,
    STORE_GUEST, /* a writer beside the service: makes no file, and brings no schema forward */
    STORE_READER
};

/* Opens path. A writer makes file and schema when absent, brings an older schema forward, each step
   in a transaction of its own so that an interrupted one is simply done again, and refuses one that
   it does not know. Returns the store; or NULL with a sentence in why. */
struct store *store_open(const char *path, enum store_mode mode, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Closes; a transaction that is open is rolled back. NULL is nothing. */
void store_close(struct store *s);

/* The last failure: a short constant text and the database's number for it. */
const char *store_error(const struct store *s, int *number) __attribute__((nonnull));

/* ---- transactions ---- */

struct store_head {
    int64_t next;     /* the index that the next event gets */
    int64_t time;     /* the last event's time; 0 where there is none */
    uint8_t leaf[32]; /* its hash; zeros where there is none */
};

/* Begins a write transaction and reads the log's head anew: another process may have written. */
int store_begin(struct store *s, struct store_head *head)
    __attribute__((nonnull, warn_unused_result));

/* Commits durably. Returns 0; -1 when it was rolled back and nothing happened; or STORE_UNKNOWN:
   then nobody can know whether it survives a crash; the store must be closed and opened again. */
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
    bool has_recipient, has_payer;
    uint8_t recipient_tag[16]; /* of the team it is addressed to */
    uint8_t payer[16];         /* tag of who is charged as long as it lives */
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

/* Adds a handoff, puts its envelope's at-rest form (h->sealed_len bytes) into a slot and charges
   it; sets h->slot. */
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

/* Overwrites the slot with zeros of equal length, frees it and takes the charge back; sets h->slot
   to 0. Older copies of the page are gone from the files after the next complete store_scrub. */
int store_burn(struct store *s, struct store_handoff *h)
    __attribute__((nonnull, warn_unused_result));

struct store_charge {
    int64_t live;  /* handoffs whose envelope is there */
    int64_t bytes; /* of these envelopes */
};

/* What lives at a payer's charge; payer NULL: in all. Also sees this transaction's own. */
int store_charge(struct store *s, const uint8_t *payer, struct store_charge *out)
    __attribute__((nonnull(1, 3), warn_unused_result));

struct store_list {
    const uint8_t *recipient_tag; /* NULL: any */
    int64_t before;               /* created events older than this */
    unsigned max;                 /* rows */
};

/* Reads handoffs, those created last first, into out (max of them); their number to *count. */
int store_list(struct store *s, const struct store_list *q, struct store_handoff *out,
               size_t *count) __attribute__((nonnull, warn_unused_result));

/* ---- events ---- */

struct store_event {
    int64_t n, time;
    int64_t prev; /* the same handoff's event before it; -1: none */
    uint8_t leaf[32];
    /* The tree's nodes that this event completes, from level 1 up: 32 bytes each. */
    const uint8_t *nodes;
    size_t nodes_len;
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

/* A node of the log's tree (merkle.h), where it is complete. 0, STORE_NONE or -1. */
int store_node(struct store *s, unsigned level, uint64_t index, uint8_t hash[32])
    __attribute__((nonnull, warn_unused_result));

/* Writes an event's leaf hash and nodes anew: for a database from before the tree. */
int store_set_nodes(struct store *s, const struct store_event *e)
    __attribute__((nonnull, warn_unused_result));

/* ---- what was signed ---- */

/* Keeps a signed checkpoint of the log at this size. The one before it is forgotten when it is of
   the same day, so that there are the newest, and the last of each day. */
int store_keep_checkpoint(struct store *s, int64_t size, int64_t time, const char *note, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* The checkpoint kept for the smallest size above after; its text goes to note (of *len bytes, then
   how many). 0, STORE_NONE or -1. */
int store_kept_checkpoint(struct store *s, int64_t after, int64_t *size, char *note, size_t *len)
    __attribute__((nonnull, warn_unused_result));

/* Keeps the proof, signed by the old key, of the event n that replaced the log's key; and finds the
   first one of an event above after. */
int store_add_log_key(struct store *s, int64_t n, const char *proof, size_t len)
    __attribute__((nonnull, warn_unused_result));
int store_next_log_key(struct store *s, int64_t after, int64_t *n, char *proof, size_t *len)
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

/* ---- tokens ---- */

enum { STORE_TOKEN_SEALED_MAX = 512 };

struct store_token {
    uint8_t hash[32];     /* of the token's 32 bytes */
    uint8_t name_tag[16]; /* no two tokens ever have the same name */
    unsigned role;
    int64_t created_at;
    int64_t expires_at, revoked_at; /* 0: never */
    uint32_t key_id;
    uint8_t sealed[STORE_TOKEN_SEALED_MAX]; /* name and team */
    size_t sealed_len;
};

/* Finds a token by hash, or by name_tag where hash is NULL. 0, STORE_NONE or -1. */
int store_token(struct store *s, const uint8_t *hash, const uint8_t *name_tag,
                struct store_token *out) __attribute__((nonnull(1, 4), warn_unused_result));

/* Adds a token, or writes back what can change: revoked_at, key_id, sealed. */
int store_put_token(struct store *s, const struct store_token *t)
    __attribute__((nonnull, warn_unused_result));

/* The first token whose hash is above after (NULL: the very first), to go through all of them. 0,
   STORE_NONE or -1. */
int store_next_token(struct store *s, const uint8_t *after, struct store_token *out)
    __attribute__((nonnull(1, 3), warn_unused_result));

/* ---- the store's own ---- */

enum { STORE_VALUE_MAX = 96 };

/* A small named value of at most STORE_VALUE_MAX bytes, such as the check of the master key. *len
   is the room in out, and then what is in it. 0, STORE_NONE or -1. */
int store_value(struct store *s, const char *name, uint8_t *out, size_t *len)
    __attribute__((nonnull, warn_unused_result));
int store_set_value(struct store *s, const char *name, const uint8_t *value, size_t len)
    __attribute__((nonnull, warn_unused_result));
/* The same for a number: 8 bytes, big-endian; a value without bytes is 0. */
int store_number(struct store *s, const char *name, int64_t *number)
    __attribute__((nonnull, warn_unused_result));
int store_set_number(struct store *s, const char *name, int64_t number)
    __attribute__((nonnull, warn_unused_result));

int store_drop_value(struct store *s, const char *name)
    __attribute__((nonnull, warn_unused_result));

/* Goes through all handoffs by id: the first max of them with an id above after (NULL: from the
   start) go to out, their number to *count. */
int store_walk(struct store *s, const uint8_t *after, struct store_handoff *out, size_t max,
               size_t *count) __attribute__((nonnull(1, 3, 5), warn_unused_result));

/* Writes back what only the service's own work changes: recipient_tag, key_id and, where sealed is
   not NULL, the at-rest form of an envelope that lives (of the same length). */
int store_rewrite(struct store *s, const struct store_handoff *h, const uint8_t *sealed)
    __attribute__((nonnull(1, 2), warn_unused_result));

/* The first event above after whose details are not sealed under key_id; its details' at-rest form
   goes to buffer (of size bytes), n, key_id and details_len are filled. 0, STORE_NONE or -1. */
int store_next_details(struct store *s, int64_t after, uint32_t key_id, uint8_t *buffer,
                       size_t size, struct store_event *out)
    __attribute__((nonnull, warn_unused_result));

/* Overwrites an event's details by another form of equal length. */
int store_rewrite_details(struct store *s, const struct store_event *e)
    __attribute__((nonnull, warn_unused_result));

/* How many of the sweeper's are due, counted up to max. */
int store_count_due(struct store *s, int64_t now, unsigned max, uint64_t *count)
    __attribute__((nonnull, warn_unused_result));

/* The log's head, as store_begin tells it, for a reader. */
int store_head(struct store *s, struct store_head *head)
    __attribute__((nonnull, warn_unused_result));

struct store_backup {
    int64_t events, handoffs, live;
};

/* Copies all but the envelopes, as of one moment, into a new database at to (made 0600, must not
   exist), which is marked as one that was restored. Uses a connection of its own; a writer goes on
   meanwhile. Returns 0, or -1 with a sentence in why and nothing left at to. */
int store_backup(const char *from, const char *to, struct store_backup *out, char *why,
                 size_t why_size) __attribute__((nonnull, warn_unused_result));

/* The name of the value that such a copy carries until its live handoffs have been burned. */
extern const char store_restored[];

/* The name of the value that a database from before the log's tree has as long as the tree is not
   built; its number: how many leaves are done. */
extern const char store_unbuilt[];

/* Looks through the database's structure for damage; and whether its tables fit each other. Return
   0; STORE_NONE with what is wrong in why; or -1. */
int store_verify(struct store *s, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));
int store_verify_tables(struct store *s, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

enum store_scrub {
    /* Copy what can be copied without holding up anyone; any connection. */
    STORE_SCRUB_BEGIN,
    /* Copy the rest, and empty the write-ahead log; the writer's, between transactions. */
    STORE_SCRUB_FINISH
};

/* Removes older copies of pages from the files. Returns 0 when complete, STORE_NONE when a reader
   was in the way (try again soon), or -1. */
int store_scrub(struct store *s, enum store_scrub how) __attribute__((nonnull, warn_unused_result));

/* Bytes in the write-ahead log that a scrub would take away. */
int64_t store_log_bytes(const struct store *s) __attribute__((nonnull));

#endif
