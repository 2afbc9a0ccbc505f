#include "vault/writer/committer.h"

#include "vault/calls/apply.h"
#include "vault/log/record.h"
#include "vault/maintenance/erasing.h"
#include "vault/maintenance/rotation.h"
#include "vault/protocol/encoding/clock.h"
#include "vault/protocol/encoding/secret.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum scrub_request { SCRUB_NONE, SCRUB_ASKED, SCRUB_DONE };

struct committer {
    struct committer_options options;
    struct writer w;
    pthread_t thread;
    struct rotation rotation;
    int64_t destroy_at; /* when the old master key may go */
    struct rotation_watch keys;
    bool rotating;

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work;  /* to the thread: something to do */
    pthread_cond_t scrubbed;
    struct vault_job *head, **tail;
    size_t queued;
    bool waiting; /* the thread sleeps: it needs a signal */
    bool closing;
    enum scrub_request scrub;
    int scrub_result;
};

int64_t committer_now(struct committer *c)
{
    return writer_now(&c->w);
}

/* ---- batches ---- */

/* Takes back what a job was told by a transaction that did not come to be. */
static void unanswer(struct vault_job *job, enum answer answer)
{
    secret_heap_free(job->result.envelope);
    free(job->result.line);
    job->result = (struct vault_result){.answer = answer, .event = -1};
    job->own.appended = -1;
}

/* Applies the jobs from first up to (not including) end in one transaction. */
static enum answer transact(struct committer *c, struct vault_job *first, struct vault_job *end)
{
    enum answer answer = ANSWER_UNAVAILABLE;
    struct vault_job *job;
    uint64_t count = 0;

    if (writer_begin(&c->w) == 0) {
        for (job = first; job != end; job = job->next, count++)
            if (apply_job(&c->w.ledger, job) != 0)
                break;
        if (job == end)
            answer = writer_commit(&c->w, count);
        else
            writer_rollback(&c->w);
    }
    if (answer != ANSWER_OK)
        for (job = first; job != end; job = job->next)
            unanswer(job, answer);
    return answer;
}

/* Gives jobs back, neighbours of one completion queue together; they are their owner's then. */
static void give_back(struct vault_job *jobs)
{
    while (jobs != NULL) {
        struct vault_job *first = jobs, *last = jobs;

        while (last->next != NULL && last->next->completions == first->completions)
            last = last->next;
        jobs = last->next;
        last->next = NULL;
        first->completions->answered(first->completions, first);
    }
}

/* Wakes the waiting and answers. */
static void publish(struct committer *c, struct vault_job *batch)
{
    for (struct vault_job *job = batch; job != NULL; job = job->next)
        if (job->own.appended >= 0)
            watch_wake(c->options.watches, job->id);
    stats_answered(c->options.writer.figures, batch);
    give_back(batch);
}

static void run_batch(struct committer *c, struct vault_job *batch)
{
    /* A batch that fails may fail for one of its jobs alone: then each is tried by itself. */
    if (transact(c, batch, NULL) == ANSWER_UNAVAILABLE && batch->next != NULL)
        for (struct vault_job *job = batch; job != NULL; job = job->next)
            (void)transact(c, job, job->next);
    publish(c, batch);
}

/* Does what is due for these handoffs in one transaction, and wakes who waits for them. */
static int sweep_some(struct committer *c, uint8_t (*ids)[16], size_t count)
{
    if (writer_begin(&c->w) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (apply_due(&c->w.ledger, ids[i]) != 0) {
            writer_rollback(&c->w);
            return -1;
        }
    if (writer_commit(&c->w, 0) != ANSWER_OK)
        return -1;
    for (size_t i = 0; i < count; i++)
        watch_wake(c->options.watches, ids[i]);
    return 0;
}

/* Does what is due, at most COMMITTER_SWEEP_MAX handoffs. Returns whether there may be more. */
static bool sweep(struct committer *c)
{
    uint8_t ids[COMMITTER_SWEEP_MAX][16];
    size_t count = 0;

    if (writer_ensure(&c->w) != 0 ||
        store_due(c->w.store, writer_now(&c->w), ids, COMMITTER_SWEEP_MAX, &count) != 0 ||
        count == 0)
        return false;
    if (sweep_some(c, ids, count) == 0)
        return count == COMMITTER_SWEEP_MAX;
    /* As with a batch: one that cannot be done must not keep the others. */
    for (size_t i = 0; i < count && writer_ensure(&c->w) == 0; i++)
        (void)!sweep_some(c, &ids[i], 1);
    return false;
}

/* A checkpoint of what no later transaction has taken along. */
static void keep_rest(struct committer *c)
{
    if (writer_begin(&c->w) == 0)
        (void)!writer_commit(&c->w, 0);
    c->w.keeper.at_ms = clock_monotonic_ms() + CHECKPOINT_KEEPER_MS;
}

/* Erases details that have become old, some of them. Returns when to be called again. */
static int64_t erase(struct committer *c)
{
    const int64_t age = c->options.erase_after_s;
    const int64_t before = writer_now(&c->w) - age;
    const int64_t later = clock_monotonic_ms() + COMMITTER_ERASE_MS;

    if (age == 0 || writer_ensure(&c->w) != 0 || !erasing_due(c->w.store, before) ||
        writer_begin(&c->w) != 0)
        return later;
    if (erasing_old(&c->w.ledger, before) != 0) {
        writer_rollback(&c->w);
        return later;
    }
    return writer_commit(&c->w, 0) == ANSWER_OK ? 0 : later;
}

/* ---- the master key's rotation ---- */

static int rotate_some(struct committer *c)
{
    const struct rotation before = c->rotation;

    if (writer_begin(&c->w) != 0)
        return -1;
    if (rotation_step(&c->rotation, &c->w.ledger) != 0)
        writer_rollback(&c->w);
    else if (writer_commit(&c->w, 0) == ANSWER_OK)
        return 0;
    c->rotation = before;
    writer_report(&c->w, VAULT_REPORT_ERROR,
                  "a step of the master key's rotation failed; it is tried again", 0);
    return -1;
}

/* Does what a rotation needs next. Returns when to be called again. */
static int64_t rotate(struct committer *c)
{
    const int64_t later = clock_monotonic_ms() + COMMITTER_KEYS_MS;

    if (!c->rotating)
        c->rotating = rotation_wanted(&c->keys);
    stats_rotating(c->options.writer.figures, c->rotating);
    if (c->rotating && c->rotation.phase != ROTATION_DONE) {
        c->destroy_at = clock_monotonic_ms() + COMMITTER_DESTROY_MS;
        return rotate_some(c) == 0 ? 0 : later;
    }
    if (c->rotating && clock_monotonic_ms() >= c->destroy_at) {
        rotation_destroy(&c->keys);
        c->rotation = (struct rotation){0};
        c->rotating = false;
    }
    stats_rotating(c->options.writer.figures, c->rotating);
    return later;
}

/* ---- the thread ---- */

static void wait_until(struct committer *c, int64_t ms)
{
    const struct timespec t = {.tv_sec = (time_t)(ms / 1000),
                               .tv_nsec = (long)(ms % 1000) * 1000000};

    c->waiting = true;
    pthread_cond_timedwait(&c->work, &c->lock, &t);
    c->waiting = false;
}

/* Takes at most COMMITTER_BATCH_MAX jobs off the queue. */
static struct vault_job *take_batch(struct committer *c)
{
    struct vault_job *batch = c->head, **link = &c->head;
    size_t n = 0;

    while (*link != NULL && n < COMMITTER_BATCH_MAX) {
        link = &(*link)->next;
        n++;
    }
    if (n == 0)
        return NULL;
    c->head = *link;
    *link = NULL;
    c->queued -= n;
    if (c->head == NULL)
        c->tail = &c->head;
    return batch;
}

static void answer_scrub(struct committer *c)
{
    const int rc = writer_ensure(&c->w) == 0 ? store_scrub(c->w.store, STORE_SCRUB_FINISH) : -1;

    if (rc < 0)
        writer_report_store(&c->w, "the write-ahead log cannot be emptied");
    pthread_mutex_lock(&c->lock);
    c->scrub_result = rc;
    c->scrub = SCRUB_DONE;
    pthread_cond_broadcast(&c->scrubbed);
    pthread_mutex_unlock(&c->lock);
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void *run(void *arg)
{
    struct committer *c = arg;
    int64_t sweep_at = 0, rotate_at = 0, erase_at = 0;

    for (;;) {
        struct vault_job *batch;
        bool scrub, closing;
        int64_t wake_at;

        pthread_mutex_lock(&c->lock);
        wake_at = earliest(sweep_at, earliest(rotate_at, erase_at));
        if (checkpoint_keeper_behind(&c->w.keeper, &c->w.ledger))
            wake_at = earliest(wake_at, c->w.keeper.at_ms);
        while (c->head == NULL && c->scrub != SCRUB_ASKED && !c->closing &&
               clock_monotonic_ms() < wake_at)
            wait_until(c, wake_at);
        batch = take_batch(c);
        scrub = c->scrub == SCRUB_ASKED;
        closing = c->closing;
        pthread_mutex_unlock(&c->lock);

        if (batch != NULL)
            run_batch(c, batch);
        else if (closing)
            break;
        if (clock_monotonic_ms() >= sweep_at && !sweep(c))
            sweep_at = clock_monotonic_ms() + COMMITTER_SWEEP_MS;
        if (clock_monotonic_ms() >= rotate_at)
            rotate_at = rotate(c);
        if (clock_monotonic_ms() >= erase_at)
            erase_at = erase(c);
        if (checkpoint_keeper_behind(&c->w.keeper, &c->w.ledger) &&
            clock_monotonic_ms() >= c->w.keeper.at_ms)
            keep_rest(c);
        if (scrub)
            answer_scrub(c);
    }
    c->w.keeper.at_ms = 0;
    if (checkpoint_keeper_behind(&c->w.keeper, &c->w.ledger))
        keep_rest(c);
    if (writer_ensure(&c->w) == 0 && store_scrub(c->w.store, STORE_SCRUB_FINISH) != 0)
        writer_report(&c->w, VAULT_REPORT_WARNING, "the write-ahead log was not emptied at the end",
                      0);
    return NULL;
}

/* ---- from outside ---- */

void committer_post(struct committer *c, struct vault_job *jobs)
{
    bool wake;

    pthread_mutex_lock(&c->lock);
    *c->tail = jobs;
    while (*c->tail != NULL && !c->closing && c->queued < COMMITTER_QUEUE_MAX) {
        c->tail = &(*c->tail)->next;
        c->queued++;
    }
    jobs = *c->tail;
    *c->tail = NULL;
    wake = c->waiting && c->head != NULL;
    pthread_mutex_unlock(&c->lock);
    if (wake)
        pthread_cond_signal(&c->work);
    for (struct vault_job *job = jobs; job != NULL; job = job->next) {
        unanswer(job, ANSWER_BUSY);
        job->result.retry_after_s = 1;
    }
    give_back(jobs);
}

size_t committer_queued(struct committer *c)
{
    size_t queued;

    pthread_mutex_lock(&c->lock);
    queued = c->queued;
    pthread_mutex_unlock(&c->lock);
    return queued;
}

int committer_scrub(struct committer *c)
{
    int rc = -1;

    pthread_mutex_lock(&c->lock);
    if (!c->closing) {
        c->scrub = SCRUB_ASKED;
        pthread_cond_signal(&c->work);
        while (c->scrub == SCRUB_ASKED && !c->closing)
            pthread_cond_wait(&c->scrubbed, &c->lock);
        if (c->scrub == SCRUB_DONE)
            rc = c->scrub_result;
        c->scrub = SCRUB_NONE;
    }
    pthread_mutex_unlock(&c->lock);
    return rc;
}

/* Initialises what must be destroyed again. Returns 0 or -1. */
static int init_locks(struct committer *c)
{
    pthread_condattr_t monotonic;
    int rc = -1;

    if (pthread_condattr_init(&monotonic) != 0)
        return -1;
    if (pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
        pthread_mutex_init(&c->lock, NULL) == 0 && pthread_cond_init(&c->work, &monotonic) == 0 &&
        pthread_cond_init(&c->scrubbed, NULL) == 0)
        rc = 0;
    pthread_condattr_destroy(&monotonic);
    return rc;
}

static void destroy(struct committer *c)
{
    store_close(c->w.store);
    pthread_cond_destroy(&c->scrubbed);
    pthread_cond_destroy(&c->work);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

struct committer *committer_start(const struct committer_options *options, struct store *store,
                                  char *why, size_t why_size)
{
    struct committer *c = calloc(1, sizeof(*c));

    if (c == NULL || init_locks(c) != 0) {
        snprintf(why, why_size, "out of memory");
        free(c);
        store_close(store);
        return NULL;
    }
    c->options = *options;
    writer_init(&c->w, &c->options.writer, store);
    c->tail = &c->head;
    c->keys = (struct rotation_watch){.keyring = options->writer.keyring,
                                      .file = &c->options.key_file,
                                      .reporter = options->writer.reporter};

    if (writer_begin(&c->w) != 0 || record_vault_opened(&c->w.ledger) != 0 ||
        writer_commit(&c->w, 0) != ANSWER_OK) {
        snprintf(why, why_size,
                 "%s: the first event cannot be written; is the disk full? handoffd check tells "
                 "more",
                 options->writer.path);
        destroy(c);
        return NULL;
    }
    if (pthread_create(&c->thread, NULL, run, c) != 0) {
        snprintf(why, why_size, "a thread cannot be started");
        destroy(c);
        return NULL;
    }
    return c;
}

void committer_stop(struct committer *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->closing = true;
    pthread_cond_broadcast(&c->work);
    pthread_cond_broadcast(&c->scrubbed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    destroy(c);
}
