/*
 * libmicrohttpd (0.9.75, and 1.0 too) asks epoll for 128 events, and when it gets just as many,
 * asks again with its full timeout before it serves them: 128 clients of one thread that are all
 * ready at once, and all wait for their answers, then wait for ever. This takes the place of the C
 * library's function in this program and lets no wait be longer than a tick: the stall ends with
 * it.
 */
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
