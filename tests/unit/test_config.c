/*
 * Goal: every option is read within its bounds, what is wrong is said in one sentence that names
 * it, and submissions are open by themselves only where nobody but this machine can come.
 */
#include "api/config.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 12 };

struct outcome {
    enum config_result result;
    struct config config;
    char why[256];
    char printed[8192];
};

/* Reads a command line of up to ARGUMENTS_MAX words, NULL at its end. */
static void read_words(struct outcome *o, const char *const words[])
{
    char storage[ARGUMENTS_MAX + 1][128];
    char *argv[ARGUMENTS_MAX + 2];
    FILE *out = fmemopen(o->printed, sizeof(o->printed), "w");
    int argc = 0;

    assert_non_null(out);
    snprintf(storage[argc], sizeof(storage[0]), "handoffd");
    argv[argc] = storage[argc];
    for (argc = 1; words[argc - 1] != NULL; argc++) {
        snprintf(storage[argc], sizeof(storage[0]), "%s", words[argc - 1]);
        argv[argc] = storage[argc];
    }
    argv[argc] = NULL;
    memset(&o->config, 0, sizeof(o->config));
    o->why[0] = '\0';
    o->printed[0] = '\0';
    o->result = config_read(&o->config, argc, argv, out, o->why, sizeof(o->why));
    fclose(out);
}

#define READ(o, ...) read_words(o, (const char *const[]){__VA_ARGS__, NULL})

static void assert_wrong(const char *option, const char *value)
{
    struct outcome o;

    READ(&o, option, value);
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, option));
    assert_null(strchr(o.why, '\n'));
}

static void test_defaults(void **state)
{
    struct outcome o;
    char address[80];

    (void)state;
    unsetenv("STATE_DIRECTORY");
    READ(&o, NULL);
    assert_int_equal(o.result, CONFIG_RUN);
    assert_string_equal(o.config.data, "/var/lib/handoff");
    config_listen_text(&o.config.listen, address, sizeof(address));
    assert_string_equal(address, "127.0.0.1:8088");
    assert_int_equal(o.config.envelope_max, 65536);
    assert_int_equal(o.config.request_deadline_s, 20);
    assert_true(o.config.threads >= 1);
    assert_true(o.config.submissions_open);
    setenv("STATE_DIRECTORY", "/var/lib/other", 1);
    READ(&o, NULL);
    assert_string_equal(o.config.data, "/var/lib/other");
    unsetenv("STATE_DIRECTORY");
}

static void test_options_are_read(void **state)
{
    struct outcome o;
    char address[80];

    (void)state;
    READ(&o, "--listen", "[::1]:0", "--max-envelope=1048576", "--request-deadline", "600",
         "--threads", "64", "--base-url", "https://handoff.example");
    assert_int_equal(o.result, CONFIG_RUN);
    config_listen_text(&o.config.listen, address, sizeof(address));
    assert_string_equal(address, "[::1]:0");
    assert_int_equal(o.config.envelope_max, 1048576);
    assert_int_equal(o.config.request_deadline_s, 600);
    assert_int_equal(o.config.threads, 64);
    assert_non_null(o.config.base_url);
}

static void test_values_out_of_bounds(void **state)
{
    static const char *const addresses[] = {"",
                                            "8088",
                                            "127.0.0.1",
                                            ":8088",
                                            "127.0.0.1:",
                                            "127.0.0.1:65536",
                                            "::1:8088",
                                            "[::1]",
                                            "[::1:8088",
                                            "[]:1",
                                            "localhost:8088",
                                            "127.0.0.1:+1",
                                            "[1.2.3.4]:1",
                                            "127.0.0.1:08"};

    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        assert_wrong("--listen", addresses[i]);
    assert_wrong("--data", "");
    assert_wrong("--max-envelope", "296");
    assert_wrong("--max-envelope", "1048577");
    assert_wrong("--max-envelope", "64k");
    assert_wrong("--request-deadline", "0");
    assert_wrong("--request-deadline", "601");
    assert_wrong("--threads", "0");
    assert_wrong("--threads", "65");
    assert_wrong("--threads", "-1");
    assert_wrong("--log-level", "loud");
    assert_wrong("--open-submissions", "maybe");
    assert_wrong("--base-url", "ftp://handoff.example");
    assert_wrong("--base-url", "handoff.example");
}

static void test_words_that_are_no_options(void **state)
{
    struct outcome o;

    (void)state;
    READ(&o, "--frobnicate");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "--frobnicate"));
    READ(&o, "serve");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "serve"));
    READ(&o, "--data");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "--data"));
}

static void test_help_has_every_option_and_version_the_version(void **state)
{
    static const char *const names[] = {
        "--data",    "--listen",    "--base-url",         "--max-envelope", "--open-submissions",
        "--threads", "--log-level", "--request-deadline", "--help",         "--version"};
    struct outcome o;

    (void)state;
    READ(&o, "--help");
    assert_int_equal(o.result, CONFIG_DONE);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(strstr(o.printed, names[i]));
    READ(&o, "--version");
    assert_int_equal(o.result, CONFIG_DONE);
    assert_non_null(strstr(o.printed, HANDOFF_VERSION));
}

static bool is_open(const char *listen, const char *base_url, const char *open)
{
    struct outcome o;

    if (base_url == NULL)
        READ(&o, "--listen", listen);
    else if (open == NULL)
        READ(&o, "--listen", listen, "--base-url", base_url);
    else
        READ(&o, "--listen", listen, "--base-url", base_url, "--open-submissions", open);
    assert_int_equal(o.result, CONFIG_RUN);
    return o.config.submissions_open;
}

static void test_open_by_default_on_loopback_only(void **state)
{
    (void)state;
    assert_true(is_open("127.0.0.1:1", NULL, NULL));
    assert_true(is_open("127.9.9.9:1", "http://localhost:8088", NULL));
    assert_true(is_open("[::1]:1", "http://[::1]:8088", NULL));
    assert_false(is_open("0.0.0.0:1", NULL, NULL));
    assert_false(is_open("192.0.2.1:1", NULL, NULL));
    assert_false(is_open("[::]:1", NULL, NULL));
    assert_false(is_open("0.0.0.0:1", "http://127.0.0.1", NULL));
    /* A reverse proxy's name: everyone comes through it from loopback. */
    assert_false(is_open("127.0.0.1:1", "https://handoff.example", NULL));
    assert_false(is_open("127.0.0.1:1", "https://127.0.0.1.example", NULL));
    /* What was said goes before. */
    assert_true(is_open("0.0.0.0:1", "https://handoff.example", "yes"));
    assert_false(is_open("127.0.0.1:1", "http://127.0.0.1", "no"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_options_are_read),
        cmocka_unit_test(test_values_out_of_bounds),
        cmocka_unit_test(test_words_that_are_no_options),
        cmocka_unit_test(test_help_has_every_option_and_version_the_version),
        cmocka_unit_test(test_open_by_default_on_loopback_only),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
