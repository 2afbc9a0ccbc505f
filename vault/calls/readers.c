#include "vault/calls/readers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct readers {
    pthread_mutex_t lock;
    pthread_cond_t given;
    unsigned count; /* opened */
    unsigned free;  /* of them, at the front of idle */
    struct store *idle[];
};

struct readers *readers_open(const char *path, unsigned count, char *why, size_t why_size)
{
    struct readers *r;

    if (count == 0)
        count = 1;
    r = calloc(1, sizeof(*r) + count * sizeof(r->idle[0]));
    if (r == NULL) {
        snprintf(why, why_size, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->given, NULL);
    while (r->count < count) {
        struct store *store = store_open(path, STORE_READER, why, why_size);

        if (store == NULL) {
            readers_close(r);
            return NULL;
        }
        r->idle[r->count++] = store;
        r->free++;
    }
    return r;
}

void readers_close(struct readers *r)
{
    if (r == NULL)
        return;
    for (unsigned i = 0; i < r->free; i++)
        store_close(r->idle[i]);
    pthread_cond_destroy(&r->given);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

struct store *readers_take(struct readers *r)
{
    struct store *store;

    pthread_mutex_lock(&r->lock);
    while (r->free == 0)
        pthread_cond_wait(&r->given, &r->lock);
    store = r->idle[--r->free];
    pthread_mutex_unlock(&r->lock);
    return store;
}

void readers_give(struct readers *r, struct store *store)
{
    pthread_mutex_lock(&r->lock);
    r->idle[r->free++] = store;
    pthread_cond_signal(&r->given);
    pthread_mutex_unlock(&r->lock);
}

int readers_find(struct readers *r, const uint8_t id[16], struct store_handoff *out)
{
    struct store *store = readers_take(r);
    const int rc = store_find(store, id, out);

    readers_give(r, store);
    return rc;
}
