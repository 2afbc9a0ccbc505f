/*
 * Goal: every code of the design is there with its status, every answer of the vault has its code,
 * and each problem is well-formed JSON with the members that its code asks for, whatever a client
 * put into them.
 */
#include "api/http/problem.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <string.h>

static const struct {
    const char *name;
    unsigned status;
} expected[PROBLEM_COUNT] = {
    [PROBLEM_BAD_REQUEST] = {"bad-request", 400},
    [PROBLEM_UNKNOWN_MEMBER] = {"unknown-member", 400},
    [PROBLEM_BAD_ID] = {"bad-id", 400},
    [PROBLEM_UNAUTHORIZED] = {"unauthorized", 401},
    [PROBLEM_FORBIDDEN] = {"forbidden", 403},
    [PROBLEM_WRONG_TOKEN] = {"wrong-token", 403},
    [PROBLEM_WRONG_CODE] = {"wrong-code", 403},
    [PROBLEM_BAD_PROOF] = {"bad-proof", 403},
    [PROBLEM_NOT_FOUND] = {"not-found", 404},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405},
    [PROBLEM_DEADLINE] = {"deadline", 408},
    [PROBLEM_CONFLICT] = {"conflict", 409},
    [PROBLEM_NOT_CLAIMED] = {"not-claimed", 409},
    [PROBLEM_NOT_OPENED] = {"not-opened", 409},
    [PROBLEM_TOO_MANY_RECEIPTS] = {"too-many-receipts", 409},
    [PROBLEM_TAKEN] = {"taken", 410},
    [PROBLEM_DELIVERED] = {"delivered", 410},
    [PROBLEM_LAPSED] = {"lapsed", 410},
    [PROBLEM_EXPIRED] = {"expired", 410},
    [PROBLEM_REVOKED] = {"revoked", 410},
    [PROBLEM_TOO_LARGE] = {"too-large", 413},
    [PROBLEM_MEDIA_TYPE] = {"media-type", 415},
    [PROBLEM_RATE_LIMITED] = {"rate-limited", 429},
    [PROBLEM_TOO_MANY_TRIES] = {"too-many-tries", 429},
    [PROBLEM_UNAVAILABLE] = {"unavailable", 503},
    [PROBLEM_OUTCOME_UNKNOWN] = {"outcome-unknown", 503},
};

/* Writes a problem and reads it back, strictly. */
static json_t *written(const struct problem *p)
{
    char buffer[PROBLEM_TEXT_MAX];
    struct text t = text_into(buffer, sizeof(buffer));
    json_t *object;

    problem_write(&t, p);
    assert_false(t.overflow);
    object = json_loadb(t.data, t.len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_object(object));
    return object;
}

static void assert_text(const json_t *object, const char *name, const char *value)
{
    const char *found = json_string_value(json_object_get(object, name));

    assert_non_null(found);
    assert_string_equal(found, value);
}

static void assert_number(const json_t *object, const char *name, json_int_t value)
{
    assert_true(json_is_integer(json_object_get(object, name)));
    assert_int_equal(json_integer_value(json_object_get(object, name)), value);
}

static void test_every_code_has_its_name_status_and_words(void **state)
{
    static const char prefix[] = "urn:handoff:problem:";

    (void)state;
    for (unsigned code = PROBLEM_NONE + 1; code < PROBLEM_COUNT; code++) {
        const struct problem p = {.code = (enum problem_code)code};
        json_t *object = written(&p);
        const char *type = json_string_value(json_object_get(object, "type"));

        assert_string_equal(problem_name(p.code), expected[code].name);
        assert_int_equal(problem_status(p.code), expected[code].status);
        assert_text(object, "code", expected[code].name);
        assert_number(object, "status", expected[code].status);
        assert_memory_equal(type, prefix, strlen(prefix));
        assert_string_equal(type + strlen(prefix), expected[code].name);
        assert_true(json_string_length(json_object_get(object, "title")) > 0);
        assert_true(json_string_length(json_object_get(object, "detail")) > 0);
        json_decref(object);
    }
}

static void test_answers_have_their_codes(void **state)
{
    static const enum problem_code codes[ANSWER_COUNT] = {
        [ANSWER_OK] = PROBLEM_NONE,
        [ANSWER_REPEATED] = PROBLEM_NONE,
        [ANSWER_NOT_FOUND] = PROBLEM_NOT_FOUND,
        [ANSWER_WRONG_TOKEN] = PROBLEM_WRONG_TOKEN,
        [ANSWER_WRONG_CODE] = PROBLEM_WRONG_CODE,
        [ANSWER_BAD_PROOF] = PROBLEM_BAD_PROOF,
        [ANSWER_FORBIDDEN] = PROBLEM_FORBIDDEN,
        [ANSWER_CONFLICT] = PROBLEM_CONFLICT,
        [ANSWER_NOT_CLAIMED] = PROBLEM_NOT_CLAIMED,
        [ANSWER_NOT_OPENED] = PROBLEM_NOT_OPENED,
        [ANSWER_BAD_TIME] = PROBLEM_BAD_REQUEST,
        [ANSWER_TOO_MANY_RECEIPTS] = PROBLEM_TOO_MANY_RECEIPTS,
        [ANSWER_TAKEN] = PROBLEM_TAKEN,
        [ANSWER_DELIVERED] = PROBLEM_DELIVERED,
        [ANSWER_LAPSED] = PROBLEM_LAPSED,
        [ANSWER_EXPIRED] = PROBLEM_EXPIRED,
        [ANSWER_REVOKED] = PROBLEM_REVOKED,
        [ANSWER_TOO_MANY_TRIES] = PROBLEM_TOO_MANY_TRIES,
        [ANSWER_QUOTA] = PROBLEM_RATE_LIMITED,
        [ANSWER_BUSY] = PROBLEM_UNAVAILABLE,
        [ANSWER_UNAVAILABLE] = PROBLEM_UNAVAILABLE,
        [ANSWER_OUTCOME_UNKNOWN] = PROBLEM_OUTCOME_UNKNOWN,
    };

    (void)state;
    for (unsigned answer = 0; answer < ANSWER_COUNT; answer++)
        assert_int_equal(problem_of_answer((enum answer)answer), codes[answer]);
}

static void test_extra_members_where_they_belong(void **state)
{
    const struct problem gone = {.code = PROBLEM_TAKEN, .state = "claimed", .at = 1700000000};
    const struct problem wrong = {.code = PROBLEM_WRONG_CODE, .tries_left = 0};
    const struct problem large = {.code = PROBLEM_TOO_LARGE, .limit = 65536};
    const struct problem tries = {.code = PROBLEM_TOO_MANY_TRIES, .retry_after_s = 300};
    json_t *object = written(&gone);

    (void)state;
    assert_text(object, "state", "claimed");
    assert_number(object, "at", 1700000000);
    assert_null(json_object_get(object, "tries_left"));
    assert_null(json_object_get(object, "limit"));
    assert_null(json_object_get(object, "retry_after"));
    assert_null(json_object_get(object, "member"));
    json_decref(object);
    object = written(&wrong);
    assert_number(object, "tries_left", 0); /* the last one says so */
    assert_null(json_object_get(object, "state"));
    json_decref(object);
    object = written(&large);
    assert_number(object, "limit", 65536);
    json_decref(object);
    object = written(&tries);
    assert_number(object, "retry_after", 300);
    json_decref(object);
}

static void test_a_hostile_member_stays_inside_its_string(void **state)
{
    const struct problem p = {.code = PROBLEM_UNKNOWN_MEMBER,
                              .detail = "A sentence of its own.",
                              .member = "\",\"code\":\"x\\\n\x01\x7f\xf0\x9f\x98\x80"};
    json_t *object = written(&p);

    (void)state;
    assert_text(object, "member", p.member);
    assert_text(object, "code", "unknown-member");
    assert_text(object, "detail", p.detail);
    json_decref(object);
}

static void test_the_longest_problem_fits(void **state)
{
    (void)state;
    for (unsigned code = PROBLEM_NONE + 1; code < PROBLEM_COUNT; code++) {
        struct problem p = {.code = (enum problem_code)code,
                            .state = "available",
                            .at = INT64_MAX,
                            .tries_left = INT64_MAX,
                            .limit = INT64_MAX,
                            .retry_after_s = UINT32_MAX};

        memset(p.member, 0x01, sizeof(p.member) - 1); /* six characters each */
        json_decref(written(&p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_its_name_status_and_words),
        cmocka_unit_test(test_answers_have_their_codes),
        cmocka_unit_test(test_extra_members_where_they_belong),
        cmocka_unit_test(test_a_hostile_member_stays_inside_its_string),
        cmocka_unit_test(test_the_longest_problem_fits),
    };

    return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
