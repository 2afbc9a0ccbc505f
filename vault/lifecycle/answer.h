/*
 * What the vault answers. One list for the lifecycle, which decides most of them, and the vault,
 * which adds what a database can do to you. api/http/problem.c turns each into an HTTP answer.
 */
#ifndef HANDOFF_VAULT_LIFECYCLE_ANSWER_H
#define HANDOFF_VAULT_LIFECYCLE_ANSWER_H

enum answer {
    ANSWER_OK,                /* done now */
    ANSWER_REPEATED,          /* had been done before; same answer, no new event */
    ANSWER_NOT_FOUND,         /* no handoff of this id was ever accepted */
    ANSWER_WRONG_TOKEN,       /* the claim does not prove the link */
    ANSWER_WRONG_CODE,        /* the link is proven, the code is wrong; tries_left is set */
    ANSWER_BAD_PROOF,         /* opened token, claimant or signature do not match */
    ANSWER_FORBIDDEN,         /* the manage key does not match */
    ANSWER_CONFLICT,          /* this id was submitted with another body */
    ANSWER_NOT_CLAIMED,       /* opened or a receipt before any claim */
    ANSWER_NOT_OPENED,        /* a receipt before opened */
    ANSWER_BAD_TIME,          /* a receipt's time is more than 24 h from the vault's */
    ANSWER_TOO_MANY_RECEIPTS, /* 16 are kept already */

    /* Gone; at is set. */
    ANSWER_TAKEN,     /* claimed by another claimant, or its bytes are gone */
    ANSWER_DELIVERED, /* opened (at: when it was claimed) */
    ANSWER_LAPSED,    /* taken, never acknowledged (at: when it was claimed) */
    ANSWER_EXPIRED,   /* (at: when it was burned) */
    ANSWER_REVOKED,   /* (at: when it was burned) */

    ANSWER_TOO_MANY_TRIES, /* locked after wrong codes; retry_after_s is set */

    /* Nothing happened, but for the last. */
    ANSWER_QUOTA,           /* too much lives at this payer's charge, or in all */
    ANSWER_BUSY,            /* the queue is full; retry_after_s is set */
    ANSWER_UNAVAILABLE,     /* the store failed */
    ANSWER_OUTCOME_UNKNOWN, /* the commit failed: nobody knows; to repeat is safe */
    ANSWER_COUNT
};

/* A short name for logs and tests ("wrong-code"); static. */
const char *answer_name(enum answer answer);

#endif
