/*
 * The committer's connection to the database: transactions, each with its ledger; what failed is
 * reported and counted, and after a commit of unknown outcome the database is opened anew.
 */
#ifndef HANDOFF_VAULT_WRITER_WRITER_H
#define HANDOFF_VAULT_WRITER_WRITER_H

#include "vault/job/reporter.h"
#include "vault/keys/keyring.h"
#include "vault/log/checkpoint_keeper.h"
#include "vault/log/ledger.h"
#include "vault/log/logkey.h"
#include "vault/store/store.h"
#include "vault/writer/stats.h"

#include <stdatomic.h>

enum {
    WRITER_LOG_BYTES = 16 * 1024 * 1024 /* of write-ahead log, from which on a scrub is wanted */
};

struct writer_options {
    const char *path; /* of the database; copied */
    struct keyring *keyring;
    struct logkey *logkey;
    struct stats *figures;
    const struct reporter *reporter;
    /* The most that may live at once, of handoffs and bytes of envelopes; 0: no limit. */
    uint64_t live_max, live_bytes_max;
    void (*scrub_wanted)(void *ctx); /* after a commit that burned; must not block */
    void *scrub_ctx;
};

struct writer {
    const struct writer_options *options;
    char path[4096];
    struct store *store; /* NULL between a failed commit and the reopening */
    struct ledger ledger;
    struct checkpoint_keeper keeper;
    atomic_int_least64_t latest; /* the latest time given out or recorded */
};

/* Takes over store. What options point to must outlive it. */
void writer_init(struct writer *w, const struct writer_options *options, struct store *store)
    __attribute__((nonnull));

/* Tells the operator: words, or words and what the store says. */
void writer_report(const struct writer *w, int level, const char *what, int64_t number)
    __attribute__((nonnull));
void writer_report_store(const struct writer *w, const char *what) __attribute__((nonnull));

/* See vault_now; from any thread. */
int64_t writer_now(struct writer *w) __attribute__((nonnull));

/* Opens the database anew where it is not open. Returns 0 or -1. */
int writer_ensure(struct writer *w) __attribute__((nonnull, warn_unused_result));

/* Begins a transaction: the ledger is ready. Returns 0 or -1. */
int writer_begin(struct writer *w) __attribute__((nonnull, warn_unused_result));

/* Commits what jobs (so many) have brought about. ANSWER_OK, ANSWER_UNAVAILABLE when nothing has
   happened, or ANSWER_OUTCOME_UNKNOWN. */
enum answer writer_commit(struct writer *w, uint64_t jobs)
    __attribute__((nonnull, warn_unused_result));

void writer_rollback(struct writer *w) __attribute__((nonnull));

#endif
