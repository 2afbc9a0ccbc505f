/*
 * The room writer/ holds the threads that write, and what they share with others: the committer,
 * the scrubber, who waits for events, what is counted.
 *
 * The committer is the one writer. It takes what has queued, applies it in one transaction, commits
 * once, then wakes who waits for events and answers all: while one commit is being synced the next
 * batch gathers by itself. Between batches it sweeps what is due, a bounded number at a time,
 * finishes scrubs, erases details that have become old, and brings what is at rest under a new
 * master key when the key file has one. While the log grows it keeps a signed checkpoint every
 * second, by which a log that was cut or changed is recognised.
 */
#ifndef HANDOFF_VAULT_WRITER_COMMITTER_H
#define HANDOFF_VAULT_WRITER_COMMITTER_H

#include "vault/job/job.h"
#include "vault/keys/keyfile.h"
#include "vault/store/store.h"
#include "vault/writer/watch.h"
#include "vault/writer/writer.h"

enum {
    COMMITTER_BATCH_MAX = 512,   /* jobs in a transaction */
    COMMITTER_QUEUE_MAX = 16384, /* jobs that wait; more are told to come back */
    COMMITTER_SWEEP_MAX = 128,   /* due handoffs in a transaction of their own */
    COMMITTER_SWEEP_MS = 500,
    COMMITTER_KEYS_MS = 1000,   /* between looks at the key file */
    COMMITTER_ERASE_MS = 5000,  /* between looks for details that have become old */
    COMMITTER_DESTROY_MS = 2000 /* from the rotation's end to that of the old key: a reader may
                                   still hold what lies under it, for 500 ms at most */
};

struct committer;

struct committer_options {
    struct writer_options writer;
    struct keyfile_place key_file;
    struct watch_table *watches;
    int64_t erase_after_s; /* personal details are erased when they are so old; 0: never */
};

/* Opens the event log with a vault.opened event and starts the thread. Takes over store, the
   writing connection. What the options point to must outlive it. Returns NULL (with store closed)
   and a sentence in why. */
struct committer *committer_start(const struct committer_options *options, struct store *store,
                                  char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Answers what has queued, empties the write-ahead log, ends the thread, frees. NULL is nothing. */
void committer_stop(struct committer *c);

/* See vault_post; the jobs are prepared. */
void committer_post(struct committer *c, struct vault_job *jobs) __attribute__((nonnull));

/* Jobs that wait now. */
size_t committer_queued(struct committer *c) __attribute__((nonnull));

/* See vault_now. */
int64_t committer_now(struct committer *c) __attribute__((nonnull));

/* Finishes a scrub on the committer's thread and waits for it. Returns what store_scrub returned,
   or -1 when the committer is stopping. */
int committer_scrub(struct committer *c) __attribute__((nonnull, warn_unused_result));

#endif
