/* What became of each handoff of a period, gathered from the log's events and disclosed details. */
#ifndef HANDOFF_CLI_REPORT_ROWS_H
#define HANDOFF_CLI_REPORT_ROWS_H

#include "cli/io/exit.h"
#include "cli/report/report.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct rows {
    int64_t from, to; /* handoffs made in [from, to) */
    struct report_handoff *handoffs;
    size_t count, room;
    json_t *places;        /* of ids, and of events that details are wanted of, in rows */
    struct report_log log; /* the counts of other events */
    uint64_t first;        /* the first event of the period; UINT64_MAX: none yet */
};

/* Begins for a period. Returns 0, or -1 when memory is short. */
int rows_begin(struct rows *r, int64_t from, int64_t to)
    __attribute__((nonnull, warn_unused_result));
void rows_end(struct rows *r) __attribute__((nonnull));

/* Takes event n, in order. Says what is wrong. */
enum exit_code rows_event(struct rows *r, uint64_t n, const char *line, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Takes event n's details, a line of GET /v1/audit/details; after all events. */
enum exit_code rows_details(struct rows *r, uint64_t n, const char *line, size_t len)
    __attribute__((nonnull, warn_unused_result));

#endif
