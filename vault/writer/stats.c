#include "vault/writer/stats.h"

#include <pthread.h>
#include <stdlib.h>

struct stats {
    pthread_mutex_t lock;
    struct vault_stats stats;
};

struct stats *stats_new(void)
{
    struct stats *f = calloc(1, sizeof(*f));

    if (f != NULL && pthread_mutex_init(&f->lock, NULL) != 0) {
        free(f);
        return NULL;
    }
    return f;
}

void stats_free(struct stats *f)
{
    if (f == NULL)
        return;
    pthread_mutex_destroy(&f->lock);
    free(f);
}

static void put(struct vault_histogram *h, uint64_t value)
{
    unsigned bucket = 0;

    while (bucket < VAULT_BUCKETS - 1 && value > UINT64_C(1) << bucket)
        bucket++;
    h->bucket[bucket]++;
    h->count++;
    h->sum += value;
}

/* How many units, begun ones too, so that a bucket's bound holds. */
static uint64_t units(int64_t value, int64_t unit)
{
    return (uint64_t)((value + unit - 1) / unit);
}

void stats_committed(struct stats *f, const struct ledger *l, uint64_t jobs, int64_t us,
                     int64_t log_bytes)
{
    pthread_mutex_lock(&f->lock);
    for (unsigned i = 0; i < VAULT_KINDS; i++)
        f->stats.events[i] += l->kinds[i];
    for (unsigned i = 0; i < LIFECYCLE_CAUSES; i++)
        f->stats.burned[i] += l->causes[i];
    if (jobs > 0)
        put(&f->stats.batch, jobs);
    put(&f->stats.commit_64us, units(us, 64));
    f->stats.log_bytes = (uint64_t)log_bytes;
    pthread_mutex_unlock(&f->lock);
}

void stats_failed(struct stats *f, bool unknown)
{
    pthread_mutex_lock(&f->lock);
    if (unknown)
        f->stats.commits_unknown++;
    else
        f->stats.commits_failed++;
    pthread_mutex_unlock(&f->lock);
}

void stats_answered(struct stats *f, const struct vault_job *batch)
{
    pthread_mutex_lock(&f->lock);
    for (const struct vault_job *job = batch; job != NULL; job = job->next)
        f->stats.answers[job->result.answer]++;
    pthread_mutex_unlock(&f->lock);
}

void stats_unsigned(struct stats *f, bool log_unsigned)
{
    pthread_mutex_lock(&f->lock);
    f->stats.log_unsigned = log_unsigned;
    pthread_mutex_unlock(&f->lock);
}

void stats_rotating(struct stats *f, bool rotating)
{
    pthread_mutex_lock(&f->lock);
    f->stats.rotating = rotating;
    pthread_mutex_unlock(&f->lock);
}

void stats_scrubbed(struct stats *f, int64_t us)
{
    pthread_mutex_lock(&f->lock);
    put(&f->stats.scrub_64ms, units(us, 64000));
    f->stats.scrub_late = false;
    f->stats.log_bytes = 0;
    pthread_mutex_unlock(&f->lock);
}

void stats_scrub_late(struct stats *f, bool late)
{
    pthread_mutex_lock(&f->lock);
    f->stats.scrub_late = late;
    pthread_mutex_unlock(&f->lock);
}

void stats_read(struct stats *f, struct vault_stats *out)
{
    pthread_mutex_lock(&f->lock);
    *out = f->stats;
    pthread_mutex_unlock(&f->lock);
}
