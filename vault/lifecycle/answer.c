#include "vault/lifecycle/answer.h"

static const char *const names[ANSWER_COUNT] = {
    [ANSWER_OK] = "ok",
    [ANSWER_REPEATED] = "repeated",
    [ANSWER_NOT_FOUND] = "not-found",
    [ANSWER_WRONG_TOKEN] = "wrong-token",
    [ANSWER_WRONG_CODE] = "wrong-code",
    [ANSWER_BAD_PROOF] = "bad-proof",
    [ANSWER_FORBIDDEN] = "forbidden",
    [ANSWER_CONFLICT] = "conflict",
    [ANSWER_NOT_CLAIMED] = "not-claimed",
    [ANSWER_NOT_OPENED] = "not-opened",
    [ANSWER_BAD_TIME] = "bad-time",
    [ANSWER_TOO_MANY_RECEIPTS] = "too-many-receipts",
    [ANSWER_TAKEN] = "taken",
    [ANSWER_DELIVERED] = "delivered",
    [ANSWER_LAPSED] = "lapsed",
    [ANSWER_EXPIRED] = "expired",
    [ANSWER_REVOKED] = "revoked",
    [ANSWER_TOO_MANY_TRIES] = "too-many-tries",
    [ANSWER_QUOTA] = "quota",
    [ANSWER_BUSY] = "busy",
    [ANSWER_UNAVAILABLE] = "unavailable",
    [ANSWER_OUTCOME_UNKNOWN] = "outcome-unknown",
};

const char *answer_name(enum answer answer)
{
    return answer < ANSWER_COUNT ? names[answer] : "unknown";
}
