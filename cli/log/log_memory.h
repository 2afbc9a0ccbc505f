/* What this machine remembers of a service's log: roots that it has signed, and events. */
#ifndef HANDOFF_CLI_LOG_LOG_MEMORY_H
#define HANDOFF_CLI_LOG_LOG_MEMORY_H

#include "cli/log/trust.h"

struct log_memory_root {
    uint64_t size;
    uint8_t root[MERKLE_HASH_BYTES];
};

struct log_memory_leaf {
    uint64_t index;
    uint8_t leaf[MERKLE_HASH_BYTES];
};

struct log_memory {
    struct log_memory_root *roots; /* by size */
    size_t roots_len;
    struct log_memory_leaf *leaves; /* by index */
    size_t leaves_len;
};

/* Reads all of it; nothing is fine. Says what is wrong. Clear afterwards in any case. */
enum exit_code log_memory_load(struct log_memory *m, const struct trust *t)
    __attribute__((nonnull, warn_unused_result));
void log_memory_clear(struct log_memory *m) __attribute__((nonnull));

#endif
