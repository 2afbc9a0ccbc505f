/*
 * Whole handoffs made before the clock runs: the exact bytes of their three requests and what the
 * answers must say. All have the same sizes, so that one layout serves them all.
 */
#ifndef HANDOFF_BENCH_PREPARE_H
#define HANDOFF_BENCH_PREPARE_H

#include <stddef.h>
#include <stdint.h>

enum prepare_step { PREPARE_PUT, PREPARE_CLAIM, PREPARE_OPENED, PREPARE_STEPS };

extern const char *const prepare_step_names[PREPARE_STEPS];

struct prepare_options {
    size_t count;
    size_t plaintext; /* bytes that each envelope would hold */
    unsigned threads;
    uint16_t port; /* for the Host header */
    /* Requests for the bare responder: plain POSTs that ask for answers of these sizes. */
    int bare;
    size_t answers[PREPARE_STEPS];
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

/* One request of a handoff, header and body. */
struct prepare_span prepare_request(const struct prepare_set *set, size_t handoff,
                                    enum prepare_step step) __attribute__((nonnull));

/* Bytes of that step's body. */
size_t prepare_body_len(const struct prepare_set *set, enum prepare_step step)
    __attribute__((nonnull));

/* A handoff's id and its envelope, as they stand in JSON. */
struct prepare_span prepare_id(const struct prepare_set *set, size_t handoff)
    __attribute__((nonnull));
struct prepare_span prepare_envelope(const struct prepare_set *set, size_t handoff)
    __attribute__((nonnull));

#endif
