#include "vault/keys/keyring.h"

#include "vault/keys/keyfile.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BYTES = 32, AD_MAX = 32, SUBKEY_TAGS = 3, SUBKEY_CHECK = 4 };

static const char context[] = "hoffrest"; /* crypto_kdf's, of exactly 8 characters */

/* The keys derived from a master key; it is not kept itself. */
struct derived {
    uint32_t id; /* 0: none */
    uint8_t purposes[KEYRING_PURPOSES][KEY_BYTES];
    uint8_t first_tag_key[KEY_BYTES];
    uint8_t check[KEY_BYTES];
};

struct material {
    struct derived keys[KEYFILE_KEYS];
    uint8_t tag_key[KEY_BYTES];
};

struct keyring {
    struct secret *memory;  /* one struct material */
    struct secret *file;    /* one struct keyfile: how the file was; its keys are wiped */
    pthread_rwlock_t *lock; /* for the material; apart, so that it locks behind a const pointer */
    pthread_rwlock_t lock_itself;
};

static struct material *material_of(const struct keyring *k)
{
    return (struct material *)(void *)secret_data(k->memory);
}

/* ---- under the lock ---- */

static const struct derived *find(const struct keyring *k, uint32_t id)
{
    const struct material *m = material_of(k);

    for (size_t i = 0; i < KEYFILE_KEYS; i++)
        if (id != 0 && m->keys[i].id == id)
            return &m->keys[i];
    return NULL;
}

static const struct derived *current(const struct keyring *k)
{
    const struct material *m = material_of(k);
    const struct derived *newest = &m->keys[0];

    for (size_t i = 1; i < KEYFILE_KEYS; i++)
        if (m->keys[i].id > newest->id)
            newest = &m->keys[i];
    return newest;
}

static void derive_check(uint8_t check[KEY_BYTES], const struct keyfile_key *key)
{
    crypto_kdf_derive_from_key(check, KEY_BYTES, SUBKEY_CHECK, context, key->bytes);
}

/* Whether a key of the file is the one of that id that is here. */
static bool is_same(const struct derived *d, const struct keyfile_key *key)
{
    uint8_t check[KEY_BYTES];

    derive_check(check, key);
    return sodium_memcmp(check, d->check, KEY_BYTES) == 0;
}

/* Takes a key in; one that is there already stays. Returns 1 when it was new, 0, or -1 when there
   is no room, or another key of its id. */
static int take(struct keyring *k, const struct keyfile_key *key)
{
    struct material *m = material_of(k);
    const struct derived *known = find(k, key->id);

    if (known != NULL)
        return is_same(known, key) ? 0 : -1;
    for (size_t i = 0; i < KEYFILE_KEYS; i++) {
        struct derived *d = &m->keys[i];

        if (d->id != 0)
            continue;
        for (unsigned p = 0; p < KEYRING_PURPOSES; p++)
            crypto_kdf_derive_from_key(d->purposes[p], KEY_BYTES, p + 1, context, key->bytes);
        crypto_kdf_derive_from_key(d->first_tag_key, KEY_BYTES, SUBKEY_TAGS, context, key->bytes);
        derive_check(d->check, key);
        d->id = key->id;
        return 1;
    }
    return -1;
}

/* ---- opening, adding, destroying ---- */

static int take_all(struct keyring *k, struct keyfile *f)
{
    int rc = 0;

    pthread_rwlock_wrlock(k->lock);
    for (size_t i = 0; i < f->count && rc >= 0; i++) {
        const int taken = take(k, &f->keys[i]);

        rc = taken < 0 ? -1 : rc | taken;
    }
    pthread_rwlock_unlock(k->lock);
    sodium_memzero(f->keys, sizeof(f->keys));
    return rc;
}

static struct keyring *new_keyring(void)
{
    struct keyring *k = calloc(1, sizeof(*k));

    if (k == NULL)
        return NULL;
    if (pthread_rwlock_init(&k->lock_itself, NULL) == 0)
        k->lock = &k->lock_itself;
    k->memory = secret_new(sizeof(struct material));
    k->file = keyfile_new();
    if (k->lock != NULL && k->file != NULL && k->memory != NULL &&
        secret_resize(k->memory, sizeof(struct material)) == 0) {
        memset(material_of(k), 0, sizeof(struct material));
        return k;
    }
    keyring_close(k);
    return NULL;
}

struct keyring *keyring_open(const struct keyfile_place *file, bool may_create, char *why,
                             size_t why_size)
{
    struct keyring *k = new_keyring();
    struct keyfile *f;
    int rc;

    snprintf(why, why_size, "out of memory");
    if (k == NULL)
        return NULL;
    f = keyfile_of(k->file);
    rc = keyfile_read(file, f, why, why_size);
    if (rc == 1 && !may_create)
        snprintf(why, why_size,
                 "%s is missing, and the database was made under it: put it back (without it no "
                 "envelope can be opened)",
                 file->path != NULL ? file->path : "master.key");
    if (rc == 1 && may_create && file->path == NULL) {
        *f = (struct keyfile){0};
        if (keyfile_add(f) == 0 && keyfile_write(file, f, why, why_size) == 0)
            rc = keyfile_read(file, f, why, why_size);
    }
    if (rc == 0 && take_all(k, f) >= 0)
        return k;
    keyring_close(k);
    return NULL;
}

void keyring_close(struct keyring *k)
{
    if (k == NULL)
        return;
    secret_free(k->memory);
    secret_free(k->file);
    if (k->lock != NULL)
        pthread_rwlock_destroy(k->lock);
    free(k);
}

int keyring_reload(struct keyring *k, const struct keyfile_place *file, char *why, size_t why_size)
{
    struct keyfile *f = keyfile_of(k->file);
    int rc;

    if (keyfile_same(file, f))
        return 0;
    if (keyfile_read(file, f, why, why_size) != 0)
        return -1;
    rc = take_all(k, f);
    if (rc < 0)
        snprintf(why, why_size,
                 "the key file has more keys than there is room for, or another key under a number "
                 "that is in use: put back the file as it was");
    return rc;
}

uint32_t keyring_extend(const struct keyfile_place *file, char *why, size_t why_size)
{
    struct secret *memory = keyfile_new();
    struct keyfile *f;
    uint32_t id = 0;

    snprintf(why, why_size, "out of memory");
    if (memory == NULL)
        return 0;
    f = keyfile_of(memory);
    if (keyfile_read(file, f, why, why_size) == 0) {
        snprintf(why, why_size, "the key file is full: a rotation is under way");
        if (keyfile_add(f) == 0 && keyfile_write(file, f, why, why_size) == 0)
            id = f->keys[f->count - 1].id;
    }
    secret_free(memory);
    return id;
}

int keyring_shrink(struct keyring *k, const struct keyfile_place *file)
{
    struct keyfile *f = keyfile_of(k->file);
    const uint32_t id = keyring_current(k);
    struct material *m = material_of(k);
    char why[256];
    int rc = -1;

    /* The file first: a key that it still has would be taken in again. */
    if (keyfile_read(file, f, why, sizeof(why)) != 0)
        return -1;
    if (f->count > 0 && f->keys[f->count - 1].id == id &&
        is_same(current(k), &f->keys[f->count - 1])) {
        f->keys[0] = f->keys[f->count - 1];
        sodium_memzero(&f->keys[1], sizeof(f->keys) - sizeof(f->keys[0]));
        f->count = 1;
        rc = keyfile_write(file, f, why, sizeof(why)) == 0 &&
                     keyfile_read(file, f, why, sizeof(why)) == 0
                 ? 0
                 : -1;
    }
    sodium_memzero(f->keys, sizeof(f->keys));
    if (rc != 0)
        return -1;
    pthread_rwlock_wrlock(k->lock);
    for (size_t i = 0; i < KEYFILE_KEYS; i++)
        if (m->keys[i].id != id)
            sodium_memzero(&m->keys[i], sizeof(m->keys[i]));
    pthread_rwlock_unlock(k->lock);
    return 0;
}

uint32_t keyring_current(const struct keyring *k)
{
    uint32_t id;

    pthread_rwlock_rdlock(k->lock);
    id = current(k)->id;
    pthread_rwlock_unlock(k->lock);
    return id;
}

size_t keyring_count(const struct keyring *k)
{
    size_t count = 0;

    pthread_rwlock_rdlock(k->lock);
    for (size_t i = 0; i < KEYFILE_KEYS; i++)
        count += material_of(k)->keys[i].id != 0;
    pthread_rwlock_unlock(k->lock);
    return count;
}

/* ---- sealing ---- */

static size_t bind(uint8_t out[AD_MAX + 4], const uint8_t *ad, size_t ad_len, uint32_t key_id)
{
    if (ad_len > AD_MAX)
        ad_len = AD_MAX;
    memcpy(out, ad, ad_len);
    for (int i = 0; i < 4; i++)
        out[ad_len + (size_t)i] = (uint8_t)(key_id >> (24 - 8 * i));
    return ad_len + 4;
}

uint32_t keyring_seal(const struct keyring *k, enum keyring_purpose purpose, const uint8_t *ad,
                      size_t ad_len, const uint8_t *data, size_t len, uint8_t *out)
{
    randombytes_buf(out, KEYRING_NONCE);
    return keyring_seal_with(k, purpose, ad, ad_len, data, len, out);
}

uint32_t keyring_seal_with(const struct keyring *k, enum keyring_purpose purpose, const uint8_t *ad,
                           size_t ad_len, const uint8_t *data, size_t len, uint8_t *out)
{
    uint8_t bound[AD_MAX + 4];
    const struct derived *key;
    uint32_t id;

    pthread_rwlock_rdlock(k->lock);
    key = current(k);
    id = key->id;
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + KEYRING_NONCE, NULL, data, len, bound,
                                               bind(bound, ad, ad_len, id), NULL, out,
                                               key->purposes[purpose - 1]);
    pthread_rwlock_unlock(k->lock);
    return id;
}

int keyring_unseal(const struct keyring *k, uint32_t key_id, enum keyring_purpose purpose,
                   const uint8_t *ad, size_t ad_len, const uint8_t *sealed, size_t len,
                   uint8_t *out)
{
    uint8_t bound[AD_MAX + 4];
    const size_t bound_len = bind(bound, ad, ad_len, key_id);
    const struct derived *key;
    int rc = -1;

    if (len < KEYRING_OVERHEAD)
        return -1;
    pthread_rwlock_rdlock(k->lock);
    key = find(k, key_id);
    if (key != NULL)
        rc = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + KEYRING_NONCE,
                                                        len - KEYRING_NONCE, bound, bound_len,
                                                        sealed, key->purposes[purpose - 1]);
    pthread_rwlock_unlock(k->lock);
    return rc;
}

int keyring_check(const struct keyring *k, uint32_t key_id, uint8_t check[32])
{
    const struct derived *key;

    pthread_rwlock_rdlock(k->lock);
    key = find(k, key_id);
    if (key != NULL)
        memcpy(check, key->check, KEY_BYTES);
    pthread_rwlock_unlock(k->lock);
    return key != NULL ? 0 : -1;
}

uint32_t keyring_find(const struct keyring *k, const uint8_t check[32])
{
    const struct material *m = material_of(k);
    uint32_t id = 0;

    pthread_rwlock_rdlock(k->lock);
    for (size_t i = 0; i < KEYFILE_KEYS; i++)
        if (m->keys[i].id != 0 && sodium_memcmp(m->keys[i].check, check, KEY_BYTES) == 0)
            id = m->keys[i].id;
    pthread_rwlock_unlock(k->lock);
    return id;
}

/* ---- tags ---- */

int keyring_first_tag_key(struct keyring *k, uint32_t key_id)
{
    const struct derived *d;

    pthread_rwlock_wrlock(k->lock);
    d = find(k, key_id);
    if (d != NULL)
        memcpy(material_of(k)->tag_key, d->first_tag_key, KEY_BYTES);
    pthread_rwlock_unlock(k->lock);
    return d != NULL ? 0 : -1;
}

static const uint8_t tag_key_ad[] = "tag-key";

void keyring_wrap_tag_key(const struct keyring *k, uint8_t out[KEYRING_WRAPPED])
{
    uint8_t key[KEY_BYTES];
    uint32_t id;

    pthread_rwlock_rdlock(k->lock);
    memcpy(key, material_of(k)->tag_key, KEY_BYTES);
    pthread_rwlock_unlock(k->lock);
    id = keyring_seal(k, KEYRING_DETAILS, tag_key_ad, sizeof(tag_key_ad), key, KEY_BYTES, out + 4);
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(id >> (24 - 8 * i));
    sodium_memzero(key, sizeof(key));
}

int keyring_unwrap_tag_key(struct keyring *k, const uint8_t wrapped[KEYRING_WRAPPED])
{
    const uint32_t id = (uint32_t)wrapped[0] << 24 | (uint32_t)wrapped[1] << 16 |
                        (uint32_t)wrapped[2] << 8 | wrapped[3];
    uint8_t key[KEY_BYTES];

    if (keyring_unseal(k, id, KEYRING_DETAILS, tag_key_ad, sizeof(tag_key_ad), wrapped + 4,
                       KEYRING_WRAPPED - 4, key) != 0)
        return -1;
    pthread_rwlock_wrlock(k->lock);
    memcpy(material_of(k)->tag_key, key, KEY_BYTES);
    pthread_rwlock_unlock(k->lock);
    sodium_memzero(key, sizeof(key));
    return 0;
}

void keyring_tag(const struct keyring *k, const char *space, const char *text, uint8_t tag[16])
{
    crypto_generichash_state state;

    pthread_rwlock_rdlock(k->lock);
    crypto_generichash_init(&state, material_of(k)->tag_key, KEY_BYTES, 16);
    pthread_rwlock_unlock(k->lock);
    crypto_generichash_update(&state, (const uint8_t *)space, strlen(space));
    crypto_generichash_update(&state, (const uint8_t *)text, strlen(text));
    crypto_generichash_final(&state, tag, 16);
    sodium_memzero(&state, sizeof(state));
}
