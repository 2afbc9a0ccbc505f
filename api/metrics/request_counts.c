#include "api/metrics/request_counts.h"

#include "api/http/problem.h"
#include "api/http/router.h"
#include "api/metrics/prometheus.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How a request can end: one of the problems, or one of these; the first stands for all others. */
static const unsigned successes[] = {0, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308};

/* Bounds of the durations, in microseconds: the longest long-poll is 30 s. */
static const uint64_t bounds[] = {500,     1000,    2500,    5000,     10000,
                                  25000,   50000,   100000,  250000,   500000,
                                  1000000, 2500000, 5000000, 10000000, 30000000};

enum {
    SUCCESSES = sizeof(successes) / sizeof(successes[0]),
    OUTCOMES = SUCCESSES + PROBLEM_COUNT,
    BOUNDS = sizeof(bounds) / sizeof(bounds[0]),
    LABELS_MAX = 160
};

/* One row of the router's table. */
struct row {
    atomic_uint_least64_t outcome[OUTCOMES];
    atomic_uint_least64_t bucket[BOUNDS + 1];
    atomic_uint_least64_t sum_us;
};

struct request_counts {
    const struct router_table *table;
    struct row *rows; /* one more than the table has: requests without a route */
};

struct request_counts *request_counts_new(const struct router_table *table)
{
    struct request_counts *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return NULL;
    c->table = table;
    c->rows = calloc(table->len + 1, sizeof(c->rows[0]));
    if (c->rows != NULL)
        return c;
    free(c);
    return NULL;
}

void request_counts_free(struct request_counts *c)
{
    if (c == NULL)
        return;
    free(c->rows);
    free(c);
}

/* ---- counting ---- */

static size_t outcome_of(unsigned status, const char *code)
{
    if (code != NULL)
        for (size_t i = PROBLEM_NONE + 1; i < PROBLEM_COUNT; i++)
            if (strcmp(code, problem_name((enum problem_code)i)) == 0)
                return SUCCESSES + i;
    for (size_t i = 1; i < SUCCESSES; i++)
        if (status == successes[i])
            return i;
    return 0;
}

void request_counts_add(struct request_counts *c, const struct route *route, unsigned status,
                        const char *code, int64_t microseconds)
{
    struct row *row = &c->rows[route != NULL ? (size_t)(route - c->table->rows) : c->table->len];
    const uint64_t us = microseconds > 0 ? (uint64_t)microseconds : 0;
    size_t bucket = 0;

    while (bucket < BOUNDS && us > bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&row->outcome[outcome_of(status, code)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->bucket[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->sum_us, us, memory_order_relaxed);
}

/* ---- the samples ---- */

static void put_outcome(struct text *t, const struct route *route, size_t outcome, uint64_t count)
{
    const bool success = outcome < SUCCESSES;
    const enum problem_code code =
        success ? PROBLEM_NONE : (enum problem_code)(outcome - SUCCESSES);
    const unsigned status_number = success ? successes[outcome] : problem_status(code);
    char labels[LABELS_MAX], status[16] = "other";

    if (count == 0)
        return;
    if (status_number != 0)
        snprintf(status, sizeof(status), "%u", status_number);
    snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\",status=\"%s\",code=\"%s\"",
             route->method, route->pattern, status, success ? "" : problem_name(code));
    prometheus_sample(t, "handoff_requests_total", labels, count);
}

static void put_durations(struct text *t, const struct route *route, const struct row *row)
{
    uint64_t bucket[BOUNDS + 1];
    const struct prometheus_histogram h = {
        .bucket = bucket, .bounds = bounds, .count = BOUNDS, .sum = atomic_load(&row->sum_us)};
    char labels[LABELS_MAX];

    for (size_t i = 0; i <= BOUNDS; i++)
        bucket[i] = atomic_load(&row->bucket[i]);
    snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\"", route->method, route->pattern);
    prometheus_histogram(t, "handoff_request_seconds", labels, &h);
}

/* The route that a row is of. */
static const struct route *route_of(const struct request_counts *c, size_t row)
{
    static const struct route none = {.method = "none", .pattern = "none"};

    return row < c->table->len ? &c->table->rows[row] : &none;
}

void request_counts_write(const struct request_counts *c, struct text *t)
{
    prometheus_family(t, "handoff_requests_total", "counter",
                      "Requests that were answered, by call, status and problem code.");
    for (size_t row = 0; row <= c->table->len; row++)
        for (size_t i = 0; i < OUTCOMES; i++)
            put_outcome(t, route_of(c, row), i, atomic_load(&c->rows[row].outcome[i]));
    prometheus_family(t, "handoff_request_seconds", "histogram",
                      "From the request line until the answer was sent; long-polls wait on "
                      "purpose.");
    for (size_t row = 0; row <= c->table->len; row++)
        put_durations(t, route_of(c, row), &c->rows[row]);
}
