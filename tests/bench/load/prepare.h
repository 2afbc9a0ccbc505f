/*
 * Requests made before the clock runs: the exact bytes of what each handoff of a run asks, and what
 * the answers must say. All have the same sizes, so that one layout serves them all.
 */
#ifndef HANDOFF_TESTS_BENCH_LOAD_PREPARE_H
#define HANDOFF_TESTS_BENCH_LOAD_PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum prepare_step {
    PREPARE_PUT,
    PREPARE_CLAIM,
    PREPARE_OPENED,
    PREPARE_STATUS, /* GET of the handoff */
    PREPARE_EVENTS, /* GET of its events, with its manage key */
    PREPARE_STEP_KINDS
};

enum { PREPARE_STEPS_MAX = 3, PREPARE_THREADS_MAX = 64 };

/* What a connection does with each handoff, in this order. */
struct prepare_kind {
    const char *name;
    enum prepare_step steps[PREPARE_STEPS_MAX];
    unsigned count;
    bool filled;  /* the handoffs are there: fill has made them */
    bool repeats; /* changes nothing: begins anew when they run out */
};

/* "handoffs", "create", "status", "redeem" or "held"; NULL for any other name. */
const struct prepare_kind *prepare_kind(const char *name) __attribute__((nonnull));

/* "put" …; static. */
const char *prepare_step_name(enum prepare_step step);

struct prepare_options {
    const struct prepare_kind *kind;
    size_t count;
    size_t plaintext; /* bytes that each envelope would hold */
    unsigned threads;
    uint16_t port; /* for the Host header */
    /* Requests for the bare responder, of the same sizes, that ask for answers of these sizes. */
    bool bare;
    size_t answers[PREPARE_STEPS_MAX];
    /* Of a kind that is filled: how fill was called, and which of them are taken: those at the
       ranks from, from + 1 … of a random order, or those numbers themselves. */
    uint64_t seed, filled, from;
    bool in_order;
};

struct prepare_span {
    const char *data;
    size_t len;
};

struct prepare_set;

/* Makes them. Returns NULL with a message on stderr when that fails. Free with prepare_free. */
struct prepare_set *prepare_new(const struct prepare_options *options)
    __attribute__((nonnull, warn_unused_result));

void prepare_free(struct prepare_set *set);

size_t prepare_count(const struct prepare_set *set) __attribute__((nonnull));

const struct prepare_kind *prepare_kind_of(const struct prepare_set *set) __attribute__((nonnull));

/* One request of a handoff, header and body; step is a place in the kind's steps. */
struct prepare_span prepare_request(const struct prepare_set *set, size_t handoff, unsigned step)
    __attribute__((nonnull));

/* Bytes of that step's body. */
size_t prepare_body_len(const struct prepare_set *set, unsigned step) __attribute__((nonnull));

/* A handoff's id, its envelope and the envelope's hash, as they stand in JSON. */
struct prepare_span prepare_id(const struct prepare_set *set, size_t handoff)
    __attribute__((nonnull));
struct prepare_span prepare_envelope(const struct prepare_set *set, size_t handoff)
    __attribute__((nonnull));
struct prepare_span prepare_envelope_hash(const struct prepare_set *set, size_t handoff)
    __attribute__((nonnull));

#endif
