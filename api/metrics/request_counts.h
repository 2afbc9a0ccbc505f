/* Finished requests, counted in fixed tables of atomics. */
#ifndef HANDOFF_API_METRICS_REQUEST_COUNTS_H
#define HANDOFF_API_METRICS_REQUEST_COUNTS_H

#include <stdint.h>

struct request_counts;
struct route;
struct router_table;
struct text;

/* Counts from now on, by the rows of table, which must outlive it; NULL when memory is short. */
struct request_counts *request_counts_new(const struct router_table *table)
    __attribute__((nonnull, warn_unused_result));
void request_counts_free(struct request_counts *c);

/* Counts one finished request, from any thread, without a lock. route: a row of the table, NULL
   where none was found; code: the problem's, NULL for none. */
void request_counts_add(struct request_counts *c, const struct route *route, unsigned status,
                        const char *code, int64_t microseconds) __attribute__((nonnull(1)));

/* Writes what was counted as Prometheus reads it. Any thread. */
void request_counts_write(const struct request_counts *c, struct text *t) __attribute__((nonnull));

#endif
