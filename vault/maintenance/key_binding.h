/* Brings a database and the master key that it was made under together. */
#ifndef HANDOFF_VAULT_MAINTENANCE_KEY_BINDING_H
#define HANDOFF_VAULT_MAINTENANCE_KEY_BINDING_H

#include "vault/keys/keyring.h"
#include "vault/store/store.h"

/* Opens the keyring and makes sure that one of its keys is the one that the database lies under; a
   new database gets a key, or is bound to the one that is there. Returns the keyring; or NULL with
   a sentence in why. */
struct keyring *key_binding_open(struct store *store, const struct keyfile_place *file, char *why,
                                 size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Within a transaction: binds the database to the current key from now on. *from: the key that it
   was bound to (the same one, when nothing had to be done). Returns 0 or -1. */
int key_binding_rebind(struct store *store, const struct keyring *k, uint32_t *from)
    __attribute__((nonnull, warn_unused_result));

#endif
