#include "api/net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CHAIN_MAX = 16, FILE_BYTES_MAX = 256 * 1024, SOON_DAYS = 14, DAY_S = 86400 };

struct pair {
    struct pair *older;
    gnutls_pcert_st certs[CHAIN_MAX];
    unsigned count;
    gnutls_privkey_t key;
    int64_t expires_at; /* 0: not known */
};

struct tls {
    _Atomic(struct pair *) current;
};

struct tls *tls_new(void)
{
    return calloc(1, sizeof(struct tls));
}

static void free_pair(struct pair *p)
{
    if (p == NULL)
        return;
    for (unsigned i = 0; i < p->count; i++)
        gnutls_pcert_deinit(&p->certs[i]);
    if (p->key != NULL)
        gnutls_privkey_deinit(p->key);
    free(p);
}

void tls_free(struct tls *t)
{
    struct pair *p;

    if (t == NULL)
        return;
    p = atomic_load(&t->current);
    while (p != NULL) {
        struct pair *older = p->older;

        free_pair(p);
        p = older;
    }
    free(t);
}

/* Reads a file whole; with secret set, one that others may read is refused. NULL with why. */
static unsigned char *read_file(const char *path, bool secret, unsigned *len, char *why,
                                size_t why_size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    unsigned char *bytes = NULL;
    struct stat st;
    ssize_t got;

    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > FILE_BYTES_MAX) {
        snprintf(why, why_size, "%s: not a PEM file", path);
        goto out;
    }
    if (secret && (st.st_mode & S_IRWXO) != 0) {
        snprintf(why, why_size, "%s: others may read this key: chmod 600 it", path);
        goto out;
    }
    bytes = malloc((size_t)st.st_size);
    got = bytes != NULL ? read(fd, bytes, (size_t)st.st_size) : -1;
    if (got != st.st_size) {
        snprintf(why, why_size, "%s: cannot be read", path);
        free(bytes);
        bytes = NULL;
        goto out;
    }
    *len = (unsigned)got;
out:
    if (fd >= 0)
        close(fd);
    return bytes;
}

static int load_chain(struct pair *p, const char *path, char *why, size_t why_size)
{
    unsigned count = CHAIN_MAX;
    gnutls_datum_t pem = {0};
    int rc;

    pem.data = read_file(path, false, &pem.size, why, why_size);
    if (pem.data == NULL)
        return -1;
    rc = gnutls_pcert_list_import_x509_raw(p->certs, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
    free(pem.data);
    if (rc < 0) {
        snprintf(why, why_size, "%s: not a certificate: %s", path, gnutls_strerror(rc));
        return -1;
    }
    p->count = count;
    return 0;
}

static int load_key(struct pair *p, const char *path, char *why, size_t why_size)
{
    gnutls_datum_t pem = {0};
    int rc;

    pem.data = read_file(path, true, &pem.size, why, why_size);
    if (pem.data == NULL)
        return -1;
    rc = gnutls_privkey_init(&p->key);
    if (rc == 0)
        rc = gnutls_privkey_import_x509_raw(p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    sodium_memzero(pem.data, pem.size);
    free(pem.data);
    if (rc < 0) {
        snprintf(why, why_size, "%s: not a private key without a password: %s", path,
                 gnutls_strerror(rc));
        return -1;
    }
    return 0;
}

/* Whether the key is the first certificate's. */
static bool fits(const struct pair *p)
{
    unsigned char ids[2][64];
    size_t sizes[2] = {sizeof(ids[0]), sizeof(ids[1])};
    gnutls_pubkey_t public;
    bool same = false;

    if (p->count == 0 || gnutls_pubkey_init(&public) != 0)
        return false;
    if (gnutls_pubkey_import_privkey(public, p->key, 0, 0) == 0 &&
        gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, ids[0], &sizes[0]) == 0 &&
        gnutls_pubkey_get_key_id(p->certs[0].pubkey, GNUTLS_KEYID_USE_SHA256, ids[1], &sizes[1]) ==
            0)
        same = sizes[0] == sizes[1] && memcmp(ids[0], ids[1], sizes[0]) == 0;
    gnutls_pubkey_deinit(public);
    return same;
}

static void note_expiry(struct pair *p, const struct log *log)
{
    gnutls_x509_crt_t crt;
    time_t expires = (time_t)-1;

    if (gnutls_x509_crt_init(&crt) != 0)
        return;
    if (gnutls_x509_crt_import(crt, &p->certs[0].cert, GNUTLS_X509_FMT_DER) == 0)
        expires = gnutls_x509_crt_get_expiration_time(crt);
    gnutls_x509_crt_deinit(crt);
    if (expires == (time_t)-1)
        return;
    p->expires_at = (int64_t)expires;
    if (expires <= time(NULL))
        log_note(log, LOG_LEVEL_WARNING, "the certificate has expired", 0);
    else if (expires - time(NULL) < SOON_DAYS * DAY_S)
        log_note(log, LOG_LEVEL_WARNING, "the certificate expires soon; days that are begun",
                 (expires - time(NULL)) / DAY_S + 1);
}

int tls_load(struct tls *t, const char *cert_path, const char *key_path, const struct log *log,
             char *why, size_t why_size)
{
    struct pair *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        snprintf(why, why_size, "out of memory");
        return -1;
    }
    if (load_chain(p, cert_path, why, why_size) != 0 || load_key(p, key_path, why, why_size) != 0)
        goto fail;
    if (!fits(p)) {
        snprintf(why, why_size, "%s is not the key of the certificate in %s", key_path, cert_path);
        goto fail;
    }
    note_expiry(p, log);
    p->older = atomic_load(&t->current);
    atomic_store(&t->current, p);
    return 0;
fail:
    free_pair(p);
    return -1;
}

int tls_pair(struct tls *t, gnutls_pcert_st **certs, unsigned *count, gnutls_privkey_t *key)
{
    struct pair *p = atomic_load(&t->current);

    if (p == NULL)
        return -1;
    *certs = p->certs;
    *count = p->count;
    *key = p->key;
    return 0;
}

int64_t tls_expires_at(struct tls *t)
{
    const struct pair *p = atomic_load(&t->current);

    return p != NULL ? p->expires_at : 0;
}
