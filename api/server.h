/*
 * The HTTP server: makes all that requests share (api/base/service.h), drives the loops and the
 * timer, and drains them at the end.
 */
#ifndef HANDOFF_API_SERVER_H
#define HANDOFF_API_SERVER_H

#include "api/config/settings.h"
#include "vault/vault.h"

#include <stddef.h>

struct server;

enum {
    SERVER_TICK_MS = 100, /* how exactly deadlines are kept */
    SERVER_CONNECTIONS_MAX = 16384,
    SERVER_DRAIN_MS = 30000 /* how long an ending service waits for requests in hand */
};

/* Serves whoever comes at fd, which listens at config->listen; it is the server's from now on,
   whatever comes of it, with its file. Returns NULL with a sentence in why. vault must outlive the
   server. */
struct server *server_start(const struct config *config, struct vault *vault, int fd, char *why,
                            size_t why_size) __attribute__((nonnull, warn_unused_result));

/* The address it listens at, with the port that was taken. */
void server_address(struct server *s, char *out, size_t size) __attribute__((nonnull));

/* Applies what of a configuration read anew can change while serving: log, limits, proxies, whether
   submissions are open, the certificate. Returns 0, or -1 with a sentence in why: then nothing
   changes. By one thread. */
int server_reload(struct server *s, const struct config *config, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Takes no new connections and requests, lets those that wait answer, waits for the requests in
   hand, stops the threads, frees. NULL is nothing. */
void server_drain(struct server *s);

/* Answers with the metrics at fd, which listens at the configuration's metrics address; does
   nothing where that is -1. fd is the server's from then on, whatever comes of it, with its file.
   Returns 0, or -1 with a sentence in why. */
int server_serve_metrics(struct server *s, int fd, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Where the metrics are, with the port that was taken; empty: nowhere. */
void server_metrics_address(const struct server *s, char *out, size_t size)
    __attribute__((nonnull));

/* The log that is in force. */
const struct log *server_log(const struct server *s) __attribute__((nonnull));

#endif
