/* The HTTP server: its loops, the timer, what requests share, starting and draining.
 */
#ifndef HANDOFF_API_SERVER_H
#define HANDOFF_API_SERVER_H

#include "api/config/config.h"
#include "vault/vault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;
struct connections;
struct metrics;
struct rate_limit;
struct client_counts;
struct longpolls;

enum {
    SERVER_TICK_MS = 100,         /* how exactly deadlines are kept */
    SERVER_POOL_BYTES = 8 * 1024, /* libmicrohttpd's memory for a connection: header fields, and
                                     the piece of a body that is being handed over */
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

/* ---- for requests ---- */

struct vault *server_vault(const struct server *s);
struct longpolls *server_waits(const struct server *s);
const struct config_limits *server_limits(const struct server *s);
struct rate_limit *server_quota(const struct server *s);
struct client_counts *server_connection_tally(const struct server *s);
struct client_counts *server_wait_tally(const struct server *s);
bool server_speaks_tls(const struct server *s);
bool server_wants_https(const struct server *s); /* people reach it by https alone */
const struct config_proxies *server_proxies(const struct server *s);
size_t server_envelope_max(const struct server *s);
bool server_submissions_open(const struct server *s);
int64_t server_request_deadline_ms(const struct server *s);
const struct log *server_log(const struct server *s);
bool server_is_draining(struct server *s);

/* What counts the requests; the connections, and how many are open. */
struct metrics *server_metrics(const struct server *s);
struct connections *server_open_connections(const struct server *s);
unsigned server_connections(const struct server *s);

/* Gives a request its number. */
uint64_t server_next_number(struct server *s);

/* The last probe's result, where it is not older than a second. */
bool server_probed(struct server *s, bool *ready);
void server_keep_probe(struct server *s, bool ready);

/* Monotonic microseconds. */
int64_t server_now_us(void);

#endif
