#include "api/policy/client_counts.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024 };

/* As many as things are held, which are bounded themselves. */
struct holder {
    struct holder *next;
    uint8_t network[16];
    unsigned count;
};

struct client_counts {
    uint8_t secret[crypto_shorthash_KEYBYTES];
    pthread_mutex_t lock;
    size_t networks;
    struct holder *buckets[BUCKETS];
};

struct client_counts *client_counts_new(void)
{
    struct client_counts *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    randombytes_buf(t->secret, sizeof(t->secret));
    pthread_mutex_init(&t->lock, NULL);
    return t;
}

void client_counts_free(struct client_counts *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (t->buckets[i] != NULL) {
            struct holder *h = t->buckets[i];

            t->buckets[i] = h->next;
            free(h);
        }
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* Where the network's holder is linked, or would be. */
static struct holder **find(struct client_counts *t, const uint8_t network[16])
{
    uint8_t hash[crypto_shorthash_BYTES];
    struct holder **at;
    uint64_t number;

    crypto_shorthash(hash, network, 16, t->secret);
    memcpy(&number, hash, sizeof(number));
    for (at = &t->buckets[number % BUCKETS]; *at != NULL; at = &(*at)->next)
        if (memcmp((*at)->network, network, 16) == 0)
            break;
    return at;
}

bool client_counts_enter(struct client_counts *t, const uint8_t network[16], unsigned max)
{
    struct holder **at;
    bool entered = false;

    pthread_mutex_lock(&t->lock);
    at = find(t, network);
    if (*at == NULL) {
        *at = calloc(1, sizeof(**at));
        if (*at != NULL) {
            memcpy((*at)->network, network, 16);
            t->networks++;
        }
    }
    if (*at != NULL && (max == 0 || (*at)->count < max)) {
        (*at)->count++;
        entered = true;
    }
    pthread_mutex_unlock(&t->lock);
    return entered;
}

void client_counts_leave(struct client_counts *t, const uint8_t network[16])
{
    struct holder **at, *h;

    pthread_mutex_lock(&t->lock);
    at = find(t, network);
    h = *at;
    if (h != NULL && --h->count == 0) {
        *at = h->next;
        t->networks--;
        free(h);
    }
    pthread_mutex_unlock(&t->lock);
}

size_t client_counts_networks(struct client_counts *t)
{
    size_t networks;

    pthread_mutex_lock(&t->lock);
    networks = t->networks;
    pthread_mutex_unlock(&t->lock);
    return networks;
}
