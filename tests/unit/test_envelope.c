/* Goal: envelopes are those of the vectors byte for byte, and nothing that differs from one
   opens. */
#include "tests/unit/vectors.h"
#include "vault/protocol/handoff/envelope.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = ENVELOPE_MAX };

/* The plaintext: given, or as a length of the pattern that tests/vectors/make.mjs describes. */
static size_t plaintext_of(const json_t *vector, uint8_t *out)
{
    const json_t *pattern = json_object_get(vector, "plaintext_pattern");
    const size_t len = (size_t)json_integer_value(pattern);

    if (pattern == NULL)
        return vectors_bytes(vector, "plaintext", out, BYTES_MAX);
    assert_in_range(len, 1, BYTES_MAX);
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)((7 * i + 3) % 251);
    return len;
}

static void check_envelope(const json_t *v)
{
    uint8_t id[16], nonce[24], hash[32], *plain = malloc(BYTES_MAX), *sealed = malloc(BYTES_MAX);
    struct keys *keys = vectors_keys(v, id);
    struct secret *opened;
    size_t len, size;

    assert_true(plain != NULL && sealed != NULL);
    len = plaintext_of(v, plain);
    assert_int_equal(vectors_bytes(v, "nonce", nonce, sizeof(nonce)), sizeof(nonce));
    size = envelope_size(len);
    assert_int_equal(size, json_integer_value(json_object_get(v, "size")));
    assert_int_equal(envelope_seal(sealed, keys, id, plain, len, nonce), 0);
    envelope_hash(hash, sealed, size);
    vectors_assert_bytes(v, "envelope_hash", hash, sizeof(hash));
    if (json_object_get(v, "envelope") != NULL)
        vectors_assert_bytes(v, "envelope", sealed, size);
    opened = envelope_open(keys, id, sealed, size);
    assert_non_null(opened);
    assert_int_equal(secret_len(opened), len);
    assert_memory_equal(secret_bytes(opened), plain, len);
    secret_free(opened);

    /* Any part that is changed or missing, another id or mode: it does not open. */
    sealed[size / 2] ^= 1;
    assert_null(envelope_open(keys, id, sealed, size));
    sealed[size / 2] ^= 1;
    assert_null(envelope_open(keys, id, sealed, size - 1));
    if (size > ENVELOPE_MIN)
        assert_null(envelope_open(keys, id, sealed, size - ENVELOPE_BLOCK));
    id[15] ^= 1;
    assert_null(envelope_open(keys, id, sealed, size));
    id[15] ^= 1;
    keys->code = !keys->code;
    assert_null(envelope_open(keys, id, sealed, size));
    keys_free(keys);
    free(plain);
    free(sealed);
}

static void test_envelopes(void **state)
{
    (void)state;
    vectors_each("envelopes.json", "good", check_envelope, 15);
}

static void check_refused_envelope(const json_t *v)
{
    uint8_t id[16], *sealed = malloc(BYTES_MAX);
    struct keys *keys = vectors_keys(v, id);
    const size_t len = vectors_bytes(v, "envelope", sealed, BYTES_MAX);

    if (envelope_open(keys, id, sealed, len) != NULL)
        fail_msg("%s: opened", vectors_text(v, "why"));
    keys_free(keys);
    free(sealed);
}

static void test_envelopes_refused(void **state)
{
    (void)state;
    vectors_each("envelopes.json", "refused", check_refused_envelope, 20);
}

static void test_envelope_sizes(void **state)
{
    (void)state;
    assert_int_equal(envelope_size(0), 297);
    assert_int_equal(envelope_size(255), 297);
    assert_int_equal(envelope_size(256), 553);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_envelopes_refused),
        cmocka_unit_test(test_envelope_sizes),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
