/* Fetches a service's log with the client's token, line by line, however long it is. */
#ifndef HANDOFF_CLI_LOG_FETCH_H
#define HANDOFF_CLI_LOG_FETCH_H

#include "cli/io/exit.h"
#include "cli/net/client.h"

#include <stdint.h>

struct fetch {
    struct client *client;
    const char *path;    /* "/events" or "/details" */
    const char *what;    /* for the progress: "Reading the log" */
    uint64_t next, size; /* from where to where */
    /* Gets each line, without its end, with the event's index. Returns EXIT_DONE to go on. */
    enum exit_code (*each)(void *ctx, uint64_t n, const char *line, size_t len);
    void *ctx;
    unsigned failures; /* answers in a row that did not come; begins at 0 */
};

/* Goes from next to size; next tells afterwards how far it came. A service that is busy or away for
   a while is waited for. Says what is wrong. */
enum exit_code fetch_lines(struct fetch *f) __attribute__((nonnull, warn_unused_result));

#endif
