/*
 * What Prometheus reads: requests are counted in fixed tables of atomics, and a small server on an
 * address of its own answers GET /metrics. The public address never does.
 */
#ifndef HANDOFF_API_METRICS_METRICS_H
#define HANDOFF_API_METRICS_METRICS_H

#include "api/config/config.h"
#include "api/http/router.h"

#include <stddef.h>
#include <stdint.h>

struct metrics;
struct vault;

enum {
    METRICS_CONNECTIONS_MAX = 16,
    METRICS_IDLE_S = 10,
    METRICS_PAGE_MAX = 512 * 1024 /* bytes of one answer */
};

/* Counts from now on. vault must outlive it; NULL when memory is short. */
struct metrics *metrics_new(struct vault *vault) __attribute__((nonnull, warn_unused_result));

/* Counts one finished request, from any thread, without a lock. route: a row of the router's table,
   NULL where none was found; code: the problem's, NULL for none. */
void metrics_count(struct metrics *m, const struct route *route, unsigned status, const char *code,
                   int64_t microseconds) __attribute__((nonnull(1)));

/* The certificate in use expires then (Unix seconds). */
void metrics_certificate(struct metrics *m, int64_t expires_at) __attribute__((nonnull));

/* Answers at fd, which listens at config->metrics, from now on; does nothing where that is -1. fd
   is m's from then on, whatever comes of it, with its file. config and server must outlive m.
   Returns 0, or -1 with a sentence in why. */
int metrics_listen(struct metrics *m, const struct server *server, const struct config *config,
                   int fd, char *why, size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Where it answers, with the port that was taken; empty: nowhere. */
void metrics_address(const struct metrics *m, char *out, size_t size) __attribute__((nonnull));

/* Fills page, of size bytes, with the exposition. Returns its length; 0: it does not fit. */
size_t metrics_page(struct metrics *m, char *page, size_t size)
    __attribute__((nonnull, warn_unused_result));

/* Stops answering and frees; NULL is nothing. */
void metrics_free(struct metrics *m);

#endif
