/*
 * Goal: every option is read within its bounds, from the command line and from the file, what is
 * wrong is said in one sentence that names it and where it stands, and submissions are open by
 * themselves only where nobody but this machine can come.
 */
#include "api/config/config.h"
#include "api/config/option.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 12, WHY_MAX = 512 };

struct outcome {
    enum config_result result;
    struct config config;
    char why[WHY_MAX];
    char printed[8192];
    char words[ARGUMENTS_MAX + 1][128]; /* what the configuration may point to */
};

static void free_outcome(struct outcome *o)
{
    config_free(&o->config);
}

/* One that is freed at the end of its block. */
#define OUTCOME(o) struct outcome o __attribute__((cleanup(free_outcome))) = {0}

/* Reads a command line of up to ARGUMENTS_MAX words, NULL at its end. */
static void read_words(struct outcome *o, const char *const words[])
{
    char *argv[ARGUMENTS_MAX + 2];
    FILE *out = fmemopen(o->printed, sizeof(o->printed), "w");
    int argc = 0;

    assert_non_null(out);
    snprintf(o->words[argc], sizeof(o->words[0]), "handoffd");
    argv[argc] = o->words[argc];
    for (argc = 1; words[argc - 1] != NULL; argc++) {
        snprintf(o->words[argc], sizeof(o->words[0]), "%s", words[argc - 1]);
        argv[argc] = o->words[argc];
    }
    argv[argc] = NULL;
    config_free(&o->config);
    o->why[0] = '\0';
    o->printed[0] = '\0';
    o->result = config_read(&o->config, argc, argv, out, o->why, sizeof(o->why));
    fclose(out);
}

#define READ(o, ...) read_words(o, (const char *const[]){__VA_ARGS__, NULL})

static void assert_wrong(const char *option, const char *value)
{
    OUTCOME(o);

    READ(&o, option, value);
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, option));
    assert_null(strchr(o.why, '\n'));
}

static void test_defaults(void **state)
{
    OUTCOME(o);
    char address[80];

    (void)state;
    unsetenv("STATE_DIRECTORY");
    READ(&o, NULL);
    assert_int_equal(o.result, CONFIG_RUN);
    assert_string_equal(o.config.data, "/var/lib/handoff");
    netaddr_text(&o.config.listen, address, sizeof(address));
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
    OUTCOME(o);
    char address[80];

    (void)state;
    READ(&o, "--listen", "[::1]:0", "--max-envelope=1048576", "--request-deadline", "600",
         "--threads", "64", "--base-url", "https://handoff.example");
    assert_int_equal(o.result, CONFIG_RUN);
    netaddr_text(&o.config.listen, address, sizeof(address));
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
    assert_wrong("--listen", "unix:relative");
    assert_wrong("--listen", "unix:");
    assert_wrong("--metrics-listen", "on");
    assert_wrong("--master-key", "relative");
    assert_wrong("--tls-cert", "");
    assert_wrong("--log-format", "xml");
    assert_wrong("--sandbox", "maybe");
    assert_wrong("--user", "");
    assert_wrong("--rate-limit", "0");
    assert_wrong("--rate-limit", "-1");
    assert_wrong("--rate-limit", "1000000001");
    assert_wrong("--token-rate-limit", "OFF");
    assert_wrong("--handoff-rate-limit", "1.5");
    assert_wrong("--address-connections", "");
    assert_wrong("--address-waits", "x");
    assert_wrong("--address-live", "1K");
    assert_wrong("--token-live", " 1");
    assert_wrong("--live", "none");
    assert_wrong("--address-bytes", "0");
    assert_wrong("--address-bytes", "K");
    assert_wrong("--token-bytes", "1T");
    assert_wrong("--live-bytes", "9999999999999999999");
    assert_wrong("--live-bytes", "9999999999G");
}

static void test_limits(void **state)
{
    OUTCOME(o);

    (void)state;
    READ(&o, "--address-bytes", "1K", "--token-bytes", "2M", "--live-bytes", "off", "--live", "7");
    assert_int_equal(o.result, CONFIG_RUN);
    assert_int_equal(o.config.limits.address_bytes, 1024);
    assert_int_equal(o.config.limits.token_bytes, 2 << 20);
    assert_int_equal(o.config.limits.live_bytes, 0);
    assert_int_equal(o.config.limits.live, 7);
    assert_int_equal(o.config.limits.address_rate, 600);
    READ(&o, "--rate-limit", "off");
    assert_int_equal(o.config.limits.address_rate, 0);
    assert_int_equal(o.config.limits.token_rate, 0);
    assert_int_equal(o.config.limits.handoff_rate, 0);
    READ(&o, "--token-rate-limit", "9", "--rate-limit", "off");
    assert_int_equal(o.config.limits.token_rate, 9);
    assert_int_equal(o.config.limits.handoff_rate, 0);
    READ(&o, "--rate-limit", "5");
    assert_int_equal(o.config.limits.token_rate, 6000);
}

static void test_proxies(void **state)
{
    static const char *const wrong[] = {
        "",          ",",       "10.0.0.0/33",   "10.0.0.1/8",
        "10.0.0/8",  "::1/129", "proxy",         "10.0.0.1 10.0.0.2",
        "10.0.0.1,", "::1/-1",  "2001:db8::1/32"};
    OUTCOME(o);

    (void)state;
    READ(&o, "--trusted-proxies", "10.0.0.0/8, 192.0.2.1,unix , 2001:db8::/32");
    assert_int_equal(o.result, CONFIG_RUN);
    assert_true(o.config.proxies.unix_socket);
    assert_int_equal(o.config.proxies.count, 3);
    assert_int_equal(o.config.proxies.networks[0].bits, 96 + 8);
    assert_int_equal(o.config.proxies.networks[0].address[12], 10);
    assert_int_equal(o.config.proxies.networks[1].bits, 128);
    assert_int_equal(o.config.proxies.networks[2].bits, 32);
    assert_false(o.config.submissions_open);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_wrong("--trusted-proxies", wrong[i]);
}

static void test_what_goes_together(void **state)
{
    OUTCOME(o);

    (void)state;
    READ(&o, "--tls-cert", "/a");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "tls-cert and tls-key go together"));
    READ(&o, "--tls-cert", "/a", "--tls-key", "/b", "--listen", "0.0.0.0:443");
    assert_int_equal(o.result, CONFIG_RUN);
    assert_null(o.config.warnings[0]);
    READ(&o, "--listen", "0.0.0.0:80");
    assert_non_null(strstr(o.config.warnings[0], "without TLS"));
    READ(&o, "--listen", "0.0.0.0:80", "--trusted-proxies", "10.0.0.1");
    assert_null(o.config.warnings[0]);
    READ(&o, "--base-url", "http://handoff.example");
    assert_non_null(strstr(o.config.warnings[0], "base-url is http"));
    READ(&o, "--listen", "unix:/run/handoff.sock");
    assert_string_equal(o.config.listen.path, "/run/handoff.sock");
    assert_false(o.config.submissions_open);
}

/* ---- the file ---- */

/* Reads a file of this content with further words on the command line. */
static void read_file(struct outcome *o, const char *content, mode_t mode, const char *word,
                      const char *value)
{
    const char *tmp = getenv("TMPDIR");
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "%s/handoff-conf-XXXXXX", tmp != NULL ? tmp : "/tmp");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    READ(o, "--config", path, word, value);
    unlink(path);
}

static void test_file(void **state)
{
    OUTCOME(o);

    (void)state;
    read_file(&o,
              "# a comment\n"
              "data = /srv/handoff\n"
              "listen=\"[::1]:9\"\n"
              "base-url = 'https://handoff.example' # another\n"
              "threads = 3\n"
              "rate-limit = off\n"
              "trusted-proxies = \"10.0.0.0/8, unix\"\n",
              0644, "--threads", "5");
    if (o.result != CONFIG_RUN)
        fail_msg("%s", o.why);
    assert_string_equal(o.config.data, "/srv/handoff");
    assert_string_equal(o.config.base_url, "https://handoff.example");
    assert_int_equal(o.config.threads, 5); /* the command line wins */
    assert_int_equal(o.config.limits.address_rate, 0);
    assert_true(o.config.proxies.unix_socket);
    config_free(&o.config);
}

static void assert_file_wrong(const char *content, const char *place, const char *words)
{
    OUTCOME(o);

    read_file(&o, content, 0600, NULL, NULL);
    assert_int_equal(o.result, CONFIG_WRONG);
    if (strstr(o.why, place) == NULL || strstr(o.why, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\" and \"%s\"", o.why, place, words);
    config_free(&o.config);
}

static void test_files_that_are_wrong(void **state)
{
    OUTCOME(o);

    (void)state;
    assert_file_wrong("data = /x\n\nthread = 3\n", ":3: ", "thread");
    assert_file_wrong("threads = 3\n# x\nthreads = 4\n", ":3: ", "threads is given twice");
    assert_file_wrong("data = /x\nthreads = many\n",
                      ":2: ", "threads must be a number from 1 to 64");
    assert_file_wrong("threads = 65\n", ":1: ", "threads must be a number from 1 to 64");
    assert_file_wrong("base-url = ftp://x\n", ":1: ", "base-url must be http");
    assert_file_wrong("data = /x\nthreads\n", ":2: ", "end of file");
    assert_file_wrong("limits {\n threads = 3\n}\n", ":1: ", "limits");
    assert_file_wrong("data = \"/x\n", ":1: ", "end of file");
    read_file(&o, "threads = 3\n", 0666, NULL, NULL);
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "others could change it"));
    config_free(&o.config);
    /* What the command line overrides must be right all the same. */
    read_file(&o, "threads = 99\n", 0600, "--threads", "2");
    assert_int_equal(o.result, CONFIG_WRONG);
    config_free(&o.config);
    READ(&o, "--config", "/nowhere/handoffd.conf");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "/nowhere/handoffd.conf: No such file"));
}

static void test_differences(void **state)
{
    const char *names[CONFIG_OPTIONS];
    struct config a = {0}, b = {0};

    (void)state;
    a.given[option_find("threads", 7)] = "3";
    b.given[option_find("threads", 7)] = "4";
    b.given[option_find("log-level", 9)] = "debug";
    b.given[option_find("data", 4)] = "/x";
    assert_int_equal(config_differences(&a, &b, names), 2);
    assert_string_equal(names[0], "data");
    assert_string_equal(names[1], "threads");
    assert_int_equal(config_differences(&b, &b, names), 0);
}

static void test_words_that_are_no_options(void **state)
{
    OUTCOME(o);

    (void)state;
    READ(&o, "--frobnicate");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "--frobnicate"));
    READ(&o, "--thread", "2"); /* no abbreviations */
    assert_int_equal(o.result, CONFIG_WRONG);
    READ(&o, "--threads", "2", "--threads=3");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "--threads is given twice"));
    READ(&o, "serve");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "serve"));
    READ(&o, "--data");
    assert_int_equal(o.result, CONFIG_WRONG);
    assert_non_null(strstr(o.why, "--data"));
}

static void test_help_has_every_option_and_version_the_version(void **state)
{
    OUTCOME(o);

    (void)state;
    READ(&o, "--help");
    assert_int_equal(o.result, CONFIG_DONE);
    for (size_t i = 0; i < CONFIG_OPTIONS; i++) {
        assert_non_null(option_rows[i].name);
        assert_non_null(strstr(o.printed, option_rows[i].name));
    }
    assert_non_null(strstr(o.printed, "--config FILE"));
    READ(&o, "--version");
    assert_int_equal(o.result, CONFIG_DONE);
    assert_non_null(strstr(o.printed, HANDOFF_VERSION));
}

static bool is_open(const char *listen, const char *base_url, const char *open)
{
    OUTCOME(o);

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
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_what_goes_together),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_files_that_are_wrong),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_words_that_are_no_options),
        cmocka_unit_test(test_help_has_every_option_and_version_the_version),
        cmocka_unit_test(test_open_by_default_on_loopback_only),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
