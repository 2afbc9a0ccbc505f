/* Goal: a span of time is read exactly, and what is not one, or not within its bounds, is refused
   without touching the result. */
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/duration.h"

#include <stdint.h>

static void units(void **state)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } good[] = {{"1s", 1},      {"90m", 5400},         {"12h", 43200},
                {"7d", 604800}, {"2w", 2 * 7 * 86400}, {"30d", 2592000}};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t seconds = 0;

        assert_int_equal(duration_parse(&seconds, good[i].text, 1, 30 * 86400), 0);
        assert_int_equal(seconds, good[i].seconds);
    }
}

static void refusals(void **state)
{
    static const char *const bad[] = {"",
                                      "d",
                                      "7",
                                      "7 d",
                                      " 7d",
                                      "7d ",
                                      "-7d",
                                      "+7d",
                                      "07d",
                                      "7D",
                                      "1.5h",
                                      "1d2h",
                                      "0s",
                                      "0x7d",
                                      "7days",
                                      "99999999999999999999d",
                                      "31d",
                                      "59s",
                                      "768614336404564651w"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t seconds = 42;

        if (duration_parse(&seconds, bad[i], 60, 30 * 86400) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(seconds, 42);
    }
}

static void bounds(void **state)
{
    uint64_t seconds = 0;

    (void)state;
    assert_int_equal(duration_parse(&seconds, "60s", 60, 86400), 0);
    assert_int_equal(duration_parse(&seconds, "86400s", 60, 86400), 0);
    assert_int_equal(duration_parse(&seconds, "86401s", 60, 86400), -1);
    assert_int_equal(duration_parse(&seconds, "24h", 60, 86400), 0);
    assert_int_equal(seconds, 86400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(units), cmocka_unit_test(refusals),
                                       cmocka_unit_test(bounds)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
