/*
 * A small file of secrets in the data directory: read with owner and mode checked, replaced
 * durably, the old one overwritten before it goes.
 */
#ifndef HANDOFF_VAULT_KEYS_SECRETFILE_H
#define HANDOFF_VAULT_KEYS_SECRETFILE_H

#include "vault/protocol/encoding/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum { SECRETFILE_MAX = 1024 }; /* bytes of the largest */

struct secretfile {
    int dir_fd;       /* the data directory's */
    const char *name; /* in it */
    const char *path; /* instead, such as a systemd credential, which may belong to root and be
                         readable by the service's group, and is never written; NULL: none */
};

/* By which a file is recognised as the one that was read. */
struct secretfile_identity {
    dev_t device;
    ino_t inode;
    struct timespec modified;
};

/* Reads the whole file into *text, which the caller frees. Returns 0; 1 when there is none; or -1.
   why is filled unless it is 0. */
int secretfile_read(const struct secretfile *f, struct secret **text,
                    struct secretfile_identity *identity, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Whether the file is still the one that was read. */
bool secretfile_same(const struct secretfile *f, const struct secretfile_identity *read)
    __attribute__((nonnull));

/* Replaces the file by text, of at most SECRETFILE_MAX bytes. Returns 0, or -1 with a sentence
   in why. */
int secretfile_write(const struct secretfile *f, const struct secret *text, char *why,
                     size_t why_size) __attribute__((nonnull, warn_unused_result));

/* What messages call it. */
const char *secretfile_name(const struct secretfile *f) __attribute__((nonnull));

#endif
