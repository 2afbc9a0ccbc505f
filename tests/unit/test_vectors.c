/* Goal: the handoff that docs/protocol.md walks through can be redeemed and confirmed by the C code
   from its link and code alone, and Argon2id here is the one that Debian's program computes. */
#include "tests/unit/vectors.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/protocol/handoff/link.h"
#include "vault/protocol/handoff/receipt.h"
#include "vault/protocol/tlog/merkle.h"

#include <sodium.h>
#include <string.h>

/* The handoff that docs/protocol.md walks through, as the one who redeems and confirms it. */
static void test_example(void **state)
{
    json_t *root = vectors_load("example.json");
    const json_t *put = json_object_get(root, "put"), *receipt = json_object_get(root, "receipt");
    const char *text = vectors_text(root, "link"),
               *line = vectors_text(json_object_get(root, "event"), "line");
    uint8_t sealed[ENVELOPE_MIN], signature[64], leaf[32], hash[32];
    struct secret *code = vectors_code(root), *plain;
    struct keys *keys;
    struct link l;

    (void)state;
    assert_int_equal(link_parse(&l, text, strlen(text)), LINK_OK);
    keys = keys_derive(l.key, l.id, code);
    assert_int_equal(vectors_bytes(put, "envelope", sealed, sizeof(sealed)), sizeof(sealed));
    plain = envelope_open(keys, l.id, sealed, sizeof(sealed));
    assert_non_null(plain);
    assert_int_equal(secret_len(plain), strlen(vectors_text(root, "plaintext")));
    assert_memory_equal(secret_bytes(plain), vectors_text(root, "plaintext"), secret_len(plain));
    keys_hash(hash, keys->claim_token);
    vectors_assert_bytes(put, "claim_hash", hash, 32);
    keys_hash(hash, keys->link_token);
    vectors_assert_bytes(put, "link_hash", hash, 32);
    text = vectors_text(root, "statement");
    receipt_sign(signature, text, strlen(text), keys->receipt_seed);
    vectors_assert_bytes(receipt, "signature", signature, sizeof(signature));
    merkle_leaf(leaf, line, strlen(line));
    vectors_assert_bytes(json_object_get(root, "event"), "leaf", leaf, sizeof(leaf));
    secret_free(plain);
    secret_free(code);
    keys_free(keys);
    json_decref(root);
}

static void test_argon2(void **state)
{
    json_t *root = vectors_load("other.json");
    const json_t *argon2 = json_object_get(root, "argon2");
    uint8_t hash[32];
    char hex[65];

    (void)state;
    assert_int_equal(crypto_pwhash(hash, sizeof(hash), vectors_text(argon2, "password"),
                                   strlen(vectors_text(argon2, "password")),
                                   (const uint8_t *)vectors_text(argon2, "salt"), 2, 64 << 20,
                                   crypto_pwhash_ALG_ARGON2ID13),
                     0);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    assert_string_equal(hex, vectors_text(argon2, "hash"));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_argon2),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
