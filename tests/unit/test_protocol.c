/*
 * Goal: what vault/protocol refuses: every text that is not the one canonical form, contents that
 * are not of the known kind, codes that are too short; and that its buffers hold, bound and wipe.
 */
#include "tests/unit/unit.h"
#include "vault/protocol/credential.h"
#include "vault/protocol/encoding.h"
#include "vault/protocol/envelope.h"
#include "vault/protocol/keys.h"
#include "vault/protocol/link.h"
#include "vault/protocol/text.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

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

static void test_envelope_sizes(void **state)
{
    (void)state;
    assert_int_equal(envelope_size(0), 297);
    assert_int_equal(envelope_size(255), 297);
    assert_int_equal(envelope_size(256), 553);
    assert_int_equal(envelope_room(296), 0);
    for (size_t limit = 297; limit < 3000; limit++) {
        assert_true(envelope_size(envelope_room(limit)) <= limit);
        assert_true(envelope_size(envelope_room(limit) + 1) > limit);
    }
}

static void test_base_urls(void **state)
{
    static const char *const local[] = {"http://localhost:1", "http://127.0.0.1", "http://[::1]:2",
                                        "https://127.9.9.9:8/x", "http://LOCALHOST"};
    static const char *const far[] = {"http://localhost.example.com",
                                      "http://127.0.0.1.nip.io",
                                      "http://128.0.0.1",
                                      "http://[::2]",
                                      "http://1270.0.0.1",
                                      "http://127.0.0.1a"};
    static const char *const bad[] = {"",           "example.com", "http://",
                                      "http:///",   "http://a b",  "http://u@a",
                                      "http://a?b", "http://a#b",  "http://:1"};
    char base[LINK_BASE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
        assert_true(link_base(base, local[i]) == 0 && link_base_is_loopback(base));
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
        assert_true(link_base(base, far[i]) == 0 && !link_base_is_loopback(base));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(link_base(base, bad[i]), -1);
    assert_int_equal(link_base(base, "https://a/b//"), 0);
    assert_string_equal(base, "https://a/b");
}

/* ---- secret buffers ---- */

static void test_secret_bounds(void **state)
{
    struct secret *s = secret_new(4);

    (void)state;
    assert_int_equal(secret_append(s, "abcd", 4), 0);
    assert_int_equal(secret_append(s, "e", 1), -1);
    assert_int_equal(secret_len(s), 4);
    assert_int_equal(secret_resize(s, 5), -1);
    assert_int_equal(secret_resize(s, 1), 0);
    assert_memory_equal(secret_bytes(s), "a\0\0\0", 4); /* what was cut off is wiped */
    secret_free(s);
    secret_free(NULL);
}

/* Whether the mapping that holds address has a flag ("lo" locked, "dd" not dumped). */
static bool has_flag(const void *address, const char *flag)
{
    FILE *f = fopen("/proc/self/smaps", "r");
    const uintptr_t wanted = (uintptr_t)address;
    bool inside = false, found = false;
    char line[512];

    assert_non_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        unsigned long from, to;

        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = wanted >= from && wanted < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    fclose(f);
    return found;
}

static void test_secret_is_locked_and_not_dumped(void **state)
{
    struct secret *s = secret_new(100);
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(plain != MAP_FAILED);
    assert_true(secret_all_locked());
#ifndef UNIT_SANITIZED
    assert_true(has_flag(secret_bytes(s), " lo"));
#endif
    assert_true(has_flag(secret_bytes(s), " dd"));
    assert_false(has_flag(plain, " lo")); /* the control: an ordinary mapping has neither */
    assert_false(has_flag(plain, " dd"));
    munmap(plain, 4096);
    secret_free(s);
}

/* The heap wipes: looked at in the block that was just freed, which only a build without
   AddressSanitizer lets us read. The first 16 bytes are malloc's own by then. */
static void test_heap_wipes_what_it_frees(void **state)
{
#ifndef UNIT_SANITIZED
    static const char secret[] = "correct horse battery staple, and then some more of it";
    volatile uintptr_t where;
    char *block, *larger;

    (void)state;
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    block = secret_heap_alloc(sizeof(secret));
    memcpy(block, secret, sizeof(secret));
    where = (uintptr_t)block;
    larger = secret_heap_realloc(block, 4 * sizeof(secret));
    assert_string_equal(larger, secret);
    assert_null(memmem((const void *)(where + 16), sizeof(secret) - 16, "battery", 7));
    where = (uintptr_t)larger;
    assert_non_null(memmem((const void *)where, sizeof(secret), "battery", 7));
    secret_heap_free(larger);
    assert_null(memmem((const void *)(where + 16), sizeof(secret) - 16, "battery", 7));
#else
    char *block = secret_heap_calloc(3, 5);

    (void)state;
    assert_non_null(block);
    assert_int_equal(block[14], 0);
    secret_heap_free(block);
#endif
    assert_null(secret_heap_calloc(SIZE_MAX / 2, 3));
    secret_heap_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url_takes_one_form_only),
        cmocka_unit_test(test_id_must_be_a_uuidv7),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_text_stops_at_its_end),
        cmocka_unit_test(test_text_escapes_json),
        cmocka_unit_test(test_credential_refuses),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_envelope_sizes),
        cmocka_unit_test(test_base_urls),
        cmocka_unit_test(test_secret_bounds),
        cmocka_unit_test(test_secret_is_locked_and_not_dumped),
        cmocka_unit_test(test_heap_wipes_what_it_frees),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
