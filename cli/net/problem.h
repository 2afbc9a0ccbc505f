/* What a person hears when a call did not succeed, and the exit status that goes with it. */
#ifndef HANDOFF_CLI_NET_PROBLEM_H
#define HANDOFF_CLI_NET_PROBLEM_H

#include "cli/io/exit.h"
#include "cli/net/client.h"

#include <stdint.h>

/* Says what happened, then safe (what that means for the secret; NULL for nothing), then what to do
   next. */
enum exit_code problem_say(const struct client *c, const struct client_reply *reply,
                           const char *safe) __attribute__((nonnull(1, 2)));

/* The same for a handoff that can no longer be redeemed: state as the service names it ("claimed"
   or "taken" …), at when it came to that, 0 for unknown. */
enum exit_code problem_gone(const char *state, int64_t at) __attribute__((nonnull));

/* Whether an answer's code says that the handoff is gone (taken, delivered, lapsed, expired,
   revoked). */
bool problem_is_gone(const struct client_reply *reply) __attribute__((nonnull));

#endif
