#include "vault/vault.h"

#include "vault/committer.h"
#include "vault/keyring.h"
#include "vault/ledger.h"
#include "vault/prepare.h"
#include "vault/protocol/keys.h"
#include "vault/protocol/secret.h"
#include "vault/readers.h"
#include "vault/scrubber.h"
#include "vault/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const vault_text_names[VAULT_TEXTS] = {
    [VAULT_LABEL] = "label",
    [VAULT_SHOWN_LABEL] = "shown_label",
    [VAULT_RECIPIENT] = "recipient",
    [VAULT_REF] = "ref",
};

static const char check_name[] = "master-key-check";

struct vault {
    struct vault_options options;
    int dir_fd; /* holds the lock against a second daemon */
    char path[4096];
    struct keyring *keyring;
    struct watch_table *watches;
    struct readers *readers;
    struct scrubber *scrubber;
    struct committer *committer;
};

static void report_to_nobody(void *ctx, int level, const char *what, int64_t number)
{
    (void)ctx;
    (void)level;
    (void)what;
    (void)number;
}

/* ---- opening ---- */

/* Makes the directory where needed, checks that nobody else can write to it, and locks it. */
static int open_dir(struct vault *v, char *why, size_t why_size)
{
    const char *dir = v->options.dir;
    const char *reason;
    struct stat st;

    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        snprintf(why, why_size, "%s: cannot be made: %s", dir, strerror(errno));
        return -1;
    }
    v->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (v->dir_fd < 0) {
        snprintf(why, why_size, "%s: %s", dir, strerror(errno));
        return -1;
    }
    reason = "must be a directory of the user that runs the service, writable by nobody else";
    if (fstat(v->dir_fd, &st) != 0 || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
        goto fail;
    reason = "is in use by another handoffd: stop that one first, or name another directory";
    if (flock(v->dir_fd, LOCK_EX | LOCK_NB) != 0)
        goto fail;
    if ((size_t)snprintf(v->path, sizeof(v->path), "%s/handoff.db", dir) < sizeof(v->path))
        return 0;
    reason = "the path is too long";
fail:
    snprintf(why, why_size, "%s: %s", dir, reason);
    return -1;
}

/* Keeps the check of a new master key with the database made under it. */
static int keep_check(struct store *store, const uint8_t check[32])
{
    struct store_head head;

    if (store_begin(store, &head) != 0)
        return -1;
    if (store_set_value(store, check_name, check) != 0) {
        store_rollback(store);
        return -1;
    }
    return store_commit(store) == 0 ? 0 : -1;
}

/* Opens the keyring and makes sure that it is the one that the database was made under. */
static int open_keyring(struct vault *v, struct store *store, char *why, size_t why_size)
{
    uint8_t kept[32], check[32];
    const int rc = store_value(store, check_name, kept);

    if (rc < 0) {
        snprintf(why, why_size, "%s: cannot be read", v->path);
        return -1;
    }
    v->keyring = keyring_open(v->dir_fd, rc == STORE_NONE, why, why_size);
    if (v->keyring == NULL)
        return -1;
    keyring_check(v->keyring, check);
    if (rc == 0 && sodium_memcmp(kept, check, sizeof(check)) != 0) {
        snprintf(why, why_size,
                 "master.key is not the key that %s was made under: put the right one back",
                 v->path);
        return -1;
    }
    if (rc == STORE_NONE && keep_check(store, check) != 0) {
        snprintf(why, why_size, "%s: cannot be written; is the disk full?", v->path);
        return -1;
    }
    return 0;
}

/* Starts the threads. Takes over store. */
static int start(struct vault *v, struct store *store, char *why, size_t why_size)
{
    struct committer_options options = {.path = v->path,
                                        .keyring = v->keyring,
                                        .watches = v->watches,
                                        .vault = &v->options,
                                        .scrub_wanted = scrubber_wanted};
    struct store *second = store_open(v->path, STORE_READER, why, why_size);

    v->scrubber = second != NULL ? scrubber_new(second, &v->options) : NULL;
    if (v->scrubber == NULL) {
        store_close(store);
        return -1;
    }
    options.scrub_ctx = v->scrubber;
    v->committer = committer_start(&options, store, why, why_size);
    if (v->committer == NULL)
        return -1;
    v->readers = readers_open(v->path, v->options.readers, why, why_size);
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
    v->options = *options;
    v->dir_fd = -1;
    if (v->options.report == NULL)
        v->options.report = report_to_nobody;
    v->watches = watch_table_new();
    if (v->watches == NULL || open_dir(v, why, why_size) != 0)
        goto fail;
    store = store_open(v->path, STORE_WRITER, why, why_size);
    if (store == NULL)
        goto fail;
    if (open_keyring(v, store, why, why_size) != 0) {
        store_close(store);
        goto fail;
    }
    if (start(v, store, why, why_size) != 0)
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
    keyring_close(v->keyring);
    if (v->dir_fd >= 0)
        close(v->dir_fd);
    free(v);
}

int64_t vault_now(struct vault *v)
{
    return committer_now(v->committer);
}

/* ---- writing ---- */

void vault_post(struct vault *v, struct vault_job *job)
{
    memset(&job->result, 0, sizeof(job->result));
    memset(&job->own, 0, sizeof(job->own));
    if (prepare_job(job, v->keyring, v->readers) != 0) {
        job->result.answer = ANSWER_UNAVAILABLE;
        job->result.event = -1;
        job->done(job);
        return;
    }
    committer_post(v->committer, job);
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done;
};

static void wake_waiter(struct vault_job *job)
{
    struct waiter *w = job->owner;

    pthread_mutex_lock(&w->lock);
    w->done = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void vault_call(struct vault *v, struct vault_job *job)
{
    struct waiter w = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

    job->done = wake_waiter;
    job->owner = &w;
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
    secret_heap_free(job->own.sealed);
    sodium_memzero(job, sizeof(*job));
}

/* ---- reading ---- */

static enum answer found(int rc)
{
    return rc == 0 ? ANSWER_OK : rc == STORE_NONE ? ANSWER_NOT_FOUND : ANSWER_UNAVAILABLE;
}

/* What a handoff is by now, before anyone has written it down. */
static struct lifecycle_facts facts_now(struct vault *v, const struct store_handoff *h)
{
    const struct lifecycle_call call = {.op = LIFECYCLE_TIME, .now = vault_now(v)};
    const struct lifecycle_verdict verdict = lifecycle_decide(&h->facts, &call);
    struct lifecycle_facts f = lifecycle_apply(&h->facts, &call, &verdict);

    f.cause = h->facts.cause; /* the bytes are there until the sweeper has come by */
    if (f.state != h->facts.state)
        f.changed_at = lifecycle_due_at(&h->facts);
    return f;
}

/* Copies one of an event's details as text; leaves out empty when it is not there (any more). */
static int copy_detail(struct vault *v, struct store *store, int64_t n, const char *field,
                       char *out, size_t size)
{
    struct vault_detail details[VAULT_DETAILS_PER_EVENT];
    uint8_t buffer[LEDGER_DETAILS_BYTES];
    struct store_event e;
    int count = -1;

    if (store_view_begin(store) != 0)
        return -1;
    if (store_event(store, n, &e) == 0)
        count = ledger_open_details(v->keyring, &e, buffer, details, VAULT_DETAILS_PER_EVENT);
    store_view_end(store);
    for (int i = 0; i < count; i++)
        if (strcmp(details[i].field, field) == 0 && details[i].value_len < size) {
            memcpy(out, details[i].value, details[i].value_len);
            out[details[i].value_len] = '\0';
        }
    sodium_memzero(buffer, sizeof(buffer));
    return count < 0 ? -1 : 0;
}

enum answer vault_read(struct vault *v, const uint8_t id[16], struct vault_view *out)
{
    struct store *store = readers_take(v->readers);
    struct lifecycle_facts f;
    struct store_handoff h;
    int rc = store_find(store, id, &h);

    memset(out, 0, sizeof(*out));
    if (rc == 0 && h.shown_label)
        rc = copy_detail(v, store, h.created_n, vault_text_names[VAULT_SHOWN_LABEL],
                         out->shown_label, sizeof(out->shown_label));
    readers_give(v->readers, store);
    if (rc != 0)
        return found(rc);

    f = facts_now(v, &h);
    out->state = f.state;
    out->burned = f.cause != LIFECYCLE_CAUSE_NONE;
    out->code = f.code;
    memcpy(out->envelope_hash, h.envelope_hash, sizeof(out->envelope_hash));
    out->created_at = h.created_at;
    out->expires_at = f.expires_at;
    out->changed_at = f.changed_at;
    out->lease_until = f.lease_until;
    return ANSWER_OK;
}

enum answer vault_check_manage_key(struct vault *v, const uint8_t id[16],
                                   const uint8_t manage_key[32])
{
    struct store_handoff h;
    uint8_t hash[32];
    const int rc = readers_find(v->readers, id, &h);

    if (rc != 0)
        return found(rc);
    keys_hash(hash, manage_key);
    return sodium_memcmp(hash, h.manage_hash, sizeof(hash)) == 0 ? ANSWER_OK : ANSWER_FORBIDDEN;
}

/* Whether a detail may be shown by now: opened hash and receipt key not before their first use. */
static bool disclosed(const struct store_handoff *h, const struct vault_detail *d)
{
    if (strcmp(d->field, "opened_hash") == 0)
        return h->facts.opened;
    if (strcmp(d->field, "receipt_key") == 0)
        return h->facts.receipts > 0;
    return true;
}

/* Gives one event to each. Returns 1 to go on, 0 to stop, -1 when the store failed. */
static int show_event(struct vault *v, struct store *store, const struct store_handoff *h,
                      int64_t n, bool (*each)(void *ctx, const struct vault_event *event),
                      void *ctx)
{
    struct vault_detail details[VAULT_DETAILS_PER_EVENT];
    uint8_t buffer[LEDGER_DETAILS_BYTES];
    struct vault_event event = {.index = n, .details = details};
    struct store_event e;
    int count, rc = -1;

    if (store_event(store, n, &e) != 0)
        return -1;
    count = ledger_open_details(v->keyring, &e, buffer, details, VAULT_DETAILS_PER_EVENT);
    if (count >= 0) {
        event.line = e.line;
        event.line_len = e.line_len;
        for (int i = 0; i < count; i++)
            if (disclosed(h, &details[i]))
                details[event.details_len++] = details[i];
        rc = each(ctx, &event) ? 1 : 0;
    }
    sodium_memzero(buffer, sizeof(buffer));
    return rc;
}

/* Collects the indices above after, newest first, of the handoff's chain of events, and keeps the
   oldest limit of them in ring. Returns how many there were in all, or -1. */
static int64_t collect(struct store *store, int64_t last, int64_t after, int64_t *ring,
                       unsigned limit)
{
    int64_t count = 0;

    for (int64_t n = last; n > after; count++) {
        ring[count % limit] = n;
        if (store_event_prev(store, n, &n) != 0)
            return -1;
    }
    return count;
}

enum answer vault_events(struct vault *v, const uint8_t id[16], int64_t after, unsigned limit,
                         bool (*each)(void *ctx, const struct vault_event *event), void *ctx,
                         struct vault_timeline *out)
{
    struct store *store = readers_take(v->readers);
    int64_t *ring = calloc(limit > 0 ? limit : 1, sizeof(*ring));
    enum answer answer = ANSWER_UNAVAILABLE;
    struct store_handoff h;
    int64_t count, shown;
    int rc;

    out->next = after;
    if (ring == NULL || store_view_begin(store) != 0)
        goto done;
    rc = store_find(store, id, &h);
    answer = found(rc);
    if (rc != 0)
        goto end_view;
    out->state = facts_now(v, &h).state;
    count = limit > 0 ? collect(store, h.last_n, after, ring, limit) : 0;
    if (count < 0)
        answer = ANSWER_UNAVAILABLE;
    shown = count < limit ? count : limit;
    for (int64_t i = 1; i <= shown; i++) {
        const int64_t n = ring[(count - i) % limit];

        rc = show_event(v, store, &h, n, each, ctx);
        if (rc < 0)
            answer = ANSWER_UNAVAILABLE;
        if (rc <= 0)
            break;
        out->next = n;
    }
end_view:
    store_view_end(store);
done:
    free(ring);
    readers_give(v->readers, store);
    return answer;
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
