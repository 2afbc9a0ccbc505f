/* Goal: a link is read through all that mail programs are known to do to it, and whatever is not
   exactly a link then is refused with the reason; likewise the sender's follow link, and neither is
   ever taken for the other. */
#include "tests/unit/vectors.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/link.h"

#include <sodium.h>
#include <string.h>

static void check_link(const json_t *root, const json_t *vector)
{
    const json_t *text = json_object_get(vector, "text");
    char again[LINK_TEXT_MAX];
    uint8_t id[16], key[32];
    struct link l;
    const enum link_error error = link_parse(&l, json_string_value(text), json_string_length(text));

    if (strcmp(link_error_code(error), vectors_text(vector, "error")) != 0)
        fail_msg("%s: %s instead of %s", json_string_value(text), link_error_code(error),
                 vectors_text(vector, "error"));
    assert_true(strlen(link_error_text(error)) > 0);
    if (error != LINK_OK) {
        assert_true(sodium_is_zero((const uint8_t *)&l, sizeof(l)));
        return;
    }
    vectors_id(root, id);
    vectors_bytes(root, "link_key", key, sizeof(key));
    assert_string_equal(l.base, vectors_text(vector, "base"));
    assert_memory_equal(l.id, id, sizeof(id));
    assert_memory_equal(l.key, key, sizeof(key));
    assert_int_equal(l.repaired, json_is_true(json_object_get(vector, "repaired")));
    link_format(again, &l);
    assert_int_equal(link_parse(&l, again, strlen(again)), LINK_OK);
    assert_false(l.repaired);
}

static void test_links(void **state)
{
    json_t *root = vectors_load("links.json"), *vector;
    const json_t *links = json_object_get(root, "links");
    size_t i;

    (void)state;
    assert_true(json_array_size(links) >= 40);
    json_array_foreach (links, i, vector) {
        check_link(root, vector);
    }
    json_decref(root);
}

/* Cut off anywhere, it is never taken for whole; with any one character of the key's part changed,
   it is another link or none, but never this one. */
static void test_damaged_links(void **state)
{
    struct link link = {.base = "https://handoff.example.com/deep"}, other;
    char text[LINK_TEXT_MAX];
    size_t len;

    (void)state;
    encoding_id_new(link.id, 1795420800000);
    randombytes_buf(link.key, sizeof(link.key));
    link_format(text, &link);
    len = strlen(text);
    for (size_t n = 0; n < len; n++)
        if (link_parse(&other, text, n) == LINK_OK)
            fail_msg("cut off after %zu characters it was taken", n);
    for (size_t i = len - LINK_FRAGMENT; i < len; i++) {
        const char was = text[i];

        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            if ((char)c != was && link_parse(&other, text, len) == LINK_OK &&
                memcmp(other.key, link.key, sizeof(link.key)) == 0)
                fail_msg("with the byte %02x at %zu it is still this link", (unsigned)c, i);
        }
        text[i] = was;
    }
    assert_int_equal(link_parse(&other, text, len), LINK_OK);
}

/* Whatever is thrown at it, it answers, and what it takes it can write and take again. */
static void test_arbitrary_texts(void **state)
{
    static const char *const pieces[] = {
        "https://", "a.example", "/h/",  "01a2072c-0000-7000-8000-000000000000",
        "#",        "%23",       "%",    "=https%3a",
        "&",        "\xe2\x80",  "<",    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
        "\0",       " ",         "%252F"};
    enum { PIECES = sizeof(pieces) / sizeof(pieces[0]), ROUNDS = 20000, MAX = 12 };
    uint32_t seed = 1;
    unsigned taken = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[MAX * 64], again[LINK_TEXT_MAX];
        struct link a, b;
        size_t len = 0;

        /* Half of the time the first pieces are a link's, so that much gets far. */
        for (int i = 0; i < 1 + round % MAX; i++) {
            const uint32_t random = unit_random(&seed);
            const bool of_a_link = (random & 1) != 0 && i < 5;
            const char *piece = pieces[of_a_link ? (uint32_t)i : random / 2 % PIECES];
            const size_t n = *piece != '\0' ? strlen(piece) : 1;

            memcpy(text + len, piece, n);
            len += n;
        }
        if (link_parse(&a, text, len) != LINK_OK)
            continue;
        taken++;
        link_format(again, &a);
        assert_int_equal(link_parse(&b, again, strlen(again)), LINK_OK);
        b.repaired = a.repaired;
        assert_memory_equal(&a, &b, sizeof(a));
    }
    assert_true(taken > 0);
}

/* ---- follow links ---- */

#define BASE "https://handoff.example.com/deep"
#define ID   "01a2072c-0000-7000-8000-000000000000"
#define KEY  "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

static enum link_error follow(struct link_follow *f, const char *text)
{
    return link_parse_follow(f, text, strlen(text));
}

static void test_follow_links(void **state)
{
    static const struct {
        const char *text;
        bool repaired;
    } good[] = {
        {BASE "/s/" ID "#" KEY, false},
        {" <" BASE "/s/" ID "#" KEY ">.\n", true},
        {BASE "/s/01a2072c-0000-7000-\n 8000-000000000000#" KEY, true},
        {BASE "/s/" ID "%23" KEY, true},
        {"https://safe.example/?url=https%3A%2F%2Fhandoff.example.com%2Fdeep%2Fs%2F" ID "%23" KEY
         "&data=1",
         true},
    };
    char text[LINK_FOLLOW_TEXT_MAX];
    struct link_follow f, again;
    uint8_t key[KEYS_BYTES];

    (void)state;
    memset(key, 1, sizeof(key));
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct link l;

        assert_int_equal(follow(&f, good[i].text), LINK_OK);
        assert_true(link_is_follow(good[i].text, strlen(good[i].text)));
        assert_int_equal(f.repaired, good[i].repaired);
        assert_string_equal(f.base, BASE);
        assert_memory_equal(f.manage_key, key, sizeof(key));
        assert_int_not_equal(link_parse(&l, good[i].text, strlen(good[i].text)), LINK_OK);
        link_format_follow(text, &f);
        assert_string_equal(text, BASE "/s/" ID "#" KEY);
        assert_int_equal(follow(&again, text), LINK_OK);
    }
}

static void test_no_follow_links(void **state)
{
    static const struct {
        const char *text, *code;
    } bad[] = {
        {"", "empty"},
        {"handoff", "not-url"},
        {BASE "/" ID "#" KEY, "not-handoff"},
        {BASE "/h/" ID "#" KEY, "not-handoff"},
        {"https://a?b/s/" ID "#" KEY, "not-handoff"},
        {BASE "/s/h/" ID "#A" KEY, "bad-id"},
        {BASE "/s/01A2072c-0000-7000-8000-000000000000#" KEY, "bad-id"},
        {BASE "/s/" ID, "no-fragment"},
        {BASE "/s/" ID "#", "no-fragment"},
        {BASE "/s/" ID "#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ", "fragment-short"},
        {BASE "/s/" ID "#" KEY "A", "fragment-long"},
        {BASE "/s/" ID "#AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF", "fragment-bad"},
        {BASE "/s/" ID "#AQEBAQEBAQEBAQEBAQEBA=EBAQEBAQEBAQEBAQEBAQE", "fragment-bad"},
    };
    char long_text[LINK_INPUT_MAX + 1];
    struct link_follow f;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const enum link_error error = follow(&f, bad[i].text);

        if (strcmp(link_error_code(error), bad[i].code) != 0)
            fail_msg("%s: %s", bad[i].text, link_error_code(error));
        assert_true(sodium_is_zero((const uint8_t *)&f, sizeof(f)));
        assert_true(strlen(link_error_follow_text(error)) > 0);
    }
    memset(long_text, 'a', sizeof(long_text));
    assert_int_equal(link_parse_follow(&f, long_text, sizeof(long_text)), LINK_TOO_LONG);
    assert_false(link_is_follow(long_text, sizeof(long_text)));
    assert_non_null(strstr(link_error_follow_text(LINK_FRAGMENT_SHORT), "43"));
    assert_non_null(strstr(link_error_text(LINK_FRAGMENT_SHORT), "44"));
}

/* Which of the two a text is meant to be, damaged too: the last of their paths decides, since a
   service may be served below a folder of either name. */
static void test_which_link(void **state)
{
    static const char *const meant[] = {BASE "/s/" ID, BASE "/s/", "https://a/h/s/" ID "#" KEY,
                                        "<" BASE "/s/" ID "#AB>"};
    static const char *const others[] = {
        BASE "/h/" ID "#A" KEY, "https://a/s/h/" ID "#A" KEY, BASE, ID, "", "/s/" ID,
        BASE "/h/" ID "#/s/"};

    (void)state;
    for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
        assert_true(link_is_follow(meant[i], strlen(meant[i])));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(link_is_follow(others[i], strlen(others[i])));
}

static void test_base_urls(void **state)
{
    static const char *const local[] = {
        "http://localhost:1", "http://127.0.0.1", "http://[::1]:2",    "https://127.9.9.9:8/x",
        "http://LOCALHOST",   "http://[::1]",     "http://127.255.0.1"};
    static const char *const far[] = {"http://localhost.example.com",
                                      "http://127.0.0.1.nip.io",
                                      "http://128.0.0.1",
                                      "http://[::2]",
                                      "http://1270.0.0.1",
                                      "http://127.0.0.1a",
                                      "http://127.0.0",
                                      "http://127.0.0.1.1",
                                      "http://127.0.0.256",
                                      "http://127.+0.0.1",
                                      "http://127.0.0.01",
                                      "http://127..0.1",
                                      "http://[::1",
                                      "http://[::1]x",
                                      "http://localhost."};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),           cmocka_unit_test(test_damaged_links),
        cmocka_unit_test(test_arbitrary_texts), cmocka_unit_test(test_follow_links),
        cmocka_unit_test(test_no_follow_links), cmocka_unit_test(test_which_link),
        cmocka_unit_test(test_base_urls),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
