/* Goal: nothing that came from elsewhere steers a terminal: control characters, marks that turn
   text around and broken UTF-8 are shown as escapes, all else as it is. */
#include "cli/io/terminal.h"
#include "tests/unit/unit.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void expect(const char *in, size_t len, enum terminal_style style, const char *out)
{
    bool changed;
    struct secret *s = terminal_escape((const uint8_t *)in, len, style, &changed);

    assert_non_null(s);
    assert_int_equal(secret_len(s), strlen(out));
    assert_memory_equal(secret_bytes(s), out, strlen(out));
    assert_int_equal(changed, len != strlen(out) || memcmp(in, out, len) != 0);
    secret_free(s);
}

static void json_scan_text_stays(void **state)
{
    static const char text[] = "P\xc3\xa4ss w\xc3\xb6rd \\x1b \xf0\x9f\x99\x82 \xe2\x82\xac";

    (void)state;
    expect(text, strlen(text), TERMINAL_TEXT, text);
    expect(text, strlen(text), TERMINAL_LINE, text);
    expect(text, strlen(text), TERMINAL_JSON, text);
    expect("", 0, TERMINAL_LINE, "");
}

static void controls(void **state)
{
    (void)state;
    expect("\033[31m", 5, TERMINAL_TEXT, "\\x1b[31m");
    expect("a\0b", 3, TERMINAL_TEXT, "a\\x00b");
    expect("\r\b\x7f", 3, TERMINAL_TEXT, "\\x0d\\x08\\x7f");
    expect("\xc2\x9b", 2, TERMINAL_TEXT, "\\x9b");
    expect("\xc2\x9b", 2, TERMINAL_JSON, "\\u009b");
    expect("a\n\tb", 4, TERMINAL_TEXT, "a\n\tb");
    expect("a\n\tb", 4, TERMINAL_LINE, "a\\x0a\\x09b");
}

static void turned_text(void **state)
{
    (void)state;
    expect("\xe2\x80\xae"
           "cod",
           6, TERMINAL_TEXT, "\\u{202e}cod");
    expect("\xe2\x80\xa8", 3, TERMINAL_LINE, "\\u{2028}");
    expect("\xe2\x81\xa6", 3, TERMINAL_JSON, "\\u2066");
    expect("\xe2\x81\xa9", 3, TERMINAL_LINE, "\\u{2069}");
    expect("\xe2\x80\x90", 3, TERMINAL_LINE, "\xe2\x80\x90");
}

static void broken_utf8(void **state)
{
    (void)state;
    expect("\xff", 1, TERMINAL_TEXT, "\\xff");
    expect("\x80x", 2, TERMINAL_TEXT, "\\x80x");
    expect("x\xc3", 2, TERMINAL_TEXT, "x\\xc3");
    expect("\xe2\x82", 2, TERMINAL_TEXT, "\\xe2\\x82");
    expect("\xc0\xaf", 2, TERMINAL_TEXT, "\\xc0\\xaf");
    expect("\xed\xa0\x80", 3, TERMINAL_TEXT, "\\xed\\xa0\\x80");
    expect("\xf5\x80\x80\x80", 4, TERMINAL_TEXT, "\\xf5\\x80\\x80\\x80");
}

static void every_byte(void **state)
{
    (void)state;
    for (unsigned b = 0; b < 256; b++) {
        const uint8_t byte = (uint8_t)b;
        struct secret *s = terminal_escape(&byte, 1, TERMINAL_LINE, NULL);

        assert_non_null(s);
        for (size_t i = 0; i < secret_len(s); i++)
            assert_true(secret_bytes(s)[i] >= 0x20 && secret_bytes(s)[i] < 0x7f);
        secret_free(s);
    }
}

static void local_time(void **state)
{
    char text[TERMINAL_TIME_MAX];

    (void)state;
    assert_int_equal(setenv("TZ", "CET-1", 1), 0);
    tzset();
    terminal_time(text, 1700000000);
    assert_string_equal(text, "2023-11-14 23:13:20 CET");
    terminal_time(text, INT64_MAX);
    assert_string_equal(text, "@9223372036854775807");
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_scan_text_stays), cmocka_unit_test(controls),
        cmocka_unit_test(turned_text),          cmocka_unit_test(broken_utf8),
        cmocka_unit_test(every_byte),           cmocka_unit_test(local_time),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
