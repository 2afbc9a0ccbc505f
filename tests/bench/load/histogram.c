#include "tests/bench/load/histogram.h"

#include <stddef.h>

/* Up to HISTOGRAM_STEPS the value is its own bucket; above, each doubling has HISTOGRAM_STEPS. */
static size_t bucket_of(uint64_t ns)
{
    unsigned shift = 0;
    size_t bucket;

    while ((ns >> shift) >= 2 * HISTOGRAM_STEPS)
        shift++;
    bucket = (size_t)shift * HISTOGRAM_STEPS + (size_t)(ns >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_end(size_t bucket)
{
    unsigned shift;

    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    shift = (unsigned)(bucket / HISTOGRAM_STEPS) - 1;
    return ((uint64_t)(bucket - (size_t)shift * HISTOGRAM_STEPS + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    h->count++;
    h->buckets[bucket_of(ns)]++;
    if (ns > h->max_ns)
        h->max_ns = ns;
}

void histogram_merge(struct histogram *h, const struct histogram *other)
{
    h->count += other->count;
    if (other->max_ns > h->max_ns)
        h->max_ns = other->max_ns;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        h->buckets[i] += other->buckets[i];
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
    const double wanted = share * (double)h->count;
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen > 0 && (double)seen >= wanted)
            return bucket_end(i) < h->max_ns ? bucket_end(i) : h->max_ns;
    }
    return h->max_ns;
}
