/* What the vault counts, as whoever watches it reads it. */
#ifndef HANDOFF_VAULT_JOB_FIGURES_H
#define HANDOFF_VAULT_JOB_FIGURES_H

#include "vault/job/event.h"
#include "vault/lifecycle/answer.h"
#include "vault/lifecycle/lifecycle.h"

#include <stdbool.h>
#include <stdint.h>

enum { VAULT_BUCKETS = 16 };

/* Counts of what was at most 1, 2, 4 … 2^14 of its unit, and more; total and sum. */
struct vault_histogram {
    uint64_t bucket[VAULT_BUCKETS]; /* not cumulative; the last: above 2^(VAULT_BUCKETS - 2) */
    uint64_t count, sum;
};

struct vault_stats {
    uint64_t events[VAULT_KINDS];       /* written by this process */
    uint64_t burned[LIFECYCLE_CAUSES];  /* the same, by cause */
    uint64_t answers[ANSWER_COUNT];     /* to writing calls */
    uint64_t queued;                    /* jobs that wait now */
    struct vault_histogram batch;       /* jobs a transaction */
    struct vault_histogram commit_64us; /* a commit took, in units of 64 µs */
    struct vault_histogram scrub_64ms;  /* from a burn to its bytes gone, units of 64 ms */
    uint64_t commits_failed, commits_unknown;
    uint64_t live, live_bytes; /* not burned yet, in the database */
    uint64_t due;              /* due by now and not swept yet; at most 1000 */
    uint64_t log_bytes;        /* of the write-ahead log */
    uint64_t next;             /* the index that the next event gets */
    bool rotating;             /* the master key's rotation is under way */
    bool log_unsigned;         /* log.key is not there: nothing of the log can be signed */
    bool scrub_late;           /* burned bytes are in the log for longer than 2 s */
};

#endif
