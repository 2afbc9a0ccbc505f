/*
 * A library to be preloaded into handoffd: writes to RECORDER_LOG in which order the write-ahead
 * log is written and synced and answers are sent. An event is recognised by its index, in the pages
 * of the log by the first members of its line, in an answer by the event that it names.
 *
 * Lines: "W n" event n was written to the write-ahead log, "B" a sync of it begins, "S" it has
 * ended well, "A n" an answer that names event n is about to be sent.
 *
 * RECORDER_MODE=forget-syncs leaves out B and S; RECORDER_MODE=unsynced has SQLite run with
 * synchronous=OFF: both must turn a check of the order red.
 */
/* Both pwrite and pwrite64 are defined here: one must not be the other's other name. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The function that a call would have reached without this library. */
static void *next(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);

    if (f == NULL)
        abort();
    return f;
}

static bool mode_is(const char *name)
{
    const char *mode = getenv("RECORDER_MODE");

    return mode != NULL && strcmp(mode, name) == 0;
}

static void record(const char *line, int len)
{
    static int out = -1;
    ssize_t (*real)(int, const void *, size_t);
    void *f = next("write");

    memcpy(&real, &f, sizeof(real));
    pthread_mutex_lock(&lock);
    if (out < 0 && getenv("RECORDER_LOG") != NULL)
        out = open(getenv("RECORDER_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0 || real(out, line, (size_t)len) != len)
        abort();
    pthread_mutex_unlock(&lock);
}

/* Records each number that follows a mark in data. */
static void record_numbers(char kind, const char *mark, const void *data, size_t len)
{
    const size_t mark_len = strlen(mark);
    const char *at = data, *const end = at + len;

    while (at != NULL && (at = memmem(at, (size_t)(end - at), mark, mark_len)) != NULL) {
        unsigned long n = 0;
        char line[32];

        at += mark_len;
        for (; at < end && *at >= '0' && *at <= '9'; at++)
            n = n * 10 + (unsigned long)(*at - '0');
        record(line, snprintf(line, sizeof(line), "%c %lu\n", kind, n));
    }
}

/* ---- the write-ahead log ---- */

static bool is_log(int fd)
{
    char name[32], path[4096];
    ssize_t len;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    len = readlink(name, path, sizeof(path));
    return len > 4 && memcmp(path + len - 4, "-wal", 4) == 0;
}

static ssize_t write_at(const char *name, int fd, const void *data, size_t len, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t);
    void *f = next(name);
    ssize_t n;

    memcpy(&real, &f, sizeof(real));
    n = real(fd, data, len, offset);
    if (is_log(fd))
        record_numbers('W', "{\"v\":1,\"n\":", data, len);
    return n;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return write_at("pwrite", fd, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    return write_at("pwrite64", fd, data, len, offset);
}

static int sync_file(const char *name, int fd)
{
    const bool watched = is_log(fd) && !mode_is("forget-syncs");
    int (*real)(int);
    void *f = next(name);
    int rc;

    memcpy(&real, &f, sizeof(real));
    if (watched)
        record("B\n", 2);
    rc = real(fd);
    if (watched && rc == 0)
        record("S\n", 2);
    return rc;
}

int fdatasync(int fd)
{
    return sync_file("fdatasync", fd);
}

int fsync(int fd)
{
    return sync_file("fsync", fd);
}

int sqlite3_exec(sqlite3 *db, const char *text, int (*each)(void *, int, char **, char **),
                 void *ctx, char **why)
{
    static const char full[] = "synchronous=FULL";
    int (*real)(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
    void *f = next("sqlite3_exec");
    const char *found = strstr(text, full);
    char *changed;
    int rc;

    memcpy(&real, &f, sizeof(real));
    if (found == NULL || !mode_is("unsynced"))
        return real(db, text, each, ctx, why);
    changed = strdup(text);
    if (changed == NULL)
        abort();
    memcpy(changed + (found - text), "synchronous=OFF ", sizeof(full) - 1);
    rc = real(db, changed, each, ctx, why);
    free(changed);
    return rc;
}

/* ---- answers ---- */

static const char answer_mark[] = "\"event\":{\"index\":";

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);
    void *f = next("send");

    memcpy(&real, &f, sizeof(real));
    record_numbers('A', answer_mark, data, len);
    return real(fd, data, len, flags);
}

/* A mark may lie across two pieces: they are looked at as one. */
static void record_pieces(const struct iovec *pieces, size_t count)
{
    char *text = malloc(TEXT_MAX);
    size_t len = 0;

    if (text == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        const size_t room = TEXT_MAX - len;
        const size_t part = pieces[i].iov_len < room ? pieces[i].iov_len : room;

        memcpy(text + len, pieces[i].iov_base, part);
        len += part;
    }
    record_numbers('A', answer_mark, text, len);
    free(text);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*real)(int, const struct msghdr *, int);
    void *f = next("sendmsg");

    memcpy(&real, &f, sizeof(real));
    record_pieces(message->msg_iov, message->msg_iovlen);
    return real(fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    ssize_t (*real)(int, const struct iovec *, int);
    void *f = next("writev");

    memcpy(&real, &f, sizeof(real));
    record_pieces(pieces, (size_t)count);
    return real(fd, pieces, count);
}
