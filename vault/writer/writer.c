#include "vault/writer/writer.h"

#include "vault/protocol/encoding/clock.h"

#include <stdio.h>
#include <time.h>

void writer_init(struct writer *w, const struct writer_options *options, struct store *store)
{
    w->options = options;
    w->store = store;
    w->keeper =
        (struct checkpoint_keeper){.logkey = options->logkey, .reporter = options->reporter};
    snprintf(w->path, sizeof(w->path), "%s", options->path);
}

void writer_report(const struct writer *w, int level, const char *what, int64_t number)
{
    reporter_tell(w->options->reporter, level, what, number);
}

void writer_report_store(const struct writer *w, const char *what)
{
    int number = 0;

    writer_report(w, VAULT_REPORT_ERROR, what, 0);
    if (w->store != NULL) {
        const char *text = store_error(w->store, &number);

        writer_report(w, VAULT_REPORT_ERROR, text, number);
    }
}

static int64_t raise_latest(struct writer *w, int64_t time)
{
    int64_t latest = atomic_load(&w->latest);

    while (time > latest && !atomic_compare_exchange_weak(&w->latest, &latest, time))
        ;
    return time > latest ? time : latest;
}

int64_t writer_now(struct writer *w)
{
    return raise_latest(w, (int64_t)time(NULL));
}

int writer_ensure(struct writer *w)
{
    char why[256];

    if (w->store != NULL)
        return 0;
    w->store = store_open(w->path, STORE_WRITER, why, sizeof(why));
    if (w->store == NULL) {
        writer_report(w, VAULT_REPORT_ERROR, "the database cannot be opened again", 0);
        return -1;
    }
    writer_report(w, VAULT_REPORT_WARNING, "the database was opened again", 0);
    return 0;
}

int writer_begin(struct writer *w)
{
    struct ledger *l = &w->ledger;
    struct store_head head;

    if (writer_ensure(w) != 0)
        return -1;
    if (store_begin(w->store, &head) != 0) {
        writer_report_store(w, "a transaction cannot begin");
        stats_failed(w->options->figures, false);
        return -1;
    }
    (void)raise_latest(w, head.time);
    if (ledger_start(l, w->store, w->options->keyring, &head, writer_now(w)) != 0) {
        writer_report_store(w, "the log's tree cannot be read");
        stats_failed(w->options->figures, false);
        store_rollback(w->store);
        return -1;
    }
    l->live_max = w->options->live_max;
    l->live_bytes_max = w->options->live_bytes_max;
    return 0;
}

enum answer writer_commit(struct writer *w, uint64_t jobs)
{
    const int64_t from_us = clock_monotonic_us();
    const struct checkpoint_keeper before = w->keeper;
    int rc = checkpoint_keeper_keep(&w->keeper, &w->ledger);

    if (rc == 0)
        rc = store_commit(w->store);
    else
        store_rollback(w->store);
    if (rc != 0)
        w->keeper = before;
    if (w->keeper.told != before.told)
        stats_unsigned(w->options->figures, w->keeper.told);
    if (rc == 0) {
        stats_committed(w->options->figures, &w->ledger, jobs, clock_monotonic_us() - from_us,
                        store_log_bytes(w->store));
        if (w->ledger.burned || store_log_bytes(w->store) > WRITER_LOG_BYTES)
            w->options->scrub_wanted(w->options->scrub_ctx);
        return ANSWER_OK;
    }
    stats_failed(w->options->figures, rc == STORE_UNKNOWN);
    if (rc != STORE_UNKNOWN) {
        writer_report_store(w, "a transaction was rolled back");
        return ANSWER_UNAVAILABLE;
    }
    writer_report_store(w, "a commit failed: its outcome is unknown");
    /* The readers' connections keep the index of the log, so that the next one does not see what
       was never synced; alone it would (docs/architecture.md, Unknown outcomes). */
    store_close(w->store);
    w->store = NULL;
    (void)!writer_ensure(w);
    return ANSWER_OUTCOME_UNKNOWN;
}

void writer_rollback(struct writer *w)
{
    writer_report_store(w, "a transaction was rolled back");
    stats_failed(w->options->figures, false);
    store_rollback(w->store);
}
