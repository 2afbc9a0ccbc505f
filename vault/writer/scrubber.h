/*
 * Sees to it that burned bytes leave every file soon: after a burn it lets more gather for half a
 * second, copies the write-ahead log into the database without holding up anyone, and has the
 * committer empty the log. Asked to, it does the same for a log that has grown long.
 */
#ifndef HANDOFF_VAULT_WRITER_SCRUBBER_H
#define HANDOFF_VAULT_WRITER_SCRUBBER_H

#include "vault/job/reporter.h"
#include "vault/store/store.h"
#include "vault/writer/committer.h"

enum {
    SCRUBBER_GATHER_MS = 500, /* from a burn to the scrub */
    SCRUBBER_RETRY_MS = 50,   /* when a reader was in the way */
    SCRUBBER_LATE_MS = 2000   /* from when on the operator is told */
};

struct scrubber;

/* Makes the scrubber; store is a connection of its own, which it takes over. NULL when memory is
   short (store is closed then). */
struct scrubber *scrubber_new(struct store *store, const struct reporter *reporter,
                              struct stats *figures) __attribute__((nonnull, warn_unused_result));

/* Asks for a scrub (the committer's scrub_wanted); from any thread, never blocks for long. */
void scrubber_wanted(void *scrubber) __attribute__((nonnull));

/* Starts the thread, which scrubs through c. Returns 0 or -1. */
int scrubber_start(struct scrubber *s, struct committer *c)
    __attribute__((nonnull, warn_unused_result));

/* Ends the thread, where one was started; before committer_stop. NULL is nothing. */
void scrubber_stop(struct scrubber *s);

/* Frees; after committer_stop, which may still ask for scrubs. NULL is nothing. */
void scrubber_free(struct scrubber *s);

#endif
