/* Whether an answer is the right one: status, and the members that decide. */
#ifndef HANDOFF_BENCH_JUDGE_H
#define HANDOFF_BENCH_JUDGE_H

#include "tests/bench/prepare.h"

struct judge_answer {
    int status;
    const char *body;
    size_t body_len;
};

/* Returns NULL when the answer to that step of that handoff is right, else what is wrong with it
   (static text). */
const char *judge_handoff(const struct prepare_set *set, size_t handoff, enum prepare_step step,
                          const struct judge_answer *answer)
    __attribute__((nonnull, warn_unused_result));

/* The same for the bare responder, whose answers are wanted bytes of 'x'. */
const char *judge_bare(size_t wanted, const struct judge_answer *answer)
    __attribute__((nonnull, warn_unused_result));

#endif
