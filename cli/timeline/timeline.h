/*
 * The room of a handoff's events, read and waited for, each told as a line for a person.
 *
 * This is how its sender sees them.
 */
#ifndef HANDOFF_CLI_TIMELINE_TIMELINE_H
#define HANDOFF_CLI_TIMELINE_TIMELINE_H

#include "cli/io/exit.h"
#include "cli/local/state.h"
#include "cli/net/client.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct timeline {
    struct client *client;
    const uint8_t *id;
    const uint8_t *key;       /* the manage key; NULL: followed by the client's token */
    const struct state *sent; /* what its sender kept, for the receipts' check; NULL elsewhere */
    bool print;               /* each new event, as lines on stdout */
    json_t *events;           /* an array that takes each new event; NULL for none */
    int64_t after;            /* the last index seen; begins at -1 */
    char state[32];           /* as of the last answer */
    unsigned alarms;          /* events that a sender should act on, so far */
    bool unverified;          /* a receipt's signature does not verify */
};

/* Reads the events that are new, waiting for one at most wait_s seconds. Returns EXIT_DONE, or what
   problem_say says. */
enum exit_code timeline_read(struct timeline *t, unsigned wait_s) __attribute__((nonnull));

/* Reads until the state is one that time alone does not change. Lost connections and restarts of
   the service are sat out. */
enum exit_code timeline_wait(struct timeline *t) __attribute__((nonnull));

/* Says on stderr what the state and the alarms ask of the sender, and returns EXIT_DONE or
   EXIT_UNVERIFIED. */
enum exit_code timeline_advise(const struct timeline *t) __attribute__((nonnull));

#endif
