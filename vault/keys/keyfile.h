/*
 * The master keys' file: read with its owner and mode checked, replaced durably.
 *
 * It is text, a line for each key: "handoff-master-key-1", key id and 32 bytes as base64url,
 * separated by single spaces, LF. It has mode 0600 and belongs to the user that runs the service.
 */
#ifndef HANDOFF_VAULT_KEYS_KEYFILE_H
#define HANDOFF_VAULT_KEYS_KEYFILE_H

#include "vault/keys/secretfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KEYFILE_KEY_BYTES = 32,
    KEYFILE_KEYS = 4 /* the most in a file */
};

/* Where the key file is. */
struct keyfile_place {
    int dir_fd;       /* the data directory's */
    const char *path; /* instead of master.key in it, such as a systemd credential, which may belong
                         to root and be readable by the service's group; NULL: none */
};

struct keyfile_key {
    uint32_t id;
    uint8_t bytes[KEYFILE_KEY_BYTES];
};

/* What stands in a file; lies in a struct secret. */
struct keyfile {
    struct keyfile_key keys[KEYFILE_KEYS];
    size_t count;
    struct secretfile_identity identity;
};

/* A secret that has room for one, and what lies in such a secret. NULL when memory is short. */
struct secret *keyfile_new(void) __attribute__((warn_unused_result));
struct keyfile *keyfile_of(struct secret *s) __attribute__((nonnull));

/* Reads and checks the file. Returns 0; or, with a sentence in why, 1 when there is none, or -1. */
int keyfile_read(const struct keyfile_place *file, struct keyfile *out, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Whether the file is still the one that was read. */
bool keyfile_same(const struct keyfile_place *file, const struct keyfile *read)
    __attribute__((nonnull));

/* Adds a random key, of the id after the highest. Returns 0, or -1 when there is no room. */
int keyfile_add(struct keyfile *f) __attribute__((nonnull, warn_unused_result));

/* Replaces the file durably; an old one is overwritten by zeros before it goes. Returns 0, or -1
   with a sentence in why. */
int keyfile_write(const struct keyfile_place *file, const struct keyfile *f, char *why,
                  size_t why_size) __attribute__((nonnull, warn_unused_result));

#endif
