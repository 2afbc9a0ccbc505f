/* Goal: keys, tokens and hashes are those of the vectors, and codes are normalised or refused. */
#include "tests/unit/vectors.h"
#include "vault/protocol/encoding/encoding.h"

#include <sodium.h>
#include <string.h>

static void check_keys(const json_t *v)
{
    uint8_t id[16], hash[32];
    struct keys *keys = vectors_keys(v, id);
    struct secret *code = vectors_code(v);

    if (code != NULL) {
        const json_t *normalised = json_object_get(v, "normalised");

        assert_int_equal(secret_len(code), json_string_length(normalised));
        assert_memory_equal(secret_bytes(code), json_string_value(normalised), secret_len(code));
        vectors_assert_bytes(v, "link_token", keys->link_token, 32);
        keys_hash(hash, keys->link_token);
        vectors_assert_bytes(v, "link_hash", hash, 32);
    }
    vectors_assert_bytes(v, "content_key", keys->content_key, 32);
    vectors_assert_bytes(v, "claim_token", keys->claim_token, 32);
    vectors_assert_bytes(v, "receipt_seed", keys->receipt_seed, 32);
    vectors_assert_bytes(v, "opened_token", keys->opened_token, 32);
    keys_hash(hash, keys->claim_token);
    vectors_assert_bytes(v, "claim_hash", hash, 32);
    keys_hash(hash, keys->opened_token);
    vectors_assert_bytes(v, "opened_hash", hash, 32);
    keys_receipt_public(hash, keys->receipt_seed);
    vectors_assert_bytes(v, "receipt_key", hash, 32);
    assert_int_equal(keys->code, code != NULL);
    secret_free(code);
    keys_free(keys);
}

static void test_keys(void **state)
{
    (void)state;
    vectors_each("keys.json", NULL, check_keys, 7);
}

static void check_refused_code(const json_t *v)
{
    const char *why = NULL;

    if (keys_code_normalise(json_string_value(v), json_string_length(v), &why) != NULL)
        fail_msg("the code \"%s\" was taken", json_string_value(v));
    assert_non_null(why);
}

static void test_codes_refused(void **state)
{
    (void)state;
    vectors_each("other.json", "codes_refused", check_refused_code, 5);
}

static void test_codes(void **state)
{
    static const char *const bad[] = {"", "ABCDE", "A-B C-D E", "\xff\xff\xff\xff\xff\xff"};
    char long_code[KEYS_CODE_MAX + 2], made[KEYS_CODE_GENERATED + 1];
    struct secret *s;
    const char *why;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_null(keys_code_normalise(bad[i], strlen(bad[i]), &why));
    memset(long_code, 'A', sizeof(long_code));
    assert_null(keys_code_normalise(long_code, KEYS_CODE_MAX + 1, &why));
    s = keys_code_normalise(long_code, KEYS_CODE_MAX, &why);
    assert_non_null(s);
    secret_free(s);
    for (int i = 0; i < 200; i++) {
        keys_code_generate(made);
        assert_int_equal(strlen(made), 9);
        assert_int_equal(made[4], '-');
        assert_int_equal(strspn(made, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-"), 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_codes_refused),
        cmocka_unit_test(test_codes),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
