/* The connections that reading threads share: as many as threads, so that none waits for long. */
#ifndef HANDOFF_VAULT_CALLS_READERS_H
#define HANDOFF_VAULT_CALLS_READERS_H

#include "vault/store/store.h"

struct readers;

/* Opens count connections (at least one). NULL with a sentence in why. */
struct readers *readers_open(const char *path, unsigned count, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));
void readers_close(struct readers *r);

/* Takes a connection, waiting for one where all are taken; give it back soon. */
struct store *readers_take(struct readers *r) __attribute__((nonnull));
void readers_give(struct readers *r, struct store *store) __attribute__((nonnull));

/* store_find on one of them. */
int readers_find(struct readers *r, const uint8_t id[16], struct store_handoff *out)
    __attribute__((nonnull, warn_unused_result));

#endif
