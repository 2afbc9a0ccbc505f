/*
 * The keys that sign the log's checkpoints, in DIR/log.key, apart from the master key: text, a line
 * for each key, "handoff-log-key-1 <log's name> <32 bytes of seed, base64url>", LF. There is one
 * but while it is being replaced; the database says which of them signs (its value "log-key"), so
 * that a replacement takes effect with its event's transaction.
 *
 * May be used by several threads.
 */
#ifndef HANDOFF_VAULT_LOG_LOGKEY_H
#define HANDOFF_VAULT_LOG_LOGKEY_H

#include "vault/protocol/tlog/checkpoint.h"
#include "vault/store/store.h"

#include <stdbool.h>

struct logkey;

/* Opens the file of the data directory; one that is not there is no error yet. NULL with a sentence
   in why. */
struct logkey *logkey_open(int dir_fd, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Wipes and frees; NULL is nothing. */
void logkey_close(struct logkey *k);

/* Brings database and file together: a database that has no log key yet is given one of this name
   (made where there is none), and what an interrupted replacement has left is destroyed. Returns 0,
   or -1 with a sentence in why. */
int logkey_settle(struct logkey *k, struct store *store, const char *name, char *why,
                  size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Which key the database says signs, as seen by this connection. 0, or -1 when it is not there. */
int logkey_current(struct logkey *k, struct store *store, struct note_key *out)
    __attribute__((nonnull, warn_unused_result));

/* Signs a checkpoint with that key into t, which is empty. About 30 µs. Returns 0 or -1. */
int logkey_sign(struct logkey *k, struct store *store, const struct checkpoint *c, struct text *t)
    __attribute__((nonnull, warn_unused_result));

/* ---- replacing it ---- */

/* Adds a new key of this name to the file, durably, unless one is there that does not sign yet; it
   goes to *to. lost: what is in the file is worth nothing, and goes. Returns 0, or -1 with a
   sentence in why. */
int logkey_extend(struct logkey *k, struct store *store, const char *name, bool lost,
                  struct note_key *to, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Within a transaction: to signs from its commit on. Returns 0 or -1. */
int logkey_bind(struct store *store, const struct note_key *to)
    __attribute__((nonnull, warn_unused_result));

/* Destroys all keys but the one that signs. Returns 0, or -1 with a sentence in why. */
int logkey_shrink(struct logkey *k, struct store *store, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

#endif
