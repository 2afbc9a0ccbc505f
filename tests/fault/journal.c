/*
 * A library to be preloaded into handoffd: writes to the file JOURNAL, in the order in which they
 * happen, every change to the files of the folder JOURNAL_DIR, every sync, and every answer that
 * names an event. From it the tests rebuild what a lost power supply could have left at any moment,
 * and see which answers were sent before their sync. See tests/support/fault/journal.mjs.
 *
 * A record is a struct head, the file's name, and data:
 *   O  the file was made                  T  it was cut or grown to `at` bytes
 *   W  data were written at `at`          B  sync number `at` of it begins
 *   R  it got the name that is the data   E  sync number `at` has ended well
 *   U  it lost its name                   A  an answer with these data is about to be sent
 * A folder's own sync has an empty name. The shared memory of SQLite (-shm) is left out: nothing of
 * it outlives the machine.
 *
 * JOURNAL_MODE=forget-syncs leaves out B and E; JOURNAL_MODE=unsynced has SQLite run with
 * synchronous=OFF: both must turn a check red.
 */
/* Both pwrite and pwrite64 are defined here: one must not be the other's other name. */
#undef _FILE_OFFSET_BITS

#include "tests/fault/preload.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct head {
    uint32_t kind, name_len;
    uint64_t at, len;
};

enum { TEXT_MAX = 1 << 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int journal = -1;
static char folder[PATH_MAX];
static uint64_t syncs;

/* Opened before the service shuts itself in. */
__attribute__((constructor)) static void open_journal(void)
{
    const char *path = getenv("JOURNAL"), *dir = getenv("JOURNAL_DIR");
    int (*real)(const char *, int, ...);

    NEXT(real, "open");
    if (path == NULL || dir == NULL || strlen(dir) >= sizeof(folder))
        abort();
    snprintf(folder, sizeof(folder), "%s", dir);
    journal = real(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0)
        abort();
}

static bool mode_is(const char *name)
{
    const char *mode = getenv("JOURNAL_MODE");

    return mode != NULL && strcmp(mode, name) == 0;
}

/* The caller holds the lock. */
static void record(char kind, const char *name, uint64_t at, const void *data, size_t len)
{
    const struct head head = {(uint32_t)kind, (uint32_t)strlen(name), at, len};
    const struct iovec pieces[] = {
        {(void *)(uintptr_t)&head, sizeof(head)},
        {(void *)(uintptr_t)name, head.name_len},
        {(void *)(uintptr_t)data, len},
    };
    ssize_t (*real)(int, const struct iovec *, int);
    const int error = errno;

    NEXT(real, "writev");
    if (real(journal, pieces, 3) != (ssize_t)(sizeof(head) + head.name_len + len))
        abort();
    errno = error;
}

/* ---- names ---- */

/* The name within the folder of a path; NULL where it is not in there, or not followed. */
static const char *inside(const char *path)
{
    const size_t len = strlen(folder);
    const char *name;

    if (strncmp(path, folder, len) != 0 || (path[len] != '/' && path[len] != '\0'))
        return NULL;
    name = path + len + (path[len] == '/');
    return strstr(name, "-shm") == NULL && strstr(name, " (deleted)") == NULL ? name : NULL;
}

static const char *name_of(int fd, char path[PATH_MAX])
{
    char link_name[32];
    ssize_t len;
    const int error = errno;

    snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
    len = readlink(link_name, path, PATH_MAX - 1);
    errno = error;
    if (len <= 0)
        return NULL;
    path[len] = '\0';
    return inside(path);
}

/* The same for a name beside a folder's descriptor. */
static const char *name_at(int dir_fd, const char *name, char path[PATH_MAX])
{
    size_t len;

    if (name[0] == '/')
        return inside(name);
    if (dir_fd == AT_FDCWD || name_of(dir_fd, path) == NULL)
        return NULL;
    len = strlen(path);
    if (len + 1 + strlen(name) >= PATH_MAX)
        return NULL;
    path[len] = '/';
    memcpy(path + len + 1, name, strlen(name) + 1);
    return inside(path);
}

/* ---- opening ---- */

static int open_file(const char *function, int dir_fd, const char *path, int flags, mode_t mode)
{
    int (*real)(int, const char *, int, ...);
    char buffer[PATH_MAX];
    const char *name = takes_mode(flags) ? name_at(dir_fd, path, buffer) : NULL;
    struct stat st;
    bool made;
    int fd;

    NEXT(real, function);
    if (name == NULL)
        return real(dir_fd, path, flags, mode);
    pthread_mutex_lock(&lock);
    made = fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) != 0;
    fd = real(dir_fd, path, flags, mode);
    if (fd >= 0 && made)
        record('O', name, 0, NULL, 0);
    else if (fd >= 0 && (flags & O_TRUNC) != 0)
        record('T', name, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

OPENINGS

/* ---- writing ---- */

static ssize_t write_at(const char *function, int fd, const void *data, size_t len, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    ssize_t n;

    NEXT(real, function);
    if (name == NULL)
        return real(fd, data, len, at);
    pthread_mutex_lock(&lock);
    n = real(fd, data, len, at);
    if (n > 0)
        record('W', name, (uint64_t)at, data, (size_t)n);
    pthread_mutex_unlock(&lock);
    return n;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return write_at("pwrite", fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    return write_at("pwrite64", fd, data, len, at);
}

ssize_t write(int fd, const void *data, size_t len)
{
    ssize_t (*real)(int, const void *, size_t);
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    off64_t at;
    ssize_t n;

    NEXT(real, "write");
    if (name == NULL)
        return real(fd, data, len);
    pthread_mutex_lock(&lock);
    at = lseek64(fd, 0, SEEK_CUR);
    n = real(fd, data, len);
    if (n > 0)
        record('W', name, (uint64_t)at, data, (size_t)n);
    pthread_mutex_unlock(&lock);
    return n;
}

static int cut(const char *function, int fd, off64_t size)
{
    int (*real)(int, off64_t);
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    int rc;

    NEXT(real, function);
    if (name == NULL)
        return real(fd, size);
    pthread_mutex_lock(&lock);
    rc = real(fd, size);
    if (rc == 0)
        record('T', name, (uint64_t)size, NULL, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}

int ftruncate(int fd, off_t size)
{
    return cut("ftruncate", fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return cut("ftruncate64", fd, size);
}

/* ---- names that change ---- */

int renameat(int old_fd, const char *from, int new_fd, const char *to)
{
    int (*real)(int, const char *, int, const char *);
    char old_path[PATH_MAX], new_path[PATH_MAX];
    const char *old = name_at(old_fd, from, old_path), *new = name_at(new_fd, to, new_path);
    int rc;

    NEXT(real, "renameat");
    pthread_mutex_lock(&lock);
    rc = real(old_fd, from, new_fd, to);
    if (rc == 0 && old != NULL && new != NULL)
        record('R', old, 0, new, strlen(new));
    pthread_mutex_unlock(&lock);
    return rc;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int dir_fd, const char *path, int flags)
{
    int (*real)(int, const char *, int);
    char buffer[PATH_MAX];
    const char *name = name_at(dir_fd, path, buffer);
    int rc;

    NEXT(real, "unlinkat");
    pthread_mutex_lock(&lock);
    rc = real(dir_fd, path, flags);
    if (rc == 0 && name != NULL)
        record('U', name, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return rc;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

/* ---- syncs ---- */

static int sync_file(const char *function, int fd)
{
    int (*real)(int);
    char path[PATH_MAX];
    const char *name = mode_is("forget-syncs") ? NULL : name_of(fd, path);
    uint64_t number;
    int rc;

    NEXT(real, function);
    if (name == NULL)
        return real(fd);
    pthread_mutex_lock(&lock);
    number = ((uint64_t)getpid() << 30) + ++syncs; /* commands beside the service sync too */
    record('B', name, number, NULL, 0);
    pthread_mutex_unlock(&lock);
    rc = real(fd);
    pthread_mutex_lock(&lock);
    if (rc == 0)
        record('E', name, number, NULL, 0);
    pthread_mutex_unlock(&lock);
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
    const char *found = strstr(text, full);
    char *changed;
    int rc;

    NEXT(real, "sqlite3_exec");
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

static void record_answer(const void *data, size_t len)
{
    if (memmem(data, len, answer_mark, sizeof(answer_mark) - 1) == NULL)
        return;
    pthread_mutex_lock(&lock);
    record('A', "", 0, data, len);
    pthread_mutex_unlock(&lock);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);

    NEXT(real, "send");
    record_answer(data, len);
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
    record_answer(text, len);
    free(text);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*real)(int, const struct msghdr *, int);

    NEXT(real, "sendmsg");
    record_pieces(message->msg_iov, message->msg_iovlen);
    return real(fd, message, flags);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    ssize_t (*real)(int, const struct iovec *, int);

    NEXT(real, "writev");
    record_pieces(pieces, (size_t)count);
    return real(fd, pieces, count);
}
