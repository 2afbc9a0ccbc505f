/*
 * Deriving a log's tree anew from its events, and holding it against what is known of it: roots and
 * events that were kept here, another copy, the service's own hashes.
 */
#ifndef HANDOFF_CLI_LOG_REBUILD_H
#define HANDOFF_CLI_LOG_REBUILD_H

#include "cli/io/exit.h"
#include "cli/log/log_memory.h"
#include "vault/protocol/tlog/merkle.h"

#include <stdbool.h>
#include <stdint.h>

enum { REBUILD_NONE = -1 };

struct rebuild {
    const struct log_memory *kept;
    struct merkle_frontier tree;
    uint8_t (*leaves)[MERKLE_HASH_BYTES]; /* of the events from first on */
    size_t room;
    uint64_t first;
    size_t next_root, next_leaf; /* of kept, to come */

    const uint8_t (*other)[MERKLE_HASH_BYTES]; /* another copy's leaves, other_len; NULL: none */
    size_t other_len;

    /* What was found; REBUILD_NONE: nothing. */
    int64_t misnumbered; /* an event that does not name its own place */
    int64_t differs;     /* from the one that was kept here */
    int64_t departs;     /* from the other copy */
    int64_t breaks;      /* the first kept size whose root is another */
    uint64_t fits;       /* the last one whose root is the same */
    unsigned roots;      /* so many were the same */
    unsigned events;     /* and so many events */
};

void rebuild_begin(struct rebuild *a, const struct log_memory *kept) __attribute__((nonnull));
void rebuild_end(struct rebuild *a) __attribute__((nonnull));

/* Goes on from a tree of f->size events that was derived before. */
void rebuild_resume(struct rebuild *a, const struct merkle_frontier *f) __attribute__((nonnull));

/* Takes the next event, which is n, by its line. */
enum exit_code rebuild_add(struct rebuild *a, uint64_t n, const char *line, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Says on stdout or stderr what was found so far, first things first. Returns whether it was
   anything. */
bool rebuild_say(const struct rebuild *a) __attribute__((nonnull));

#endif
