/*
 * Goal: what is taken out of epoll twice is no fault (libmicrohttpd 0.9.75 aborts of it when two of
 * its threads end together), other faults stay faults, and no wait is longer than a tick.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

static void test_taken_out_twice(void **state)
{
    struct epoll_event event = {.events = EPOLLIN};
    const int set = epoll_create1(EPOLL_CLOEXEC);
    int ends[2];

    (void)state;
    assert_true(set >= 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), 0);
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL), 0);
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, ends[0], NULL), 0);
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, ends[0], &event), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(epoll_ctl(set, EPOLL_CTL_DEL, -1, NULL), -1);
    assert_int_equal(errno, EBADF);
    /* Returns at all, though it was asked to wait for ever. */
    assert_int_equal(epoll_wait(set, &event, 1, -1), 0);
    close(ends[0]);
    close(ends[1]);
    close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_taken_out_twice)};

    return cmocka_run_group_tests_name("epoll", tests, NULL, NULL);
}
