/*
 * Goal: connections are spread evenly, a loop that has lost some gets the next ones; at the limit
 * who comes waits and is taken when there is room; and closing leaves nobody behind who
 * was connected before. The loops are this file's.
 */
#include "api/net/acceptor.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOOPS = 3, EACH = 4, ALL = LOOPS * EACH, PATIENCE_MS = 10000 };

struct loop {
    atomic_uint connections;
};

struct fixture {
    struct loop loops[LOOPS];
    struct loop *list[LOOPS];
    struct sockaddr_in address;
    struct acceptor *acceptor;
    int fd, clients[2 * ALL];
    unsigned count;
};

void loop_give(struct loop *l, int fd, const struct sockaddr_storage *address, socklen_t len)
{
    assert_int_equal(address->ss_family, AF_INET);
    assert_int_equal(len, sizeof(struct sockaddr_in));
    close(fd);
    atomic_fetch_add(&l->connections, 1);
}

unsigned loop_connections(const struct loop *l)
{
    return atomic_load(&l->connections);
}

static void start(struct fixture *f, unsigned limit)
{
    socklen_t len = sizeof(f->address);

    memset(f, 0, sizeof(*f));
    for (unsigned i = 0; i < LOOPS; i++)
        f->list[i] = &f->loops[i];
    f->address.sin_family = AF_INET;
    f->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(f->fd, (struct sockaddr *)&f->address, len), 0);
    assert_int_equal(getsockname(f->fd, (struct sockaddr *)&f->address, &len), 0);
    assert_int_equal(listen(f->fd, 64), 0);
    f->acceptor = acceptor_open(f->fd, f->list, LOOPS, limit);
    assert_non_null(f->acceptor);
}

static void finish(struct fixture *f)
{
    acceptor_close(f->acceptor);
    for (unsigned i = 0; i < f->count; i++)
        close(f->clients[i]);
    close(f->fd);
}

static void come(struct fixture *f, unsigned count)
{
    while (count-- > 0) {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&f->address, sizeof(f->address)), 0);
        f->clients[f->count++] = fd;
    }
}

static unsigned given(const struct fixture *f)
{
    unsigned all = 0;

    for (unsigned i = 0; i < LOOPS; i++)
        all += loop_connections(&f->loops[i]);
    return all;
}

static void await(const struct fixture *f, unsigned wanted)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (unsigned i = 0; given(f) != wanted && i < PATIENCE_MS; i++)
        nanosleep(&pause, NULL);
    assert_int_equal(given(f), wanted);
}

static void test_spread_evenly(void **state)
{
    struct fixture f;

    (void)state;
    start(&f, 2 * ALL);
    come(&f, ALL);
    await(&f, ALL);
    for (unsigned i = 0; i < LOOPS; i++)
        assert_int_equal(loop_connections(&f.loops[i]), EACH);
    atomic_store(&f.loops[1].connections, 0);
    come(&f, EACH);
    await(&f, ALL);
    for (unsigned i = 0; i < LOOPS; i++)
        assert_int_equal(loop_connections(&f.loops[i]), EACH);
    finish(&f);
}

static void test_the_limit_waits(void **state)
{
    const struct timespec moment = {.tv_nsec = 100000000};
    struct fixture f;

    (void)state;
    start(&f, EACH);
    come(&f, EACH + 1);
    await(&f, EACH);
    nanosleep(&moment, NULL);
    assert_int_equal(given(&f), EACH);
    atomic_fetch_sub(&f.loops[0].connections, 1);
    await(&f, EACH);
    finish(&f);
}

static void test_closing_leaves_nobody(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 50; round++) {
        struct fixture f;

        start(&f, ALL);
        come(&f, ALL);
        finish(&f);
        assert_int_equal(given(&f), ALL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spread_evenly),
        cmocka_unit_test(test_the_limit_waits),
        cmocka_unit_test(test_closing_leaves_nobody),
    };

    return cmocka_run_group_tests_name("acceptor", tests, NULL, NULL);
}
