/*
 * Goal: one line and one write for each thing, levels leave out what they should, an overlong text
 * neither runs over nor into the next line, and a request that the service refuses because it ends
 * is no error. As JSON, every line is one object whatever words it holds, and what the operator
 * wrote cannot end a line nor colour a terminal.
 */
#include "api/base/log.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

enum { WRITTEN_MAX = 8192 };

/* Standard error as a datagram of lines: a packet pipe keeps each write apart. */
struct captured {
    int saved, from;
    char data[WRITTEN_MAX];
    size_t len; /* of the last write */
    unsigned writes;
};

static void capture(struct captured *c)
{
    int ends[2];

    memset(c, 0, sizeof(*c));
    assert_int_equal(pipe2(ends, O_DIRECT | O_NONBLOCK), 0);
    c->saved = dup(STDERR_FILENO);
    assert_true(c->saved >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
    c->from = ends[0];
}

static void release(struct captured *c)
{
    ssize_t got;

    assert_true(dup2(c->saved, STDERR_FILENO) >= 0);
    close(c->saved);
    while ((got = read(c->from, c->data, sizeof(c->data) - 1)) > 0) {
        c->len = (size_t)got;
        c->data[got] = '\0';
        c->writes++;
    }
    close(c->from);
}

static void assert_one_line(const struct captured *c)
{
    assert_int_equal(c->writes, 1);
    assert_ptr_equal(strchr(c->data, '\n'), c->data + c->len - 1);
}

static void test_a_note_is_one_line(void **state)
{
    const struct log log = {.threshold = LOG_LEVEL_INFO};
    struct captured c;

    (void)state;
    capture(&c);
    log_note(&log, LOG_LEVEL_WARNING, "the disk is slow", 42);
    release(&c);
    assert_one_line(&c);
    assert_non_null(strstr(c.data, "Z warning the disk is slow (42)\n"));
}

static void test_levels(void **state)
{
    const struct log log = {.threshold = LOG_LEVEL_WARNING};
    struct captured c;

    (void)state;
    capture(&c);
    log_note(&log, LOG_LEVEL_INFO, "left out", 0);
    log_note(&log, LOG_LEVEL_DEBUG, "left out", 0);
    release(&c);
    assert_int_equal(c.writes, 0);
    capture(&c);
    log_note(&log, LOG_LEVEL_ERROR, "told", 0);
    release(&c);
    assert_one_line(&c);
}

static void test_an_overlong_note_ends_in_its_line(void **state)
{
    const struct log log = {.threshold = LOG_LEVEL_INFO};
    char text[2000];
    struct captured c;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t len = 400; len < sizeof(text); len += 7) {
        capture(&c);
        log_note(&log, LOG_LEVEL_ERROR, text + sizeof(text) - 1 - len, 7);
        release(&c);
        assert_one_line(&c);
    }
}

static void test_a_request_is_one_line(void **state)
{
    const struct log log = {.threshold = LOG_LEVEL_DEBUG};
    const struct log_request r = {.id = 281474976710656,
                                  .method = "POST",
                                  .pattern = "/v1/handoffs/{id}/claim",
                                  .status = 410,
                                  .code = "taken",
                                  .microseconds = 312};
    struct captured c;

    (void)state;
    capture(&c);
    log_request(&log, &r);
    release(&c);
    assert_one_line(&c);
    assert_non_null(strstr(c.data, "Z info request 281474976710656 POST /v1/handoffs/{id}/claim "
                                   "410 taken 312us\n"));
}

static unsigned lines_of(enum log_level level, unsigned status, bool expected)
{
    const struct log log = {.threshold = level};
    const struct log_request r = {
        .method = "GET", .pattern = "/livez", .status = status, .expected = expected};
    struct captured c;

    capture(&c);
    log_request(&log, &r);
    release(&c);
    return c.writes;
}

static void test_request_levels_follow_the_status(void **state)
{
    (void)state;
    assert_int_equal(lines_of(LOG_LEVEL_DEBUG, 200, false), 1);
    assert_int_equal(lines_of(LOG_LEVEL_INFO, 200, false), 0);
    assert_int_equal(lines_of(LOG_LEVEL_INFO, 410, false), 1);
    assert_int_equal(lines_of(LOG_LEVEL_WARNING, 410, false), 0);
    assert_int_equal(lines_of(LOG_LEVEL_ERROR, 503, false), 1);
    assert_int_equal(lines_of(LOG_LEVEL_ERROR, 503, true), 0);
    assert_int_equal(lines_of(LOG_LEVEL_INFO, 503, true), 1);
}

/* ---- JSON ---- */

/* The one line as an object; its time has been looked at. */
static json_t *parsed(const struct captured *c)
{
    json_t *line;
    const char *time;

    assert_one_line(c);
    line = json_loadb(c->data, c->len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(line))
        fail_msg("no JSON object: %s", c->data);
    time = json_string_value(json_object_get(line, "time"));
    assert_non_null(time);
    assert_int_equal(strlen(time), strlen("2026-01-02T03:04:05Z"));
    assert_int_equal(time[10], 'T');
    assert_int_equal(time[19], 'Z');
    return line;
}

static void assert_member(const json_t *line, const char *name, const char *value)
{
    const char *is = json_string_value(json_object_get(line, name));

    assert_non_null(is);
    assert_string_equal(is, value);
}

static void test_json_notes(void **state)
{
    const struct log log = {.threshold = LOG_LEVEL_INFO, .json = true};
    struct captured c;
    json_t *line;

    (void)state;
    capture(&c);
    log_note(&log, LOG_LEVEL_WARNING, "the \"disk\" is slow", -42);
    release(&c);
    line = parsed(&c);
    assert_member(line, "level", "warning");
    assert_member(line, "message", "the \"disk\" is slow");
    assert_int_equal(json_integer_value(json_object_get(line, "number")), -42);
    assert_int_equal(json_object_size(line), 4);
    json_decref(line);
    capture(&c);
    log_note(&log, LOG_LEVEL_INFO, "serving", 0);
    log_note(&log, LOG_LEVEL_DEBUG, "left out", 0);
    release(&c);
    line = parsed(&c);
    assert_int_equal(json_object_size(line), 3);
    json_decref(line);
}

static void test_json_requests(void **state)
{
    const struct log log = {.threshold = LOG_LEVEL_DEBUG, .json = true};
    struct log_request r = {.id = 281474976710656,
                            .method = "POST",
                            .pattern = "/v1/handoffs/{id}/claim",
                            .status = 410,
                            .code = "taken",
                            .microseconds = 312};
    struct captured c;
    json_t *line;

    (void)state;
    capture(&c);
    log_request(&log, &r);
    release(&c);
    line = parsed(&c);
    assert_member(line, "level", "info");
    assert_member(line, "message", "request");
    assert_member(line, "request_id", "281474976710656");
    assert_member(line, "method", "POST");
    assert_member(line, "route", "/v1/handoffs/{id}/claim");
    assert_member(line, "code", "taken");
    assert_int_equal(json_integer_value(json_object_get(line, "status")), 410);
    assert_int_equal(json_integer_value(json_object_get(line, "microseconds")), 312);
    assert_int_equal(json_object_size(line), 9);
    json_decref(line);
    r.code = NULL;
    r.status = 200;
    capture(&c);
    log_request(&log, &r);
    release(&c);
    line = parsed(&c);
    assert_member(line, "level", "debug");
    assert_null(json_object_get(line, "code"));
    json_decref(line);
}

/* ---- the operator's words ---- */

static void test_an_operators_words_stay_in_their_line(void **state)
{
    static const struct {
        const char *given, *shown;
    } cases[] = {
        {"cannot read /srv/c.pem", "cannot read /srv/c.pem"},
        {"two\nlines\r\t", "two\\x0alines\\x0d\\x09"},
        {"\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
        {"M\xc3\xbcller \xe2\x82\xac", "M\xc3\xbcller \xe2\x82\xac"},
        {"latin \xfc", "latin \\xfc"},
        {"cut \xe2\x82", "cut \\xe2\\x82"},
        {"overlong \xc0\xaf surrogate \xed\xa0\x80",
         "overlong \\xc0\\xaf surrogate \\xed\\xa0\\x80"},
        {"C1 \xc2\x9b", "C1 \\xc2\\x9b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct log log = {.threshold = LOG_LEVEL_INFO};
        struct captured c;
        json_t *line;

        capture(&c);
        log_operator(&log, LOG_LEVEL_ERROR, cases[i].given);
        release(&c);
        assert_one_line(&c);
        assert_non_null(strstr(c.data, "Z error "));
        c.data[c.len - 1] = '\0';
        assert_string_equal(strstr(c.data, " error ") + strlen(" error "), cases[i].shown);
        log.json = true;
        capture(&c);
        log_operator(&log, LOG_LEVEL_ERROR, cases[i].given);
        release(&c);
        line = parsed(&c);
        assert_member(line, "message", cases[i].shown);
        json_decref(line);
    }
}

static void test_overlong_words_are_cut_to_a_whole_object(void **state)
{
    static const char *const fillers[] = {"a", "\"", "\n", "\xe2\x82\xac", "\xff"};
    const struct log log = {.threshold = LOG_LEVEL_INFO, .json = true};
    char text[4000];
    struct captured c;

    (void)state;
    for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
        for (size_t shift = 0; shift < 4; shift++) {
            const size_t len = strlen(fillers[i]);
            size_t at = shift;

            memset(text, 'x', shift);
            for (; at + len < sizeof(text); at += len)
                memcpy(text + at, fillers[i], len);
            text[at] = '\0';
            capture(&c);
            log_operator(&log, LOG_LEVEL_INFO, text);
            release(&c);
            json_decref(parsed(&c));
        }
}

static void test_formats_have_names(void **state)
{
    bool json = false;

    (void)state;
    assert_int_equal(log_format_parse("json", &json), 0);
    assert_true(json);
    assert_int_equal(log_format_parse("text", &json), 0);
    assert_false(json);
    assert_int_equal(log_format_parse("JSON", &json), -1);
    assert_int_equal(log_format_parse("", &json), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_note_is_one_line),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_an_overlong_note_ends_in_its_line),
        cmocka_unit_test(test_a_request_is_one_line),
        cmocka_unit_test(test_request_levels_follow_the_status),
        cmocka_unit_test(test_json_notes),
        cmocka_unit_test(test_json_requests),
        cmocka_unit_test(test_an_operators_words_stay_in_their_line),
        cmocka_unit_test(test_overlong_words_are_cut_to_a_whole_object),
        cmocka_unit_test(test_formats_have_names),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
