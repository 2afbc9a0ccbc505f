/*
 * The room lifecycle/ decides, and is pure: what may become of a handoff, when alarms become
 * events, and the list of all answers.
 *
 * The life of a handoff as a function: facts and a call go in, a verdict comes out. No I/O, no
 * clock, no memory of its own: the only place that decides, and what the property tests drive.
 *
 * Every call is judged in two steps: first LIFECYCLE_TIME (what is due happens), then the call
 * itself on what came of it. Order of judging: proof, then locks, then state.
 */
#ifndef HANDOFF_VAULT_LIFECYCLE_LIFECYCLE_H
#define HANDOFF_VAULT_LIFECYCLE_LIFECYCLE_H

#include "vault/lifecycle/answer.h"
#include "vault/protocol/handoff/receipt.h"

#include <stdbool.h>
#include <stdint.h>

/* Stored as numbers: never renumber. */
enum lifecycle_state {
    LIFECYCLE_AVAILABLE = 0,
    LIFECYCLE_CLAIMED = 1,
    LIFECYCLE_LAPSED = 2,
    LIFECYCLE_DELIVERED = 3,
    LIFECYCLE_CONFIRMED = 4,
    LIFECYCLE_REJECTED = 5,
    LIFECYCLE_EXPIRED = 6,
    LIFECYCLE_REVOKED = 7,
    LIFECYCLE_STATES
};

/* Why the bytes went. Stored as numbers: never renumber. */
enum lifecycle_cause {
    LIFECYCLE_CAUSE_NONE = 0, /* they are still there */
    LIFECYCLE_CAUSE_OPENED = 1,
    LIFECYCLE_CAUSE_ON_CLAIM = 2,
    LIFECYCLE_CAUSE_LAPSED = 3,
    LIFECYCLE_CAUSE_EXPIRED = 4,
    LIFECYCLE_CAUSE_REVOKED = 5,
    LIFECYCLE_CAUSE_RESTORED = 6,
    LIFECYCLE_CAUSES
};

enum lifecycle_op {
    LIFECYCLE_TIME,
    LIFECYCLE_CLAIM,
    LIFECYCLE_OPEN, /* the opened call */
    LIFECYCLE_RECEIPT,
    LIFECYCLE_REVOKE,
    LIFECYCLE_RESTORE, /* the database came back from a backup, which holds no envelopes */
    LIFECYCLE_OPS
};

enum {
    LIFECYCLE_TRIES_PER_ADDRESS = 5,
    LIFECYCLE_TRIES = 20,
    LIFECYCLE_LOCK_S = 300, /* between tries once locked */
    LIFECYCLE_RECEIPTS_MAX = 16,
    LIFECYCLE_RECEIPT_SKEW_S = 86400,
    LIFECYCLE_RECEIPT_WINDOW_S = 90 * 86400 /* after the claim */
};

/* What is known of a handoff. */
struct lifecycle_facts {
    enum lifecycle_state state;
    enum lifecycle_cause cause;
    bool code; /* a code is part of the key */
    bool burn_on_claim;
    int64_t expires_at;
    int64_t lease_s;
    int64_t claimed_at;  /* 0: never claimed */
    int64_t lease_until; /* 0: never claimed */
    int64_t changed_at;
    bool opened;              /* an opened call has been recorded */
    bool revoked;             /* a revoke has been recorded */
    unsigned receipts;        /* kept so far */
    bool receipt_by_claimant; /* one of them showed the claimant */
    unsigned tries;           /* wrong codes so far */
    int64_t tried_at;         /* the last of them; 0: none */
};

/* What a call shows, and what the lifecycle needs to know around it. */
struct lifecycle_call {
    enum lifecycle_op op;
    int64_t now;
    bool link_shown;     /* claim: no code, or the link token matches */
    bool proof;          /* claim token, opened token, signature or manage key matches */
    bool claimant_shown; /* a claimant was sent and is the one that claimed */
    bool repeated;       /* receipt: this very statement is kept already */
    enum receipt_outcome outcome;
    int64_t at;               /* receipt: its own time */
    unsigned address_tries;   /* wrong codes from this address at this handoff */
    int64_t address_tried_at; /* the last of them; 0: none */
};

/* What must be done, in this order, in one transaction. */
enum lifecycle_effect {
    LIFECYCLE_COUNT_TRY = 1 << 0,     /* tries + 1, also the address's; event claim.wrong-code */
    LIFECYCLE_COUNT_REFUSED = 1 << 1, /* event claim.refused */
    LIFECYCLE_TAKE = 1 << 2,          /* claimant, claimed_at, lease_until; event claim.accepted */
    LIFECYCLE_HAND_OUT = 1 << 3,      /* send the envelope; before any burn */
    LIFECYCLE_RECORD_OPENED = 1 << 4, /* event handoff.opened */
    LIFECYCLE_RECORD_LAPSED = 1 << 5, /* event handoff.lapsed */
    LIFECYCLE_KEEP_RECEIPT = 1 << 6,  /* event receipt.confirmed or receipt.rejected */
    LIFECYCLE_BURN = 1 << 7,          /* destroy the bytes; event handoff.burned with cause */
    LIFECYCLE_MARK_REVOKED = 1 << 8   /* remember the revoke and its first event for repeats */
};

struct lifecycle_verdict {
    enum answer answer;
    enum lifecycle_state state; /* new, or as it was */
    unsigned effects;           /* of enum lifecycle_effect */
    enum lifecycle_cause cause; /* with LIFECYCLE_BURN, RECORD_LAPSED */
    bool late;                  /* with RECORD_OPENED: after the lease */
    int64_t at;                 /* with the 410 answers */
    unsigned tries_left;        /* with ANSWER_WRONG_CODE */
    unsigned retry_after_s;     /* with ANSWER_TOO_MANY_TRIES */
};

/* Decides. Pure. LIFECYCLE_TIME and LIFECYCLE_RESTORE answer ANSWER_OK, with or without effects. */
struct lifecycle_verdict lifecycle_decide(const struct lifecycle_facts *facts,
                                          const struct lifecycle_call *call)
    __attribute__((nonnull, warn_unused_result));

/* The facts after a verdict's effects: what the store must hold. Pure. */
struct lifecycle_facts lifecycle_apply(const struct lifecycle_facts *facts,
                                       const struct lifecycle_call *call,
                                       const struct lifecycle_verdict *verdict)
    __attribute__((nonnull, warn_unused_result));

/* When time alone will change the handoff next: its expiry or lease end; 0 for never. */
int64_t lifecycle_due_at(const struct lifecycle_facts *facts) __attribute__((nonnull));

/* "available" …, "opened" …; static. */
const char *lifecycle_state_name(enum lifecycle_state state);
const char *lifecycle_cause_name(enum lifecycle_cause cause);

#endif
