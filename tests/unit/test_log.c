/*
 * Goal: one line and one write for each thing, levels leave out what they should, an overlong text
 * neither runs over nor into the next line, and a request that the service refuses because it ends
 * is no error.
 */
#include "api/log.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { WRITTEN_MAX = 4096 };

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
    const struct log log = {LOG_LEVEL_INFO};
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
    const struct log log = {LOG_LEVEL_WARNING};
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
    const struct log log = {LOG_LEVEL_INFO};
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
    const struct log log = {LOG_LEVEL_DEBUG};
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
    const struct log log = {level};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_note_is_one_line),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_an_overlong_note_ends_in_its_line),
        cmocka_unit_test(test_a_request_is_one_line),
        cmocka_unit_test(test_request_levels_follow_the_status),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
