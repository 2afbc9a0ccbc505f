/* A random order that needs no memory: where each rank stands is computed. */
#ifndef HANDOFF_TESTS_BENCH_LOAD_ORDER_H
#define HANDOFF_TESTS_BENCH_LOAD_ORDER_H

#include <stdint.h>

/* The number that comes at rank (below count) when the numbers below count, at most 2^62, are
   shuffled by seed: each exactly once. */
uint64_t order_at(uint64_t seed, uint64_t count, uint64_t rank);

#endif
