#include "vault/log/logkey.h"

#include "vault/keys/secretfile.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/sha256.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 2, SEED_BYTES = 32, BOUND_BYTES = 32 };

static const char magic[] = "handoff-log-key-1 ";
static const char bound_name[] = "log-key";

struct seed {
    struct note_key key;
    uint8_t bytes[SEED_BYTES];
};

/* What stands in the file. */
struct seeds {
    struct seed seed[KEYS];
    size_t count;
};

struct logkey {
    pthread_mutex_t lock;
    struct secretfile file;
    struct secretfile_identity identity;
    struct seeds *seeds; /* in secret memory */
};

/* ---- the file ---- */

static int parse_line(struct seed *s, const char *line, size_t len)
{
    const size_t magic_len = sizeof(magic) - 1;
    char name[NOTE_NAME_MAX + 1];
    const char *space;
    size_t name_len;

    if (len < magic_len || memcmp(line, magic, magic_len) != 0)
        return -1;
    line += magic_len;
    len -= magic_len;
    space = memchr(line, ' ', len);
    if (space == NULL || (size_t)(space - line) > NOTE_NAME_MAX)
        return -1;
    name_len = (size_t)(space - line);
    memcpy(name, line, name_len);
    name[name_len] = '\0';
    if (!note_name_valid(name) ||
        encoding_base64url_exact(s->bytes, SEED_BYTES, space + 1, len - name_len - 1) != 0)
        return -1;
    note_key_of(&s->key, name, s->bytes);
    return 0;
}

static int parse(struct seeds *s, const char *text, size_t len)
{
    s->count = 0;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);

        if (end == NULL || s->count == KEYS ||
            parse_line(&s->seed[s->count], text, (size_t)(end - text)) != 0)
            return -1;
        s->count++;
        len -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return s->count > 0 ? 0 : -1;
}

/* Reads the file. Returns 0, 1 when there is none, or -1. */
static int load(struct logkey *k, char *why, size_t why_size)
{
    struct secret *text;
    int rc = secretfile_read(&k->file, &text, &k->identity, why, why_size);

    if (rc == 1)
        k->seeds->count = 0;
    if (rc != 0)
        return rc;
    rc = parse(k->seeds, (const char *)secret_bytes(text), secret_len(text));
    if (rc != 0) {
        snprintf(why, why_size, "%s is damaged: restore it from where it is kept safe",
                 k->file.name);
        k->seeds->count = 0;
    }
    secret_free(text);
    return rc;
}

static int save(struct logkey *k, char *why, size_t why_size)
{
    struct secret *out = secret_new(SECRETFILE_MAX);
    struct text t;
    int rc = -1;

    snprintf(why, why_size, "out of memory");
    if (out == NULL)
        return -1;
    t = text_into((char *)secret_data(out), secret_capacity(out));
    for (size_t i = 0; i < k->seeds->count; i++) {
        text_add(&t, magic);
        text_add(&t, k->seeds->seed[i].key.name);
        text_add(&t, " ");
        text_base64url(&t, k->seeds->seed[i].bytes, SEED_BYTES);
        text_add(&t, "\n");
    }
    if (!t.overflow && secret_resize(out, t.len) == 0)
        rc = secretfile_write(&k->file, out, why, why_size);
    secret_free(out);
    return rc == 0 ? load(k, why, why_size) : -1;
}

static int add(struct logkey *k, const char *name, char *why, size_t why_size)
{
    struct seed *s;

    if (k->seeds->count == KEYS) {
        snprintf(why, why_size, "%s has too many keys", k->file.name);
        return -1;
    }
    s = &k->seeds->seed[k->seeds->count++];
    randombytes_buf(s->bytes, SEED_BYTES);
    note_key_of(&s->key, name, s->bytes);
    return save(k, why, why_size);
}

struct logkey *logkey_open(int dir_fd, char *why, size_t why_size)
{
    struct logkey *k = calloc(1, sizeof(*k));

    snprintf(why, why_size, "out of memory");
    if (k == NULL)
        return NULL;
    pthread_mutex_init(&k->lock, NULL);
    k->file = (struct secretfile){.dir_fd = dir_fd, .name = "log.key"};
    k->seeds = sodium_malloc(sizeof(*k->seeds));
    if (k->seeds != NULL) {
        memset(k->seeds, 0, sizeof(*k->seeds));
        if (load(k, why, why_size) >= 0)
            return k;
    }
    logkey_close(k);
    return NULL;
}

void logkey_close(struct logkey *k)
{
    if (k == NULL)
        return;
    sodium_free(k->seeds);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

/* ---- file and database ---- */

/* What the database keeps of a key. */
static void bound_of(uint8_t bound[BOUND_BYTES], const struct note_key *k)
{
    char text[NOTE_KEY_MAX];

    note_key_format(text, k);
    sha256(bound, text, strlen(text));
}

/* 0, STORE_NONE or -1. */
static int read_bound(struct store *store, uint8_t bound[BOUND_BYTES])
{
    size_t len = BOUND_BYTES;
    const int rc = store_value(store, bound_name, bound, &len);

    return rc != 0 ? rc : len == BOUND_BYTES ? 0 : -1;
}

/* The seed of the key that is bound; reads the file again where it has become another. NULL when it
   is not there. */
static const struct seed *find(struct logkey *k, const uint8_t bound[BOUND_BYTES])
{
    char why[256];

    if (k->seeds->count == 0 || !secretfile_same(&k->file, &k->identity))
        (void)!load(k, why, sizeof(why));
    for (size_t i = 0; i < k->seeds->count; i++) {
        uint8_t of[BOUND_BYTES];

        bound_of(of, &k->seeds->seed[i].key);
        if (memcmp(of, bound, sizeof(of)) == 0)
            return &k->seeds->seed[i];
    }
    return NULL;
}

/* The seed of the key that the database says signs, or NULL. */
static const struct seed *signing_seed(struct logkey *k, struct store *store)
{
    uint8_t bound[BOUND_BYTES];

    return read_bound(store, bound) == 0 ? find(k, bound) : NULL;
}

/* The first key of a database: the one that lies there, or a new one. */
static int bind_first(struct logkey *k, struct store *store, const char *name, char *why,
                      size_t why_size)
{
    struct store_head head;

    if (k->seeds->count == 0 && add(k, name, why, why_size) != 0)
        return -1;
    snprintf(why, why_size, "the database cannot be written; is the disk full?");
    if (store_begin(store, &head) != 0)
        return -1;
    if (logkey_bind(store, &k->seeds->seed[k->seeds->count - 1].key) != 0) {
        store_rollback(store);
        return -1;
    }
    return store_commit(store) == 0 ? 0 : -1;
}

/* Leaves the key that signs alone in the file. */
static int keep_just(struct logkey *k, const struct seed *signing, char *why, size_t why_size)
{
    if (signing != &k->seeds->seed[0])
        k->seeds->seed[0] = *signing;
    sodium_memzero(&k->seeds->seed[1], sizeof(k->seeds->seed[1]));
    k->seeds->count = 1;
    return save(k, why, why_size);
}

/* The key is there; an old one in front of it was left by a command that was killed. */
static int settle_bound(struct logkey *k, const uint8_t bound[BOUND_BYTES], char *why,
                        size_t why_size)
{
    const struct seed *signing = find(k, bound);

    if (signing == &k->seeds->seed[1])
        return keep_just(k, signing, why, why_size);
    if (signing != NULL)
        return 0;
    snprintf(
        why, why_size,
        "log.key is missing or not the key that signs this log: put it back from where it is "
        "kept safe; if it is lost, handoffd key rotate-log --lost --name NAME makes a new one, "
        "and the log says so");
    return -1;
}

int logkey_settle(struct logkey *k, struct store *store, const char *name, char *why,
                  size_t why_size)
{
    uint8_t bound[BOUND_BYTES];
    int rc;

    pthread_mutex_lock(&k->lock);
    rc = read_bound(store, bound);
    if (rc == STORE_NONE)
        rc = bind_first(k, store, name, why, why_size);
    else if (rc == 0)
        rc = settle_bound(k, bound, why, why_size);
    else
        snprintf(why, why_size, "the database cannot be read");
    pthread_mutex_unlock(&k->lock);
    return rc;
}

int logkey_current(struct logkey *k, struct store *store, struct note_key *out)
{
    const struct seed *s;

    pthread_mutex_lock(&k->lock);
    s = signing_seed(k, store);
    if (s != NULL)
        *out = s->key;
    pthread_mutex_unlock(&k->lock);
    return s != NULL ? 0 : -1;
}

int logkey_sign(struct logkey *k, struct store *store, const struct checkpoint *c, struct text *t)
{
    const struct seed *s;

    pthread_mutex_lock(&k->lock);
    s = signing_seed(k, store);
    if (s != NULL)
        checkpoint_sign(t, c, &s->key, s->bytes);
    pthread_mutex_unlock(&k->lock);
    return s != NULL && !t->overflow ? 0 : -1;
}

/* ---- replacing ---- */

/* Puts a new key behind the one that signs, which alone stays of those that are there (none where
   they are lost). A key of this name that stands behind it already was left by a killed command,
   and is taken; one in front of it is an old one, and must not come back. */
static int put_next(struct logkey *k, const struct seed *signing, const char *name, char *why,
                    size_t why_size)
{
    struct seeds *s = k->seeds;

    if (signing == &s->seed[0] && s->count == KEYS && strcmp(s->seed[1].key.name, name) == 0)
        return 0;
    if (signing != NULL && signing != &s->seed[0])
        s->seed[0] = *signing;
    s->count = signing != NULL ? 1 : 0;
    return add(k, name, why, why_size);
}

int logkey_extend(struct logkey *k, struct store *store, const char *name, bool lost,
                  struct note_key *to, char *why, size_t why_size)
{
    const struct seed *signing = NULL;
    int rc = -1;

    pthread_mutex_lock(&k->lock);
    snprintf(why, why_size, "the key that signs the log is not in log.key");
    if (!lost)
        signing = signing_seed(k, store);
    if (signing != NULL || lost)
        rc = put_next(k, signing, name, why, why_size);
    if (rc == 0)
        *to = k->seeds->seed[k->seeds->count - 1].key;
    pthread_mutex_unlock(&k->lock);
    return rc;
}

int logkey_bind(struct store *store, const struct note_key *to)
{
    uint8_t bound[BOUND_BYTES];

    bound_of(bound, to);
    return store_set_value(store, bound_name, bound, sizeof(bound));
}

int logkey_shrink(struct logkey *k, struct store *store, char *why, size_t why_size)
{
    const struct seed *s;
    int rc = -1;

    snprintf(why, why_size, "the old log key cannot be taken out of log.key");
    pthread_mutex_lock(&k->lock);
    s = signing_seed(k, store);
    if (s != NULL)
        rc = keep_just(k, s, why, why_size);
    pthread_mutex_unlock(&k->lock);
    return rc;
}
