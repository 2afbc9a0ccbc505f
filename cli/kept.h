/* What this machine has kept of a service's log by now: roots that it has signed, and events. */
#ifndef HANDOFF_CLI_KEPT_H
#define HANDOFF_CLI_KEPT_H

#include "cli/trust.h"

struct kept_root {
    uint64_t size;
    uint8_t root[MERKLE_HASH_BYTES];
};

struct kept_leaf {
    uint64_t index;
    uint8_t leaf[MERKLE_HASH_BYTES];
};

struct kept {
    struct kept_root *roots; /* by size */
    size_t roots_len;
    struct kept_leaf *leaves; /* by index */
    size_t leaves_len;
};

/* Reads all of it; nothing is fine. Says what is wrong. Clear afterwards in any case. */
enum exit_code kept_load(struct kept *k, const struct trust *t)
    __attribute__((nonnull, warn_unused_result));
void kept_clear(struct kept *k) __attribute__((nonnull));

#endif
