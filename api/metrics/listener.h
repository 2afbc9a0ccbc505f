/*
 * The room of the metrics: requests are counted (request_counts), a page is made of that and of
 * what there is to see (page, in prometheus' format), and a small server on an address of its own
 * answers GET /metrics with it. The public address never does.
 */
#ifndef HANDOFF_API_METRICS_LISTENER_H
#define HANDOFF_API_METRICS_LISTENER_H

#include <stddef.h>

struct listener;
struct service;

enum { LISTENER_CONNECTIONS_MAX = 16, LISTENER_IDLE_S = 10 };

/* Answers at fd, which listens at the configuration's metrics address, from now on. fd is the
   listener's, whatever comes of it, with its file. s must outlive it. Returns NULL when a thread or
   memory is short. */
struct listener *listener_start(const struct service *s, int fd)
    __attribute__((nonnull, warn_unused_result));

/* Stops answering and frees; NULL is nothing. */
void listener_stop(struct listener *l);

/* Where it answers, with the port that was taken; empty for NULL. */
void listener_address(const struct listener *l, char *out, size_t size) __attribute__((nonnull(2)));

#endif
