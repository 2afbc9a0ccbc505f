/*
 * What a request must look like before anything of it is believed. libmicrohttpd takes as they come
 * doubled lengths and hosts, folded and malformed header fields, encoded targets: each is a way to
 * smuggle a request past a proxy. Refused here, and the connection is closed.
 */
#ifndef HANDOFF_API_HTTP_GUARD_H
#define HANDOFF_API_HTTP_GUARD_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GUARD_TARGET_MAX = 512,
    GUARD_POOL_BYTES = 8 * 1024, /* libmicrohttpd's memory for a connection: header fields, and the
                                    piece of a body that is being handed over */
    GUARD_FIELD_COST = 64,       /* of libmicrohttpd's memory, besides a field's text */
    GUARD_ANSWER_ROOM = 2048     /* of it, that a request must leave to the answer's head */
};

/* What the header fields said. */
struct guard_fields {
    const char *objection; /* static: why the request is refused; NULL: it is not */
    bool has_length;
    uint64_t length; /* of the body; 0 without Content-Length */
    bool json;       /* Content-Type is application/json */
};

/* Looks at the raw target, as it stood in the request line. Returns NULL, or why it is refused. */
const char *guard_target(const char *target) __attribute__((nonnull, warn_unused_result));

/* Whether a target that seemed to end at target_end is all that stood between method and version: a
   NUL in it hides the rest. libmicrohttpd has the request line in one piece; a version string that
   lies elsewhere tells nothing, and counts as whole. */
bool guard_is_whole(uintptr_t target_end, const char *version) __attribute__((nonnull));

/* Looks at all header fields of a request. */
struct guard_fields guard_check(struct MHD_Connection *connection, const char *method,
                                const char *version) __attribute__((nonnull, warn_unused_result));

/* One field, as guard_check sees it; for the tests. */
struct guard_state {
    struct guard_fields fields;
    unsigned hosts, lengths, types, keys, count;
    const char *next; /* where the next field's name must begin; NULL before the first */
};
void guard_field(struct guard_state *g, const char *name, size_t name_len, const char *value,
                 size_t value_len) __attribute__((nonnull(1, 2)));

#endif
