#include "vault/writer/scrubber.h"

#include "vault/protocol/encoding/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct scrubber {
    struct store *store;
    const struct reporter *reporter;
    struct stats *figures;
    struct committer *committer;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    bool wanted, closing;
    int64_t wanted_us; /* since when */
};

/* Waits until closing or, at most for ms (-1: for ever), until a scrub is wanted (where wanted is
   looked for). Returns false when closing. */
static bool wait_ms(struct scrubber *s, int64_t ms, bool wanted)
{
    struct timespec end;
    bool closing;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += (ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->closing && !(wanted && s->wanted) && rc == 0)
        rc = ms < 0 ? pthread_cond_wait(&s->changed, &s->lock)
                    : pthread_cond_timedwait(&s->changed, &s->lock, &end);
    closing = s->closing;
    pthread_mutex_unlock(&s->lock);
    return !closing;
}

/* Scrubs until it is complete. What is burned meanwhile asks again. */
static void scrub(struct scrubber *s)
{
    int64_t since_us, spent_ms;
    bool told = false;

    pthread_mutex_lock(&s->lock);
    s->wanted = false;
    since_us = s->wanted_us;
    pthread_mutex_unlock(&s->lock);
    while (store_scrub(s->store, STORE_SCRUB_BEGIN) < 0 || committer_scrub(s->committer) != 0) {
        spent_ms = (clock_monotonic_us() - since_us) / 1000;
        if (spent_ms >= SCRUBBER_LATE_MS && !told) {
            stats_scrub_late(s->figures, true);
            reporter_tell(s->reporter, VAULT_REPORT_WARNING,
                          "burned bytes are still in the write-ahead log: a reader of the "
                          "database, or a fault, keeps it from being emptied",
                          spent_ms);
            told = true;
        }
        if (!wait_ms(s, SCRUBBER_RETRY_MS, false))
            return;
    }
    stats_scrubbed(s->figures, clock_monotonic_us() - since_us);
}

static void *run(void *arg)
{
    struct scrubber *s = arg;

    while (wait_ms(s, -1, true) && wait_ms(s, SCRUBBER_GATHER_MS, false))
        scrub(s);
    return NULL;
}

struct scrubber *scrubber_new(struct store *store, const struct reporter *reporter,
                              struct stats *figures)
{
    struct scrubber *s = calloc(1, sizeof(*s));
    pthread_condattr_t monotonic;

    if (s == NULL) {
        store_close(store);
        return NULL;
    }
    s->store = store;
    s->reporter = reporter;
    s->figures = figures;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return s;
}

void scrubber_wanted(void *scrubber)
{
    struct scrubber *s = scrubber;

    pthread_mutex_lock(&s->lock);
    if (!s->wanted) {
        s->wanted = true;
        s->wanted_us = clock_monotonic_us();
        pthread_cond_signal(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
}

int scrubber_start(struct scrubber *s, struct committer *c)
{
    s->committer = c;
    s->started = pthread_create(&s->thread, NULL, run, s) == 0;
    return s->started ? 0 : -1;
}

void scrubber_stop(struct scrubber *s)
{
    if (s == NULL || !s->started)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->started = false;
}

void scrubber_free(struct scrubber *s)
{
    if (s == NULL)
        return;
    store_close(s->store);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
