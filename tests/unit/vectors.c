#include "tests/unit/vectors.h"

#include "vault/protocol/encoding/encoding.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *vectors_load(const char *file)
{
    char path[1024];
    json_error_t error;
    json_t *root;

    snprintf(path, sizeof(path), "%s/%s", VECTORS_DIR, file);
    root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (root == NULL)
        fail_msg("%s: %s", path, error.text);
    return root;
}

void vectors_each(const char *file, const char *list, void (*check)(const json_t *vector),
                  size_t at_least)
{
    json_t *root = vectors_load(file), *vector;
    const json_t *vectors = list != NULL ? json_object_get(root, list) : root;
    size_t i;

    assert_true(json_array_size(vectors) >= at_least);
    json_array_foreach (vectors, i, vector) {
        check(vector);
    }
    json_decref(root);
}

const char *vectors_text(const json_t *vector, const char *name)
{
    return json_string_value(json_object_get(vector, name));
}

size_t vectors_bytes(const json_t *vector, const char *name, uint8_t *out, size_t size)
{
    const json_t *value = json_object_get(vector, name);
    size_t len;

    assert_true(json_is_string(value));
    assert_int_equal(encoding_base64url_decode(out, size, &len, json_string_value(value),
                                               json_string_length(value)),
                     0);
    return len;
}

void vectors_assert_bytes(const json_t *vector, const char *name, const uint8_t *got, size_t len)
{
    uint8_t *wanted = malloc(len + 1);

    assert_non_null(wanted);
    assert_int_equal(vectors_bytes(vector, name, wanted, len + 1), len);
    if (memcmp(wanted, got, len) != 0)
        fail_msg("%s differs", name);
    free(wanted);
}

void vectors_assert_hex(const json_t *vector, const char *name, const uint8_t *got, size_t len)
{
    char *hex = malloc(2 * len + 1);

    assert_non_null(hex);
    sodium_bin2hex(hex, 2 * len + 1, got, len);
    assert_string_equal(hex, vectors_text(vector, name));
    free(hex);
}

void vectors_id(const json_t *vector, uint8_t id[16])
{
    const char *text = vectors_text(vector, "id");
    char again[ENCODING_ID_TEXT + 1];

    assert_int_equal(encoding_id_parse(id, text, strlen(text)), 0);
    encoding_id_format(again, id);
    assert_string_equal(again, text);
}

struct secret *vectors_code(const json_t *vector)
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

struct keys *vectors_keys(const json_t *vector, uint8_t id[16])
{
    struct secret *code = vectors_code(vector);
    uint8_t link_key[32];
    struct keys *keys;

    vectors_id(vector, id);
    assert_int_equal(vectors_bytes(vector, "link_key", link_key, sizeof(link_key)), 32);
    keys = keys_derive(link_key, id, code);
    assert_non_null(keys);
    secret_free(code);
    return keys;
}
