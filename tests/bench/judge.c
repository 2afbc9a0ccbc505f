#include "tests/bench/judge.h"

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

static bool number_there(const struct judge_answer *a, const char *name)
{
    size_t left;
    const char *at = value_of(a, name, &left);

    return at != NULL && left > 0 && at[0] >= '0' && at[0] <= '9';
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

const char *judge_handoff(const struct prepare_set *set, size_t handoff, enum prepare_step step,
                          const struct judge_answer *answer)
{
    const char *wrong = step == PREPARE_PUT     ? judge_put(set, handoff, answer)
                        : step == PREPARE_CLAIM ? judge_claim(set, handoff, answer)
                                                : judge_opened(answer);

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
