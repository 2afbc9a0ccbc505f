/*
 * Preloaded into handoffd by a test: records in which order events are written to the write-ahead
 * log
 * ("W n …"), the log is synced ("S") and answers that name an event are sent ("A status n"). With
 * RECORDER_DROP_SYNCS set the syncs of the log are left out: the control that must turn the test
 * red.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int log_fd(void)
{
    static int fd = -2;

    if (fd == -2) {
        const char *path = getenv("RECORDER_LOG");

        fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    }
    return fd;
}

static void record(const char *line, size_t len)
{
    if (log_fd() >= 0)
        (void)!syscall(SYS_write, log_fd(), line, len);
}

static bool is_wal(int fd)
{
    static const char suffix[] = "-wal";
    char link[64], path[512];
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path));
    return n > 4 && memcmp(path + n - 4, suffix, 4) == 0;
}

/* Appends the number that follows mark at *at to line; moves *at behind it. Returns whether one
 * did. */
static bool next_number(const char **at, const char *end, const char *mark, char *line, size_t size)
{
    const char *found = memmem(*at, (size_t)(end - *at), mark, strlen(mark));
    size_t len = strlen(line);

    if (found == NULL)
        return false;
    found += strlen(mark);
    if (len + 24 > size)
        return false;
    line[len++] = ' ';
    while (found < end && *found >= '0' && *found <= '9' && len + 2 < size)
        line[len++] = *found++;
    line[len] = '\0';
    *at = found;
    return true;
}

static void record_write(const void *data, size_t len)
{
    const char *at = data, *end = at + len;
    char line[4096] = "W";

    while (next_number(&at, end, "{\"v\":1,\"n\":", line, sizeof(line) - 2))
        ;
    if (line[1] == '\0')
        return;
    strcat(line, "\n");
    record(line, strlen(line));
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    if (is_wal(fd))
        record_write(data, len);
    return syscall(SYS_pwrite64, fd, data, len, offset);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return pwrite64(fd, data, len, offset);
}

static int sync_with(long call, int fd)
{
    const bool wal = is_wal(fd);
    int rc;

    if (wal && getenv("RECORDER_DROP_SYNCS") != NULL)
        return 0;
    rc = (int)syscall(call, fd);
    if (rc == 0 && wal)
        record("S\n", 2);
    return rc;
}

int fdatasync(int fd)
{
    return sync_with(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return sync_with(SYS_fsync, fd);
}

/* The head and the body of an answer may come in one piece or two: each names what it holds. */
static void record_answer(const void *data, size_t len)
{
    const char *at = data, *end = at + len;
    char line[128] = "A";

    if (!next_number(&at, end, "\"event\":{\"index\":", line, sizeof(line) - 2))
        return;
    strcat(line, "\n");
    record(line, strlen(line));
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    record_answer(data, len);
    return syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    for (size_t i = 0; i < message->msg_iovlen; i++)
        record_answer(message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
    return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    for (int i = 0; i < count; i++)
        record_answer(pieces[i].iov_base, pieces[i].iov_len);
    return syscall(SYS_writev, fd, pieces, count);
}
