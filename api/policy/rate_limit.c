#include "api/policy/rate_limit.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, SHARDS = 64, KEY_MAX = 64 };

#define WINDOW_US (RATE_LIMIT_WINDOW_S * INT64_C(1000000))

/* A client, by a keyed hash that it cannot steer. */
struct entry {
    uint64_t tag;
    int64_t due_us; /* when all is forgiven; in the past: an empty place */
};

struct rate_limit {
    uint8_t secret[crypto_shorthash_KEYBYTES];
    pthread_mutex_t locks[SHARDS]; /* for the sets whose number is theirs modulo SHARDS */
    size_t sets;                   /* a power of two, at least SHARDS */
    struct entry entries[];        /* WAYS for each set */
};

struct rate_limit *rate_limit_new(size_t clients)
{
    size_t sets = SHARDS;
    struct rate_limit *q;

    while (sets * WAYS < clients && sets <= SIZE_MAX / WAYS / sizeof(struct entry) / 4)
        sets *= 2;
    q = calloc(1, sizeof(*q) + sets * WAYS * sizeof(q->entries[0]));
    if (q == NULL)
        return NULL;
    q->sets = sets;
    randombytes_buf(q->secret, sizeof(q->secret));
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&q->locks[i], NULL);
    return q;
}

void rate_limit_free(struct rate_limit *q)
{
    if (q == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_destroy(&q->locks[i]);
    sodium_memzero(q->secret, sizeof(q->secret));
    free(q);
}

static uint64_t tag_of(const struct rate_limit *q, enum rate_limit_kind kind, const void *key,
                       size_t key_len)
{
    uint8_t input[1 + KEY_MAX], hash[crypto_shorthash_BYTES];
    uint64_t tag;

    if (key_len > KEY_MAX)
        key_len = KEY_MAX;
    input[0] = (uint8_t)kind;
    memcpy(input + 1, key, key_len);
    crypto_shorthash(hash, input, 1 + key_len, q->secret);
    memcpy(&tag, hash, sizeof(tag));
    return tag;
}

/* The client's entry, or else the one of its set that is least in debt. */
static struct entry *find(struct entry *set, uint64_t tag)
{
    struct entry *least = set;

    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].tag == tag)
            return &set[i];
        if (set[i].due_us < least->due_us)
            least = &set[i];
    }
    return least;
}

static unsigned seconds_up(int64_t us)
{
    return us > 0 ? (unsigned)((us + 999999) / 1000000) : 0;
}

static struct rate_limit_standing weigh(int64_t *due_us, unsigned limit, unsigned cost,
                                        int64_t now_us)
{
    const int64_t each_us = WINDOW_US / limit;
    const int64_t charged_us = each_us * (cost < limit ? cost : limit);
    struct rate_limit_standing s = {.limit = limit};
    int64_t debt_us = *due_us > now_us ? *due_us - now_us : 0;

    s.allowed = debt_us + charged_us <= WINDOW_US;
    if (s.allowed)
        debt_us += charged_us;
    else
        s.retry_after_s = seconds_up(debt_us + charged_us - WINDOW_US);
    *due_us = now_us + debt_us;
    s.full_s = seconds_up(debt_us);
    s.remaining = debt_us < WINDOW_US ? (unsigned)((WINDOW_US - debt_us) / each_us) : 0;
    if (s.remaining > limit)
        s.remaining = limit;
    return s;
}

struct rate_limit_standing rate_limit_charge(struct rate_limit *q, enum rate_limit_kind kind,
                                             const void *key, size_t key_len, unsigned limit,
                                             unsigned cost, int64_t now_us)
{
    const uint64_t tag = tag_of(q, kind, key, key_len);
    const size_t set = (size_t)(tag & (q->sets - 1));
    struct rate_limit_standing s;
    struct entry *e;

    pthread_mutex_lock(&q->locks[set % SHARDS]);
    e = find(&q->entries[set * WAYS], tag);
    if (e->tag != tag)
        *e = (struct entry){.tag = tag};
    s = weigh(&e->due_us, limit, cost, now_us);
    pthread_mutex_unlock(&q->locks[set % SHARDS]);
    return s;
}

struct rate_limit_standing rate_limit_look(struct rate_limit *q, enum rate_limit_kind kind,
                                           const void *key, size_t key_len, unsigned limit,
                                           int64_t now_us)
{
    const uint64_t tag = tag_of(q, kind, key, key_len);
    const size_t set = (size_t)(tag & (q->sets - 1));
    const struct entry *e;
    struct rate_limit_standing s;
    int64_t due_us, before_us;

    pthread_mutex_lock(&q->locks[set % SHARDS]);
    e = find(&q->entries[set * WAYS], tag);
    due_us = e->tag == tag ? e->due_us : 0;
    pthread_mutex_unlock(&q->locks[set % SHARDS]);
    before_us = due_us > now_us ? due_us - now_us : 0;
    s = weigh(&due_us, limit, 1, now_us);
    s.full_s = seconds_up(before_us);
    if (s.allowed)
        s.remaining = (unsigned)((WINDOW_US - before_us) / (WINDOW_US / limit));
    if (s.remaining > limit)
        s.remaining = limit;
    return s;
}
