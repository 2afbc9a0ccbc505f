/*
 * Goal: what a proxy may read differently from libmicrohttpd never gets past the guard, and an
 * ordinary request does: targets and single header fields here, whole requests on raw connections
 * in the end-to-end tests.
 */
#include "api/http/guard.h"
#include "tests/unit/unit.h"

#include <string.h>

static void add(struct guard_state *g, const char *name, const char *value)
{
    guard_field(g, name, strlen(name), value, strlen(value));
}

static struct guard_state one(const char *name, const char *value)
{
    struct guard_state g = {0};

    add(&g, name, value);
    return g;
}

static void test_plain_targets_pass(void **state)
{
    static const char *const good[] = {
        "/", "/livez", "/v1/handoffs/01a207a9-06ac-7cc4-bfe9-7b64f6ed5519/events?after=-1&wait=30"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_null(guard_target(good[i]));
}

static void test_targets_that_need_decoding_are_refused(void **state)
{
    static const char *const bad[] = {"",           "livez",     "*",          "http://host/livez",
                                      "/%6civez",   "/livez%00", "/a%2fb",     "/livez\\",
                                      "/livez\x01", "/li vez",   "/livez\x7f", "/livez\t"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(guard_target(bad[i]));
}

static void test_what_a_nul_hides_is_seen(void **state)
{
    static const char whole[] = "GET /livez\0HTTP/1.1", hidden[] = "GET /livez\0x\0HTTP/1.1";
    const size_t end = strlen("GET /livez");

    (void)state;
    assert_true(guard_is_whole((uintptr_t)(whole + end), whole + end + 1));
    assert_false(guard_is_whole((uintptr_t)(hidden + end), hidden + end + 3));
}

static void test_the_longest_target(void **state)
{
    char target[GUARD_TARGET_MAX + 2];

    (void)state;
    memset(target, 'a', sizeof(target));
    target[0] = '/';
    target[GUARD_TARGET_MAX] = '\0';
    assert_null(guard_target(target));
    target[GUARD_TARGET_MAX] = 'a';
    target[GUARD_TARGET_MAX + 1] = '\0';
    assert_non_null(guard_target(target));
}

static void test_ordinary_fields_pass_and_are_read(void **state)
{
    struct guard_state g = {0};

    (void)state;
    add(&g, "hOST", "handoff.example");
    add(&g, "Content-Length", "297");
    add(&g, "Content-Type", "application/json; charset=utf-8");
    add(&g, "X-Custom_1.2~", "a value\twith a tab");
    assert_null(g.fields.objection);
    assert_int_equal(g.hosts, 1);
    assert_int_equal(g.lengths, 1);
    assert_int_equal(g.types, 1);
    assert_true(g.fields.has_length);
    assert_int_equal(g.fields.length, 297);
    assert_true(g.fields.json);
}

static void test_doubled_fields_are_counted_whatever_their_case(void **state)
{
    struct guard_state g = {0};

    (void)state;
    add(&g, "Host", "a");
    add(&g, "HOST", "b");
    add(&g, "Content-Length", "5");
    add(&g, "content-length", "5");
    add(&g, "Content-Type", "application/json");
    add(&g, "content-TYPE", "application/json");
    assert_int_equal(g.hosts, 2);
    assert_int_equal(g.lengths, 2);
    assert_int_equal(g.types, 2);
}

static void test_names_that_are_no_tokens_are_refused(void **state)
{
    static const char *const bad[] = {
        "",    "Content-Length ", "Content-Length\t", " Host", "X\x01Y", "X(Y)", "X\x80Y", "X:Y",
        "X\"Y"};
    struct guard_state g = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(one(bad[i], "1").fields.objection);
    guard_field(&g, "X\0Y", 3, "1", 1);
    assert_non_null(g.fields.objection);
}

static void test_control_bytes_in_values_are_refused(void **state)
{
    struct guard_state g = {0};

    (void)state;
    assert_non_null(one("X", "a\x01").fields.objection);
    assert_non_null(one("X", "a\x7f").fields.objection);
    assert_non_null(one("X", "a\rb").fields.objection);
    guard_field(&g, "X", 1, "a\0b", 3);
    assert_non_null(g.fields.objection);
}

static void test_any_transfer_encoding_is_refused(void **state)
{
    (void)state;
    assert_non_null(one("Transfer-Encoding", "chunked").fields.objection);
    assert_non_null(one("transfer-encoding", "identity").fields.objection);
    assert_non_null(one("TRANSFER-ENCODING", "").fields.objection);
}

static void test_lengths_that_are_not_plain_digits_are_refused(void **state)
{
    static const char *const bad[] = {"",     "+5",  "-1",  "0x5", "5 ",
                                      "5, 5", "5.0", "007", "٥",   "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(one("Content-Length", bad[i]).fields.objection);
    assert_null(one("Content-Length", "0").fields.objection);
}

static void test_a_field_without_a_value(void **state)
{
    struct guard_state g = {0};

    (void)state;
    guard_field(&g, "Content-Length", strlen("Content-Length"), NULL, 7);
    assert_non_null(g.fields.objection);
}

static void test_only_json_is_json(void **state)
{
    static const char *const other[] = {"", "text/plain", "application/jsonp",
                                        "application/json-patch+json", "json"};

    (void)state;
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        assert_false(one("Content-Type", other[i]).fields.json);
    assert_true(one("Content-Type", "APPLICATION/JSON").fields.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_targets_pass),
        cmocka_unit_test(test_targets_that_need_decoding_are_refused),
        cmocka_unit_test(test_what_a_nul_hides_is_seen),
        cmocka_unit_test(test_the_longest_target),
        cmocka_unit_test(test_ordinary_fields_pass_and_are_read),
        cmocka_unit_test(test_doubled_fields_are_counted_whatever_their_case),
        cmocka_unit_test(test_names_that_are_no_tokens_are_refused),
        cmocka_unit_test(test_control_bytes_in_values_are_refused),
        cmocka_unit_test(test_any_transfer_encoding_is_refused),
        cmocka_unit_test(test_lengths_that_are_not_plain_digits_are_refused),
        cmocka_unit_test(test_a_field_without_a_value),
        cmocka_unit_test(test_only_json_is_json),
    };

    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
