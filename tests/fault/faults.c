/*
 * A library to be preloaded into handoffd and handoff: the n-th call of a kind fails, as it would
 * on a bad disk, a full one, or a machine out of memory. What fails is told through the file
 * FAULTS, which it shares with the test: a struct orders. See tests/support/fault/faults.mjs.
 */
/* Both pwrite and pwrite64 are defined here: one must not be the other's other name. */
#undef _FILE_OFFSET_BITS

#include "tests/fault/preload.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { WRITE, SYNC, OPEN, CUT, READ, MEMORY, MAP, THREAD, NAME, KINDS };

/* Shared with the test. Calls are counted always; the one whose number is `at` fails, or, where
   `on` is set, it and all after it. 0: none. */
struct orders {
    struct order {
        _Atomic uint64_t calls, at, failed;
        _Atomic uint32_t error; /* what errno becomes */
        _Atomic uint32_t on;
        _Atomic uint32_t partly; /* a write does half of its work instead */
        uint32_t unused;
    } of[KINDS];
};

static struct orders *orders;

/* Mapped before the service shuts itself in. */
__attribute__((constructor)) static void map_orders(void)
{
    const char *path = getenv("FAULTS");
    int (*real)(const char *, int, ...);
    void *at;
    int fd;

    NEXT(real, "open");
    fd = path != NULL ? real(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        abort();
    at = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        abort();
    orders = at;
}

/* Whether this call fails; errno is set then. */
static bool fails(enum kind kind)
{
    struct order *o = orders != NULL ? &orders->of[kind] : NULL;
    uint64_t call, at;

    if (o == NULL)
        return false;
    call = atomic_fetch_add(&o->calls, 1) + 1;
    at = atomic_load(&o->at);
    if (at == 0 || call < at || (call > at && atomic_load(&o->on) == 0))
        return false;
    atomic_fetch_add(&o->failed, 1);
    errno = (int)atomic_load(&o->error);
    return true;
}

/* ---- files: sockets and pipes are the network's, and not counted ---- */

static bool is_file(int fd)
{
    struct stat st;
    const int error = errno;
    const bool is = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

    errno = error;
    return is;
}

static size_t half_of(size_t len)
{
    return orders->of[WRITE].partly != 0 ? len / 2 : 0;
}

static ssize_t write_at(const char *function, int fd, const void *data, size_t len, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t);

    NEXT(real, function);
    if (!is_file(fd) || !fails(WRITE))
        return real(fd, data, len, at);
    return half_of(len) > 0 ? real(fd, data, half_of(len), at) : -1;
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

    NEXT(real, "write");
    if (!is_file(fd) || !fails(WRITE))
        return real(fd, data, len);
    return half_of(len) > 0 ? real(fd, data, half_of(len)) : -1;
}

static ssize_t read_at(const char *function, int fd, void *data, size_t len, off64_t at)
{
    ssize_t (*real)(int, void *, size_t, off64_t);

    NEXT(real, function);
    return fails(READ) ? -1 : real(fd, data, len, at);
}

ssize_t pread(int fd, void *data, size_t len, off_t at)
{
    return read_at("pread", fd, data, len, at);
}

ssize_t pread64(int fd, void *data, size_t len, off64_t at)
{
    return read_at("pread64", fd, data, len, at);
}

ssize_t read(int fd, void *data, size_t len)
{
    ssize_t (*real)(int, void *, size_t);

    NEXT(real, "read");
    return is_file(fd) && fails(READ) ? -1 : real(fd, data, len);
}

int fsync(int fd)
{
    int (*real)(int);

    NEXT(real, "fsync");
    return fails(SYNC) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int);

    NEXT(real, "fdatasync");
    return fails(SYNC) ? -1 : real(fd);
}

int ftruncate(int fd, off_t size)
{
    int (*real)(int, off_t);

    NEXT(real, "ftruncate");
    return fails(CUT) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    int (*real)(int, off64_t);

    NEXT(real, "ftruncate64");
    return fails(CUT) ? -1 : real(fd, size);
}

static int open_file(const char *function, int dir_fd, const char *path, int flags, mode_t mode)
{
    int (*real)(int, const char *, int, ...);

    NEXT(real, function);
    return fails(OPEN) ? -1 : real(dir_fd, path, flags, mode);
}

OPENINGS

int renameat(int old_fd, const char *from, int new_fd, const char *to)
{
    int (*real)(int, const char *, int, const char *);

    NEXT(real, "renameat");
    return fails(NAME) ? -1 : real(old_fd, from, new_fd, to);
}

int unlinkat(int dir_fd, const char *path, int flags)
{
    int (*real)(int, const char *, int);

    NEXT(real, "unlinkat");
    return fails(NAME) ? -1 : real(dir_fd, path, flags);
}

int unlink(const char *path)
{
    int (*real)(const char *);

    NEXT(real, "unlink");
    return fails(NAME) ? -1 : real(path);
}

/* ---- memory and threads ---- */

/* glibc's own names for them: dlsym may allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
    return fails(MEMORY) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(MEMORY) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return fails(MEMORY) ? NULL : __libc_realloc(block, size);
}

static void *map_at(const char *function, void *where, size_t len, int protection, int flags,
                    int fd, off64_t at)
{
    void *(*real)(void *, size_t, int, int, int, off64_t);

    NEXT(real, function);
    return orders != NULL && fails(MAP) ? MAP_FAILED : real(where, len, protection, flags, fd, at);
}

void *mmap(void *where, size_t len, int protection, int flags, int fd, off_t at)
{
    return map_at("mmap", where, len, protection, flags, fd, at);
}

void *mmap64(void *where, size_t len, int protection, int flags, int fd, off64_t at)
{
    return map_at("mmap64", where, len, protection, flags, fd, at);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    NEXT(real, "pthread_create");
    return fails(THREAD) ? (int)atomic_load(&orders->of[THREAD].error)
                         : real(thread, attributes, run, arg);
}
