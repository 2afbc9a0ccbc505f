/* The page that Prometheus reads: what was counted, and what there is to see at this moment. */
#ifndef HANDOFF_API_METRICS_PAGE_H
#define HANDOFF_API_METRICS_PAGE_H

#include <stddef.h>

struct service;

enum { PAGE_MAX = 512 * 1024 }; /* bytes of one answer */

/* Fills page, of size bytes, with the exposition. Returns its length; 0: it does not fit. */
size_t page_write(const struct service *s, char *page, size_t size)
    __attribute__((nonnull, warn_unused_result));

#endif
