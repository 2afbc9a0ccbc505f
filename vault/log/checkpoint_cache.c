#include "vault/log/checkpoint_cache.h"

#include "vault/log/ledger.h"

#include <pthread.h>
#include <stdlib.h>

/* It is signed once by each key. */
struct checkpoint_cache {
    pthread_mutex_t lock;
    uint64_t size;
    struct note_key key;
    size_t len; /* 0: there is none yet */
    char note[NOTE_BYTES];
};

struct checkpoint_cache *checkpoint_cache_new(void)
{
    struct checkpoint_cache *s = calloc(1, sizeof(*s));

    if (s != NULL)
        pthread_mutex_init(&s->lock, NULL);
    return s;
}

void checkpoint_cache_free(struct checkpoint_cache *s)
{
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static int sign(struct logkey *logkey, struct store *store, uint64_t size, struct text *t)
{
    const struct merkle_source source = ledger_source(store);
    struct merkle_frontier f;
    struct checkpoint c;

    if (merkle_frontier_read(&f, &source, size) != 0)
        return -1;
    c = checkpoint_of(&f);
    return logkey_sign(logkey, store, &c, t);
}

int checkpoint_cache_add(struct checkpoint_cache *s, struct logkey *logkey, struct store *store,
                         uint64_t size, struct text *t)
{
    struct note_key key;
    int rc = 0;

    if (logkey_current(logkey, store, &key) != 0)
        return -1;
    pthread_mutex_lock(&s->lock);
    if (s->len == 0 || s->size != size || !note_key_equal(&s->key, &key)) {
        struct text note = text_into(s->note, sizeof(s->note));

        rc = sign(logkey, store, size, &note);
        s->len = rc == 0 ? note.len : 0;
        s->size = size;
        s->key = key;
    }
    text_bytes(t, s->note, s->len);
    pthread_mutex_unlock(&s->lock);
    return rc != 0 || t->overflow ? -1 : 0;
}
