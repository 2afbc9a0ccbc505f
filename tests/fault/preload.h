/*
 * For libraries that tests preload into a program: reaching what a call would have reached without
 * them, and standing in for all the ways to open a file.
 */
#ifndef HANDOFF_TESTS_FAULT_PRELOAD_H
#define HANDOFF_TESTS_FAULT_PRELOAD_H

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* The function that a call would have reached without this library, into a pointer of its type. */
#define NEXT(real, name)                                                                           \
    do {                                                                                           \
        void *f_ = dlsym(RTLD_NEXT, name);                                                         \
        if (f_ == NULL)                                                                            \
            abort();                                                                               \
        memcpy(&(real), &f_, sizeof(real));                                                        \
    } while (0)

static inline bool takes_mode(int flags)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0;
}

/* Defines one of them by open_file(function, dir_fd, path, flags, mode) of the library's. */
#define OPENING(signature, dir_fd, with)                                                           \
    signature                                                                                      \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        va_list more;                                                                              \
                                                                                                   \
        va_start(more, flags);                                                                     \
        if (takes_mode(flags))                                                                     \
            mode = va_arg(more, mode_t);                                                           \
        va_end(more);                                                                              \
        return open_file(with, dir_fd, path, flags, mode);                                         \
    }

/* All of them. */
#define OPENINGS                                                                                   \
    OPENING(int open(const char *path, int flags, ...), AT_FDCWD, "openat")                        \
    OPENING(int open64(const char *path, int flags, ...), AT_FDCWD, "openat64")                    \
    OPENING(int openat(int dir_fd, const char *path, int flags, ...), dir_fd, "openat")            \
    OPENING(int openat64(int dir_fd, const char *path, int flags, ...), dir_fd, "openat64")

#endif
