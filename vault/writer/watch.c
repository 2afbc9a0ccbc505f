#include "vault/writer/watch.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096 }; /* a power of two */

struct watch_table {
    pthread_mutex_t lock;
    atomic_size_t count; /* lets a commit that nobody waits for pass without the lock */
    /* Ids are the clients' own: a keyed hash, so that nobody can pile them up in one bucket. */
    uint8_t key[crypto_shorthash_KEYBYTES];
    struct vault_watch *buckets[BUCKETS];
};

struct watch_table *watch_table_new(void)
{
    struct watch_table *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    if (pthread_mutex_init(&t->lock, NULL) != 0) {
        free(t);
        return NULL;
    }
    randombytes_buf(t->key, sizeof(t->key));
    return t;
}

void watch_table_free(struct watch_table *t)
{
    if (t == NULL)
        return;
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static struct vault_watch **bucket(struct watch_table *t, const uint8_t id[16])
{
    uint8_t hash[crypto_shorthash_BYTES];

    crypto_shorthash(hash, id, 16, t->key);
    return &t->buckets[(hash[0] | (unsigned)hash[1] << 8) % BUCKETS];
}

void watch_add(struct watch_table *t, struct vault_watch *w)
{
    struct vault_watch **head = bucket(t, w->id);

    pthread_mutex_lock(&t->lock);
    w->next = *head;
    w->link = head;
    if (*head != NULL)
        (*head)->link = &w->next;
    *head = w;
    atomic_fetch_add(&t->count, 1);
    pthread_mutex_unlock(&t->lock);
}

void watch_remove(struct watch_table *t, struct vault_watch *w)
{
    pthread_mutex_lock(&t->lock);
    if (w->link != NULL) {
        *w->link = w->next;
        if (w->next != NULL)
            w->next->link = w->link;
        w->link = NULL;
        w->next = NULL;
        atomic_fetch_sub(&t->count, 1);
    }
    pthread_mutex_unlock(&t->lock);
}

void watch_wake(struct watch_table *t, const uint8_t id[16])
{
    if (atomic_load(&t->count) == 0)
        return;
    pthread_mutex_lock(&t->lock);
    for (struct vault_watch *w = *bucket(t, id); w != NULL; w = w->next)
        if (memcmp(w->id, id, 16) == 0)
            w->wake(w);
    pthread_mutex_unlock(&t->lock);
}
