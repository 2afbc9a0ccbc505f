/* Goal: what is printed of a credential is exactly its bytes for a pipe, one line for each value on
   a terminal, and JSON that holds everything. */
#include "cli/handoff/format.h"
#include "tests/unit/unit.h"

#include <sodium.h>
#include <string.h>

#define VALUE(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct credential login = {.type = CREDENTIAL_LOGIN,
                                        .username = VALUE("u\nurl: x"),
                                        .password = VALUE("a\0b\n"),
                                        .note = VALUE("one\ntwo")};
static const struct credential text = {.type = CREDENTIAL_TEXT, .text = VALUE("no line end")};
static const struct credential file = {
    .type = CREDENTIAL_FILE, .name = VALUE("key.bin"), .data = VALUE("\xff\0\n")};

static void expect(const struct credential *c, struct format_options form, const char *out,
                   size_t len)
{
    enum terminal_style style;
    const char *why;
    struct secret *s = format_credential(c, &form, &style, &why);

    assert_non_null(s);
    assert_int_equal(secret_len(s), len);
    assert_memory_equal(secret_bytes(s), out, len);
    assert_int_equal(style, form.json ? TERMINAL_JSON : TERMINAL_TEXT);
    secret_free(s);
}

#define EXPECT(c, form, out) expect(c, form, out, sizeof(out) - 1)

static void pipes(void **state)
{
    const struct format_options form = {0};

    (void)state;
    EXPECT(&login, form, "username: u\nurl: x\npassword: a\0b\n\nnote: one\ntwo\n");
    EXPECT(&text, form, "no line end");
    EXPECT(&file, form, "\xff\0\n");
}

static void terminals(void **state)
{
    const struct format_options form = {.terminal = true};

    (void)state;
    EXPECT(&login, form,
           "username: u\\x0aurl: x\npassword: a\0b\\x0a"
           "\nnote: one\ntwo\n");
}

static void fields(void **state)
{
    const struct format_options password = {.field = "password"};
    const struct format_options name = {.field = "name"};
    const struct format_options url = {.field = "url"};
    enum terminal_style style;
    const char *why = NULL;

    (void)state;
    EXPECT(&login, password, "a\0b\n\n");
    EXPECT(&file, name, "key.bin\n");
    assert_null(format_credential(&login, &url, &style, &why));
    assert_string_equal(why, "it has no such field");
    assert_true(format_is_field("data"));
    assert_false(format_is_field("type"));
    assert_false(format_is_field("passwor"));
}

static void json(void **state)
{
    const struct format_options form = {.json = true};

    (void)state;
    EXPECT(&text, form, "{\"type\":\"text\",\"text\":\"no line end\"}\n");
    EXPECT(&login, form,
           "{\"type\":\"credential\",\"username\":\"u\\nurl: x\",\"password\":\"a\\u0000b\\n\","
           "\"note\":\"one\\ntwo\"}\n");
    EXPECT(&file, form, "{\"type\":\"file\",\"name\":\"key.bin\",\"data\":\"_wAK\"}\n");
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pipes), cmocka_unit_test(terminals),
                                       cmocka_unit_test(fields), cmocka_unit_test(json)};

    return cmocka_run_group_tests(tests, start, NULL);
}
