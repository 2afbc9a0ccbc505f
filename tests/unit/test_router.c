/*
 * Goal: each path and method finds its own call and no other, whatever is altered in the path is
 * not found, and what a path does take is named.
 */
#include "api/endpoints/routes.h"
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/encoding.h"

#include <stdio.h>
#include <string.h>

#define ID      "01a207a9-06ac-7cc4-bfe9-7b64f6ed5519"
#define HANDOFF "/v1/handoffs/" ID

static void assert_found(const char *method, const char *path, const char *pattern)
{
    struct router_match m;

    router_find(&m, &routes, method, path);
    assert_int_equal(m.result, ROUTER_FOUND);
    assert_string_equal(m.route->pattern, pattern);
    assert_string_equal(m.route->method, strcmp(method, "HEAD") == 0 ? "GET" : method);
}

static enum router_result result_of(const char *method, const char *path)
{
    struct router_match m;

    router_find(&m, &routes, method, path);
    return m.result;
}

static void test_every_call_is_found(void **state)
{
    (void)state;
    assert_found("PUT", HANDOFF, "/v1/handoffs/{id}");
    assert_found("GET", HANDOFF, "/v1/handoffs/{id}");
    assert_found("HEAD", HANDOFF, "/v1/handoffs/{id}");
    assert_found("DELETE", HANDOFF, "/v1/handoffs/{id}");
    assert_found("POST", HANDOFF "/claim", "/v1/handoffs/{id}/claim");
    assert_found("POST", HANDOFF "/opened", "/v1/handoffs/{id}/opened");
    assert_found("POST", HANDOFF "/receipts", "/v1/handoffs/{id}/receipts");
    assert_found("GET", HANDOFF "/events", "/v1/handoffs/{id}/events");
    assert_found("GET", "/livez", "/livez");
    assert_found("GET", "/", "/");
    assert_found("HEAD", "/h/" ID, "/h/{rest}");
    assert_found("GET", "/h/0190-cut-off", "/h/{rest}");
    assert_found("GET", "/h/", "/h/");
    assert_found("GET", "/s/" ID, "/s/{rest}");
    assert_found("GET", "/assets/style.0123456789abcdef.css", "/assets/{rest}");
    assert_found("HEAD", "/readyz", "/readyz");
}

/* Two rows that were swapped would be seen here. */
static void test_each_row_is_found_by_its_own_method_and_pattern(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes.len; i++) {
        const char *pattern = routes.rows[i].pattern;
        const char *at = strstr(pattern, "{id}");
        struct router_match m;
        char path[128];

        if (at == NULL)
            snprintf(path, sizeof(path), "%s", pattern);
        else
            snprintf(path, sizeof(path), "%.*s%s%s", (int)(at - pattern), pattern, ID,
                     at + strlen("{id}"));
        router_find(&m, &routes, routes.rows[i].method, path);
        assert_int_equal(m.result, ROUTER_FOUND);
        assert_ptr_equal(m.route, &routes.rows[i]);
    }
}

static void test_bodies_belong_to_put_and_post_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < routes.len; i++) {
        const char *method = routes.rows[i].method;
        const bool takes = strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0;

        assert_int_equal(routes.rows[i].body_max != NULL, takes);
        assert_non_null(routes.rows[i].handle);
    }
}

static void test_the_id_is_read(void **state)
{
    struct router_match m;
    uint8_t id[16];

    (void)state;
    assert_int_equal(encoding_id_parse(id, ID, strlen(ID)), 0);
    router_find(&m, &routes, "POST", HANDOFF "/claim");
    assert_memory_equal(m.id, id, sizeof(id));
}

static void test_ids_that_are_none(void **state)
{
    static const char *const bad[] = {
        "/v1/handoffs/x",
        "/v1/handoffs/01A207A9-06AC-7CC4-BFE9-7B64F6ED5519",
        "/v1/handoffs/01a207a9-06ac-4cc4-bfe9-7b64f6ed5519", /* version 4 */
        "/v1/handoffs/01a207a9-06ac-7cc4-0fe9-7b64f6ed5519", /* another variant */
        "/v1/handoffs/01a207a906ac7cc4bfe97b64f6ed5519",
        "/v1/handoffs/{id}",
        HANDOFF "0",
        HANDOFF ".",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(result_of("GET", bad[i]), ROUTER_BAD_ID);
    assert_int_equal(result_of("POST", "/v1/handoffs/x/claim"), ROUTER_BAD_ID);
}

static void test_paths_that_are_none(void **state)
{
    static const char *const bad[] = {"",
                                      "/h",
                                      "/s",
                                      "/assets/",
                                      "/livez/",
                                      "//livez",
                                      "/LIVEZ",
                                      "/livezz",
                                      "/v1",
                                      "/v1/handoff",
                                      "/v1/handoffs/",
                                      "/v2/handoffs/" ID,
                                      HANDOFF "/",
                                      HANDOFF "//",
                                      HANDOFF "/Claim",
                                      HANDOFF "/claim/",
                                      HANDOFF "/claim/x",
                                      HANDOFF "/claims",
                                      "/v1//handoffs/" ID,
                                      "/v1/handoffs//claim",
                                      "/v1/handoffs/" ID "/../" ID};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(result_of("GET", bad[i]), ROUTER_NO_PATH);
}

static void assert_allowed(const char *method, const char *path, const char *const wanted[])
{
    struct router_match m;
    size_t len = 0;

    router_find(&m, &routes, method, path);
    assert_int_equal(m.result, ROUTER_NO_METHOD);
    assert_null(m.route);
    for (size_t i = 0; wanted[i] != NULL; i++) {
        assert_non_null(strstr(m.allow, wanted[i]));
        len += strlen(wanted[i]) + (i > 0 ? strlen(", ") : 0);
    }
    assert_int_equal(strlen(m.allow), len);
}

static void test_other_methods_are_told_what_is_allowed(void **state)
{
    (void)state;
    assert_allowed("POST", HANDOFF, (const char *const[]){"GET", "HEAD", "PUT", "DELETE", NULL});
    assert_allowed("GET", HANDOFF "/claim", (const char *const[]){"POST", NULL});
    assert_allowed("HEAD", HANDOFF "/opened", (const char *const[]){"POST", NULL});
    assert_allowed("OPTIONS", "/livez", (const char *const[]){"GET", "HEAD", NULL});
    assert_allowed("get", "/readyz", (const char *const[]){"GET", "HEAD", NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_call_is_found),
        cmocka_unit_test(test_each_row_is_found_by_its_own_method_and_pattern),
        cmocka_unit_test(test_bodies_belong_to_put_and_post_only),
        cmocka_unit_test(test_the_id_is_read),
        cmocka_unit_test(test_ids_that_are_none),
        cmocka_unit_test(test_paths_that_are_none),
        cmocka_unit_test(test_other_methods_are_told_what_is_allowed),
    };

    return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
