/*
 * Goal: a client may call its limit at once and then as fast as it is forgiven; standing and waits
 * are told right; kinds and clients are told apart; memory is fixed, and who floods is not
 * forgotten for the sake of the crowd.
 */
#include "api/policy/rate_limit.h"
#include "tests/unit/unit.h"

#include <sodium.h>
#include <string.h>

enum { LIMIT = 60 };

static const int64_t second = 1000000;

static struct rate_limit_standing charge(struct rate_limit *q, const char *who, unsigned cost,
                                         int64_t now_us)
{
    return rate_limit_charge(q, RATE_LIMIT_ADDRESS, who, strlen(who), LIMIT, cost, now_us);
}

static void test_a_limit_at_once_then_as_forgiven(void **state)
{
    struct rate_limit *q = rate_limit_new(1024);
    struct rate_limit_standing s;
    int64_t now = 1000 * second;

    (void)state;
    assert_non_null(q);
    for (unsigned i = 0; i < LIMIT; i++) {
        s = charge(q, "a", 1, now);
        assert_true(s.allowed);
        assert_int_equal(s.limit, LIMIT);
        assert_int_equal(s.remaining, LIMIT - 1 - i);
        assert_int_equal(s.retry_after_s, 0);
        assert_int_equal(s.full_s, i + 1);
    }
    s = charge(q, "a", 1, now);
    assert_false(s.allowed);
    assert_int_equal(s.remaining, 0);
    assert_int_equal(s.retry_after_s, 1);
    assert_int_equal(s.full_s, RATE_LIMIT_WINDOW_S); /* a refusal is not charged */
    assert_false(charge(q, "a", 1, now + second - 1).allowed);
    assert_true(charge(q, "a", 1, now + second).allowed);
    assert_false(charge(q, "a", 1, now + second).allowed);
    assert_int_equal(charge(q, "a", 5, now + second).retry_after_s, 5);
    assert_true(charge(q, "a", 5, now + 6 * second).allowed);
    /* After a quiet window all is there again, and no more than all. */
    now += 1000 * second;
    assert_int_equal(charge(q, "a", 1, now).remaining, LIMIT - 1);
    rate_limit_free(q);
}

static void test_clients_and_kinds_are_told_apart(void **state)
{
    struct rate_limit *q = rate_limit_new(1024);
    const int64_t now = 5 * second;

    (void)state;
    assert_true(charge(q, "a", LIMIT, now).allowed);
    assert_false(charge(q, "a", 1, now).allowed);
    assert_true(charge(q, "b", 1, now).allowed);
    assert_true(rate_limit_charge(q, RATE_LIMIT_TOKEN, "a", 1, LIMIT, 1, now).allowed);
    assert_true(rate_limit_look(q, RATE_LIMIT_HANDOFF, "a", 1, LIMIT, now).allowed);
    assert_false(rate_limit_look(q, RATE_LIMIT_ADDRESS, "a", 1, LIMIT, now).allowed);
    /* A cost beyond the limit is the whole limit: it can be met at all. */
    assert_true(charge(q, "c", 10 * LIMIT, now).allowed);
    assert_false(charge(q, "c", 1, now).allowed);
    rate_limit_free(q);
}

static void test_looking_charges_nothing(void **state)
{
    struct rate_limit *q = rate_limit_new(64);

    (void)state;
    for (unsigned i = 0; i < 10 * LIMIT; i++)
        assert_true(rate_limit_look(q, RATE_LIMIT_HANDOFF, "h", 1, LIMIT, second).allowed);
    assert_int_equal(rate_limit_charge(q, RATE_LIMIT_HANDOFF, "h", 1, LIMIT, 1, second).remaining,
                     LIMIT - 1);
    rate_limit_free(q);
}

static void test_who_floods_is_remembered_in_a_crowd(void **state)
{
    struct rate_limit *q = rate_limit_new(256);
    const int64_t now = 7 * second;

    (void)state;
    assert_true(charge(q, "flood", LIMIT, now).allowed);
    for (uint32_t i = 0; i < 100000; i++)
        assert_true(rate_limit_charge(q, RATE_LIMIT_ADDRESS, &i, sizeof(i), LIMIT, 1, now).allowed);
    assert_false(charge(q, "flood", 1, now).allowed);
    rate_limit_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_limit_at_once_then_as_forgiven),
        cmocka_unit_test(test_clients_and_kinds_are_told_apart),
        cmocka_unit_test(test_looking_charges_nothing),
        cmocka_unit_test(test_who_floods_is_remembered_in_a_crowd),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("rate_limit", tests, NULL, NULL);
}
