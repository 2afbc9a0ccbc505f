#include "api/policy/limits.h"

#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/policy/client_counts.h"
#include "api/policy/rate_limit.h"
#include "vault/protocol/encoding/clock.h"

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

_Static_assert((int)REPLY_LIMITS == (int)RATE_LIMIT_KINDS, "an answer tells of each kind");

/* Keeps for the answer how the caller stands. */
static void note(struct request *r, enum rate_limit_kind kind,
                 const struct rate_limit_standing *standing)
{
    r->limits[kind] = (struct reply_limit){.name = names[kind],
                                           .limit = standing->limit,
                                           .remaining = standing->remaining,
                                           .window_s = RATE_LIMIT_WINDOW_S,
                                           .full_s = standing->full_s};
}

/* The same; refuses where it has to be. */
static bool keep(struct request *r, enum rate_limit_kind kind,
                 const struct rate_limit_standing *standing)
{
    const struct problem p = {.code = PROBLEM_RATE_LIMITED,
                              .detail = details[kind],
                              .retry_after_s = standing->retry_after_s};

    note(r, kind, standing);
    if (standing->allowed)
        return true;
    request_problem(r, &p);
    return false;
}

bool limits_address(struct request *r, unsigned cost)
{
    const unsigned limit = service_config(r->service)->limits.address_rate;
    struct rate_limit_standing standing;

    if (limit == 0 || cost == 0)
        return true;
    standing = rate_limit_charge(r->service->rate_limit, RATE_LIMIT_ADDRESS, r->client.network,
                                 sizeof(r->client.network), limit, cost, clock_monotonic_us());
    return keep(r, RATE_LIMIT_ADDRESS, &standing);
}

bool limits_token(struct request *r, const uint8_t hash[32])
{
    const unsigned limit = service_config(r->service)->limits.token_rate;
    struct rate_limit_standing standing;

    if (limit == 0)
        return true;
    standing = rate_limit_charge(r->service->rate_limit, RATE_LIMIT_TOKEN, hash, 32, limit, 1,
                                 clock_monotonic_us());
    return keep(r, RATE_LIMIT_TOKEN, &standing);
}

bool limits_handoff(struct request *r)
{
    const unsigned limit = service_config(r->service)->limits.handoff_rate;
    struct rate_limit_standing standing;

    if (limit == 0)
        return true;
    standing = rate_limit_look(r->service->rate_limit, RATE_LIMIT_HANDOFF, r->id, sizeof(r->id),
                               limit, clock_monotonic_us());
    return standing.allowed || keep(r, RATE_LIMIT_HANDOFF, &standing);
}

void limits_handoff_proved(struct request *r)
{
    const unsigned limit = service_config(r->service)->limits.handoff_rate;
    struct rate_limit_standing standing;

    if (limit == 0)
        return;
    standing = rate_limit_charge(r->service->rate_limit, RATE_LIMIT_HANDOFF, r->id, sizeof(r->id),
                                 limit, 1, clock_monotonic_us());
    note(r, RATE_LIMIT_HANDOFF, &standing);
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

bool limits_wait(struct request *r)
{
    static const struct problem many = {
        .code = PROBLEM_RATE_LIMITED,
        .detail =
            "Too many calls from this address wait for events. Ask again without wait, or later.",
        .retry_after_s = 5};

    /* Who came by the unix socket is not told apart from others there. */
    if (!r->client.known)
        return true;
    r->wait_counted = client_counts_enter(r->service->client_waits, r->client.network,
                                          service_config(r->service)->limits.address_waits);
    if (!r->wait_counted)
        request_problem(r, &many);
    return r->wait_counted;
}

void limits_wait_over(struct request *r)
{
    if (r->wait_counted)
        client_counts_leave(r->service->client_waits, r->client.network);
    r->wait_counted = false;
}
