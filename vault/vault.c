#include "vault/vault.h"

#include "vault/calls/prepare.h"
#include "vault/inside.h"
#include "vault/maintenance/datadir.h"
#include "vault/maintenance/key_binding.h"
#include "vault/maintenance/upgrade.h"
#include "vault/protocol/encoding/secret.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening ---- */

int vault_make_dir(const char *dir, char *why, size_t why_size)
{
    const int fd = datadir_open(dir, why, why_size);

    if (fd >= 0)
        close(fd);
    return fd >= 0 ? 0 : -1;
}

/* Opens the directory and locks it against a second daemon. */
static int open_dir(struct vault *v, const char *dir, char *why, size_t why_size)
{
    v->dir_fd = datadir_open(dir, why, why_size);
    if (v->dir_fd < 0)
        return -1;
    if (!datadir_lock(v->dir_fd)) {
        snprintf(
            why, why_size,
            "%s: is in use by another handoffd: stop that one first, or name another directory",
            dir);
        return -1;
    }
    return datadir_database(v->path, sizeof(v->path), dir, why, why_size);
}

/* Brings database and log key together, and holds the log's name against what it must be. */
static int settle_log(struct vault *v, const struct vault_options *o, struct store *store,
                      char *why, size_t why_size)
{
    const char *usual = o->log_name_usual != NULL ? o->log_name_usual : "handoff";
    struct note_key key;

    if (logkey_settle(v->logkey, store, o->log_name != NULL ? o->log_name : usual, why, why_size) !=
        0)
        return -1;
    if (o->log_name == NULL || logkey_current(v->logkey, store, &key) != 0 ||
        strcmp(key.name, o->log_name) == 0)
        return 0;
    snprintf(why, why_size,
             "the log is called %s, and is to be called %s: the name is part of its key; handoffd "
             "key rotate-log --name %s replaces both, and the log says so",
             key.name, o->log_name, o->log_name);
    return -1;
}

/* Starts the threads. Takes over store. */
static int start(struct vault *v, const struct vault_options *o, struct store *store, char *why,
                 size_t why_size)
{
    struct committer_options options = {.writer = {.path = v->path,
                                                   .keyring = v->keyring,
                                                   .logkey = v->logkey,
                                                   .figures = v->figures,
                                                   .reporter = &v->reporter,
                                                   .live_max = o->live_max,
                                                   .live_bytes_max = o->live_bytes_max,
                                                   .scrub_wanted = scrubber_wanted},
                                        .key_file = v->key_file,
                                        .watches = v->watches,
                                        .erase_after_s = o->erase_after_s};
    struct store *second = store_open(v->path, STORE_READER, why, why_size);

    v->scrubber = second != NULL ? scrubber_new(second, &v->reporter, v->figures) : NULL;
    if (v->scrubber == NULL) {
        store_close(store);
        return -1;
    }
    options.writer.scrub_ctx = v->scrubber;
    v->committer = committer_start(&options, store, why, why_size);
    if (v->committer == NULL)
        return -1;
    v->readers = readers_open(v->path, o->readers, why, why_size);
    if (v->readers == NULL)
        return -1;
    if (scrubber_start(v->scrubber, v->committer) == 0)
        return 0;
    snprintf(why, why_size, "a thread cannot be started");
    return -1;
}

struct vault *vault_open(const struct vault_options *options, char *why, size_t why_size)
{
    struct vault *v = calloc(1, sizeof(*v));
    struct store *store;

    snprintf(why, why_size, "out of memory");
    if (v == NULL || sodium_init() < 0)
        goto fail;
    v->dir_fd = -1;
    v->reporter = (struct reporter){.tell = options->report, .ctx = options->report_ctx};
    v->watches = watch_table_new();
    v->figures = stats_new();
    v->checkpoints = checkpoint_cache_new();
    if (v->watches == NULL || v->figures == NULL || v->checkpoints == NULL ||
        open_dir(v, options->dir, why, why_size) != 0)
        goto fail;
    store = store_open(v->path, STORE_WRITER, why, why_size);
    if (store == NULL)
        goto fail;
    v->key_file = (struct keyfile_place){.dir_fd = v->dir_fd, .path = options->key};
    v->keyring = key_binding_open(store, &v->key_file, why, why_size);
    if (v->keyring != NULL)
        v->logkey = logkey_open(v->dir_fd, why, why_size);
    if (v->logkey == NULL || upgrade(store, v->keyring, why, why_size) != 0 ||
        settle_log(v, options, store, why, why_size) != 0) {
        store_close(store);
        goto fail;
    }
    if (start(v, options, store, why, why_size) != 0)
        goto fail;
    return v;

fail:
    vault_close(v);
    return NULL;
}

void vault_close(struct vault *v)
{
    if (v == NULL)
        return;
    scrubber_stop(v->scrubber);
    readers_close(v->readers);
    committer_stop(v->committer);
    scrubber_free(v->scrubber);
    watch_table_free(v->watches);
    logkey_close(v->logkey);
    checkpoint_cache_free(v->checkpoints);
    keyring_close(v->keyring);
    stats_free(v->figures);
    if (v->dir_fd >= 0)
        close(v->dir_fd);
    free(v);
}

int64_t vault_now(struct vault *v)
{
    return committer_now(v->committer);
}

/* ---- writing ---- */

void vault_post(struct vault *v, struct vault_job *jobs)
{
    struct vault_job *ready = NULL, **tail = &ready;

    for (struct vault_job *job = jobs, *next; job != NULL; job = next) {
        next = job->next;
        job->next = NULL;
        memset(&job->result, 0, sizeof(job->result));
        memset(&job->own, 0, sizeof(job->own));
        job->own.appended = -1;
        if (prepare_job(job, v->keyring, v->readers) == 0) {
            *tail = job;
            tail = &job->next;
            continue;
        }
        job->result.answer = ANSWER_UNAVAILABLE;
        job->result.event = -1;
        job->completions->answered(job->completions, job);
    }
    if (ready != NULL)
        committer_post(v->committer, ready);
}

struct waiter {
    struct completion_queue completions; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
};

static void wake_waiter(struct completion_queue *completions, struct vault_job *job)
{
    struct waiter *w = (struct waiter *)completions;

    (void)job;
    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void vault_call(struct vault *v, struct vault_job *job)
{
    struct waiter w = {.completions = {wake_waiter},
                       .lock = PTHREAD_MUTEX_INITIALIZER,
                       .changed = PTHREAD_COND_INITIALIZER};

    job->completions = &w.completions;
    job->next = NULL;
    vault_post(v, job);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.changed, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.changed);
    pthread_mutex_destroy(&w.lock);
}

void vault_job_clear(struct vault_job *job)
{
    if (job->op == VAULT_SUBMIT)
        secret_heap_free(job->in.submit.envelope);
    if (job->op == VAULT_RECEIPT)
        secret_heap_free(job->in.receipt.details);
    secret_heap_free(job->result.envelope);
    free(job->result.line);
    secret_heap_free(job->own.sealed);
    secret_heap_free(job->own.details.data);
    sodium_memzero(job, sizeof(*job));
}

/* ---- names ---- */

const char *vault_kind_name(enum vault_kind kind)
{
    return event_kind_name(kind);
}

const char *vault_role_name(enum vault_role role)
{
    return role_name(role);
}

/* ---- waiting ---- */

void vault_watch_add(struct vault *v, struct vault_watch *w)
{
    watch_add(v->watches, w);
}

void vault_watch_remove(struct vault *v, struct vault_watch *w)
{
    watch_remove(v->watches, w);
}
