#include "tests/bench/load/order.h"

enum { ORDER_ROUNDS = 4 };

/* The finaliser of SplitMix64. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* A Feistel network over 2 * half bits. */
static uint64_t permute(uint64_t seed, unsigned half, uint64_t x)
{
    const uint64_t mask = (UINT64_C(1) << half) - 1;
    uint64_t left = x >> half, right = x & mask;

    for (unsigned round = 0; round < ORDER_ROUNDS; round++) {
        const uint64_t next = left ^ (mix(seed ^ mix(right + ((uint64_t)round << 56))) & mask);

        left = right;
        right = next;
    }
    return left << half | right;
}

uint64_t order_at(uint64_t seed, uint64_t count, uint64_t rank)
{
    unsigned half = 1;
    uint64_t x = rank;

    while (UINT64_C(1) << 2 * half < count)
        half++;
    do /* what falls outside is sent on until it comes back in */
        x = permute(seed, half, x);
    while (x >= count);
    return x;
}
