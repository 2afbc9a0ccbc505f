/*
 * Goal: SHA-256 is FIPS 180-4's, at every length around its blocks, and that with a byte in front
 * is that of both.
 */
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/sha256.h"

#include <sodium.h>
#include <string.h>

/* The examples of FIPS 180-2, appendix B. */
static void test_examples(void **state)
{
    static const struct {
        const char *text, *hash;
    } examples[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        uint8_t hash[SHA256_BYTES];
        char hex[2 * SHA256_BYTES + 1];

        sha256(hash, examples[i].text, strlen(examples[i].text));
        sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
        assert_string_equal(hex, examples[i].hash);
    }
}

static void test_equals_libsodium(void **state)
{
    enum { LENGTHS = 400 };
    uint8_t data[1 + LENGTHS], expected[32], hash[SHA256_BYTES];

    (void)state;
    randombytes_buf(data, sizeof(data));
    for (size_t len = 0; len <= LENGTHS; len++) {
        crypto_hash_sha256(expected, data, len);
        sha256(hash, data, len);
        assert_memory_equal(hash, expected, sizeof(hash));
        crypto_hash_sha256(expected, data, 1 + len);
        sha256_prefixed(hash, data[0], data + 1, len);
        assert_memory_equal(hash, expected, sizeof(hash));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_equals_libsodium),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
