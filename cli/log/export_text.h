/* An exported log as people and spreadsheets read it: DIR/events.jsonl and DIR/events.csv, made
   from the tiles (and DIR/details.jsonl). */
#ifndef HANDOFF_CLI_LOG_EXPORT_TEXT_H
#define HANDOFF_CLI_LOG_EXPORT_TEXT_H

#include "cli/io/exit.h"

#include <stdbool.h>
#include <stdint.h>

/* Writes both for the first size events. Says what is wrong. */
enum exit_code export_text_write(const char *dir, uint64_t size, bool details)
    __attribute__((nonnull, warn_unused_result));

#endif
