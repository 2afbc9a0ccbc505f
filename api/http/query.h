/* Reads a target's query strictly: known arguments, each at most once. */
#ifndef HANDOFF_API_HTTP_QUERY_H
#define HANDOFF_API_HTTP_QUERY_H

#include "api/http/request.h"

#include <stddef.h>
#include <stdint.h>

struct query_argument {
    const char *name;
    const char **text; /* where the text goes; it lives as long as the request; or NULL */
    uint64_t *number;  /* where a number from min to max goes; or NULL */
    uint64_t min, max;
};

/* Fills in what is there and leaves the rest as it is. Returns NULL, or wrong when anything is not
   as it must be. */
const char *query_read(struct request *r, const struct query_argument *arguments, size_t count,
                       const char *wrong) __attribute__((nonnull, warn_unused_result));

#endif
