/* Every error that a client can be told (RFC 9457), in one table of stable codes. */
#ifndef HANDOFF_API_HTTP_PROBLEM_H
#define HANDOFF_API_HTTP_PROBLEM_H

#include "vault/lifecycle/answer.h"
#include "vault/protocol/encoding/text.h"

#include <stdint.h>

enum problem_code {
    PROBLEM_NONE,
    PROBLEM_BAD_REQUEST,
    PROBLEM_UNKNOWN_MEMBER,
    PROBLEM_BAD_ID,
    PROBLEM_UNAUTHORIZED,
    PROBLEM_FORBIDDEN,
    PROBLEM_WRONG_TOKEN,
    PROBLEM_WRONG_CODE,
    PROBLEM_BAD_PROOF,
    PROBLEM_NOT_FOUND,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_DEADLINE,
    PROBLEM_CONFLICT,
    PROBLEM_NOT_CLAIMED,
    PROBLEM_NOT_OPENED,
    PROBLEM_TOO_MANY_RECEIPTS,
    PROBLEM_TAKEN,
    PROBLEM_DELIVERED,
    PROBLEM_LAPSED,
    PROBLEM_EXPIRED,
    PROBLEM_REVOKED,
    PROBLEM_TOO_LARGE,
    PROBLEM_MEDIA_TYPE,
    PROBLEM_RATE_LIMITED,
    PROBLEM_TOO_MANY_TRIES,
    PROBLEM_UNAVAILABLE,
    PROBLEM_OUTCOME_UNKNOWN,
    PROBLEM_COUNT
};

enum { PROBLEM_MEMBER_MAX = 64, PROBLEM_TEXT_MAX = 2048 };

struct problem {
    enum problem_code code;
    const char *detail;              /* static; NULL: the code's own */
    char member[PROBLEM_MEMBER_MAX]; /* the request's member that is to blame; empty: none */
    const char *state;               /* with the 410s, static; NULL: none */
    int64_t at;                      /* with the 410s */
    int64_t tries_left;              /* with wrong-code */
    int64_t limit;                   /* with too-large: bytes */
    unsigned retry_after_s;          /* with the 429s and 503s; 0: none */
};

/* The stable code ("wrong-token") and the HTTP status. */
const char *problem_name(enum problem_code code);
unsigned problem_status(enum problem_code code);

/* What an answer of the vault is told as; PROBLEM_NONE for those that are no refusal. */
enum problem_code problem_of_answer(enum answer answer);

/* Writes the problem+json body. */
void problem_write(struct text *t, const struct problem *p) __attribute__((nonnull));

#endif
