/* Goal: a command line is read by its rows alone: each option once, in full, with a value exactly
   where it takes one; what might be a secret in the wrong place is refused. */
#include "cli/commands/command.h"
#include "tests/unit/unit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { OUT, WAIT };

static const struct command_option options[] = {
    [OUT] = {"password-out", "FILE", "writes it there"},
    [WAIT] = {"wait", NULL, "waits"},
};

static enum exit_code no_run(const struct command_input *in)
{
    (void)in;
    return EXIT_INTERNAL;
}

static const struct command with_word = {
    .name = "with", .word = "WORD", .options = options, .options_len = 2, .run = no_run};
static const struct command without_word = {
    .name = "without", .options = options, .options_len = 2, .run = no_run};

/* Splits a line at its spaces and parses that. */
static int parse(struct command_input *in, const struct command *command, const char *line)
{
    static char copy[256];
    char *argv[16];
    char *rest = copy;
    char *word;
    int argc = 0;

    assert_true(snprintf(copy, sizeof copy, "%s", line) < (int)sizeof copy);
    while ((word = strsep(&rest, " ")) != NULL)
        if (word[0] != '\0')
            argv[argc++] = word;
    return command_parse(in, command, argc, argv);
}

static void good_lines(void **state)
{
    struct command_input in;

    (void)state;
    assert_int_equal(parse(&in, &with_word, ""), 0);
    assert_null(in.word);
    assert_null(in.value[OUT]);
    assert_null(in.value[WAIT]);
    assert_int_equal(parse(&in, &with_word, "w --password-out f --wait"), 0);
    assert_string_equal(in.word, "w");
    assert_string_equal(in.value[OUT], "f");
    assert_string_equal(in.value[WAIT], "");
    assert_int_equal(parse(&in, &with_word, "--wait --password-out=a=b w"), 0);
    assert_string_equal(in.value[OUT], "a=b");
    assert_string_equal(in.word, "w");
    assert_int_equal(parse(&in, &with_word, "--password-out --wait -"), 0);
    assert_string_equal(in.value[OUT], "--wait");
    assert_null(in.value[WAIT]);
    assert_string_equal(in.word, "-");
    assert_int_equal(parse(&in, &with_word, "-- --wait"), 0);
    assert_string_equal(in.word, "--wait");
    assert_int_equal(parse(&in, &without_word, "--wait"), 0);
}

static void bad_lines(void **state)
{
    static const char *const lines[] = {
        "--password secret",
        "--password=secret",
        "--pass x",
        "--wai",
        "--wait=yes",
        "--wait --wait",
        "--password-out",
        "--password-out a --wait b c",
        "--password-outs file",
        "-w",
        "-- --wait again",
        "--=",
    };
    struct command_input in;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (parse(&in, &with_word, lines[i]) != -1)
            fail_msg("taken: %s", lines[i]);
    assert_int_equal(parse(&in, &without_word, "hunter2"), -1);
    assert_int_equal(parse(&in, &without_word, "-"), -1);
}

static void help(void **state)
{
    struct command_input in;

    (void)state;
    assert_int_equal(parse(&in, &with_word, "--help"), 1);
    assert_int_equal(parse(&in, &with_word, "w -h"), 1);
    assert_int_equal(parse(&in, &with_word, "-- --help"), 0);
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_lines), cmocka_unit_test(bad_lines),
                                       cmocka_unit_test(help)};

    return cmocka_run_group_tests(tests, start, NULL);
}
