/* Bytes that must have arrived: on stdout, or in a file that is either whole or not there. */
#ifndef HANDOFF_CLI_IO_OUTPUT_H
#define HANDOFF_CLI_IO_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes all len bytes to fd. Returns 0, or -1 with errno. */
int output_all(int fd, const void *data, size_t len) __attribute__((warn_unused_result));

/* Writes to stdout as it is, and to the disk when that is a file. Returns 0, or -1 with errno: then
   not all of it has arrived. What a person may see goes through terminal_print. */
int output_stdout(const void *data, size_t len) __attribute__((warn_unused_result));

/* Flushes what went to stdout by stdio. Returns 0, or -1 with errno. */
int output_flush(void) __attribute__((warn_unused_result));

/* A file in the making. A zeroed struct is nothing. */
struct output_file {
    int fd; /* valid while temp is not empty */
    char path[PATH_MAX], temp[PATH_MAX];
};

/* Makes a temporary file (0600) beside path. Returns 0, or -1 with errno. */
int output_file_begin(struct output_file *f, const char *path)
    __attribute__((nonnull, warn_unused_result));

/* Writes the content, brings it to the disk and gives it its name, which must not be taken yet
   unless replace is true. Returns 0, or -1 with errno (EEXIST when it is taken); the temporary file
   is gone then. */
int output_file_finish(struct output_file *f, const void *data, size_t len, bool replace)
    __attribute__((nonnull(1), warn_unused_result));

/* Removes the temporary file, if there is one. */
void output_file_drop(struct output_file *f) __attribute__((nonnull));

/* Begins and finishes at once. */
int output_file_write(const char *path, const void *data, size_t len, bool replace)
    __attribute__((nonnull(1), warn_unused_result));

#endif
