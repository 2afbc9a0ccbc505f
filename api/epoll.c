/*
 * Two faults of libmicrohttpd are mended by taking the place of the C library's functions in this
 * program.
 *
 * It (0.9.75, and 1.0 too) asks epoll for 128 events, and when it gets just as many, asks again
 * with its full timeout before it serves them: 128 clients of one thread that are all ready at
 * once, and all wait for their answers, then wait for ever. No wait is longer than a tick here: the
 * stall ends with it.
 *
 * When the service ends, both the thread that says so and each thread that serves take the
 * listening socket out of epoll, and 0.9.75 aborts when it finds that the other was faster. What is
 * to be taken out and is not there is as good as taken out.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TICK_MS = 50 };

int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout)
{
    if (timeout < 0 || timeout > TICK_MS)
        timeout = TICK_MS;
    return (int)syscall(SYS_epoll_pwait, epfd, events, maxevents, timeout, NULL, 0);
}

int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
    const int rc = (int)syscall(SYS_epoll_ctl, epfd, op, fd, event);

    return rc != 0 && op == EPOLL_CTL_DEL && errno == ENOENT ? 0 : rc;
}
