/*
 * Goal: over long random histories the lifecycle never hands a handoff out twice, never un-burns
 * one, never goes back, and reaches every end.
 */
#include "tests/unit/unit.h"
#include "vault/lifecycle/lifecycle.h"

#include <stdbool.h>

enum { NOW = 1000000, LEASE = 600 };

static bool taken_state(enum lifecycle_state s)
{
    return s == LIFECYCLE_CLAIMED || s == LIFECYCLE_LAPSED || s == LIFECYCLE_DELIVERED ||
           s == LIFECYCLE_CONFIRMED || s == LIFECYCLE_REJECTED;
}

struct history {
    struct lifecycle_facts f;
    int64_t now;
    int holder; /* the claimant that took it; -1: none */
    unsigned recorded_opened;
};

static void check_step(const struct history *h, const struct lifecycle_call *c, int who,
                       const struct lifecycle_verdict *v, const struct lifecycle_facts *after)
{
    const struct lifecycle_facts *before = &h->f;

    if (v->effects & LIFECYCLE_HAND_OUT) {
        assert_int_equal(before->cause, LIFECYCLE_CAUSE_NONE);
        assert_true(c->proof && c->link_shown);
        assert_true(h->holder == -1 || h->holder == who);
    }
    if (v->effects & LIFECYCLE_TAKE)
        assert_int_equal(h->holder, -1);
    if (before->cause != LIFECYCLE_CAUSE_NONE) {
        assert_int_equal(after->cause, before->cause);
        assert_false(v->effects & LIFECYCLE_BURN);
    }
    if (before->state != LIFECYCLE_AVAILABLE)
        assert_int_not_equal(after->state, LIFECYCLE_AVAILABLE);
    if (taken_state(before->state))
        assert_true(taken_state(after->state));
    /* Only what came out of a backup counts as taken though nobody is known to have taken it. */
    if (after->claimed_at != 0)
        assert_true(taken_state(after->state));
    else if (taken_state(after->state))
        assert_int_equal(after->cause, LIFECYCLE_CAUSE_RESTORED);
    /* What has ended holds no bytes. */
    if (after->state != LIFECYCLE_AVAILABLE && after->state != LIFECYCLE_CLAIMED)
        assert_int_not_equal(after->cause, LIFECYCLE_CAUSE_NONE);
    /* A change always has an event. */
    if (after->state != before->state)
        assert_true(v->effects &
                    (LIFECYCLE_TAKE | LIFECYCLE_RECORD_OPENED | LIFECYCLE_RECORD_LAPSED |
                     LIFECYCLE_KEEP_RECEIPT | LIFECYCLE_BURN));
    /* A call that failed its proof changes nothing but the count of tries. */
    if (c->op != LIFECYCLE_TIME && c->op != LIFECYCLE_RESTORE && !c->proof)
        assert_int_equal(v->effects & ~(unsigned)LIFECYCLE_COUNT_TRY, 0);
    if (v->answer == ANSWER_REPEATED)
        assert_int_equal(v->effects & ~(unsigned)LIFECYCLE_HAND_OUT, 0);
}

static void step(struct history *h, const struct lifecycle_call *c, int who)
{
    const struct lifecycle_verdict v = lifecycle_decide(&h->f, c);
    const struct lifecycle_facts after = lifecycle_apply(&h->f, c, &v);

    check_step(h, c, who, &v, &after);
    if (v.effects & LIFECYCLE_TAKE)
        h->holder = who;
    if (v.effects & LIFECYCLE_RECORD_OPENED)
        h->recorded_opened++;
    h->f = after;
}

static void random_call(struct history *h, uint32_t *seed)
{
    const int who = (int)(unit_random(seed) % 3);
    const struct lifecycle_call time = {.op = LIFECYCLE_TIME, .now = h->now};
    struct lifecycle_call c = {.op = (enum lifecycle_op)(unit_random(seed) % LIFECYCLE_OPS),
                               .now = h->now,
                               .link_shown = unit_random(seed) % 8 != 0,
                               .proof = unit_random(seed) % 4 != 0,
                               .repeated = unit_random(seed) % 8 == 0,
                               .outcome = (enum receipt_outcome)(unit_random(seed) % 2),
                               .at = h->now};

    if (c.op == LIFECYCLE_RESTORE && unit_random(seed) % 16 != 0)
        c.op = LIFECYCLE_TIME;
    c.claimant_shown = h->f.claimed_at != 0 && who == h->holder;
    c.repeated = c.repeated && h->f.receipts > 0;
    step(h, &time, who);
    step(h, &c, who);
}

static void test_random_histories(void **state)
{
    uint32_t seed = 20261123;
    unsigned ended[LIFECYCLE_STATES] = {0};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct history h = {.now = NOW, .holder = -1};

        h.f = (struct lifecycle_facts){.state = LIFECYCLE_AVAILABLE,
                                       .expires_at = NOW + 86400,
                                       .lease_s = LEASE,
                                       .changed_at = NOW};
        h.f.code = unit_random(&seed) % 2;
        h.f.burn_on_claim = unit_random(&seed) % 2;
        for (int j = 0; j < 40; j++) {
            h.now +=
                unit_random(&seed) % 16 == 0 ? unit_random(&seed) % 90000 : unit_random(&seed) % 60;
            random_call(&h, &seed);
        }
        assert_true(h.recorded_opened <= 1);
        ended[h.f.state]++;
    }
    /* The histories reach every state that is an end. */
    for (enum lifecycle_state s = LIFECYCLE_LAPSED; s < LIFECYCLE_STATES; s++)
        if (s != LIFECYCLE_DELIVERED)
            assert_true(ended[s] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_histories)};

    return cmocka_run_group_tests_name("histories", tests, NULL, NULL);
}
