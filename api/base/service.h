/*
 * The room of what all others may know: the log, and the service as requests see it. Nothing here
 * does any work; what the pointers lead to belongs to the rooms that define it.
 */
#ifndef HANDOFF_API_BASE_SERVICE_H
#define HANDOFF_API_BASE_SERVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What requests share. The pointers are borrowed: they outlive every request. */
struct service {
    struct vault *vault;
    /* In force now. A reload puts another in its place; those that were replaced stay until the
       end, since a request may hold one. */
    _Atomic(const struct config *) config;
    struct tls *tls;                          /* NULL: no TLS */
    bool wants_https;                         /* people reach it by https alone */
    struct connections *connections;          /* all that are open */
    struct longpolls *longpolls;              /* those that wait for events */
    struct rate_limit *rate_limit;            /* how much each client has called of late */
    struct client_counts *client_connections; /* how many connections each client holds */
    struct client_counts *client_waits;       /* and long-polls */
    struct request_counts *request_counts;    /* for the metrics */
    int64_t started_at;                       /* Unix seconds */
    atomic_uint_least64_t number;             /* the next request's */
    atomic_bool draining;                     /* the service is ending */
    atomic_int_least64_t probed; /* endpoints/health's: when the last probe was, and its result */
};

/* The configuration in force. Hold on to it where two of its values must fit together. */
static inline const struct config *service_config(const struct service *s)
{
    return atomic_load(&s->config);
}

#endif
