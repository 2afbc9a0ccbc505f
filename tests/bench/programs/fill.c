/*
 * Fills a data directory through the vault's own door, without HTTP: handoffs that lie there and
 * wait, or that were claimed and opened too, made from a seed as material.h says. Prints what it
 * did as JSON.
 */
#include "tests/bench/material/material.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/vault.h"

#include <getopt.h>
#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FILL_THREADS = 3, /* while one waits for its last jobs, the others keep the committer busy */
    FILL_CHUNK = 1024,
    FILL_HANDOFFS_MAX = 10000000
};

struct options {
    const char *dir;
    uint64_t seed, from, count, plaintext, expires_in;
    bool opened; /* claim and open each, too */
};

struct worker {
    struct completion_queue completions; /* must be first */
    pthread_t thread;
    const struct options *options;
    const struct material_source *source;
    struct vault *vault;
    atomic_uint_least64_t *next; /* the first number of the next chunk */
    struct vault_job *jobs;      /* FILL_CHUNK of them */
    struct material *materials;  /* the same */
    sem_t done;
    atomic_bool failed;
};

static const char usage[] =
    "usage: fill --data DIR --seed S --count N [--from NUMBER] [--opened] [--plaintext BYTES]\n"
    "            [--expires-in SECONDS]\n"
    "Submits the handoffs NUMBER to NUMBER + N - 1 of seed S; --opened: claims and opens each.\n";

static int parse_options(struct options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"data", required_argument, NULL, 'd'},       {"seed", required_argument, NULL, 's'},
        {"from", required_argument, NULL, 'f'},       {"count", required_argument, NULL, 'n'},
        {"plaintext", required_argument, NULL, 'l'},  {"opened", no_argument, NULL, 'o'},
        {"expires-in", required_argument, NULL, 'e'}, {NULL, 0, NULL, 0},
    };
    const struct {
        int option;
        uint64_t *value;
        uint64_t max;
    } numbers[] = {
        {'s', &o->seed, UINT32_MAX},
        {'f', &o->from, FILL_HANDOFFS_MAX},
        {'n', &o->count, FILL_HANDOFFS_MAX},
        {'l', &o->plaintext, ENVELOPE_MAX_DEFAULT - 512},
        {'e', &o->expires_in, VAULT_EXPIRES_MAX_S},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == '?')
            return -1;
        if (option == 'd')
            o->dir = optarg;
        if (option == 'o')
            o->opened = true;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
            if (numbers[i].option == option &&
                encoding_u64(numbers[i].value, optarg, strlen(optarg), numbers[i].max) != 0)
                return -1;
    }
    return optind == argc && o->dir != NULL && o->count > 0 && o->expires_in >= VAULT_EXPIRES_MIN_S
               ? 0
               : -1;
}

static void answered(struct completion_queue *completions, struct vault_job *jobs)
{
    struct worker *w = (struct worker *)(void *)completions;

    while (jobs != NULL) {
        struct vault_job *next = jobs->next;

        if (jobs->result.answer != ANSWER_OK)
            atomic_store(&w->failed, true);
        sem_post(&w->done); /* last: the job is cleared after */
        jobs = next;
    }
}

/* As the service would be told by a client of this machine. */
static void fill_job(struct vault_job *job, struct worker *w, const struct material *m,
                     enum vault_op op)
{
    memset(job, 0, sizeof(*job));
    job->op = op;
    memcpy(job->id, m->id, sizeof(job->id));
    snprintf(job->address, sizeof(job->address), "127.0.0.1");
    snprintf(job->agent, sizeof(job->agent), "handoff-load");
    job->completions = &w->completions;
}

static void fill_submission(struct vault_job *job, const struct options *o,
                            const struct material *m)
{
    struct vault_submission *const in = &job->in.submit;

    in->envelope = m->envelope; /* the job's from now on */
    in->envelope_len = m->envelope_len;
    memcpy(in->claim_hash, m->claim_hash, sizeof(in->claim_hash));
    memcpy(in->opened_hash, m->opened_hash, sizeof(in->opened_hash));
    memcpy(in->receipt_key, m->receipt_key, sizeof(in->receipt_key));
    memcpy(in->manage_hash, m->manage_hash, sizeof(in->manage_hash));
    in->expires_in_s = (uint32_t)o->expires_in;
    in->lease_s = VAULT_LEASE_DEFAULT_S;
    snprintf(in->texts[VAULT_LABEL], sizeof(in->texts[VAULT_LABEL]), "Onboarding account");
    snprintf(in->payer, sizeof(in->payer), "address:127.0.0.1");
}

/* Posts one call for each of a chunk, and waits for all. */
static void post_chunk(struct worker *w, size_t count, enum vault_op op)
{
    for (size_t i = 0; i < count; i++) {
        struct vault_job *const job = &w->jobs[i];
        const struct material *const m = &w->materials[i];

        fill_job(job, w, m, op);
        if (op == VAULT_SUBMIT)
            fill_submission(job, w->options, m);
        if (op == VAULT_CLAIM) {
            memcpy(job->in.claim.token, m->claim_token, 32);
            memcpy(job->in.claim.claimant, m->claimant, 32);
        }
        if (op == VAULT_OPENED) {
            memcpy(job->in.opened.opened_token, m->opened_token, 32);
            memcpy(job->in.opened.claimant, m->claimant, 32);
        }
        job->next = i + 1 < count ? job + 1 : NULL;
    }
    vault_post(w->vault, w->jobs);
    for (size_t i = 0; i < count; i++)
        sem_wait(&w->done);
    for (size_t i = 0; i < count; i++)
        vault_job_clear(&w->jobs[i]);
}

static int make_chunk(struct worker *w, uint64_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct material *const m = &w->materials[i];

        m->envelope_len = envelope_size((size_t)w->options->plaintext);
        m->envelope = secret_heap_alloc(m->envelope_len);
        if (m->envelope == NULL)
            return -1;
        material_make(m, w->source, first + i);
    }
    return 0;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    const uint64_t end = w->options->from + w->options->count;

    for (;;) {
        const uint64_t first = atomic_fetch_add(w->next, FILL_CHUNK);
        const size_t count = first >= end ? 0 : end - first < FILL_CHUNK ? end - first : FILL_CHUNK;

        if (count == 0 || atomic_load(&w->failed))
            return NULL;
        if (make_chunk(w, first, count) != 0) {
            atomic_store(&w->failed, true);
            return NULL;
        }
        post_chunk(w, count, VAULT_SUBMIT);
        if (w->options->opened) {
            post_chunk(w, count, VAULT_CLAIM);
            post_chunk(w, count, VAULT_OPENED);
        }
    }
}

/* Returns whether every call was answered as it must be. */
static bool fill(const struct options *o, struct vault *vault)
{
    static struct material_source source;
    static struct worker workers[FILL_THREADS];
    atomic_uint_least64_t next;
    bool good = true;

    atomic_init(&next, o->from);
    material_seed(&source, o->seed, MATERIAL_FILLED_MS);
    for (unsigned i = 0; i < FILL_THREADS; i++) {
        struct worker *const w = &workers[i];

        w->completions.answered = answered;
        w->options = o;
        w->source = &source;
        w->vault = vault;
        w->next = &next;
        w->jobs = calloc(FILL_CHUNK, sizeof(*w->jobs));
        w->materials = calloc(FILL_CHUNK, sizeof(*w->materials));
        if (w->jobs == NULL || w->materials == NULL || sem_init(&w->done, 0, 0) != 0 ||
            pthread_create(&w->thread, NULL, work, w) != 0) {
            fputs("fill: out of memory\n", stderr);
            exit(EXIT_FAILURE);
        }
    }
    for (unsigned i = 0; i < FILL_THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        good = good && !atomic_load(&workers[i].failed);
        sem_destroy(&workers[i].done);
        free(workers[i].jobs);
        free(workers[i].materials);
    }
    return good;
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct options o = {.plaintext = 200, .expires_in = VAULT_EXPIRES_DEFAULT_S};
    struct vault_options options = {.readers = 1};
    struct vault_stats stats;
    struct vault *vault;
    const double start = now_s();
    char why[512];
    int rc = EXIT_FAILURE;

    if (parse_options(&o, argc, argv) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    options.dir = o.dir;
    vault = sodium_init() < 0 ? NULL : vault_open(&options, why, sizeof(why));
    if (vault == NULL) {
        fprintf(stderr, "fill: %s\n", why);
        return EXIT_FAILURE;
    }
    if (!fill(&o, vault))
        fputs("fill: the vault refused a call\n", stderr);
    else if (vault_stats(vault, &stats) != 0)
        fputs("fill: the database cannot be read\n", stderr);
    else
        rc = EXIT_SUCCESS;
    vault_close(vault);
    if (rc == EXIT_SUCCESS)
        printf("{\"handoffs\":%llu,\"live\":%llu,\"events\":%llu,\"seconds\":%.1f}\n",
               (unsigned long long)o.count, (unsigned long long)stats.live,
               (unsigned long long)stats.next, now_s() - start);
    return rc;
}
