#include "vault/maintenance/key_binding.h"

#include <stdio.h>

static const char check_name[] = "master-key-check";
static const char tag_key_name[] = "tag-key";

enum { CHECK_BYTES = 32 };

static int keep_tag_key(struct store *store, const struct keyring *k)
{
    uint8_t wrapped[KEYRING_WRAPPED];

    keyring_wrap_tag_key(k, wrapped);
    return store_set_value(store, tag_key_name, wrapped, sizeof(wrapped));
}

static int keep_check(struct store *store, const struct keyring *k)
{
    uint8_t check[CHECK_BYTES];

    if (keyring_check(k, keyring_current(k), check) != 0)
        return -1;
    return store_set_value(store, check_name, check, sizeof(check));
}

int key_binding_rebind(struct store *store, const struct keyring *k, uint32_t *from)
{
    uint8_t check[CHECK_BYTES];
    size_t len = sizeof(check);

    if (store_value(store, check_name, check, &len) != 0)
        return -1;
    *from = keyring_find(k, check);
    if (*from == keyring_current(k))
        return 0;
    return keep_check(store, k) == 0 && keep_tag_key(store, k) == 0 ? 0 : -1;
}

/* Binds a database to its first key, and keeps the key for tags of one that has none yet. */
static int settle(struct store *store, struct keyring *k, bool bound)
{
    struct store_head head;

    if (store_begin(store, &head) != 0)
        return -1;
    if ((!bound && keep_check(store, k) != 0) || keep_tag_key(store, k) != 0) {
        store_rollback(store);
        return -1;
    }
    return store_commit(store) == 0 ? 0 : -1;
}

/* Takes the key for tags out of the database. Returns 0, STORE_NONE when it has none, or -1. */
static int take_tag_key(struct store *store, struct keyring *k)
{
    uint8_t wrapped[KEYRING_WRAPPED];
    size_t len = sizeof(wrapped);
    const int rc = store_value(store, tag_key_name, wrapped, &len);

    if (rc != 0)
        return rc;
    return len == sizeof(wrapped) ? keyring_unwrap_tag_key(k, wrapped) : -1;
}

struct keyring *key_binding_open(struct store *store, const struct keyfile_place *file, char *why,
                                 size_t why_size)
{
    uint8_t check[CHECK_BYTES];
    size_t len = sizeof(check);
    const int bound = store_value(store, check_name, check, &len);
    struct keyring *k;
    uint32_t id;
    int rc;

    if (bound < 0 || (bound == 0 && len != sizeof(check))) {
        snprintf(why, why_size, "the database cannot be read");
        return NULL;
    }
    k = keyring_open(file, bound == STORE_NONE, why, why_size);
    if (k == NULL)
        return NULL;
    id = bound == 0 ? keyring_find(k, check) : keyring_current(k);
    if (id == 0) {
        snprintf(why, why_size,
                 "%s is not the key that the database was made under: put the right one back",
                 file->path != NULL ? file->path : "master.key");
        goto fail;
    }
    rc = take_tag_key(store, k);
    if (rc == STORE_NONE &&
        (keyring_first_tag_key(k, id) != 0 || settle(store, k, bound == 0) != 0)) {
        snprintf(why, why_size, "the database cannot be written; is the disk full?");
        goto fail;
    }
    if (rc >= 0)
        return k;
    snprintf(why, why_size, "the database's key for tags is damaged: restore a backup");
fail:
    keyring_close(k);
    return NULL;
}
