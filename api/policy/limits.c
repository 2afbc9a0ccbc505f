#include "api/policy/limits.h"

#include "api/server.h"

#include <stdio.h>
#include <string.h>

static const char *const names[RATE_LIMIT_KINDS] = {
    [RATE_LIMIT_ADDRESS] = "address",
    [RATE_LIMIT_TOKEN] = "token",
    [RATE_LIMIT_HANDOFF] = "handoff",
};

static const char *const details[RATE_LIMIT_KINDS] = {
    [RATE_LIMIT_ADDRESS] =
        "Nothing was changed. Too many calls came from this address. Wait as long as "
        "Retry-After says.",
    [RATE_LIMIT_TOKEN] =
        "Nothing was changed. Too many calls came with this token. Wait as long as "
        "Retry-After says.",
    [RATE_LIMIT_HANDOFF] =
        "Nothing was changed. Too many calls came for this handoff. Wait as long as "
        "Retry-After says.",
};

/* Keeps for the answer how the caller stands; refuses where it has to be. */
static bool keep(struct request *r, enum rate_limit_kind kind,
                 const struct rate_limit_standing *standing)
{
    const struct problem p = {.code = PROBLEM_RATE_LIMITED,
                              .detail = details[kind],
                              .retry_after_s = standing->retry_after_s};

    r->standing[kind] = *standing;
    if (standing->allowed)
        return true;
    request_problem(r, &p);
    return false;
}

bool limits_address(struct request *r, unsigned cost)
{
    const unsigned limit = server_limits(r->server)->address_rate;
    struct rate_limit_standing standing;

    if (limit == 0 || cost == 0)
        return true;
    standing = rate_limit_charge(server_quota(r->server), RATE_LIMIT_ADDRESS, r->client.network,
                                 sizeof(r->client.network), limit, cost, server_now_us());
    return keep(r, RATE_LIMIT_ADDRESS, &standing);
}

bool limits_token(struct request *r, const uint8_t hash[32])
{
    const unsigned limit = server_limits(r->server)->token_rate;
    struct rate_limit_standing standing;

    if (limit == 0)
        return true;
    standing = rate_limit_charge(server_quota(r->server), RATE_LIMIT_TOKEN, hash, 32, limit, 1,
                                 server_now_us());
    return keep(r, RATE_LIMIT_TOKEN, &standing);
}

bool limits_handoff(struct request *r)
{
    const unsigned limit = server_limits(r->server)->handoff_rate;
    struct rate_limit_standing standing;

    if (limit == 0)
        return true;
    standing = rate_limit_look(server_quota(r->server), RATE_LIMIT_HANDOFF, r->id, sizeof(r->id),
                               limit, server_now_us());
    return standing.allowed || keep(r, RATE_LIMIT_HANDOFF, &standing);
}

void limits_handoff_proved(struct request *r)
{
    const unsigned limit = server_limits(r->server)->handoff_rate;

    if (limit == 0)
        return;
    r->standing[RATE_LIMIT_HANDOFF] =
        rate_limit_charge(server_quota(r->server), RATE_LIMIT_HANDOFF, r->id, sizeof(r->id), limit,
                          1, server_now_us());
}

void limits_handoff_answered(struct request *r)
{
    switch ((int)r->job.result.answer) {
    case ANSWER_OK: /* the others can be had by a stranger who knows just the id */
    case ANSWER_REPEATED:
    case ANSWER_WRONG_CODE:
    case ANSWER_TOO_MANY_TRIES:
    case ANSWER_TAKEN:
    case ANSWER_DELIVERED:
        limits_handoff_proved(r);
        break;
    default:
        break;
    }
}

void limits_headers(const struct request *r, struct MHD_Response *response)
{
    char policy[128] = "", now[128] = "";
    size_t policy_len = 0, now_len = 0;

    for (size_t i = 0; i < RATE_LIMIT_KINDS; i++) {
        const struct rate_limit_standing *s = &r->standing[i];
        const char *comma = policy_len > 0 ? ", " : "";

        if (s->limit == 0 || policy_len >= sizeof(policy) || now_len >= sizeof(now))
            continue;
        policy_len +=
            (size_t)snprintf(policy + policy_len, sizeof(policy) - policy_len, "%s\"%s\";q=%u;w=%d",
                             comma, names[i], s->limit, RATE_LIMIT_WINDOW_S);
        now_len += (size_t)snprintf(now + now_len, sizeof(now) - now_len, "%s\"%s\";r=%u;t=%u",
                                    comma, names[i], s->remaining, s->full_s);
    }
    if (policy_len == 0)
        return;
    (void)MHD_add_response_header(response, "RateLimit-Policy", policy);
    (void)MHD_add_response_header(response, "RateLimit", now);
}
