#include "tests/bench/load/judge.h"

#include <stdbool.h>
#include <string.h>

/* Where a member's value begins: after "name": in compact JSON. */
static const char *value_of(const struct judge_answer *a, const char *name, size_t *left)
{
    const size_t name_len = strlen(name);
    const char *at = memmem(a->body, a->body_len, name, name_len);

    if (at == NULL)
        return NULL;
    at += name_len;
    *left = (size_t)(a->body + a->body_len - at);
    return at;
}

/* Whether a string member is exactly this text. */
static bool string_is(const struct judge_answer *a, const char *name, const char *text, size_t len)
{
    size_t left;
    const char *at = value_of(a, name, &left);

    return at != NULL && left >= len + 2 && at[0] == '"' && at[len + 1] == '"' &&
           memcmp(at + 1, text, len) == 0;
}

int64_t judge_number(const struct judge_answer *answer, const char *name)
{
    size_t left;
    const char *at = value_of(answer, name, &left);
    int64_t value = 0;

    if (at == NULL || left == 0 || *at < '0' || *at > '9')
        return -1;
    for (; left > 0 && *at >= '0' && *at <= '9' && value < INT64_MAX / 16; at++, left--)
        value = value * 10 + (*at - '0');
    return value;
}

static bool number_there(const struct judge_answer *a, const char *name)
{
    return judge_number(a, name) >= 0;
}

static bool holds(const struct judge_answer *a, const char *text, size_t len)
{
    return memmem(a->body, a->body_len, text, len) != NULL;
}

static const char *judge_put(const struct prepare_set *set, size_t handoff,
                             const struct judge_answer *a)
{
    const struct prepare_span id = prepare_id(set, handoff);

    if (a->status != 201)
        return "put: the status is not 201";
    if (!string_is(a, "\"id\":", id.data, id.len))
        return "put: another id";
    if (!string_is(a, "\"state\":", "available", 9))
        return "put: the state is not available";
    return NULL;
}

static const char *judge_claim(const struct prepare_set *set, size_t handoff,
                               const struct judge_answer *a)
{
    const struct prepare_span envelope = prepare_envelope(set, handoff);

    if (a->status != 200)
        return "claim: the status is not 200";
    if (!string_is(a, "\"envelope\":", envelope.data, envelope.len))
        return "claim: not the envelope that was submitted";
    if (!number_there(a, "\"lease_until\":"))
        return "claim: no lease";
    return NULL;
}

static const char *judge_opened(const struct judge_answer *a)
{
    if (a->status != 200)
        return "opened: the status is not 200";
    if (!string_is(a, "\"state\":", "delivered", 9))
        return "opened: the state is not delivered";
    return NULL;
}

static const char *judge_status(const struct prepare_set *set, size_t handoff,
                                const struct judge_answer *a)
{
    const struct prepare_span id = prepare_id(set, handoff);
    const struct prepare_span hash = prepare_envelope_hash(set, handoff);

    if (a->status != 200)
        return "status: the status is not 200";
    if (!string_is(a, "\"id\":", id.data, id.len))
        return "status: another id";
    if (!string_is(a, "\"state\":", "available", 9))
        return "status: the state is not available";
    if (!string_is(a, "\"envelope_hash\":", hash.data, hash.len))
        return "status: another envelope's hash";
    return NULL;
}

/* Whether the answer tells of an event of this kind of this handoff. Its line stands in a string:
   the quotes in it are escaped. */
static bool tells_of(const struct prepare_set *set, size_t handoff, const char *kind,
                     const struct judge_answer *a)
{
    const struct prepare_span id = prepare_id(set, handoff);

    return holds(a, kind, strlen(kind)) && holds(a, id.data, id.len);
}

static const char *judge_events(const struct prepare_set *set, size_t handoff,
                                const struct judge_answer *a)
{
    if (a->status != 200)
        return "events: the status is not 200";
    if (!string_is(a, "\"state\":", "available", 9))
        return "events: the state is not available";
    if (!number_there(a, "\"next\":"))
        return "events: it is not said where to go on";
    if (!tells_of(set, handoff, "\\\"kind\\\":\\\"handoff.created\\\"", a))
        return "events: not the one of its submission";
    return NULL;
}

const char *judge_woken(const struct prepare_set *set, size_t handoff,
                        const struct judge_answer *answer)
{
    if (answer->status != 200)
        return "long-poll: the status is not 200";
    if (!string_is(answer, "\"state\":", "claimed", 7))
        return "long-poll: the state is not claimed";
    if (!tells_of(set, handoff, "\\\"kind\\\":\\\"claim.accepted\\\"", answer))
        return "long-poll: not the event of the claim";
    return NULL;
}

const char *judge_handoff(const struct prepare_set *set, size_t handoff, unsigned step,
                          const struct judge_answer *answer)
{
    const char *wrong = NULL;

    switch (prepare_kind_of(set)->steps[step]) {
    case PREPARE_PUT:
        wrong = judge_put(set, handoff, answer);
        break;
    case PREPARE_CLAIM:
        wrong = judge_claim(set, handoff, answer);
        break;
    case PREPARE_OPENED:
        wrong = judge_opened(answer);
        break;
    case PREPARE_STATUS:
        return judge_status(set, handoff, answer);
    case PREPARE_EVENTS:
    case PREPARE_STEP_KINDS:
        return judge_events(set, handoff, answer);
    }
    if (wrong == NULL && !number_there(answer, "\"event\":{\"index\":"))
        wrong = "the answer names no event";
    return wrong;
}

const char *judge_bare(size_t wanted, const struct judge_answer *answer)
{
    if (answer->status != 200)
        return "bare: the status is not 200";
    if (answer->body_len != wanted)
        return "bare: another length";
    for (size_t i = 0; i < wanted; i++)
        if (answer->body[i] != 'x')
            return "bare: other bytes";
    return NULL;
}
