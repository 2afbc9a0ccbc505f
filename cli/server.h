/* Which service a new handoff goes to. */
#ifndef HANDOFF_CLI_SERVER_H
#define HANDOFF_CLI_SERVER_H

#include "cli/client.h"
#include "cli/exit.h"

/* A client of the service that was given (NULL: HANDOFF_URL's, or the one on this machine). Says
   what is wrong with it. */
enum exit_code server_client(struct client **out, const char *given)
    __attribute__((nonnull(1), warn_unused_result));

/* A client of the service that a link or a state names. */
enum exit_code server_of(struct client **out, const char *base)
    __attribute__((nonnull, warn_unused_result));

#endif
