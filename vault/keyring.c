#include "vault/keyring.h"

#include "vault/protocol/encoding.h"
#include "vault/protocol/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = 32, FILE_MAX = 256, AD_MAX = 32 };

static const char file_name[] = "master.key";
static const char magic[] = "handoff-master-key-1 ";
static const char context[] = "hoffrest"; /* crypto_kdf's, of exactly 8 characters */

/* The keys derived from the master key; it is not kept itself. */
struct derived {
    uint8_t purposes[2][KEY_BYTES];
    uint8_t tag[KEY_BYTES];
    uint8_t check[KEY_BYTES];
};

struct keyring {
    struct secret *memory; /* one struct derived */
    uint32_t id;
};

static const struct derived *keys_of(const struct keyring *k)
{
    return (const struct derived *)(const void *)secret_bytes(k->memory);
}

/* Reads the id and the key out of the file's text into 32 bytes of key. */
static int parse(const char *text, size_t len, uint32_t *id, uint8_t key[KEY_BYTES])
{
    const size_t magic_len = sizeof(magic) - 1;
    const char *number, *space;
    uint64_t value;

    if (len < magic_len || memcmp(text, magic, magic_len) != 0)
        return -1;
    number = text + magic_len;
    space = memchr(number, ' ', len - magic_len);
    if (space == NULL || encoding_u64(&value, number, (size_t)(space - number), UINT32_MAX) != 0)
        return -1;
    if (len == 0 || text[len - 1] != '\n')
        return -1;
    *id = (uint32_t)value;
    return encoding_base64url_exact(key, KEY_BYTES, space + 1,
                                    (size_t)(text + len - 1 - (space + 1)));
}

static void derive(struct keyring *k, const uint8_t key[KEY_BYTES])
{
    struct derived *d = (struct derived *)(void *)secret_data(k->memory);

    crypto_kdf_derive_from_key(d->purposes[0], KEY_BYTES, KEYRING_ENVELOPES, context, key);
    crypto_kdf_derive_from_key(d->purposes[1], KEY_BYTES, KEYRING_DETAILS, context, key);
    crypto_kdf_derive_from_key(d->tag, KEY_BYTES, 3, context, key);
    crypto_kdf_derive_from_key(d->check, KEY_BYTES, 4, context, key);
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Makes a new key under a temporary name, and gives it its own once it is on disk. */
static int create(int dir_fd, struct secret *text)
{
    static const char temporary[] = "master.key.new";
    uint8_t *key = sodium_malloc(KEY_BYTES);
    char *line = (char *)secret_data(text);
    size_t len = (size_t)snprintf(line, secret_capacity(text), "%s1 ", magic);
    int fd = -1, rc = -1;

    if (key == NULL)
        return -1;
    randombytes_buf(key, KEY_BYTES);
    encoding_base64url(line + len, key, KEY_BYTES);
    len += ENCODING_BASE64URL_LEN(KEY_BYTES);
    line[len++] = '\n';
    sodium_free(key);
    if (secret_resize(text, len) != 0)
        return -1;

    (void)unlinkat(dir_fd, temporary, 0);
    fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    if (write_all(fd, secret_bytes(text), len) == 0 && fsync(fd) == 0 &&
        renameat(dir_fd, temporary, dir_fd, file_name) == 0 && fsync(dir_fd) == 0)
        rc = 0;
    close(fd);
    if (rc != 0)
        (void)unlinkat(dir_fd, temporary, 0);
    return rc;
}

/* Reads the file into text. Returns 0, 1 when there is none, or -1 with why. */
static int read_file(int dir_fd, struct secret *text, const char **why)
{
    const int fd = openat(dir_fd, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    ssize_t n;

    if (fd < 0 && errno == ENOENT)
        return 1;
    *why = "cannot be read";
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0)
        goto fail;
    *why = "must be a regular file that only its owner can read (chmod 600)";
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        goto fail;
    *why = "must belong to the user that runs the service";
    if (st.st_uid != geteuid())
        goto fail;
    *why = "is damaged: restore it from where it is kept safe";
    n = read(fd, secret_data(text), secret_capacity(text));
    if (n <= 0 || secret_resize(text, (size_t)n) != 0)
        goto fail;
    close(fd);
    return 0;

fail:
    close(fd);
    return -1;
}

struct keyring *keyring_open(int dir_fd, bool may_create, char *why, size_t why_size)
{
    struct keyring *k = calloc(1, sizeof(*k));
    struct secret *text = secret_new(FILE_MAX);
    struct secret *key = secret_new(KEY_BYTES);
    const char *reason = "out of memory";
    int rc;

    if (k == NULL || text == NULL || key == NULL)
        goto fail;
    k->memory = secret_new(sizeof(struct derived));
    if (k->memory == NULL || secret_resize(k->memory, sizeof(struct derived)) != 0)
        goto fail;
    rc = read_file(dir_fd, text, &reason);
    if (rc < 0)
        goto fail;
    if (rc == 1) {
        reason = "is missing, and the database was made under it: put it back (without it no "
                 "envelope can be opened)";
        if (!may_create)
            goto fail;
        reason = "cannot be written";
        if (create(dir_fd, text) != 0)
            goto fail;
    }
    reason = "is damaged: restore it from where it is kept safe";
    if (parse((const char *)secret_bytes(text), secret_len(text), &k->id, secret_data(key)) != 0)
        goto fail;
    derive(k, secret_data(key));
    secret_free(text);
    secret_free(key);
    return k;

fail:
    snprintf(why, why_size, "%s %s", file_name, reason);
    secret_free(text);
    secret_free(key);
    keyring_close(k);
    return NULL;
}

void keyring_close(struct keyring *k)
{
    if (k == NULL)
        return;
    secret_free(k->memory);
    free(k);
}

uint32_t keyring_current(const struct keyring *k)
{
    return k->id;
}

static size_t bind(uint8_t out[AD_MAX + 4], const uint8_t *ad, size_t ad_len, uint32_t key_id)
{
    if (ad_len > AD_MAX)
        ad_len = AD_MAX;
    memcpy(out, ad, ad_len);
    for (int i = 0; i < 4; i++)
        out[ad_len + (size_t)i] = (uint8_t)(key_id >> (24 - 8 * i));
    return ad_len + 4;
}

void keyring_seal(const struct keyring *k, enum keyring_purpose purpose, const uint8_t *ad,
                  size_t ad_len, const uint8_t *data, size_t len, uint8_t *out)
{
    enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
    uint8_t bound[AD_MAX + 4];
    const size_t bound_len = bind(bound, ad, ad_len, k->id);

    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, NULL, data, len, bound, bound_len, NULL,
                                               out, keys_of(k)->purposes[purpose - 1]);
}

int keyring_unseal(const struct keyring *k, uint32_t key_id, enum keyring_purpose purpose,
                   const uint8_t *ad, size_t ad_len, const uint8_t *sealed, size_t len,
                   uint8_t *out)
{
    enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
    uint8_t bound[AD_MAX + 4];
    const size_t bound_len = bind(bound, ad, ad_len, key_id);

    if (key_id != k->id || len < KEYRING_OVERHEAD)
        return -1;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed + NONCE, len - NONCE,
                                                      bound, bound_len, sealed,
                                                      keys_of(k)->purposes[purpose - 1]);
}

void keyring_tag(const struct keyring *k, const char *text, uint8_t tag[16])
{
    crypto_generichash(tag, 16, (const uint8_t *)text, strlen(text), keys_of(k)->tag, KEY_BYTES);
}

void keyring_check(const struct keyring *k, uint8_t check[32])
{
    memcpy(check, keys_of(k)->check, KEY_BYTES);
}
