/* How far something long has come: a line on stderr, where that is a terminal, from its second
   second on. */
#ifndef HANDOFF_CLI_IO_PROGRESS_H
#define HANDOFF_CLI_IO_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; /* "reading the log" */
    uint64_t total;
    int64_t started_ms, told_ms;
    bool told;
};

void progress_begin(struct progress *p, const char *what, uint64_t total) __attribute__((nonnull));
void progress_tell(struct progress *p, uint64_t done) __attribute__((nonnull));

/* Wipes the line away. */
void progress_end(struct progress *p) __attribute__((nonnull));

#endif
