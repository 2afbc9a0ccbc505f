#include "api/http/problem.h"

#include <string.h>

static const struct {
    const char *code;
    unsigned status;
    const char *title;
    const char *detail; /* what happened, what is safe, what to do next */
} table[PROBLEM_COUNT] = {
    [PROBLEM_BAD_REQUEST] = {"bad-request", 400, "The request is not well-formed",
                             "Nothing was changed. Mend the request and send it again."},
    [PROBLEM_UNKNOWN_MEMBER] =
        {"unknown-member", 400, "The request has a member that is not known",
         "Nothing was changed. Leave the member out, or use a newer service."},
    [PROBLEM_BAD_ID] = {"bad-id", 400, "The identifier is not a UUIDv7 in lower case",
                        "Nothing was changed. Copy the whole link again."},
    [PROBLEM_UNAUTHORIZED] = {"unauthorized", 401, "This call needs a credential",
                              "Nothing was changed. Send the right one as Authorization: Bearer."},
    [PROBLEM_FORBIDDEN] = {"forbidden", 403, "This credential does not allow the call",
                           "Nothing was changed. Only the sender's manage key does."},
    [PROBLEM_WRONG_TOKEN] = {"wrong-token", 403, "The claim does not prove that the link is held",
                             "Nothing was burned. Use the whole link as the sender gave it."},
    [PROBLEM_WRONG_CODE] =
        {"wrong-code", 403, "The access code is wrong",
         "Nothing was burned, and the sender sees the try. Ask the sender for the "
         "code."},
    [PROBLEM_BAD_PROOF] = {"bad-proof", 403, "The proof does not match",
                           "Nothing was changed. Only who claimed the handoff can acknowledge it."},
    [PROBLEM_NOT_FOUND] = {"not-found", 404, "There is nothing here",
                           "No handoff of this identifier was ever accepted, or the address is "
                           "wrong. Check the link."},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405, "This address has no such method",
                                    "Nothing was changed. Use one of the methods in Allow."},
    [PROBLEM_DEADLINE] = {"deadline", 408, "The request took too long to arrive",
                          "Nothing was changed. Send it again."},
    [PROBLEM_CONFLICT] = {"conflict", 409, "This identifier was submitted with another body",
                          "The earlier submission stands unchanged. Use a new identifier."},
    [PROBLEM_NOT_CLAIMED] = {"not-claimed", 409, "The handoff has not been claimed",
                             "It is still safe and waits. Claim it first."},
    [PROBLEM_NOT_OPENED] = {"not-opened", 409, "The handoff has not been opened",
                            "Nothing was changed. Acknowledge the opening first."},
    [PROBLEM_TOO_MANY_RECEIPTS] = {"too-many-receipts", 409, "No more receipts are kept",
                                   "The earlier ones stand."},
    [PROBLEM_TAKEN] = {"taken", 410, "The handoff was taken by another claimant",
                       "If that was not you, tell the sender now: the credential must be changed."},
    [PROBLEM_DELIVERED] = {"delivered", 410, "The handoff was delivered and burned",
                           "If that was not you, tell the sender now: the credential must be "
                           "changed."},
    [PROBLEM_LAPSED] = {"lapsed", 410, "The handoff was taken and never acknowledged",
                        "It is burned. The sender must change the credential and send a new one."},
    [PROBLEM_EXPIRED] = {"expired", 410, "The handoff expired unread",
                         "It is burned; nobody has read it. Ask the sender for a new one."},
    [PROBLEM_REVOKED] = {"revoked", 410, "The sender revoked the handoff",
                         "It is burned; nobody has read it. Ask the sender for a new one."},
    [PROBLEM_TOO_LARGE] = {"too-large", 413, "The request is too large",
                           "Nothing was stored. Send less; limit says how many bytes are taken."},
    [PROBLEM_MEDIA_TYPE] = {"media-type", 415, "The body must be application/json",
                            "Nothing was changed. Set Content-Type: application/json."},
    [PROBLEM_RATE_LIMITED] = {"rate-limited", 429, "Too many requests",
                              "Nothing was changed. Come back after Retry-After seconds."},
    [PROBLEM_TOO_MANY_TRIES] = {"too-many-tries", 429, "Too many wrong codes",
                                "Nothing was burned. Even the right code is refused until "
                                "Retry-After seconds have passed."},
    [PROBLEM_UNAVAILABLE] = {"unavailable", 503, "The service cannot do this now",
                             "Nothing was changed. Repeat the request; that is safe."},
    [PROBLEM_OUTCOME_UNKNOWN] = {"outcome-unknown", 503, "It is unknown whether this was recorded",
                                 "Repeat the very same request; that is safe."},
};

static const enum problem_code of_answer[ANSWER_COUNT] = {
    [ANSWER_OK] = PROBLEM_NONE,
    [ANSWER_REPEATED] = PROBLEM_NONE,
    [ANSWER_NOT_FOUND] = PROBLEM_NOT_FOUND,
    [ANSWER_WRONG_TOKEN] = PROBLEM_WRONG_TOKEN,
    [ANSWER_WRONG_CODE] = PROBLEM_WRONG_CODE,
    [ANSWER_BAD_PROOF] = PROBLEM_BAD_PROOF,
    [ANSWER_FORBIDDEN] = PROBLEM_FORBIDDEN,
    [ANSWER_CONFLICT] = PROBLEM_CONFLICT,
    [ANSWER_NOT_CLAIMED] = PROBLEM_NOT_CLAIMED,
    [ANSWER_NOT_OPENED] = PROBLEM_NOT_OPENED,
    [ANSWER_BAD_TIME] = PROBLEM_BAD_REQUEST,
    [ANSWER_TOO_MANY_RECEIPTS] = PROBLEM_TOO_MANY_RECEIPTS,
    [ANSWER_TAKEN] = PROBLEM_TAKEN,
    [ANSWER_DELIVERED] = PROBLEM_DELIVERED,
    [ANSWER_LAPSED] = PROBLEM_LAPSED,
    [ANSWER_EXPIRED] = PROBLEM_EXPIRED,
    [ANSWER_REVOKED] = PROBLEM_REVOKED,
    [ANSWER_TOO_MANY_TRIES] = PROBLEM_TOO_MANY_TRIES,
    [ANSWER_QUOTA] = PROBLEM_RATE_LIMITED,
    [ANSWER_BUSY] = PROBLEM_UNAVAILABLE,
    [ANSWER_UNAVAILABLE] = PROBLEM_UNAVAILABLE,
    [ANSWER_OUTCOME_UNKNOWN] = PROBLEM_OUTCOME_UNKNOWN,
};

const char *problem_name(enum problem_code code)
{
    return table[code].code;
}

unsigned problem_status(enum problem_code code)
{
    return table[code].status;
}

enum problem_code problem_of_answer(enum answer answer)
{
    return of_answer[answer];
}

static void add_string(struct text *t, const char *name, const char *value)
{
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":");
    text_json_string(t, value, strlen(value));
}

static void add_number(struct text *t, const char *name, int64_t value)
{
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":");
    text_i64(t, value);
}

void problem_write(struct text *t, const struct problem *p)
{
    const char *detail = p->detail != NULL ? p->detail : table[p->code].detail;

    text_add(t, "{\"type\":\"urn:handoff:problem:");
    text_add(t, table[p->code].code);
    text_add(t, "\"");
    add_string(t, "title", table[p->code].title);
    add_number(t, "status", table[p->code].status);
    add_string(t, "detail", detail);
    add_string(t, "code", table[p->code].code);
    if (p->member[0] != '\0')
        add_string(t, "member", p->member);
    if (p->state != NULL) {
        add_string(t, "state", p->state);
        add_number(t, "at", p->at);
    }
    if (p->code == PROBLEM_WRONG_CODE)
        add_number(t, "tries_left", p->tries_left);
    if (p->code == PROBLEM_TOO_LARGE)
        add_number(t, "limit", p->limit);
    if (p->retry_after_s != 0)
        add_number(t, "retry_after", p->retry_after_s);
    text_add(t, "}");
}
