/*
 * Where secrets live: bounded buffers that are locked into memory, kept out of core dumps, guarded
 * by unmapped pages and wiped when freed; and a heap that wipes what libraries give back.
 *
 * What wiping cannot do: copies that the compiler spilled to a stack, a page that was swapped or
 * dumped before it was locked, and memory of other processes (a terminal's, a pipe's reader's).
 */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_SECRET_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;

/* A buffer for at most capacity bytes, empty at first. Returns NULL when memory is short. A failed
   lock is no error, but secret_all_locked() tells it. sodium_init() must have been called. */
struct secret *secret_new(size_t capacity) __attribute__((warn_unused_result));

/* Wipes and frees; NULL is nothing. */
void secret_free(struct secret *s);

/* The bytes (secret_capacity of them may be written; call secret_resize afterwards). */
uint8_t *secret_data(struct secret *s) __attribute__((nonnull));
const uint8_t *secret_bytes(const struct secret *s) __attribute__((nonnull));
size_t secret_len(const struct secret *s) __attribute__((nonnull));
size_t secret_capacity(const struct secret *s) __attribute__((nonnull));

/* Sets the length; bytes cut off are wiped. Returns 0, or -1 when len exceeds the capacity. */
int secret_resize(struct secret *s, size_t len) __attribute__((nonnull, warn_unused_result));

/* Appends len bytes. Returns 0, or -1 when they do not fit (nothing is appended then). */
int secret_append(struct secret *s, const void *data, size_t len)
    __attribute__((nonnull(1), warn_unused_result));

/* Whether every buffer so far could be locked into memory. RLIMIT_MEMLOCK usually is why not. */
bool secret_all_locked(void);

/* Forbids core dumps and ptrace by other processes of the same user for this process
   (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). Call it first in main. Returns 0, or -1 with errno. */
int secret_forbid_dumps(void) __attribute__((warn_unused_result));

/* A heap for libraries that hold secrets for a while (jansson, libcurl): each block is wiped when
   freed, and growing one copies, wipes and frees instead of leaving the old block behind. Same
   contracts as malloc, calloc, realloc, strdup and free. */
void *secret_heap_alloc(size_t size);
void *secret_heap_calloc(size_t count, size_t size);
void *secret_heap_realloc(void *block, size_t size);
char *secret_heap_strdup(const char *string);
void secret_heap_free(void *block);

/* The size that a block was asked for with; 0 for NULL. */
size_t secret_heap_size(const void *block);

/* For a library that cannot do without a block that it asks for: from here to the release, what the
   system does not give to this thread comes from a reserve of size bytes. Returns 0, or -1 when
   there is none; no two at once in a thread. */
int secret_heap_reserve(size_t size) __attribute__((warn_unused_result));

/* Whether the reserve was needed: then all that was made since must be freed before its release. */
bool secret_heap_ran_short(void);

/* Wipes and frees the reserve. */
void secret_heap_release(void);

#endif
