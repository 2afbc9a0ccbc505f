/* What the unit tests share: cmocka with what it needs, and a small random generator that a fixed
   seed makes repeatable. */
#ifndef HANDOFF_TESTS_UNIT_UNIT_H
#define HANDOFF_TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A sanitizer takes malloc's and mlock's place: what a test wants to see of theirs is not there. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNIT_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNIT_SANITIZED 1
#endif

/* The next of a sequence (xorshift32); *seed is not 0. */
static inline uint32_t unit_random(uint32_t *seed)
{
    uint32_t x = *seed;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *seed = x;
}

#endif
