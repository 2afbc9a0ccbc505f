/* Goal: a payload is written as in the vectors and read back whole, and what is not exactly one of
   the known kinds is refused with the reason. */
#include "tests/unit/vectors.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/credential.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void assert_value(const json_t *payload, const char *name, struct credential_value v)
{
    const json_t *wanted = json_object_get(payload, name);

    if (wanted == NULL) {
        assert_null(v.data);
        return;
    }
    assert_non_null(v.data);
    if (strcmp(name, "data") == 0) {
        char *text = malloc(ENCODING_BASE64URL_LEN(v.len) + 1);

        encoding_base64url(text, v.data, v.len);
        assert_string_equal(text, json_string_value(wanted));
        free(text);
        return;
    }
    assert_int_equal(v.len, json_string_length(wanted));
    assert_memory_equal(v.data, json_string_value(wanted), v.len);
}

static struct secret *json_of(const json_t *v)
{
    const json_t *text = json_object_get(v, "json");
    struct secret *json = secret_new(json_string_length(text));

    assert_non_null(json);
    assert_int_equal(secret_append(json, json_string_value(text), json_string_length(text)), 0);
    return json;
}

static void check_credential(const json_t *v)
{
    static const char *const types[] = {"credential", "text", "file"};
    const json_t *payload = json_object_get(v, "payload");
    struct secret *json = json_of(v), *again;
    struct credential c;
    const char *why;

    assert_int_equal(credential_decode(&c, json, &why), 0);
    assert_string_equal(types[c.type], vectors_text(payload, "type"));
    assert_value(payload, "username", c.username);
    assert_value(payload, "password", c.password);
    assert_value(payload, "url", c.url);
    assert_value(payload, "note", c.note);
    assert_value(payload, "text", c.text);
    assert_value(payload, "name", c.name);
    assert_value(payload, "data", c.data);
    again = credential_encode(&c, &why);
    assert_non_null(again);
    assert_int_equal(secret_len(again), secret_len(json));
    assert_memory_equal(secret_bytes(again), secret_bytes(json), secret_len(json));
    credential_clear(&c);
    secret_free(again);
    secret_free(json);
}

static void test_credentials(void **state)
{
    (void)state;
    vectors_each("credentials.json", "good", check_credential, 8);
}

static void check_refused_credential(const json_t *v)
{
    struct secret *json = json_of(v);
    struct credential c;
    const char *why = NULL;

    if (credential_decode(&c, json, &why) == 0)
        fail_msg("%s: taken", vectors_text(v, "why"));
    assert_non_null(why);
    assert_null(c.owner);
    secret_free(json);
}

static void test_credentials_refused(void **state)
{
    (void)state;
    vectors_each("credentials.json", "refused", check_refused_credential, 20);
}

static void refuse_json(const char *text, size_t len)
{
    struct secret *json = secret_new(len);
    struct credential c;
    const char *why = NULL;

    assert_int_equal(secret_append(json, text, len), 0);
    if (credential_decode(&c, json, &why) == 0)
        fail_msg("%s was taken", text);
    assert_non_null(why);
    secret_free(json);
}

static void test_credential_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"type\":\"credential\"}",
        "{\"type\":\"credential\",\"password\":\"\"}",
        "{\"type\":\"credential\",\"password\":1}",
        "{\"type\":\"credential\",\"password\":\"a\",\"password\":\"b\"}",
        "{\"type\":\"credential\",\"password\":\"a\",\"extra\":\"b\"}",
        "{\"type\":\"credential\",\"password\":\"a\",\"text\":\"b\"}",
        "{\"type\":\"other\",\"password\":\"a\"}",
        "{\"type\":\"text\",\"text\":\"\"}",
        "{\"type\":\"file\",\"name\":\"\",\"data\":\"\"}",
        "{\"type\":\"file\",\"name\":\"a\",\"data\":\"AA==\"}",
        "{\"type\":\"credential\",\"password\":\"\xff\"}",
    };
    struct credential c = {.type = CREDENTIAL_LOGIN, .password = {(const uint8_t *)"\xff", 1}};
    const char *why;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refuse_json(bad[i], strlen(bad[i]));
    assert_null(credential_encode(&c, &why));
    assert_non_null(strstr(why, "password"));
    c.password.len = 0;
    assert_null(credential_encode(&c, &why));
    assert_non_null(strstr(why, "empty"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_credentials_refused),
        cmocka_unit_test(test_credential_refuses),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("credential", tests, NULL, NULL);
}
