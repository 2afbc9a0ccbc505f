/*
 * Goal: the C code derives, seals, opens, signs and parses exactly what the vectors say, which an
 * independent implementation made (tests/vectors/make.mjs).
 */
#include "tests/unit/unit.h"
#include "vault/protocol/credential.h"
#include "vault/protocol/encoding.h"
#include "vault/protocol/envelope.h"
#include "vault/protocol/keys.h"
#include "vault/protocol/link.h"
#include "vault/protocol/merkle.h"
#include "vault/protocol/receipt.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 70000 };

static json_t *load(const char *name)
{
    char path[512];
    json_error_t error;
    json_t *root;

    snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, name);
    root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (root == NULL)
        fail_msg("%s: %s", path, error.text);
    return root;
}

static const char *text_of(const json_t *vector, const char *name)
{
    return json_string_value(json_object_get(vector, name));
}

/* Decodes a member; returns its length. */
static size_t bytes_of(const json_t *vector, const char *name, uint8_t *out, size_t size)
{
    const json_t *value = json_object_get(vector, name);
    size_t len;

    assert_true(json_is_string(value));
    assert_int_equal(encoding_base64url_decode(out, size, &len, json_string_value(value),
                                               json_string_length(value)),
                     0);
    return len;
}

static void assert_bytes(const json_t *vector, const char *name, const uint8_t *got, size_t len)
{
    uint8_t *wanted = malloc(BYTES_MAX);

    assert_non_null(wanted);
    assert_int_equal(bytes_of(vector, name, wanted, BYTES_MAX), len);
    if (memcmp(wanted, got, len) != 0)
        fail_msg("%s differs", name);
    free(wanted);
}

static void id_of(const json_t *vector, uint8_t id[16])
{
    const char *text = text_of(vector, "id");
    char again[ENCODING_ID_TEXT + 1];

    assert_int_equal(encoding_id_parse(id, text, strlen(text)), 0);
    encoding_id_format(again, id);
    assert_string_equal(again, text);
}

static struct secret *code_of(const json_t *vector)
{
    const json_t *code = json_object_get(vector, "code");
    const char *why;
    struct secret *normalised;

    if (json_is_null(code))
        return NULL;
    normalised = keys_code_normalise(json_string_value(code), json_string_length(code), &why);
    assert_non_null(normalised);
    return normalised;
}

static struct keys *keys_of(const json_t *vector, uint8_t id[16])
{
    struct secret *code = code_of(vector);
    uint8_t link_key[32];
    struct keys *keys;

    id_of(vector, id);
    assert_int_equal(bytes_of(vector, "link_key", link_key, sizeof(link_key)), 32);
    keys = keys_derive(link_key, id, code);
    assert_non_null(keys);
    secret_free(code);
    return keys;
}

static void check_keys(const json_t *v)
{
    uint8_t id[16], hash[32];
    struct keys *keys = keys_of(v, id);
    struct secret *code = code_of(v);

    if (code != NULL) {
        const char *normalised = text_of(v, "normalised");

        assert_int_equal(secret_len(code), strlen(normalised));
        assert_memory_equal(secret_bytes(code), normalised, strlen(normalised));
        assert_bytes(v, "link_token", keys->link_token, 32);
        keys_hash(hash, keys->link_token);
        assert_bytes(v, "link_hash", hash, 32);
    }
    assert_bytes(v, "content_key", keys->content_key, 32);
    assert_bytes(v, "claim_token", keys->claim_token, 32);
    assert_bytes(v, "receipt_seed", keys->receipt_seed, 32);
    assert_bytes(v, "opened_token", keys->opened_token, 32);
    keys_hash(hash, keys->claim_token);
    assert_bytes(v, "claim_hash", hash, 32);
    keys_hash(hash, keys->opened_token);
    assert_bytes(v, "opened_hash", hash, 32);
    keys_receipt_public(hash, keys->receipt_seed);
    assert_bytes(v, "receipt_key", hash, 32);
    secret_free(code);
    keys_free(keys);
}

static void check_envelope(const json_t *v)
{
    uint8_t id[16], nonce[24], hash[32], *plain = malloc(BYTES_MAX), *sealed = malloc(BYTES_MAX);
    struct keys *keys = keys_of(v, id);
    struct secret *opened;
    size_t len, size;

    assert_true(plain != NULL && sealed != NULL);
    len = bytes_of(v, "plaintext", plain, BYTES_MAX);
    assert_int_equal(bytes_of(v, "nonce", nonce, sizeof(nonce)), sizeof(nonce));
    size = envelope_size(len);
    assert_int_equal(size, json_integer_value(json_object_get(v, "size")));
    assert_int_equal(envelope_seal(sealed, keys, id, plain, len, nonce), 0);
    envelope_hash(hash, sealed, size);
    assert_bytes(v, "envelope_hash", hash, sizeof(hash));
    if (json_object_get(v, "envelope") != NULL)
        assert_bytes(v, "envelope", sealed, size);
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

static void check_receipt(const json_t *v)
{
    struct receipt r = {.at = json_integer_value(json_object_get(v, "at")),
                        .outcome = strcmp(text_of(v, "outcome"), "confirmed") == 0
                                       ? RECEIPT_CONFIRMED
                                       : RECEIPT_REJECTED,
                        .details = text_of(v, "details")};
    char statement[RECEIPT_STATEMENT_MAX];
    uint8_t seed[32], public_key[32], signature[64];
    size_t len;

    r.details_len = r.details != NULL ? strlen(r.details) : 0;
    id_of(v, r.id);
    bytes_of(v, "envelope_hash", r.envelope_hash, 32);
    bytes_of(v, "receipt_seed", seed, 32);
    len = receipt_statement(statement, &r);
    assert_int_equal(len, strlen(text_of(v, "statement")));
    assert_memory_equal(statement, text_of(v, "statement"), len);
    receipt_sign(signature, statement, len, seed);
    assert_bytes(v, "signature", signature, sizeof(signature));
    keys_receipt_public(public_key, seed);
    assert_bytes(v, "receipt_key", public_key, 32);
    assert_true(receipt_verify(signature, statement, len, public_key));
    statement[len - 2] ^= 1;
    assert_false(receipt_verify(signature, statement, len, public_key));
}

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

static void check_credential(const json_t *v)
{
    const json_t *payload = json_object_get(v, "payload");
    const char *text = text_of(v, "json");
    struct secret *json = secret_new(strlen(text)), *again;
    struct credential c;
    const char *why;

    assert_int_equal(secret_append(json, text, strlen(text)), 0);
    assert_int_equal(credential_decode(&c, json, &why), 0);
    assert_value(payload, "username", c.username);
    assert_value(payload, "password", c.password);
    assert_value(payload, "url", c.url);
    assert_value(payload, "note", c.note);
    assert_value(payload, "text", c.text);
    assert_value(payload, "name", c.name);
    assert_value(payload, "data", c.data);
    /* Written again it reads the same (escapes may be spelled otherwise). */
    again = credential_encode(&c, &why);
    assert_non_null(again);
    credential_clear(&c);
    assert_int_equal(credential_decode(&c, again, &why), 0);
    assert_value(payload, "password", c.password);
    assert_value(payload, "data", c.data);
    credential_clear(&c);
    secret_free(again);
    secret_free(json);
}

static void check_all(const char *file, void (*check)(const json_t *vector), size_t at_least)
{
    json_t *root = load(file), *vector;
    size_t i;

    assert_true(json_array_size(root) >= at_least);
    json_array_foreach(root, i, vector)
    {
        check(vector);
    }
    json_decref(root);
}

static void test_keys(void **state)
{
    (void)state;
    check_all("keys.json", check_keys, 5);
}

static void test_envelopes(void **state)
{
    (void)state;
    check_all("envelopes.json", check_envelope, 15);
}

static void test_receipts(void **state)
{
    (void)state;
    check_all("receipts.json", check_receipt, 3);
}

static void test_credentials(void **state)
{
    (void)state;
    check_all("credentials.json", check_credential, 6);
}

static void test_links(void **state)
{
    json_t *root = load("links.json"), *vector;
    uint8_t id[16], key[32];
    char again[LINK_TEXT_MAX];
    size_t i;

    (void)state;
    id_of(root, id);
    bytes_of(root, "link_key", key, sizeof(key));
    json_array_foreach(json_object_get(root, "links"), i, vector)
    {
        const json_t *text = json_object_get(vector, "text");
        struct link l;
        const enum link_error error =
            link_parse(&l, json_string_value(text), json_string_length(text));

        if (strcmp(link_error_code(error), text_of(vector, "error")) != 0)
            fail_msg("link %zu: %s instead of %s", i, link_error_code(error),
                     text_of(vector, "error"));
        assert_true(strlen(link_error_text(error)) > 0);
        if (error != LINK_OK)
            continue;
        assert_string_equal(l.base, text_of(vector, "base"));
        assert_memory_equal(l.id, id, sizeof(id));
        assert_memory_equal(l.key, key, sizeof(key));
        assert_int_equal(l.repaired, json_is_true(json_object_get(vector, "repaired")));
        link_format(again, &l);
        assert_int_equal(link_parse(&l, again, strlen(again)), LINK_OK);
        assert_false(l.repaired);
    }
    json_decref(root);
}

static void test_leaf_and_argon2(void **state)
{
    json_t *root = load("other.json");
    const json_t *leaf = json_object_get(root, "merkle_leaf");
    const json_t *argon2 = json_object_get(root, "argon2");
    uint8_t hash[32];
    char hex[65];

    (void)state;
    merkle_leaf(hash, text_of(leaf, "data"), strlen(text_of(leaf, "data")));
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    assert_string_equal(hex, text_of(leaf, "hash"));
    assert_int_equal(crypto_pwhash(hash, sizeof(hash), text_of(argon2, "password"),
                                   strlen(text_of(argon2, "password")),
                                   (const uint8_t *)text_of(argon2, "salt"), 2, 64 << 20,
                                   crypto_pwhash_ALG_ARGON2ID13),
                     0);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    assert_string_equal(hex, text_of(argon2, "hash"));
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),     cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_receipts), cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_links),    cmocka_unit_test(test_leaf_and_argon2),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
