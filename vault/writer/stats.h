/* The vault's figures: counted as things happen, read by whoever watches. */
#ifndef HANDOFF_VAULT_WRITER_STATS_H
#define HANDOFF_VAULT_WRITER_STATS_H

#include "vault/job/figures.h"
#include "vault/job/job.h"
#include "vault/log/ledger.h"

struct stats;

struct stats *stats_new(void) __attribute__((warn_unused_result));
void stats_free(struct stats *f);

/* A transaction of so many jobs was committed in so long: its events count from now on. */
void stats_committed(struct stats *f, const struct ledger *l, uint64_t jobs, int64_t us,
                     int64_t log_bytes) __attribute__((nonnull));

/* One was not, or nobody knows. */
void stats_failed(struct stats *f, bool unknown) __attribute__((nonnull));

/* A batch of answers is given. */
void stats_answered(struct stats *f, const struct vault_job *batch) __attribute__((nonnull(1)));

void stats_unsigned(struct stats *f, bool log_unsigned) __attribute__((nonnull));
void stats_rotating(struct stats *f, bool rotating) __attribute__((nonnull));

/* Bytes burned us ago are gone from the files by now. */
void stats_scrubbed(struct stats *f, int64_t us) __attribute__((nonnull));
void stats_scrub_late(struct stats *f, bool late) __attribute__((nonnull));

/* Copies what was counted; what is read from the database is left zero. */
void stats_read(struct stats *f, struct vault_stats *out) __attribute__((nonnull));

#endif
