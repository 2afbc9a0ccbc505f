/* Whether an answer is the right one: status, and the members that decide. */
#ifndef HANDOFF_TESTS_BENCH_LOAD_JUDGE_H
#define HANDOFF_TESTS_BENCH_LOAD_JUDGE_H

#include "tests/bench/load/prepare.h"

struct judge_answer {
    int status;
    const char *body;
    size_t body_len;
};

/* Returns NULL when the answer to that step (a place in the kind's steps) of that handoff is right,
   else what is wrong with it (static text). */
const char *judge_handoff(const struct prepare_set *set, size_t handoff, unsigned step,
                          const struct judge_answer *answer)
    __attribute__((nonnull, warn_unused_result));

/* The same for the answer to a long-poll that was woken by its handoff's claim. */
const char *judge_woken(const struct prepare_set *set, size_t handoff,
                        const struct judge_answer *answer)
    __attribute__((nonnull, warn_unused_result));

/* The same for the bare responder, whose answers are wanted bytes of 'x'. */
const char *judge_bare(size_t wanted, const struct judge_answer *answer)
    __attribute__((nonnull, warn_unused_result));

/* The number behind a member's name in quotes and a colon, or -1 when there is none. */
int64_t judge_number(const struct judge_answer *answer, const char *name)
    __attribute__((nonnull, warn_unused_result));

#endif
