/* The vault's figures: counted as things happen, read by whoever watches. */
#ifndef HANDOFF_VAULT_FIGURES_H
#define HANDOFF_VAULT_FIGURES_H

#include "vault/ledger.h"
#include "vault/vault.h"

struct figures;

struct figures *figures_new(void) __attribute__((warn_unused_result));
void figures_free(struct figures *f);

/* Monotonic microseconds. */
int64_t figures_now_us(void);

/* A transaction of so many jobs was committed in so long: its events count from now on. */
void figures_committed(struct figures *f, const struct ledger *l, uint64_t jobs, int64_t us,
                       int64_t log_bytes) __attribute__((nonnull));

/* One was not, or nobody knows. */
void figures_failed(struct figures *f, bool unknown) __attribute__((nonnull));

/* A batch of answers is given. */
void figures_answered(struct figures *f, const struct vault_job *batch) __attribute__((nonnull(1)));

void figures_unsigned(struct figures *f, bool log_unsigned) __attribute__((nonnull));
void figures_rotating(struct figures *f, bool rotating) __attribute__((nonnull));

/* Bytes burned us ago are gone from the files by now. */
void figures_scrubbed(struct figures *f, int64_t us) __attribute__((nonnull));
void figures_scrub_late(struct figures *f, bool late) __attribute__((nonnull));

/* Copies what was counted; what is read from the database is left zero. */
void figures_read(struct figures *f, struct vault_stats *out) __attribute__((nonnull));

#endif
