/*
 * The figures as Prometheus reads them (text format 0.0.4). Pure: numbers in, text out. Labels are
 * words of our own tables and never anything that a client gave.
 */
#ifndef HANDOFF_API_METRICS_PROMETHEUS_H
#define HANDOFF_API_METRICS_PROMETHEUS_H

#include "vault/protocol/encoding/text.h"
#include "vault/vault.h"

#include <stdbool.h>
#include <stdint.h>

/* Begins a family of samples; type: "counter", "gauge" or "histogram". */
void prometheus_family(struct text *t, const char *name, const char *type, const char *help)
    __attribute__((nonnull));

/* One sample. labels: as they stand between the braces; empty: none. */
void prometheus_sample(struct text *t, const char *name, const char *labels, uint64_t value)
    __attribute__((nonnull));

/* A histogram's samples. */
struct prometheus_histogram {
    const uint64_t *bucket; /* not cumulative; one more than bounds: what was above them all */
    const uint64_t *bounds; /* in millionths */
    unsigned count;         /* of bounds */
    uint64_t sum;           /* in millionths */
};

void prometheus_histogram(struct text *t, const char *name, const char *labels,
                          const struct prometheus_histogram *h) __attribute__((nonnull));

/* Everything that the vault counts. */
void prometheus_vault(struct text *t, const struct vault_stats *stats) __attribute__((nonnull));

/* What else there is to see at this moment; what is negative is unknown and left out. */
struct prometheus_now {
    bool readable;      /* the store could be read */
    bool memory_locked; /* every secret */
    int64_t connections, waits;
    int64_t data_free_bytes, data_bytes; /* of the file system under the data directory */
    int64_t resident_bytes, open_files, files_max;
    int64_t started_at;             /* Unix seconds */
    int64_t certificate_expires_at; /* the same */
};

void prometheus_now(struct text *t, const struct prometheus_now *now) __attribute__((nonnull));

#endif
