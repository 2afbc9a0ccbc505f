/*
 * Goal: what counts as a plain body is what is written down, byte for byte; and whatever counts as
 * one, jansson takes as well, with the same members and values in the same order.
 */
#include "api/http/json_scan.h"
#include "tests/support/protocol/json_scan.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 24, BODY_MAX = 2048 };

static struct json_scan_member members[ROOM];
static size_t count;

/* Reads it where nothing stands behind it, so that a sanitizer sees each step too far. */
static bool read_plain(const char *text, size_t len)
{
    char *const exact = malloc(len > 0 ? len : 1);
    bool plain;

    assert_non_null(exact);
    memcpy(exact, text, len);
    plain = json_scan_read(members, ROOM, &count, exact, len);
    if (plain)
        assert_null(json_scan_differs(members, count, exact, len));
    free(exact);
    return plain;
}

static bool is_plain(const char *text)
{
    return read_plain(text, strlen(text));
}

static void assert_all(const char *const *texts, size_t n, bool plain)
{
    for (size_t i = 0; i < n; i++)
        if (is_plain(texts[i]) != plain)
            fail_msg("%s", texts[i]);
}

#define ASSERT_ALL(texts, plain) assert_all(texts, sizeof(texts) / sizeof((texts)[0]), plain)

static void test_members_are_given_as_they_stand(void **state)
{
    static const char body[] =
        "{\"envelope\":\"AQ-_\",\"code\":true,\"\":\"\",\"at\":-17,\"x\":false}";

    (void)state;
    assert_true(json_scan_read(members, ROOM, &count, body, sizeof(body) - 1));
    assert_int_equal(count, 5);
    assert_ptr_equal(members[0].name, body + 2);
    assert_int_equal(members[0].name_len, 8);
    assert_int_equal(members[0].kind, JSON_SCAN_STRING);
    assert_ptr_equal(members[0].text, body + 13);
    assert_int_equal(members[0].text_len, 4);
    assert_int_equal(members[1].kind, JSON_SCAN_BOOL);
    assert_int_equal(members[1].number, 1);
    assert_int_equal(members[2].name_len, 0);
    assert_int_equal(members[2].text_len, 0);
    assert_int_equal(members[3].kind, JSON_SCAN_INTEGER);
    assert_int_equal(members[3].number, -17);
    assert_int_equal(members[4].kind, JSON_SCAN_BOOL);
    assert_int_equal(members[4].number, 0);
    assert_ptr_equal(json_scan_find(members, count, "code", 4), &members[1]);
    assert_ptr_equal(json_scan_find(members, count, "", 0), &members[2]);
    assert_null(json_scan_find(members, count, "cod", 3));
    assert_null(json_scan_find(members, count, "codes", 5));
    assert_null(json_scan_find(members, 1, "code", 4));
}

static void test_objects_alone_are_plain(void **state)
{
    static const char *const good[] = {"{}", " { } ", "{\"a\":1}", "{\"a\":1,\"b\":\"c\"}"};
    static const char *const bad[] = {
        "",
        " ",
        "null",
        "[]",
        "\"a\"",
        "1",
        "true",
        "{",
        "}",
        "{}x",
        "{} {}",
        "{}}",
        "{{}}",
        "{,}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1;\"b\":2}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{\"a\"::1}",
        "{:1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":'b'}",
        "{\"a\":b}",
        "{1:1}",
        "{\"a\":1]",
        "{\"a\":1",
        "[{\"a\":1}]",
        "{\"a\":1}//",
        "\xef\xbb\xbf{}",
        "\v{}",
        "\f{}",
        "{}\v",
        "{\"a\":\v1}",
        "{\"a\":\"b\"\"c\"}",
    };

    (void)state;
    ASSERT_ALL(good, true);
    ASSERT_ALL(bad, false);
    assert_false(read_plain("{}\0", 3));
    assert_false(read_plain("\0{}", 3));
}

static void test_values_of_other_kinds_are_left_to_jansson(void **state)
{
    static const char *const bad[] = {
        "{\"a\":null}",   "{\"a\":[]}",         "{\"a\":{}}",    "{\"a\":[1]}",   "{\"a\":True}",
        "{\"a\":TRUE}",   "{\"a\":tru}",        "{\"a\":truee}", "{\"a\":true1}", "{\"a\":fals}",
        "{\"a\":falsey}", "{\"a\":true false}", "{\"a\":t",      "{\"a\":true",   "{\"a\":NaN}",
    };

    (void)state;
    ASSERT_ALL(bad, false);
}

static void test_numbers_are_whole_and_short(void **state)
{
    static const char *const good[] = {
        "{\"a\":0}",
        "{\"a\":-0}",
        "{\"a\":7}",
        "{\"a\":10}",
        "{\"a\":-10}",
        "{\"a\":999999999999999999}",
        "{\"a\":-999999999999999999}",
    };
    static const char *const bad[] = {
        "{\"a\":00}",
        "{\"a\":01}",
        "{\"a\":-01}",
        "{\"a\":-}",
        "{\"a\":--1}",
        "{\"a\":+1}",
        "{\"a\":- 1}",
        "{\"a\":1.0}",
        "{\"a\":1.}",
        "{\"a\":.1}",
        "{\"a\":1e1}",
        "{\"a\":1E1}",
        "{\"a\":0e0}",
        "{\"a\":0x1}",
        "{\"a\":1 1}",
        "{\"a\":1a}",
        "{\"a\":-",
        "{\"a\":1",
        "{\"a\":1_0}",
        "{\"a\":1000000000000000000}",
        "{\"a\":-1000000000000000000}",
        "{\"a\":9223372036854775807}",
        "{\"a\":18446744073709551617}",
    };

    (void)state;
    ASSERT_ALL(good, true);
    ASSERT_ALL(bad, false);
    assert_true(is_plain("{\"a\":-999999999999999999}"));
    assert_true(members[0].number == -INT64_C(999999999999999999));
}

static void test_white_space_stands_between_all_parts(void **state)
{
    static const char *const parts[] = {"{",     "\"a\"", ":",     "1", ",",    "\"b\"", ":",
                                        "\"c\"", ",",     "\"d\"", ":", "true", "}"};
    enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
    static const char spaces[] = " \t\r\n";

    (void)state;
    for (size_t at = 0; at <= PARTS; at++) {
        for (size_t byte = 1; byte < 256; byte++) {
            char body[128] = "";
            size_t len = 0;

            for (size_t i = 0; i <= PARTS; i++) {
                if (i == at || byte == ' ')
                    len += (size_t)snprintf(body + len, sizeof(body) - len, "%c%c", (char)byte,
                                            (char)byte);
                if (i < PARTS)
                    len += (size_t)snprintf(body + len, sizeof(body) - len, "%s", parts[i]);
            }
            /* Two digits more make another number. */
            if ((at == 3 && byte >= '1' && byte <= '9') || (at == 4 && byte >= '0' && byte <= '9'))
                assert_true(read_plain(body, len));
            else
                assert_int_equal(read_plain(body, len), strchr(spaces, (int)byte) != NULL);
        }
    }
    assert_false(is_plain("{\"a\":tr ue}"));
}

/* A byte at each place of a string of each length up to three times what is looked at at once. */
static void each_byte(const char *before, const char *behind, size_t byte)
{
    const bool printable = byte >= 0x20 && byte <= 0x7e && byte != '"' && byte != '\\';
    const size_t from = strlen(before);

    for (size_t len = 1; len <= 49; len++)
        for (size_t at = 0; at < len; at++) {
            char body[128];

            memcpy(body, before, from);
            memset(body + from, 'x', len);
            body[from + at] = (char)byte;
            memcpy(body + from + len, behind, strlen(behind));
            if (read_plain(body, from + len + strlen(behind)) != printable)
                fail_msg("byte %zu at %zu of %zu", byte, at, len);
        }
}

static void test_names_and_strings_are_of_printable_ascii(void **state)
{
    (void)state;
    for (size_t byte = 0; byte < 256; byte++) {
        each_byte("{\"a\":\"", "\"}", byte);
        each_byte("{\"", "\":1}", byte);
    }
}

static void test_a_body_cut_short_is_not_plain(void **state)
{
    static const char body[] =
        "{ \"token\" : \"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\", \"code\" "
        ": true,\"x\":false , \"at\":1795424000,\"n\":-1,\"\":\"\" }";

    (void)state;
    for (size_t len = 0; len < sizeof(body) - 1; len++)
        assert_false(read_plain(body, len));
    assert_true(read_plain(body, sizeof(body) - 1));
}

static void test_no_name_stands_twice(void **state)
{
    static const char *const good[] = {"{\"a\":1,\"b\":1}", "{\"a\":1,\"A\":1}",
                                       "{\"a\":1,\"aa\":1,\"\":1}", "{\"ab\":1,\"a\":1}"};
    static const char *const bad[] = {"{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":\"c\"}",
                                      "{\"\":1,\"\":1}", "{\"b\":1,\"a\":1,\"a\":2}"};

    (void)state;
    ASSERT_ALL(good, true);
    ASSERT_ALL(bad, false);
}

static void test_members_have_a_bound(void **state)
{
    char body[512] = "{";
    size_t len = 1;

    (void)state;
    for (unsigned i = 0; i < ROOM; i++) {
        len += (size_t)snprintf(body + len, sizeof(body) - len, "\"%u\":%u}", i, i);
        assert_true(read_plain(body, len));
        assert_int_equal(count, i + 1);
        assert_int_equal(members[i].number, i);
        assert_true(json_scan_read(members, i + 1, &count, body, len));
        assert_false(json_scan_read(members, i, &count, body, len));
        body[len - 1] = ',';
    }
    snprintf(body + len, sizeof(body) - len, "\"one more\":1}");
    assert_false(is_plain(body));
}

/* ---- against jansson, at random ---- */

static size_t add(char *body, size_t len, const char *text)
{
    const int n = snprintf(body + len, BODY_MAX - len, "%s", text);

    return n > 0 && (size_t)n < BODY_MAX - len ? len + (size_t)n : len;
}

static const char *any(const char *const *of, size_t n, uint32_t *seed)
{
    return of[unit_random(seed) % n];
}

#define ANY(of, seed) any(of, sizeof(of) / sizeof((of)[0]), seed)

static size_t make_body(char *body, uint32_t *seed)
{
    static const char *const spaces[] = {"", "", "", "", " ", "\n\t", "\r "};
    static const char *const names[] = {
        "token", "code",    "at",     "a", "", "claim_hash", "a-name-longer-than-the-lanes",
        "b",     "details", "\\u0061"};
    static const char *const values[] = {
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-999999999999999999",
        "1000000000000000000",
        "\"\"",
        "\"confirmed\"",
        "\"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\"",
        "\"\xc3\xa4\"",
        "\"\\n\"",
        "null",
        "1.5",
        "[]",
        "{\"a\":1}",
    };
    const unsigned members_n = unit_random(seed) % 6;
    size_t len = add(body, 0, "{");

    for (unsigned i = 0; i < members_n; i++) {
        len = add(body, len, i > 0 ? "," : "");
        len = add(body, len, ANY(spaces, seed));
        len = add(body, len, "\"");
        len = add(body, len, ANY(names, seed));
        len = add(body, len, "\"");
        len = add(body, len, ANY(spaces, seed));
        len = add(body, len, ":");
        len = add(body, len, ANY(spaces, seed));
        /* Mostly of those that are plain. */
        len = add(body, len, values[unit_random(seed) % (unit_random(seed) % 4 == 0 ? 16 : 10)]);
        len = add(body, len, ANY(spaces, seed));
    }
    len = add(body, len, "}");
    return add(body, len, ANY(spaces, seed));
}

static size_t mutate(char *body, size_t len, uint32_t *seed)
{
    static const char telling[] = "{}[]\",:\\ \t\n0123456789-.eEtrufalsn\x00\x1f\x7f\x80\xff";
    const size_t at = unit_random(seed) % len;
    const char byte = telling[unit_random(seed) % (sizeof(telling) - 1)];

    switch (unit_random(seed) % 4) {
    case 0:
        body[at] = byte;
        return len;
    case 1:
        memmove(body + at, body + at + 1, len - at - 1);
        return len - 1;
    case 2:
        memmove(body + at + 1, body + at, len - at);
        body[at] = byte;
        return len + 1;
    default:
        body[at] = (char)(body[at] ^ (1 << unit_random(seed) % 8));
        return len;
    }
}

static void test_jansson_takes_the_same_from_any_body(void **state)
{
    enum { BODIES = 100000, MUTANTS = 3 };
    uint32_t seed = 0x9a2c11;
    unsigned plain = 0, other = 0;

    (void)state;
    for (unsigned i = 0; i < BODIES; i++) {
        char body[BODY_MAX + MUTANTS];
        size_t len = make_body(body, &seed);

        for (unsigned m = 0; m <= MUTANTS && len > 0; m++) {
            if (read_plain(body, len))
                plain++;
            else
                other++;
            len = mutate(body, len, &seed);
        }
    }
    assert_true(plain > BODIES / 4);
    assert_true(other > BODIES / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_are_given_as_they_stand),
        cmocka_unit_test(test_objects_alone_are_plain),
        cmocka_unit_test(test_values_of_other_kinds_are_left_to_jansson),
        cmocka_unit_test(test_numbers_are_whole_and_short),
        cmocka_unit_test(test_white_space_stands_between_all_parts),
        cmocka_unit_test(test_names_and_strings_are_of_printable_ascii),
        cmocka_unit_test(test_a_body_cut_short_is_not_plain),
        cmocka_unit_test(test_no_name_stands_twice),
        cmocka_unit_test(test_members_have_a_bound),
        cmocka_unit_test(test_jansson_takes_the_same_from_any_body),
    };

    return cmocka_run_group_tests_name("json_scan", tests, NULL, NULL);
}
