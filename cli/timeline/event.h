/* One event of a handoff's timeline as a line for a person. */
#ifndef HANDOFF_CLI_TIMELINE_EVENT_H
#define HANDOFF_CLI_TIMELINE_EVENT_H

#include "cli/local/state.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { EVENT_TEXT_MAX = 4096 };

struct event {
    const json_t *line;    /* the parsed leaf */
    const json_t *details; /* field → {"salt","value"} */
    bool checked;          /* receipts were verified elsewhere: nothing is said of it */
    bool alarm;            /* set by event_describe: the sender should act on it */
    bool unverified;       /* set by event_describe: a receipt's signature does not verify */
};

/* Writes time and sentence, without a line end. sent is what the sender kept, against which
   receipts are verified; NULL elsewhere. */
void event_describe(char out[EVENT_TEXT_MAX], struct event *e, const struct state *sent)
    __attribute__((nonnull(1, 2)));

#endif
