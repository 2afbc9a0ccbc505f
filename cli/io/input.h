/* Secrets from files and pipes, read straight into secret buffers. */
#ifndef HANDOFF_CLI_IO_INPUT_H
#define HANDOFF_CLI_IO_INPUT_H

#include "vault/protocol/encoding/secret.h"

#include <stddef.h>

/* Reads all that fd has, at most limit bytes. Returns a new secret; or NULL with errno (EFBIG when
   there is more, ENOMEM). */
struct secret *input_fd(int fd, size_t limit) __attribute__((warn_unused_result));

/* The same for a file by its name. */
struct secret *input_file(const char *path, size_t limit)
    __attribute__((nonnull, warn_unused_result));

/* Takes away one line end at the end: LF or CR LF. */
void input_strip_newline(struct secret *s) __attribute__((nonnull));

#endif
