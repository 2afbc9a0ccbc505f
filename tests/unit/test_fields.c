/*
 * Goal: a JSON body is read strictly: each wrong body is refused with the right code and the member
 * to blame, nothing is taken from it, and what is allowed is read exactly.
 */
#include "api/http/fields.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct fields *f, const char *body)
{
    fields_begin(f, (const uint8_t *)body, strlen(body));
}

static void assert_blamed(struct fields *f, enum problem_code code, const char *member)
{
    assert_false(fields_end(f));
    assert_int_equal(f->problem.code, code);
    assert_string_equal(f->problem.member, member);
}

static void test_bodies_that_are_no_object(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "null",
                                      "[]",
                                      "\"a\"",
                                      "{",
                                      "{}x",
                                      "{} {}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":01}",
                                      "{\"a\":NaN}",
                                      "\xef\xbb\xbf{}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":9223372036854775808}"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fields f;

        begin(&f, bad[i]);
        assert_false(fields_has(&f, "a"));
        assert_blamed(&f, PROBLEM_BAD_REQUEST, "");
    }
}

static void test_deep_nesting_is_refused(void **state)
{
    static char deep[100000];
    struct fields f;

    (void)state;
    memset(deep, '[', sizeof(deep) - 1);
    begin(&f, deep);
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "");
}

static void test_doubled_members(void **state)
{
    struct fields f;

    (void)state;
    begin(&f, "{\"code\":true,\"code\":true}");
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "");
    assert_non_null(strstr(f.problem.detail, "twice"));
    begin(&f, "{\"code\":true,\"\\u0063ode\":false}");
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "");
}

static void test_unknown_members(void **state)
{
    char body[256], name[PROBLEM_MEMBER_MAX + 1] = "";
    struct fields f;

    (void)state;
    begin(&f, "{\"code\":true,\"sealed_key\":null}");
    assert_true(fields_bool(&f, "code"));
    assert_blamed(&f, PROBLEM_UNKNOWN_MEMBER, "sealed_key");
    /* A name that does not fit into the answer is not repeated. */
    memset(name, 'x', PROBLEM_MEMBER_MAX);
    snprintf(body, sizeof(body), "{\"%s\":1}", name);
    begin(&f, body);
    assert_blamed(&f, PROBLEM_UNKNOWN_MEMBER, "");
}

static void test_missing_members(void **state)
{
    uint8_t bytes[32];
    struct fields f;
    size_t len;

    (void)state;
    begin(&f, "{}");
    fields_bytes(&f, "token", bytes, sizeof(bytes));
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "token");
    begin(&f, "{}");
    (void)fields_bool(&f, "code");
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "code");
    begin(&f, "{}");
    (void)fields_integer(&f, "at", 0, 10);
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "at");
    begin(&f, "{}");
    assert_null(fields_string(&f, "outcome", &len));
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "outcome");
}

static void test_the_first_objection_wins(void **state)
{
    struct fields f;

    (void)state;
    begin(&f, "{\"at\":\"x\",\"unknown\":1}");
    (void)fields_integer(&f, "at", 0, 10);
    (void)fields_bool(&f, "code");
    fields_too_large(&f, "envelope", 297);
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "at");
}

static void test_bytes_are_canonical_and_of_their_size(void **state)
{
    static const char *const bad[] = {"\"AAA\"",    "\"AAAAA\"",  "\"AAAA=\"", "\"AAA=\"",
                                      "\"AAA \"",   "\"AA/A\"",   "\"AA+A\"",  "\"\"",
                                      "\"AAAAAA\"", "\"AAAAAB\"", "1",         "null",
                                      "true",       "[]",         "{}"};
    uint8_t bytes[4] = {0};
    char body[64];
    struct fields f;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(body, sizeof(body), "{\"token\":%s}", bad[i]);
        begin(&f, body);
        fields_bytes(&f, "token", bytes, 3);
        assert_blamed(&f, PROBLEM_BAD_REQUEST, "token");
    }
    begin(&f, "{\"token\":\"AQID\"}");
    fields_bytes(&f, "token", bytes, 3);
    assert_true(fields_end(&f));
    assert_memory_equal(bytes, "\1\2\3", 3);
    /* Four bytes leave stray bits in the last character: only zeros are taken. */
    begin(&f, "{\"token\":\"AQIDBB\"}");
    fields_bytes(&f, "token", bytes, 4);
    assert_blamed(&f, PROBLEM_BAD_REQUEST, "token");
    begin(&f, "{\"token\":\"AQIDBA\"}");
    fields_bytes(&f, "token", bytes, 4);
    assert_true(fields_end(&f));
    assert_int_equal(bytes[3], 4);
}

static void test_integers_have_bounds_and_no_fraction(void **state)
{
    static const char *const bad[] = {"59", "601", "60.0", "6e1", "\"60\"", "true", "null", "-60"};
    char body[64];
    struct fields f;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(body, sizeof(body), "{\"lease\":%s}", bad[i]);
        begin(&f, body);
        (void)fields_integer(&f, "lease", 60, 600);
        assert_blamed(&f, PROBLEM_BAD_REQUEST, "lease");
    }
    begin(&f, "{\"lease\":60}");
    assert_int_equal(fields_integer(&f, "lease", 60, 600), 60);
    assert_true(fields_end(&f));
    begin(&f, "{\"lease\":600}");
    assert_int_equal(fields_integer(&f, "lease", 60, 600), 600);
    assert_true(fields_end(&f));
}

static void test_booleans_are_no_numbers(void **state)
{
    static const char *const bad[] = {"0", "1", "\"true\"", "null"};
    char body[64];
    struct fields f;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(body, sizeof(body), "{\"code\":%s}", bad[i]);
        begin(&f, body);
        (void)fields_bool(&f, "code");
        assert_blamed(&f, PROBLEM_BAD_REQUEST, "code");
    }
}

static void test_texts(void **state)
{
    static const char *const bad[] = {"\"\"",          "\"a\\nb\"", "\"\\u007f\"",
                                      "\"\\u0085\"",   "\"12345\"", "\"\\u20ac\\u20ac\"",
                                      "\"\\ud83d\"",   "5",         "null",
                                      "\"\\u001b[0m\""};
    char body[64], out[5] = "";
    struct fields f;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(body, sizeof(body), "{\"label\":%s}", bad[i]);
        begin(&f, body);
        fields_text(&f, "label", out, sizeof(out) - 1);
        assert_false(fields_end(&f));
        assert_int_equal(f.problem.code, PROBLEM_BAD_REQUEST);
        assert_string_equal(out, "");
    }
    begin(&f, "{}");
    fields_text(&f, "label", out, sizeof(out) - 1);
    assert_true(fields_end(&f));
    assert_string_equal(out, "");
    begin(&f, "{\"label\":\"\\ud83d\\ude00\"}"); /* four bytes: just fits */
    fields_text(&f, "label", out, sizeof(out) - 1);
    assert_true(fields_end(&f));
    assert_string_equal(out, "\xf0\x9f\x98\x80");
}

static void test_too_large_names_the_limit(void **state)
{
    struct fields f;

    (void)state;
    begin(&f, "{\"envelope\":\"AAAA\"}");
    fields_too_large(&f, "envelope", 65536);
    assert_blamed(&f, PROBLEM_TOO_LARGE, "envelope");
    assert_int_equal(f.problem.limit, 65536);
}

/* ---- plain bodies and others ---- */

struct reading {
    struct problem problem;
    uint8_t token[3];
    int64_t at;
    bool code, confirmed;
    char label[5];
};

static void read_all(struct reading *out, const char *body)
{
    struct fields f;
    const char *text;
    size_t len;

    memset(out, 0, sizeof(*out));
    begin(&f, body);
    text = fields_string(&f, "outcome", &len);
    out->confirmed = text != NULL && fields_is(text, len, "confirmed");
    fields_bytes(&f, "token", out->token, sizeof(out->token));
    out->code = fields_bool(&f, "code");
    if (fields_has(&f, "at"))
        out->at = fields_integer(&f, "at", -10, 10);
    fields_text(&f, "label", out->label, sizeof(out->label) - 1);
    if (!fields_end(&f))
        assert_int_not_equal(f.problem.code, PROBLEM_NONE);
    out->problem = f.problem;
}

/* The same body with the first character of each name, behind { or a comma, as an escape. */
static void escape_names(char *out, size_t size, const char *body)
{
    size_t len = 0;

    for (const char *s = body; *s != '\0'; s++) {
        const bool opens = s > body && *s == '"' && (s[-1] == '{' || s[-1] == ',') && s[1] != '"';
        const int n = opens ? snprintf(out + len, size - len, "\"\\u%04x", (unsigned)*++s)
                            : snprintf(out + len, size - len, "%c", *s);

        assert_true(n > 0 && (size_t)n < size - len);
        len += (size_t)n;
    }
}

#define READ    "\"outcome\":\"confirmed\",\"token\":\"AQID\",\"code\":true"
#define NAME_62 "0123456789012345678901234567890123456789012345678901234567890x"

static void test_a_body_is_judged_alike_plain_or_not(void **state)
{
    static const char *const bodies[] = {
        "{" READ "}",
        "{" READ ",\"at\":-7,\"label\":\"~ !\"}",
        "{\"code\":false,\"label\":\"abcd\",\"token\":\"____\",\"outcome\":\"\"}",
        "{\"code\":true,\"outcome\":\"confirmedx\",\"token\":\"AQID\"}",
        "{\"code\":true,\"outcome\":\"confirme\",\"token\":\"AQID\"}",
        "{\"x\":1}",
        "{\"outcome\":\"a\"}",
        "{\"outcome\":\"a\",\"token\":\"AQID\",\"x\":1}",
        "{\"outcome\":1,\"token\":1,\"code\":1}",
        "{\"outcome\":true,\"token\":\"AQID\",\"code\":true}",
        "{\"outcome\":\"a\",\"token\":\"AQI\",\"code\":true}",
        "{\"outcome\":\"a\",\"token\":\"AQID\",\"code\":\"true\"}",
        "{\"outcome\":\"a\",\"token\":\"AQID\",\"code\":1}",
        "{" READ ",\"at\":11}",
        "{" READ ",\"at\":\"1\"}",
        "{" READ ",\"at\":false}",
        "{" READ ",\"label\":\"\"}",
        "{" READ ",\"label\":\"abcde\"}",
        "{" READ ",\"label\":0}",
        "{\"y\":1,\"x\":1," READ ",\"z\":1}",
        "{" READ ",\"z\":1,\"y\":1}",
        "{" READ ",\"cod\":true,\"codes\":true}",
        "{" READ ",\"" NAME_62 "y\":true}",
        "{" READ ",\"" NAME_62 "yz\":true}",
        "{" READ ",\"code\":true}",
        "{" READ ",\"at\":1,\"x\":1,\"at\":1}",
    };
    unsigned good = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct reading plain, other;
        char escaped[512];

        escape_names(escaped, sizeof(escaped), bodies[i]);
        read_all(&plain, bodies[i]);
        read_all(&other, escaped);
        assert_int_equal(plain.problem.code, other.problem.code);
        assert_ptr_equal(plain.problem.detail, other.problem.detail);
        assert_string_equal(plain.problem.member, other.problem.member);
        assert_int_equal(plain.at, other.at);
        assert_int_equal(plain.code, other.code);
        assert_int_equal(plain.confirmed, other.confirmed);
        assert_memory_equal(plain.token, other.token, sizeof(plain.token));
        assert_string_equal(plain.label, other.label);
        good += plain.problem.code == PROBLEM_NONE;
    }
    assert_int_equal(good, 5);
}

static void test_more_members_than_any_call_has(void **state)
{
    char body[1024] = "{" READ;
    struct reading r;
    size_t len;

    (void)state;
    for (unsigned i = 0; i < 2 * FIELDS_MAX; i++) {
        len = strlen(body);
        snprintf(body + len, sizeof(body) - len, ",\"n%u\":1", i);
    }
    len = strlen(body);
    snprintf(body + len, sizeof(body) - len, ",\"at\":5}");
    read_all(&r, body);
    assert_int_equal(r.problem.code, PROBLEM_UNKNOWN_MEMBER);
    assert_string_equal(r.problem.member, "n0");
    assert_int_equal(r.at, 5);
}

static unsigned allocations;

static void *count_malloc(size_t size)
{
    allocations++;
    return malloc(size);
}

static void test_a_plain_body_takes_no_memory(void **state)
{
    struct reading r;

    (void)state;
    json_set_alloc_funcs(count_malloc, free);
    read_all(&r, "{" READ ",\"at\":1,\"label\":\"a b\"}");
    assert_int_equal(r.problem.code, PROBLEM_NONE);
    assert_int_equal(allocations, 0);
    read_all(&r, "{" READ ",\"at\":1,\"label\":\"\u00e4\"}");
    assert_int_equal(r.problem.code, PROBLEM_NONE);
    assert_true(allocations > 0);
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies_that_are_no_object),
        cmocka_unit_test(test_deep_nesting_is_refused),
        cmocka_unit_test(test_doubled_members),
        cmocka_unit_test(test_unknown_members),
        cmocka_unit_test(test_missing_members),
        cmocka_unit_test(test_the_first_objection_wins),
        cmocka_unit_test(test_bytes_are_canonical_and_of_their_size),
        cmocka_unit_test(test_integers_have_bounds_and_no_fraction),
        cmocka_unit_test(test_booleans_are_no_numbers),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_too_large_names_the_limit),
        cmocka_unit_test(test_a_body_is_judged_alike_plain_or_not),
        cmocka_unit_test(test_more_members_than_any_call_has),
        cmocka_unit_test(test_a_plain_body_takes_no_memory),
    };

    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
