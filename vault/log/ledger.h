/*
 * The room log/ is the audit log: what each kind of event says, how events are written, and the key
 * by which the log is signed. It also seals what lies beside: details, and tokens.
 *
 * The ledger writes it: events become lines of exact bytes, lines become leaves of the tree,
 * details become commitments.
 *
 * A line is {"v":1,"n":index,"t":time,"kind":"…","id":"…", members of the kind…,"details":{field:
 * commitment,…}} without spaces; what is committed to lies sealed beside it (job/details.h).
 */
#ifndef HANDOFF_VAULT_LOG_LEDGER_H
#define HANDOFF_VAULT_LOG_LEDGER_H

#include "vault/job/details.h"
#include "vault/job/event.h"
#include "vault/keys/keyring.h"
#include "vault/lifecycle/lifecycle.h"
#include "vault/protocol/encoding/text.h"
#include "vault/protocol/tlog/merkle.h"
#include "vault/store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LEDGER_DETAILS_BYTES = 8192, /* room for an event's details before sealing */
    LEDGER_RANDOM_BYTES = 512    /* drawn from the kernel at once */
};

/* The log's end within one transaction; what it holds is scratch for the event being written. */
struct ledger {
    struct store *store;
    const struct keyring *keyring;
    struct store_head head;
    struct merkle_frontier tree;       /* of head.next leaves, the last of them head.leaf */
    int64_t now;                       /* the transaction's time; never before head.time */
    bool burned;                       /* something at rest was destroyed in this transaction */
    uint64_t live_max, live_bytes_max; /* the most that may live; 0: no limit */
    uint64_t kinds[VAULT_KINDS];       /* events of this transaction, to be counted once it is */
    uint64_t causes[LIFECYCLE_CAUSES];
    enum vault_kind kind; /* of the event being written */

    char line[VAULT_EVENT_LINE_MAX];
    struct text text;              /* into line */
    const struct details *details; /* the event's: those below, or a job's */
    struct details gathered;       /* into the two below */
    uint8_t gathered_data[LEDGER_DETAILS_BYTES];
    char gathered_text[1024];
    uint8_t sealed[LEDGER_DETAILS_BYTES + KEYRING_OVERHEAD];
    uint8_t nodes[MERKLE_LEVELS][MERKLE_HASH_BYTES];
    uint8_t random[LEDGER_RANDOM_BYTES]; /* for salts and nonces of this transaction */
    size_t random_left;
};

/* Makes a ledger ready for a transaction that has begun with this head. A ledger that was at this
   very head before goes on with its tree; else the tree's border is read, a node for each bit of
   the size. Returns 0, or -1 when that failed. */
int ledger_start(struct ledger *l, struct store *store, const struct keyring *keyring,
                 const struct store_head *head, int64_t now)
    __attribute__((nonnull, warn_unused_result));

/* The nodes of the log in a database, as merkle.h wants them. */
struct merkle_source ledger_source(struct store *store) __attribute__((nonnull));

/* Starts an event: kind, and the handoff's id or NULL. The kind's members are then appended to
   l->text (each with its leading comma), and details added. */
void ledger_begin(struct ledger *l, enum vault_kind kind, const uint8_t *id)
    __attribute__((nonnull(1)));

/* Adds a detail: a personal field, or what is disclosed later. An empty one is left out. */
void ledger_detail(struct ledger *l, const char *field, const void *value, size_t len)
    __attribute__((nonnull(1, 2)));

/* Has the event take these instead, which stay the caller's and live until it is finished. */
void ledger_details(struct ledger *l, const struct details *details) __attribute__((nonnull));

/* Finishes the event and appends it after prev, the same handoff's last event (-1: none). Returns
   its index; or -1 when the store failed or the event was too long (nothing of it is then kept). */
int64_t ledger_end(struct ledger *l, int64_t prev) __attribute__((nonnull, warn_unused_result));

/* Erases those of an event's details that are personal, within the transaction: at rest they are
   overwritten by as many bytes. What is left proves, and names nobody: opened_hash, receipt_key,
   statement, signature. Returns 1 when there was something to erase, 0 when not, or -1. */
int ledger_erase(struct ledger *l, int64_t n) __attribute__((nonnull, warn_unused_result));

/* What the sealed details of event n are bound to. */
void ledger_bind_details(uint8_t ad[8], int64_t n) __attribute__((nonnull));

/* Opens an event's details into buffer (of LEDGER_DETAILS_BYTES) and fills at most max of them,
   which point into buffer. Returns their number, or -1 when they are not authentic. */
int ledger_open_details(const struct keyring *k, const struct store_event *e, uint8_t *buffer,
                        struct vault_detail *details, size_t max)
    __attribute__((nonnull, warn_unused_result));

#endif
