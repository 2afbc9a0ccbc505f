/* Goal: each value has exactly one text that is taken, for bytes, ids, numbers and UTF-8, and what
   is written is that one. */
#include "tests/unit/vectors.h"
#include "vault/protocol/encoding/encoding.h"

#include <sodium.h>
#include <string.h>

static void check_encoding(const json_t *v, bool is_id)
{
    const json_t *text = json_object_get(v, "text");
    const char *hex = vectors_text(v, "hex");
    const size_t text_len = json_string_length(text);
    uint8_t got[64];
    char got_hex[129];
    size_t len = ENCODING_ID_BYTES;
    const int rc = is_id ? encoding_id_parse(got, json_string_value(text), text_len)
                         : encoding_base64url_decode(got, sizeof(got), &len,
                                                     json_string_value(text), text_len);

    if ((rc == 0) != (hex != NULL))
        fail_msg("\"%s\" was %s", json_string_value(text), rc == 0 ? "taken" : "refused");
    if (rc != 0)
        return;
    sodium_bin2hex(got_hex, sizeof(got_hex), got, len);
    assert_string_equal(got_hex, hex);
}

static void check_id(const json_t *v)
{
    check_encoding(v, true);
}

static void check_base64url(const json_t *v)
{
    check_encoding(v, false);
}

static void test_encodings(void **state)
{
    (void)state;
    vectors_each("encodings.json", "ids", check_id, 15);
    vectors_each("encodings.json", "base64url", check_base64url, 18);
}

static void test_base64url_takes_one_form_only(void **state)
{
    static const char *const bad[] = {"AA==", "AA=", "A",   "A+",   "A/",    "AB",
                                      "AAB",  " AA", "AA ", "A\nA", "AAAAA", "\xc3\xa4"};
    uint8_t out[16];
    char text[32];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (encoding_base64url_decode(out, sizeof(out), &len, bad[i], strlen(bad[i])) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
    for (size_t n = 0; n < 10; n++) {
        uint8_t data[10], again[10];

        randombytes_buf(data, sizeof(data));
        encoding_base64url(text, data, n);
        assert_int_equal(strlen(text), ENCODING_BASE64URL_LEN(n));
        assert_int_equal(encoding_base64url_exact(again, n, text, strlen(text)), 0);
        assert_memory_equal(data, again, n);
        if (n > 0)
            assert_int_equal(encoding_base64url_exact(again, n - 1, text, strlen(text)), -1);
    }
}

/* One of the two alphabets, by its functions and by libsodium's number. */
struct alphabet {
    const char *characters;
    int (*decode)(uint8_t *out, size_t size, size_t *len, const char *text, size_t text_len);
    void (*encode)(char *out, const uint8_t *data, size_t len);
    int variant;
};

static const struct alphabet alphabets[] = {
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", encoding_base64url_decode,
     encoding_base64url, sodium_base64_VARIANT_URLSAFE_NO_PADDING},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", encoding_base64_decode,
     encoding_base64, sodium_base64_VARIANT_ORIGINAL},
};

enum { ALPHABETS = sizeof(alphabets) / sizeof(alphabets[0]) };

/* Every byte in every place of two words of eight and of what remains behind them: libsodium
   1.0.18 itself takes those from 0x80 on. */
static void test_base64_knows_its_characters(void **state)
{
    enum { CHARS = 20, BYTES = 15 };

    (void)state;
    for (size_t place = 0; place < ALPHABETS * CHARS; place++) {
        const struct alphabet *a = &alphabets[place / CHARS];

        for (int c = 1; c < 256; c++) {
            const char *at = strchr(a->characters, c);
            char text[CHARS + 1] = "BcD-eF0hIjKlMn9pQrSt";
            uint8_t out[BYTES], wanted[BYTES];
            size_t len;
            int rc;

            text[3] = a->characters[62];
            text[place % CHARS] = (char)c;
            rc = a->decode(out, sizeof(out), &len, text, CHARS);
            assert_int_equal(rc, at != NULL ? 0 : -1);
            if (at == NULL)
                continue;
            assert_int_equal(
                sodium_base642bin(wanted, BYTES, text, CHARS, NULL, &len, NULL, a->variant), 0);
            assert_memory_equal(out, wanted, BYTES);
        }
        assert_int_equal(a->decode(&(uint8_t){0}, 1, &(size_t){0}, "A\0", 2), -1);
    }
}

/* What libsodium says to a text that holds nothing from 0x80 on. */
static int decode_by_libsodium(const struct alphabet *a, uint8_t *out, size_t size, size_t *len,
                               const char *text, size_t text_len)
{
    const char *end;

    if (sodium_base642bin(out, size, text, text_len, NULL, len, &end, a->variant) != 0)
        return -1;
    return end == text + text_len ? 0 : -1;
}

/* Texts of every length, many of them with something wrong, and room that is often too small. */
static void test_base64_takes_what_libsodium_takes(void **state)
{
    enum { ROUNDS = 200000, MAX = 40 };
    static const char some[] = "AAAAAABQgwz07-_+/=== ~";
    size_t taken[ALPHABETS] = {0};

    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        const struct alphabet *a = &alphabets[i % ALPHABETS];
        const size_t text_len = randombytes_uniform(MAX + 1), size = randombytes_uniform(MAX);
        const size_t wrong = randombytes_uniform(4);
        uint8_t out[MAX], wanted[MAX];
        char text[MAX];
        size_t len, wanted_len;
        int rc;

        for (size_t k = 0; k < text_len; k++)
            text[k] = a->characters[randombytes_uniform(64)];
        for (size_t k = 0; k < wrong && text_len > 0; k++) /* mostly near the end */
            text[text_len - 1 - randombytes_uniform((uint32_t)text_len) % (1 + i % 9)] =
                some[randombytes_uniform(sizeof(some) - 1)];
        rc = a->decode(out, size, &len, text, text_len);
        if (rc != decode_by_libsodium(a, wanted, size, &wanted_len, text, text_len))
            fail_msg("\"%.*s\" was %s", (int)text_len, text, rc == 0 ? "taken" : "refused");
        if (rc != 0)
            continue;
        taken[i % ALPHABETS]++;
        assert_int_equal(len, wanted_len);
        assert_memory_equal(out, wanted, len);
    }
    assert_true(taken[0] > 1000 && taken[1] > 1000);
}

/* Of all endings of two and three characters, just those without stray bits are taken. */
static void test_base64url_ends_in_one_way(void **state)
{
    uint8_t out[2];
    size_t taken[2] = {0, 0}, len;
    char text[3] = "A";

    (void)state;
    for (int b = 0; b < 256; b++) {
        text[1] = (char)b;
        taken[0] += encoding_base64url_decode(out, 1, &len, text, 2) == 0;
        for (int c = 0; c < 256; c++) {
            text[2] = (char)c;
            taken[1] += encoding_base64url_decode(out, 2, &len, text, 3) == 0;
        }
    }
    assert_int_equal(taken[0], 4);
    assert_int_equal(taken[1], 64 * 16);
}

static void test_base64_as_libsodium_writes_it(void **state)
{
    enum { MAX = 200 };
    uint8_t data[MAX], again[MAX];
    char text[ENCODING_BASE64_LEN(MAX) + 2], wanted[sizeof(text)];

    (void)state;
    for (size_t n = 0; n <= ALPHABETS * MAX; n++) {
        const struct alphabet *a = &alphabets[n % ALPHABETS];
        const size_t data_len = n / ALPHABETS;
        size_t len;

        randombytes_buf(data, data_len);
        memset(text, '~', sizeof(text));
        a->encode(text, data, data_len);
        sodium_bin2base64(wanted, sizeof(wanted), data, data_len, a->variant);
        assert_string_equal(text, wanted);
        assert_int_equal(text[strlen(text) + 1], '~');
        assert_int_equal(a->decode(again, data_len, &len, text, strlen(text)), 0);
        assert_int_equal(len, data_len);
        assert_memory_equal(again, data, data_len);
    }
    assert_int_equal(encoding_base64url_decode(again, 0, &(size_t){0}, NULL, 0), 0);
}

static void test_ids_are_ordered_by_time(void **state)
{
    uint8_t a[16], b[16];

    (void)state;
    encoding_id_new(a, 0xffffffffffff);
    assert_int_equal(sodium_is_zero(a, 6), 0);
    for (uint64_t ms = 1795420800000; ms < 1795420800000 + 300; ms++) {
        encoding_id_new(a, ms);
        encoding_id_new(b, ms + 1);
        assert_true(memcmp(a, b, sizeof(a)) < 0);
        encoding_id_new(b, ms);
        assert_memory_not_equal(a, b, sizeof(a));
    }
}

static void test_id_must_be_a_uuidv7(void **state)
{
    static const char *const bad[] = {
        "01989A2B-0000-7000-8000-000000000000", /* upper case */
        "01989a2b-0000-4000-8000-000000000000", /* version 4 */
        "01989a2b-0000-7000-c000-000000000000", /* another variant */
        "01989a2b-0000-7000-8000-00000000000",  "01989a2b-0000-7000-8000-0000000000000",
        "01989a2b00007000800000000000000000",   "01989a2b-0000-7000-8000+000000000000",
        "01989a2g-0000-7000-8000-000000000000", "",
    };
    uint8_t id[16], again[16];
    char text[ENCODING_ID_TEXT + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (encoding_id_parse(id, bad[i], strlen(bad[i])) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
    encoding_id_new(id, 0x0123456789abULL);
    encoding_id_format(text, id);
    assert_memory_equal(text, "01234567-89ab-7", 15);
    assert_int_equal(encoding_id_parse(again, text, strlen(text)), 0);
    assert_memory_equal(id, again, sizeof(id));
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {"",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "01",
                                      "0x1",
                                      "1.0",
                                      "1e3",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    uint64_t n = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(encoding_u64(&n, bad[i], strlen(bad[i]), UINT64_MAX), -1);
    assert_int_equal(n, 7);
    assert_int_equal(encoding_u64(&n, "18446744073709551615", 20, UINT64_MAX), 0);
    assert_true(n == UINT64_MAX);
    assert_int_equal(encoding_u64(&n, "0", 1, 10), 0);
    assert_int_equal(encoding_u64(&n, "11", 2, 10), -1);
}

static void test_utf8(void **state)
{
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xed\xa0\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(encoding_utf8_valid(bad[i], strlen(bad[i])));
    assert_true(encoding_utf8_valid("a\0b\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91", 12));
    assert_int_equal(encoding_utf8_length("\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91", 9), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_base64url_takes_one_form_only),
        cmocka_unit_test(test_base64_knows_its_characters),
        cmocka_unit_test(test_base64_takes_what_libsodium_takes),
        cmocka_unit_test(test_base64url_ends_in_one_way),
        cmocka_unit_test(test_base64_as_libsodium_writes_it),
        cmocka_unit_test(test_id_must_be_a_uuidv7),
        cmocka_unit_test(test_ids_are_ordered_by_time),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_utf8),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("encoding", tests, NULL, NULL);
}
