/*
 * The room maintenance/ does what no client asks for: it brings database, keys and directory
 * together, carries databases forward, rotates the master key, erases, and looks through the log.
 * It starts no threads.
 *
 * The upgrade is what must be done to a database before it is served, but takes more than SQL:
 * burning what lived in a backup, finding by their recipients the handoffs of the first version,
 * building the tree of a log from before it. In transactions of a bounded size; one that was
 * interrupted goes on at the next start.
 */
#ifndef HANDOFF_VAULT_MAINTENANCE_UPGRADE_H
#define HANDOFF_VAULT_MAINTENANCE_UPGRADE_H

#include "vault/keys/keyring.h"
#include "vault/store/store.h"

/* Returns 0, or -1 with a sentence in why. */
int upgrade(struct store *store, const struct keyring *keyring, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

#endif
