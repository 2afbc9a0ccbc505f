/*
 * Deriving a log's tree anew from its events, and holding it against what is known of it: roots and
 * events that were kept here, another copy, the service's own hashes.
 */
#ifndef HANDOFF_CLI_AUDITING_H
#define HANDOFF_CLI_AUDITING_H

#include "cli/exit.h"
#include "cli/kept.h"
#include "vault/protocol/merkle.h"

#include <stdbool.h>
#include <stdint.h>

enum { AUDITING_NONE = -1 };

struct auditing {
    const struct kept *kept;
    struct merkle_frontier tree;
    uint8_t (*leaves)[MERKLE_HASH_BYTES]; /* of the events from first on */
    size_t room;
    uint64_t first;
    size_t next_root, next_leaf; /* of kept, to come */

    const uint8_t (*other)[MERKLE_HASH_BYTES]; /* another copy's leaves, other_len; NULL: none */
    size_t other_len;

    /* What was found; AUDITING_NONE: nothing. */
    int64_t misnumbered; /* an event that does not name its own place */
    int64_t differs;     /* from the one that was kept here */
    int64_t departs;     /* from the other copy */
    int64_t breaks;      /* the first kept size whose root is another */
    uint64_t fits;       /* the last one whose root is the same */
    unsigned roots;      /* so many were the same */
    unsigned events;     /* and so many events */
};

void auditing_begin(struct auditing *a, const struct kept *kept) __attribute__((nonnull));
void auditing_end(struct auditing *a) __attribute__((nonnull));

/* Goes on from a tree of f->size events that was derived before. */
void auditing_resume(struct auditing *a, const struct merkle_frontier *f) __attribute__((nonnull));

/* Takes the next event, which is n, by its line. */
enum exit_code auditing_add(struct auditing *a, uint64_t n, const char *line, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Says on stdout or stderr what was found so far, first things first. Returns whether it was
   anything. */
bool auditing_say(const struct auditing *a) __attribute__((nonnull));

#endif
