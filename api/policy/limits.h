/*
 * How many calls a minute: by address, by token, by handoff. Where a limit applies, the answer says
 * how the caller stands, in the fields RateLimit-Policy and RateLimit of
 * draft-ietf-httpapi-ratelimit-headers-10: `"address";q=600;w=60` and `"address";r=598;t=12`.
 */
#ifndef HANDOFF_API_POLICY_LIMITS_H
#define HANDOFF_API_POLICY_LIMITS_H

#include "api/http/request.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

enum { LIMITS_CLIENTS = 65536 }; /* so many are remembered at once */

/* Charges the request to its address. Returns false when it is refused, with the reply filled. */
bool limits_address(struct request *r, unsigned cost) __attribute__((nonnull, warn_unused_result));

/* The same to a token that it shows, by the token's hash. */
bool limits_token(struct request *r, const uint8_t hash[32])
    __attribute__((nonnull, warn_unused_result));

/* Whether the handoff that it is about can take another call. Nothing is charged: a stranger who
   knows an id must not be able to shut out those that it is for. Returns false with the reply
   filled. */
bool limits_handoff(struct request *r) __attribute__((nonnull, warn_unused_result));

/* The request has proved that it holds the link or a key of the handoff: it is charged. */
void limits_handoff_proved(struct request *r) __attribute__((nonnull));

/* The same for one that the vault has answered, where its answer tells of such a proof. */
void limits_handoff_answered(struct request *r) __attribute__((nonnull));

/* Puts the fields on the answer. */
void limits_headers(const struct request *r, struct MHD_Response *response)
    __attribute__((nonnull));

#endif
