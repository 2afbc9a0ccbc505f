/*
 * Goal: the first ten alarms are written singly, later ones add up and none is lost, and however
 * many come, no more events are written than the windows allow.
 */
#include "tests/unit/unit.h"
#include "vault/lifecycle/alarm.h"

static void test_first_ten_singly_then_windows(void **state)
{
    struct alarm a = {0};
    int64_t now = 1000;

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(alarm_hit(&a, now), 1);
    for (int i = 0; i < 54; i++)
        assert_int_equal(alarm_hit(&a, now), 0);
    assert_int_equal(a.flush_at, now + 10);
    assert_int_equal(alarm_flush(&a, now + 9), 0);
    assert_int_equal(alarm_flush(&a, now + 10), 54);
    assert_int_equal(alarm_flush(&a, now + 10), 0);
    assert_int_equal(a.flush_at, 0);
    now += 100;
    assert_int_equal(alarm_hit(&a, now), 0); /* the next window is twice as long */
    assert_int_equal(a.flush_at, now + 20);
}

static void test_a_day_of_alarms_is_counted_whole_and_written_rarely(void **state)
{
    enum { DAY = 86400, PER_SECOND = 3 };
    struct alarm a = {0};
    uint64_t counted = 0;

    (void)state;
    for (int64_t now = 1; now <= DAY; now++) {
        for (int i = 0; i < PER_SECOND; i++)
            counted += alarm_hit(&a, now);
        counted += alarm_flush(&a, now);
    }
    counted += alarm_flush(&a, DAY + 3600);
    assert_int_equal(counted, (uint64_t)DAY * PER_SECOND);
    assert_in_range(a.events, 11, 10 + 10 + 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_ten_singly_then_windows),
        cmocka_unit_test(test_a_day_of_alarms_is_counted_whole_and_written_rarely),
    };

    return cmocka_run_group_tests_name("alarm", tests, NULL, NULL);
}
