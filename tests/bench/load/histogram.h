/* Counts of durations in buckets that are at most 1.6 % wide, from 1 ns to some hours. */
#ifndef HANDOFF_TESTS_BENCH_LOAD_HISTOGRAM_H
#define HANDOFF_TESTS_BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 64, /* buckets for each doubling */
    HISTOGRAM_BUCKETS = 40 * HISTOGRAM_STEPS
};

struct histogram {
    uint64_t count;
    uint64_t max_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t ns) __attribute__((nonnull));

/* Adds all that other holds to h. */
void histogram_merge(struct histogram *h, const struct histogram *other) __attribute__((nonnull));

/* The duration that a share of all (0 to 1) does not exceed, in ns: its bucket's upper end, but
   never above the longest. 0 when h is empty. */
uint64_t histogram_quantile(const struct histogram *h, double share) __attribute__((nonnull));

#endif
