/* Goal: a builder writes what it is told to the last byte of its buffer and not one further. */
#include "tests/unit/unit.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

static void test_text_stops_at_its_end(void **state)
{
    char buffer[8];

    (void)state;
    for (size_t size = 0; size <= sizeof(buffer); size++) {
        struct text t = text_into(buffer, size);

        memset(buffer, 'x', sizeof(buffer));
        text_i64(&t, -12345);
        assert_int_equal(t.overflow, size < 6);
        assert_int_equal(t.len, size < 6 ? 0 : 6);
        if (size < sizeof(buffer))
            assert_int_equal(buffer[size], 'x');
    }
}

static void test_text_escapes_json(void **state)
{
    static const char raw[] = "a\"\\\n\t\x01\x7f\0\xc3\xa4";
    static const char wanted[] = "\"a\\\"\\\\\\n\\t\\u0001\\u007f\\u0000\xc3\xa4\"";
    char buffer[128];
    struct text t = text_into(buffer, sizeof(buffer));

    (void)state;
    text_json_string(&t, raw, sizeof(raw) - 1);
    assert_int_equal(t.len, sizeof(wanted) - 1);
    assert_memory_equal(t.data, wanted, t.len);
    t = text_into(buffer, sizeof(buffer));
    text_i64(&t, INT64_MIN);
    assert_memory_equal(t.data, "-9223372036854775808", 20);
}

/* Every byte alone, between others: what is written is read back, and holds no byte that a terminal
   could take for a command. */
static void test_text_escapes_every_byte_that_needs_it(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char raw[3] = {'a', (char)c, 'b'};
        char buffer[16];
        struct text t = text_into(buffer, sizeof(buffer));
        json_t *read;

        text_json_string(&t, raw, sizeof(raw));
        assert_false(t.overflow);
        for (size_t i = 0; i < t.len; i++)
            assert_true((unsigned char)t.data[i] >= 0x20 && t.data[i] != 0x7f);
        if (c >= 0x80) {
            assert_int_equal(t.len, 2 + sizeof(raw));
            assert_memory_equal(t.data + 1, raw, sizeof(raw));
            continue;
        }
        assert_int_equal(t.len > 2 + sizeof(raw), c < 0x20 || strchr("\"\\\x7f", c) != NULL);
        read = json_loadb(t.data, t.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(read);
        assert_int_equal(json_string_length(read), sizeof(raw));
        assert_memory_equal(json_string_value(read), raw, sizeof(raw));
        json_decref(read);
    }
}

/* Each append into buffers that are too small by one, just fit, and have room. */
static void test_text_uses_its_whole_buffer(void **state)
{
    static const uint8_t data[7] = {1, 2, 3, 4, 5, 6, 7}, id[16];
    char buffer[64];

    (void)state;
    for (size_t len = 0; len <= sizeof(data); len++) {
        const size_t chars = ENCODING_BASE64URL_LEN(len);

        for (size_t size = 0; size <= chars + 2; size++) {
            struct text t = text_into(buffer, size);

            memset(buffer, '~', sizeof(buffer));
            text_base64url(&t, data, len);
            assert_int_equal(t.overflow, size < chars);
            assert_int_equal(t.len, size < chars ? 0 : chars);
            assert_int_equal(buffer[size], '~'); /* not even the encoder's NUL */
        }
    }
    for (size_t size = ENCODING_ID_TEXT - 1; size <= ENCODING_ID_TEXT; size++) {
        struct text t = text_into(buffer, size);

        text_id(&t, id);
        assert_int_equal(t.overflow, size < ENCODING_ID_TEXT);
    }
}

static void test_text_remembers_what_did_not_fit(void **state)
{
    char buffer[4];
    struct text t = text_into(buffer, sizeof(buffer));
    struct text none = {.overflow = true};

    (void)state;
    text_add(&t, "abc");
    text_add(&t, "de");
    assert_true(t.overflow);
    text_add(&t, "f"); /* would fit, but what stands before it is missing */
    assert_int_equal(t.len, 3);
    assert_memory_equal(t.data, "abc", 3);
    text_json_string(&t, "", 0);
    text_i64(&t, 1);
    assert_int_equal(t.len, 3);
    text_base64url(&none, (const uint8_t *)"a", 1); /* one that never had a buffer */
    text_add(&none, "a");
    assert_int_equal(none.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_stops_at_its_end),
        cmocka_unit_test(test_text_escapes_json),
        cmocka_unit_test(test_text_escapes_every_byte_that_needs_it),
        cmocka_unit_test(test_text_uses_its_whole_buffer),
        cmocka_unit_test(test_text_remembers_what_did_not_fit),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
