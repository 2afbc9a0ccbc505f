/*
 * A log's tree, rebuilt from its events and held against what is known of it: roots and events that
 * this machine remembers, and another copy's.
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
    const struct log_memory *memory;
    struct merkle_frontier tree;
    uint8_t (*leaves)[MERKLE_HASH_BYTES]; /* of the events from first on */
    size_t room;
    uint64_t first;
    size_t next_root, next_leaf; /* of memory, to come */

    const uint8_t (*other)[MERKLE_HASH_BYTES]; /* another copy's leaves, other_len; NULL: none */
    size_t other_len;

    /* What was found; REBUILD_NONE: nothing. */
    int64_t misnumbered; /* an event that does not name its own place */
    int64_t differs;     /* from the one that is remembered */
    int64_t departs;     /* from the other copy */
    int64_t breaks;      /* the first remembered size whose root is another */
    uint64_t fits;       /* the last one whose root is the same */
    unsigned roots;      /* so many were the same */
    unsigned events;     /* and so many events */
};

void rebuild_begin(struct rebuild *r, const struct log_memory *memory) __attribute__((nonnull));
void rebuild_end(struct rebuild *r) __attribute__((nonnull));

/* Goes on from a tree of f->size events that was derived before. */
void rebuild_resume(struct rebuild *r, const struct merkle_frontier *f) __attribute__((nonnull));

/* Takes the next event, which is n, by its line. */
enum exit_code rebuild_add(struct rebuild *r, uint64_t n, const char *line, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Says on stderr what was found so far, first things first. Returns whether it was anything. */
bool rebuild_say(const struct rebuild *r) __attribute__((nonnull));

#endif
