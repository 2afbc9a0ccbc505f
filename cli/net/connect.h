/* Which service a call goes to, and whether it is shown the token: only the one that the settings,
   or --server, name; never one that a link names. */
#ifndef HANDOFF_CLI_NET_CONNECT_H
#define HANDOFF_CLI_NET_CONNECT_H

#include "cli/io/exit.h"
#include "cli/local/settings.h"
#include "cli/net/client.h"

/* A client of the service that was given (NULL: that of the settings). Says what is wrong with
   it. */
enum exit_code connect_client(struct client **out, struct settings *settings, const char *given)
    __attribute__((nonnull(1, 2), warn_unused_result));

/* A client of the service that a link or a state names. */
enum exit_code connect_base(struct client **out, struct settings *settings, const char *base)
    __attribute__((nonnull, warn_unused_result));

#endif
