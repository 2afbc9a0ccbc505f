/*
 * Goal: the lifecycle decides every cell of the table in docs/protocol.md as written there.
 */
#include "tests/unit/unit.h"
#include "vault/lifecycle/lifecycle.h"

#include <string.h>

enum { NOW = 1000000, LEASE = 600 };

static const enum lifecycle_state all_states[] = {
    LIFECYCLE_AVAILABLE, LIFECYCLE_CLAIMED,  LIFECYCLE_LAPSED,  LIFECYCLE_DELIVERED,
    LIFECYCLE_CONFIRMED, LIFECYCLE_REJECTED, LIFECYCLE_EXPIRED, LIFECYCLE_REVOKED};

/* A plausible handoff in a state, reached by the usual way. */
static struct lifecycle_facts in_state(enum lifecycle_state state)
{
    struct lifecycle_facts f = {
        .state = state, .expires_at = NOW + 86400, .lease_s = LEASE, .changed_at = NOW - 50};
    const bool taken =
        state != LIFECYCLE_AVAILABLE && state != LIFECYCLE_EXPIRED && state != LIFECYCLE_REVOKED;

    if (taken) {
        f.claimed_at = NOW - 100;
        f.lease_until = f.claimed_at + LEASE;
    }
    switch (state) {
    case LIFECYCLE_LAPSED:
        f.cause = LIFECYCLE_CAUSE_LAPSED;
        break;
    case LIFECYCLE_DELIVERED:
    case LIFECYCLE_CONFIRMED:
    case LIFECYCLE_REJECTED:
        f.cause = LIFECYCLE_CAUSE_OPENED;
        f.opened = true;
        f.receipts = state == LIFECYCLE_DELIVERED ? 0 : 1;
        break;
    case LIFECYCLE_EXPIRED:
        f.cause = LIFECYCLE_CAUSE_EXPIRED;
        break;
    case LIFECYCLE_REVOKED:
        f.cause = LIFECYCLE_CAUSE_REVOKED;
        f.revoked = true;
        break;
    case LIFECYCLE_AVAILABLE:
    case LIFECYCLE_CLAIMED:
    case LIFECYCLE_STATES:
        break;
    }
    return f;
}

static struct lifecycle_call call(enum lifecycle_op op)
{
    return (struct lifecycle_call){
        .op = op, .now = NOW, .link_shown = true, .proof = true, .at = NOW};
}

static struct lifecycle_call by_claimant(enum lifecycle_op op)
{
    struct lifecycle_call c = call(op);

    c.claimant_shown = true;
    return c;
}

static struct lifecycle_verdict decide(const struct lifecycle_facts *f, struct lifecycle_call c)
{
    return lifecycle_decide(f, &c);
}

static void check(struct lifecycle_verdict v, enum answer answer, enum lifecycle_state state,
                  unsigned effects)
{
    assert_string_equal(answer_name(v.answer), answer_name(answer));
    assert_string_equal(lifecycle_state_name(v.state), lifecycle_state_name(state));
    assert_int_equal(v.effects, effects);
}

static void test_claim_row(void **state)
{
    static const enum answer refusals[LIFECYCLE_STATES] = {
        [LIFECYCLE_CLAIMED] = ANSWER_TAKEN,       [LIFECYCLE_LAPSED] = ANSWER_LAPSED,
        [LIFECYCLE_DELIVERED] = ANSWER_DELIVERED, [LIFECYCLE_CONFIRMED] = ANSWER_DELIVERED,
        [LIFECYCLE_REJECTED] = ANSWER_DELIVERED,  [LIFECYCLE_EXPIRED] = ANSWER_EXPIRED,
        [LIFECYCLE_REVOKED] = ANSWER_REVOKED};
    struct lifecycle_facts f = in_state(LIFECYCLE_AVAILABLE);

    (void)state;
    check(decide(&f, call(LIFECYCLE_CLAIM)), ANSWER_OK, LIFECYCLE_CLAIMED,
          LIFECYCLE_TAKE | LIFECYCLE_HAND_OUT);
    f = in_state(LIFECYCLE_CLAIMED);
    check(decide(&f, by_claimant(LIFECYCLE_CLAIM)), ANSWER_REPEATED, LIFECYCLE_CLAIMED,
          LIFECYCLE_HAND_OUT);
    for (size_t i = 1; i < sizeof(all_states) / sizeof(all_states[0]); i++) {
        struct lifecycle_verdict v;

        f = in_state(all_states[i]);
        v = decide(&f, call(LIFECYCLE_CLAIM));
        check(v, refusals[all_states[i]], all_states[i], LIFECYCLE_COUNT_REFUSED);
        /* The time is when it was taken; for what never was, when it was burned. */
        assert_int_equal(v.at, f.claimed_at != 0 ? f.claimed_at : f.changed_at);
        if (all_states[i] != LIFECYCLE_CLAIMED)
            check(decide(&f, by_claimant(LIFECYCLE_CLAIM)), refusals[all_states[i]], all_states[i],
                  LIFECYCLE_COUNT_REFUSED);
    }
}

static void test_claim_burns_at_once_where_asked(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_AVAILABLE);
    struct lifecycle_call c = call(LIFECYCLE_CLAIM);
    struct lifecycle_verdict v;

    (void)state;
    f.burn_on_claim = true;
    v = lifecycle_decide(&f, &c);
    check(v, ANSWER_OK, LIFECYCLE_CLAIMED, LIFECYCLE_TAKE | LIFECYCLE_HAND_OUT | LIFECYCLE_BURN);
    assert_int_equal(v.cause, LIFECYCLE_CAUSE_ON_CLAIM);
    f = lifecycle_apply(&f, &c, &v);
    check(decide(&f, by_claimant(LIFECYCLE_CLAIM)), ANSWER_TAKEN, LIFECYCLE_CLAIMED,
          LIFECYCLE_COUNT_REFUSED);
    /* Nothing is left to burn, but the opening is recorded all the same. */
    check(decide(&f, by_claimant(LIFECYCLE_OPEN)), ANSWER_OK, LIFECYCLE_DELIVERED,
          LIFECYCLE_RECORD_OPENED);
    c = (struct lifecycle_call){.op = LIFECYCLE_TIME, .now = NOW + LEASE};
    v = lifecycle_decide(&f, &c);
    check(v, ANSWER_OK, LIFECYCLE_LAPSED, LIFECYCLE_RECORD_LAPSED);
}

static void test_proof_comes_before_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(all_states) / sizeof(all_states[0]); i++) {
        const struct lifecycle_facts f = in_state(all_states[i]);
        struct lifecycle_call c = by_claimant(LIFECYCLE_CLAIM);

        c.proof = false;
        check(lifecycle_decide(&f, &c), ANSWER_WRONG_TOKEN, all_states[i], 0);
        c.op = LIFECYCLE_OPEN;
        check(lifecycle_decide(&f, &c), ANSWER_BAD_PROOF, all_states[i], 0);
        c.op = LIFECYCLE_RECEIPT;
        check(lifecycle_decide(&f, &c), ANSWER_BAD_PROOF, all_states[i], 0);
        c.op = LIFECYCLE_REVOKE;
        check(lifecycle_decide(&f, &c), ANSWER_FORBIDDEN, all_states[i], 0);
    }
}

static void test_opened_row(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_AVAILABLE);
    struct lifecycle_verdict v;

    (void)state;
    check(decide(&f, call(LIFECYCLE_OPEN)), ANSWER_NOT_CLAIMED, LIFECYCLE_AVAILABLE, 0);
    f = in_state(LIFECYCLE_CLAIMED);
    v = decide(&f, by_claimant(LIFECYCLE_OPEN));
    check(v, ANSWER_OK, LIFECYCLE_DELIVERED, LIFECYCLE_RECORD_OPENED | LIFECYCLE_BURN);
    assert_int_equal(v.cause, LIFECYCLE_CAUSE_OPENED);
    assert_false(v.late);
    f = in_state(LIFECYCLE_LAPSED);
    v = decide(&f, by_claimant(LIFECYCLE_OPEN));
    check(v, ANSWER_OK, LIFECYCLE_DELIVERED, LIFECYCLE_RECORD_OPENED);
    assert_true(v.late);
    for (enum lifecycle_state s = LIFECYCLE_DELIVERED; s <= LIFECYCLE_REJECTED; s++) {
        f = in_state(s);
        check(decide(&f, by_claimant(LIFECYCLE_OPEN)), ANSWER_REPEATED, s, 0);
    }
    f = in_state(LIFECYCLE_EXPIRED);
    check(decide(&f, call(LIFECYCLE_OPEN)), ANSWER_EXPIRED, LIFECYCLE_EXPIRED, 0);
    f = in_state(LIFECYCLE_REVOKED);
    check(decide(&f, call(LIFECYCLE_OPEN)), ANSWER_REVOKED, LIFECYCLE_REVOKED, 0);
    /* Anyone else's, with the right token: refused. */
    for (enum lifecycle_state s = LIFECYCLE_CLAIMED; s <= LIFECYCLE_REJECTED; s++) {
        f = in_state(s);
        check(decide(&f, call(LIFECYCLE_OPEN)), ANSWER_BAD_PROOF, s, 0);
    }
}

static void test_opened_after_a_receipt_settled_a_lapse(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_LAPSED);
    struct lifecycle_call c = by_claimant(LIFECYCLE_RECEIPT);
    struct lifecycle_verdict v;

    (void)state;
    v = lifecycle_decide(&f, &c);
    check(v, ANSWER_OK, LIFECYCLE_CONFIRMED, LIFECYCLE_KEEP_RECEIPT);
    f = lifecycle_apply(&f, &c, &v);
    v = decide(&f, by_claimant(LIFECYCLE_OPEN));
    check(v, ANSWER_OK, LIFECYCLE_CONFIRMED, LIFECYCLE_RECORD_OPENED);
    assert_true(v.late);
}

static void test_receipt_row(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_AVAILABLE);
    struct lifecycle_call c;

    (void)state;
    check(decide(&f, call(LIFECYCLE_RECEIPT)), ANSWER_NOT_CLAIMED, LIFECYCLE_AVAILABLE, 0);
    f = in_state(LIFECYCLE_CLAIMED);
    check(decide(&f, by_claimant(LIFECYCLE_RECEIPT)), ANSWER_NOT_OPENED, LIFECYCLE_CLAIMED, 0);
    f = in_state(LIFECYCLE_LAPSED);
    check(decide(&f, call(LIFECYCLE_RECEIPT)), ANSWER_OK, LIFECYCLE_LAPSED, LIFECYCLE_KEEP_RECEIPT);
    f = in_state(LIFECYCLE_DELIVERED);
    check(decide(&f, call(LIFECYCLE_RECEIPT)), ANSWER_OK, LIFECYCLE_CONFIRMED,
          LIFECYCLE_KEEP_RECEIPT);
    c = call(LIFECYCLE_RECEIPT);
    c.outcome = RECEIPT_REJECTED;
    check(decide(&f, c), ANSWER_OK, LIFECYCLE_REJECTED, LIFECYCLE_KEEP_RECEIPT);
    f = in_state(LIFECYCLE_CONFIRMED);
    check(decide(&f, c), ANSWER_OK, LIFECYCLE_REJECTED, LIFECYCLE_KEEP_RECEIPT);
    f.receipt_by_claimant = true; /* outranks one that shows no claimant */
    check(decide(&f, c), ANSWER_OK, LIFECYCLE_CONFIRMED, LIFECYCLE_KEEP_RECEIPT);
    c.claimant_shown = true; /* among equals the later one counts */
    check(decide(&f, c), ANSWER_OK, LIFECYCLE_REJECTED, LIFECYCLE_KEEP_RECEIPT);
    c.repeated = true;
    check(decide(&f, c), ANSWER_REPEATED, LIFECYCLE_CONFIRMED, 0);
    f = in_state(LIFECYCLE_EXPIRED);
    check(decide(&f, call(LIFECYCLE_RECEIPT)), ANSWER_EXPIRED, LIFECYCLE_EXPIRED, 0);
    f = in_state(LIFECYCLE_REVOKED);
    check(decide(&f, call(LIFECYCLE_RECEIPT)), ANSWER_REVOKED, LIFECYCLE_REVOKED, 0);
}

static void test_receipt_bounds(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_DELIVERED);
    struct lifecycle_call c = call(LIFECYCLE_RECEIPT);

    (void)state;
    c.at = NOW - LIFECYCLE_RECEIPT_SKEW_S;
    assert_int_equal(decide(&f, c).answer, ANSWER_OK);
    c.at--;
    assert_int_equal(decide(&f, c).answer, ANSWER_BAD_TIME);
    c.at = NOW + LIFECYCLE_RECEIPT_SKEW_S;
    assert_int_equal(decide(&f, c).answer, ANSWER_OK);
    c.at++;
    assert_int_equal(decide(&f, c).answer, ANSWER_BAD_TIME);

    c = call(LIFECYCLE_RECEIPT);
    f.receipts = LIFECYCLE_RECEIPTS_MAX - 1;
    assert_int_equal(decide(&f, c).answer, ANSWER_OK);
    f.receipts++;
    assert_int_equal(decide(&f, c).answer, ANSWER_TOO_MANY_RECEIPTS);

    f = in_state(LIFECYCLE_DELIVERED);
    c.now = c.at = f.claimed_at + LIFECYCLE_RECEIPT_WINDOW_S;
    assert_int_equal(decide(&f, c).answer, ANSWER_OK);
    c.now = ++c.at;
    assert_int_equal(decide(&f, c).answer, ANSWER_DELIVERED);
}

static void test_revoke_row(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_AVAILABLE);
    struct lifecycle_call c = call(LIFECYCLE_REVOKE);
    struct lifecycle_verdict v = lifecycle_decide(&f, &c);

    (void)state;
    check(v, ANSWER_OK, LIFECYCLE_REVOKED, LIFECYCLE_BURN | LIFECYCLE_MARK_REVOKED);
    assert_int_equal(v.cause, LIFECYCLE_CAUSE_REVOKED);
    f = lifecycle_apply(&f, &c, &v);
    check(lifecycle_decide(&f, &c), ANSWER_REPEATED, LIFECYCLE_REVOKED, 0);

    f = in_state(LIFECYCLE_CLAIMED);
    v = lifecycle_decide(&f, &c);
    check(v, ANSWER_OK, LIFECYCLE_LAPSED,
          LIFECYCLE_BURN | LIFECYCLE_RECORD_LAPSED | LIFECYCLE_MARK_REVOKED);
    f = lifecycle_apply(&f, &c, &v);
    check(lifecycle_decide(&f, &c), ANSWER_REPEATED, LIFECYCLE_LAPSED, 0);

    f = in_state(LIFECYCLE_LAPSED);
    check(lifecycle_decide(&f, &c), ANSWER_LAPSED, LIFECYCLE_LAPSED, 0);
    for (enum lifecycle_state s = LIFECYCLE_DELIVERED; s <= LIFECYCLE_REJECTED; s++) {
        f = in_state(s);
        check(lifecycle_decide(&f, &c), ANSWER_DELIVERED, s, 0);
    }
    f = in_state(LIFECYCLE_EXPIRED);
    check(lifecycle_decide(&f, &c), ANSWER_EXPIRED, LIFECYCLE_EXPIRED, 0);
}

static void test_time_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(all_states) / sizeof(all_states[0]); i++) {
        const struct lifecycle_facts f = in_state(all_states[i]);
        const int64_t due_at = lifecycle_due_at(&f);
        struct lifecycle_call c = {.op = LIFECYCLE_TIME, .now = NOW + 100 * 86400};
        struct lifecycle_verdict v = lifecycle_decide(&f, &c);

        if (all_states[i] == LIFECYCLE_AVAILABLE) {
            check(v, ANSWER_OK, LIFECYCLE_EXPIRED, LIFECYCLE_BURN);
            assert_int_equal(v.cause, LIFECYCLE_CAUSE_EXPIRED);
        } else if (all_states[i] == LIFECYCLE_CLAIMED) {
            check(v, ANSWER_OK, LIFECYCLE_LAPSED, LIFECYCLE_RECORD_LAPSED | LIFECYCLE_BURN);
            assert_int_equal(v.cause, LIFECYCLE_CAUSE_LAPSED);
        } else {
            assert_int_equal(due_at, 0);
            check(v, ANSWER_OK, all_states[i], 0);
            continue;
        }
        c.now = due_at - 1;
        check(lifecycle_decide(&f, &c), ANSWER_OK, all_states[i], 0);
        c.now = due_at;
        assert_int_not_equal(lifecycle_decide(&f, &c).effects, 0);
    }
}

/* What lived when a backup was taken comes back burned, and as taken: nobody knows. */
static void test_restore_row(void **state)
{
    const struct lifecycle_call c = {.op = LIFECYCLE_RESTORE, .now = NOW + 1000};

    (void)state;
    for (size_t i = 0; i < sizeof(all_states) / sizeof(all_states[0]); i++) {
        const struct lifecycle_facts f = in_state(all_states[i]);
        const struct lifecycle_verdict v = lifecycle_decide(&f, &c);
        const struct lifecycle_facts after = lifecycle_apply(&f, &c, &v);

        if (f.state != LIFECYCLE_AVAILABLE && f.state != LIFECYCLE_CLAIMED) {
            check(v, ANSWER_OK, f.state, 0);
            continue;
        }
        check(v, ANSWER_OK, LIFECYCLE_LAPSED, LIFECYCLE_RECORD_LAPSED | LIFECYCLE_BURN);
        assert_int_equal(after.cause, LIFECYCLE_CAUSE_RESTORED);
        assert_int_equal(lifecycle_due_at(&after), 0);
    }
}

/* A claim keeps its lease beyond the handoff's expiry. */
static void test_claim_before_expiry_keeps_its_lease(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_AVAILABLE);
    struct lifecycle_call c = call(LIFECYCLE_CLAIM);
    struct lifecycle_verdict v;

    (void)state;
    c.now = f.expires_at - 1;
    v = lifecycle_decide(&f, &c);
    f = lifecycle_apply(&f, &c, &v);
    assert_int_equal(lifecycle_due_at(&f), c.now + LEASE);
    c = (struct lifecycle_call){.op = LIFECYCLE_TIME, .now = f.expires_at + 10};
    check(lifecycle_decide(&f, &c), ANSWER_OK, LIFECYCLE_CLAIMED, 0);
}

static void test_code_tries(void **state)
{
    struct lifecycle_facts f = in_state(LIFECYCLE_AVAILABLE);
    struct lifecycle_call c = call(LIFECYCLE_CLAIM);
    struct lifecycle_verdict v;

    (void)state;
    f.code = true;
    c.link_shown = false; /* a stranger who has the id alone: nothing counts, right token or not */
    check(lifecycle_decide(&f, &c), ANSWER_WRONG_TOKEN, LIFECYCLE_AVAILABLE, 0);
    c.link_shown = true;
    c.proof = false;
    for (unsigned i = 0; i < LIFECYCLE_TRIES_PER_ADDRESS; i++) {
        v = lifecycle_decide(&f, &c);
        check(v, ANSWER_WRONG_CODE, LIFECYCLE_AVAILABLE, LIFECYCLE_COUNT_TRY);
        assert_int_equal(v.tries_left, LIFECYCLE_TRIES_PER_ADDRESS - 1 - i);
        f = lifecycle_apply(&f, &c, &v);
        c.address_tries++;
        c.address_tried_at = c.now;
    }
    v = lifecycle_decide(&f, &c);
    check(v, ANSWER_TOO_MANY_TRIES, LIFECYCLE_AVAILABLE, 0);
    assert_int_equal(v.retry_after_s, LIFECYCLE_LOCK_S);
    c.proof = true; /* while locked even the right code is refused */
    check(lifecycle_decide(&f, &c), ANSWER_TOO_MANY_TRIES, LIFECYCLE_AVAILABLE, 0);
    c.now += LIFECYCLE_LOCK_S - 1;
    assert_int_equal(lifecycle_decide(&f, &c).retry_after_s, 1);
    c.now += 1;
    check(lifecycle_decide(&f, &c), ANSWER_OK, LIFECYCLE_CLAIMED,
          LIFECYCLE_TAKE | LIFECYCLE_HAND_OUT);
    /* Another address has its own five, but all share the twenty. */
    c.address_tries = 0;
    c.address_tried_at = 0;
    f.tries = LIFECYCLE_TRIES;
    f.tried_at = c.now;
    check(lifecycle_decide(&f, &c), ANSWER_TOO_MANY_TRIES, LIFECYCLE_AVAILABLE, 0);
    c.now += LIFECYCLE_LOCK_S;
    c.proof = false; /* one more try, and the lock is back */
    v = lifecycle_decide(&f, &c);
    check(v, ANSWER_WRONG_CODE, LIFECYCLE_AVAILABLE, LIFECYCLE_COUNT_TRY);
    assert_int_equal(v.tries_left, 0);
    f = lifecycle_apply(&f, &c, &v);
    check(lifecycle_decide(&f, &c), ANSWER_TOO_MANY_TRIES, LIFECYCLE_AVAILABLE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claim_row),
        cmocka_unit_test(test_claim_burns_at_once_where_asked),
        cmocka_unit_test(test_proof_comes_before_state),
        cmocka_unit_test(test_opened_row),
        cmocka_unit_test(test_opened_after_a_receipt_settled_a_lapse),
        cmocka_unit_test(test_receipt_row),
        cmocka_unit_test(test_receipt_bounds),
        cmocka_unit_test(test_revoke_row),
        cmocka_unit_test(test_time_row),
        cmocka_unit_test(test_restore_row),
        cmocka_unit_test(test_claim_before_expiry_keeps_its_lease),
        cmocka_unit_test(test_code_tries),
    };

    return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
