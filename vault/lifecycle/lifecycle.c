#include "vault/lifecycle/lifecycle.h"

#include <stddef.h>

static const char *const state_names[LIFECYCLE_STATES] = {
    [LIFECYCLE_AVAILABLE] = "available", [LIFECYCLE_CLAIMED] = "claimed",
    [LIFECYCLE_LAPSED] = "lapsed",       [LIFECYCLE_DELIVERED] = "delivered",
    [LIFECYCLE_CONFIRMED] = "confirmed", [LIFECYCLE_REJECTED] = "rejected",
    [LIFECYCLE_EXPIRED] = "expired",     [LIFECYCLE_REVOKED] = "revoked",
};

static const char *const cause_names[LIFECYCLE_CAUSES] = {
    [LIFECYCLE_CAUSE_NONE] = "none",         [LIFECYCLE_CAUSE_OPENED] = "opened",
    [LIFECYCLE_CAUSE_ON_CLAIM] = "on-claim", [LIFECYCLE_CAUSE_LAPSED] = "lapsed",
    [LIFECYCLE_CAUSE_EXPIRED] = "expired",   [LIFECYCLE_CAUSE_REVOKED] = "revoked",
    [LIFECYCLE_CAUSE_RESTORED] = "restored",
};

/* How each state refuses a call that comes too late. */
static const enum answer too_late[LIFECYCLE_STATES] = {
    [LIFECYCLE_AVAILABLE] = ANSWER_NOT_CLAIMED, [LIFECYCLE_CLAIMED] = ANSWER_TAKEN,
    [LIFECYCLE_LAPSED] = ANSWER_LAPSED,         [LIFECYCLE_DELIVERED] = ANSWER_DELIVERED,
    [LIFECYCLE_CONFIRMED] = ANSWER_DELIVERED,   [LIFECYCLE_REJECTED] = ANSWER_DELIVERED,
    [LIFECYCLE_EXPIRED] = ANSWER_EXPIRED,       [LIFECYCLE_REVOKED] = ANSWER_REVOKED,
};

const char *lifecycle_state_name(enum lifecycle_state state)
{
    return state < LIFECYCLE_STATES ? state_names[state] : "unknown";
}

const char *lifecycle_cause_name(enum lifecycle_cause cause)
{
    return cause < LIFECYCLE_CAUSES ? cause_names[cause] : "unknown";
}

int64_t lifecycle_due_at(const struct lifecycle_facts *facts)
{
    if (facts->state == LIFECYCLE_AVAILABLE)
        return facts->expires_at;
    if (facts->state == LIFECYCLE_CLAIMED)
        return facts->lease_until;
    return 0;
}

static struct lifecycle_verdict stay(const struct lifecycle_facts *facts, enum answer answer)
{
    return (struct lifecycle_verdict){.answer = answer, .state = facts->state};
}

/* The refusal of a state that has no way back, with the time that a person wants to know: when it
   was taken, or else when it was burned. */
static struct lifecycle_verdict gone(const struct lifecycle_facts *facts)
{
    struct lifecycle_verdict v = stay(facts, too_late[facts->state]);

    v.at = facts->claimed_at != 0 ? facts->claimed_at : facts->changed_at;
    return v;
}

/* Adds the burn to a verdict, unless the bytes went before. */
static void burn(struct lifecycle_verdict *v, const struct lifecycle_facts *facts,
                 enum lifecycle_cause cause)
{
    v->cause = cause;
    if (facts->cause == LIFECYCLE_CAUSE_NONE)
        v->effects |= LIFECYCLE_BURN;
}

static struct lifecycle_verdict decide_time(const struct lifecycle_facts *facts, int64_t now)
{
    struct lifecycle_verdict v = stay(facts, ANSWER_OK);
    const int64_t due_at = lifecycle_due_at(facts);

    if (due_at == 0 || now < due_at)
        return v;
    if (facts->state == LIFECYCLE_AVAILABLE) {
        v.state = LIFECYCLE_EXPIRED;
        burn(&v, facts, LIFECYCLE_CAUSE_EXPIRED);
    } else {
        v.state = LIFECYCLE_LAPSED;
        v.effects = LIFECYCLE_RECORD_LAPSED;
        burn(&v, facts, LIFECYCLE_CAUSE_LAPSED);
    }
    return v;
}

/* Seconds until a party that used up its tries may try again; 0 when it may now. */
static int64_t lock_left_s(unsigned tries, unsigned limit, int64_t tried_at, int64_t now)
{
    const int64_t free_at = tried_at + LIFECYCLE_LOCK_S;

    return tries >= limit && now < free_at ? free_at - now : 0;
}

static unsigned tries_left(unsigned tries, unsigned limit)
{
    return tries + 1 < limit ? limit - tries - 1 : 0;
}

static struct lifecycle_verdict decide_code(const struct lifecycle_facts *facts,
                                            const struct lifecycle_call *call)
{
    const int64_t address_s = lock_left_s(call->address_tries, LIFECYCLE_TRIES_PER_ADDRESS,
                                          call->address_tried_at, call->now);
    const int64_t handoff_s =
        lock_left_s(facts->tries, LIFECYCLE_TRIES, facts->tried_at, call->now);
    struct lifecycle_verdict v;

    if (address_s > 0 || handoff_s > 0) {
        v = stay(facts, ANSWER_TOO_MANY_TRIES);
        v.retry_after_s = (unsigned)(address_s > handoff_s ? address_s : handoff_s);
        return v;
    }
    if (call->proof)
        return stay(facts, ANSWER_OK);
    v = stay(facts, ANSWER_WRONG_CODE);
    v.effects = LIFECYCLE_COUNT_TRY;
    v.tries_left = tries_left(facts->tries, LIFECYCLE_TRIES);
    if (tries_left(call->address_tries, LIFECYCLE_TRIES_PER_ADDRESS) < v.tries_left)
        v.tries_left = tries_left(call->address_tries, LIFECYCLE_TRIES_PER_ADDRESS);
    return v;
}

static struct lifecycle_verdict decide_claim(const struct lifecycle_facts *facts,
                                             const struct lifecycle_call *call)
{
    struct lifecycle_verdict v;

    if (!call->link_shown || (!facts->code && !call->proof))
        return stay(facts, ANSWER_WRONG_TOKEN);
    if (facts->code) {
        v = decide_code(facts, call);
        if (v.answer != ANSWER_OK)
            return v;
    }
    if (facts->state == LIFECYCLE_AVAILABLE) {
        v = stay(facts, ANSWER_OK);
        v.state = LIFECYCLE_CLAIMED;
        v.effects = LIFECYCLE_TAKE | LIFECYCLE_HAND_OUT;
        if (facts->burn_on_claim)
            burn(&v, facts, LIFECYCLE_CAUSE_ON_CLAIM);
        return v;
    }
    if (facts->state == LIFECYCLE_CLAIMED && call->claimant_shown &&
        facts->cause == LIFECYCLE_CAUSE_NONE) {
        v = stay(facts, ANSWER_REPEATED);
        v.effects = LIFECYCLE_HAND_OUT;
        return v;
    }
    v = gone(facts);
    v.effects = LIFECYCLE_COUNT_REFUSED;
    return v;
}

static struct lifecycle_verdict decide_open(const struct lifecycle_facts *facts,
                                            const struct lifecycle_call *call)
{
    struct lifecycle_verdict v;

    if (!call->proof || (facts->claimed_at != 0 && !call->claimant_shown))
        return stay(facts, ANSWER_BAD_PROOF);
    if (facts->claimed_at == 0)
        return gone(facts);
    if (facts->opened)
        return stay(facts, ANSWER_REPEATED);

    v = stay(facts, ANSWER_OK);
    v.effects = LIFECYCLE_RECORD_OPENED;
    v.late = facts->state != LIFECYCLE_CLAIMED;
    /* A claimant's receipt after a lapse has settled the outcome already: it stays. */
    if (facts->state == LIFECYCLE_CLAIMED || facts->state == LIFECYCLE_LAPSED)
        v.state = LIFECYCLE_DELIVERED;
    burn(&v, facts, LIFECYCLE_CAUSE_OPENED);
    return v;
}

static struct lifecycle_verdict decide_receipt(const struct lifecycle_facts *facts,
                                               const struct lifecycle_call *call)
{
    struct lifecycle_verdict v;

    if (!call->proof)
        return stay(facts, ANSWER_BAD_PROOF);
    if (call->repeated)
        return stay(facts, ANSWER_REPEATED);
    if (facts->claimed_at == 0)
        return gone(facts);
    if (facts->state == LIFECYCLE_CLAIMED)
        return stay(facts, ANSWER_NOT_OPENED);
    if (call->at < call->now - LIFECYCLE_RECEIPT_SKEW_S ||
        call->at > call->now + LIFECYCLE_RECEIPT_SKEW_S)
        return stay(facts, ANSWER_BAD_TIME);
    if (call->now > facts->claimed_at + LIFECYCLE_RECEIPT_WINDOW_S)
        return gone(facts);
    if (facts->receipts >= LIFECYCLE_RECEIPTS_MAX)
        return stay(facts, ANSWER_TOO_MANY_RECEIPTS);

    v = stay(facts, ANSWER_OK);
    v.effects = LIFECYCLE_KEEP_RECEIPT;
    if (call->claimant_shown || (facts->state != LIFECYCLE_LAPSED && !facts->receipt_by_claimant))
        v.state = call->outcome == RECEIPT_CONFIRMED ? LIFECYCLE_CONFIRMED : LIFECYCLE_REJECTED;
    return v;
}

static struct lifecycle_verdict decide_revoke(const struct lifecycle_facts *facts,
                                              const struct lifecycle_call *call)
{
    struct lifecycle_verdict v;

    if (!call->proof)
        return stay(facts, ANSWER_FORBIDDEN);
    if (facts->revoked)
        return stay(facts, ANSWER_REPEATED);
    if (facts->state != LIFECYCLE_AVAILABLE && facts->state != LIFECYCLE_CLAIMED)
        return gone(facts);

    v = stay(facts, ANSWER_OK);
    v.effects = LIFECYCLE_MARK_REVOKED;
    if (facts->state == LIFECYCLE_AVAILABLE) {
        v.state = LIFECYCLE_REVOKED;
    } else {
        v.state = LIFECYCLE_LAPSED;
        v.effects |= LIFECYCLE_RECORD_LAPSED;
    }
    burn(&v, facts, LIFECYCLE_CAUSE_REVOKED);
    return v;
}

/* Whoever took it after the backup is forgotten: it counts as taken, so that the sender rotates. */
static struct lifecycle_verdict decide_restore(const struct lifecycle_facts *facts)
{
    struct lifecycle_verdict v = stay(facts, ANSWER_OK);

    if (facts->state != LIFECYCLE_AVAILABLE && facts->state != LIFECYCLE_CLAIMED)
        return v;
    v.state = LIFECYCLE_LAPSED;
    v.effects = LIFECYCLE_RECORD_LAPSED;
    burn(&v, facts, LIFECYCLE_CAUSE_RESTORED);
    return v;
}

struct lifecycle_verdict lifecycle_decide(const struct lifecycle_facts *facts,
                                          const struct lifecycle_call *call)
{
    switch (call->op) {
    case LIFECYCLE_CLAIM:
        return decide_claim(facts, call);
    case LIFECYCLE_OPEN:
        return decide_open(facts, call);
    case LIFECYCLE_RECEIPT:
        return decide_receipt(facts, call);
    case LIFECYCLE_REVOKE:
        return decide_revoke(facts, call);
    case LIFECYCLE_RESTORE:
        return decide_restore(facts);
    case LIFECYCLE_TIME:
    case LIFECYCLE_OPS:
        break;
    }
    return decide_time(facts, call->now);
}

struct lifecycle_facts lifecycle_apply(const struct lifecycle_facts *facts,
                                       const struct lifecycle_call *call,
                                       const struct lifecycle_verdict *verdict)
{
    struct lifecycle_facts f = *facts;

    if (verdict->state != facts->state)
        f.changed_at = call->now;
    f.state = verdict->state;
    if (verdict->effects & LIFECYCLE_BURN)
        f.cause = verdict->cause;
    if (verdict->effects & LIFECYCLE_TAKE) {
        f.claimed_at = call->now;
        f.lease_until = call->now + facts->lease_s;
    }
    if (verdict->effects & LIFECYCLE_COUNT_TRY) {
        f.tries++;
        f.tried_at = call->now;
    }
    if (verdict->effects & LIFECYCLE_RECORD_OPENED)
        f.opened = true;
    if (verdict->effects & LIFECYCLE_MARK_REVOKED)
        f.revoked = true;
    if (verdict->effects & LIFECYCLE_KEEP_RECEIPT) {
        f.receipts++;
        f.receipt_by_claimant |= call->claimant_shown;
    }
    return f;
}
