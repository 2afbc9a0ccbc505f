/* Goal: the hash of a leaf is RFC 6962's. */
#include "tests/unit/vectors.h"
#include "vault/protocol/merkle.h"

#include <sodium.h>

static void check_leaf(const json_t *v)
{
    const json_t *data = json_object_get(v, "data");
    uint8_t hash[32];
    char hex[65];

    merkle_leaf(hash, json_string_value(data), json_string_length(data));
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    assert_string_equal(hex, vectors_text(v, "hash"));
}

static void test_leaves(void **state)
{
    (void)state;
    vectors_each("other.json", "merkle_leaves", check_leaf, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
