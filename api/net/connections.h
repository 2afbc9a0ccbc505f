/*
 * The connections and their absolute deadlines: libmicrohttpd's own timeout is one of inactivity,
 * and a byte now and then keeps it from ever coming. One rule: from the moment it is idle, reads or
 * is answered, a connection has so long to get to the next; then its socket is shut down.
 */
#ifndef HANDOFF_API_NET_CONNECTIONS_H
#define HANDOFF_API_NET_CONNECTIONS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    CONNECTIONS_IDLE_MS = 30000, /* from accept, or from the last answer, to a request line */
    CONNECTIONS_SEND_MS = 60000, /* to take an answer */
    CONNECTIONS_QUIET_MS = 100   /* idle for so long, nothing is on its way any more */
};

struct connections;

/* What is decided elsewhere. Each may be NULL. */
struct connections_hooks {
    void *ctx;
    /* Whether a connection of this peer may stay. What is put into client, with *counted set, is
       given to left when it ends. NULL: all may. */
    bool (*came)(void *ctx, const struct sockaddr *peer, uint8_t client[16], bool *counted);
    void (*left)(void *ctx, const uint8_t client[16]);
    /* Writes what the client of a request is told that came too late. Returns its length; 0: it
       does not fit. NULL: nothing is told, as under TLS, where nothing may be written past
       libmicrohttpd. */
    size_t (*too_late)(uint64_t number, char *buffer, size_t size);
};

/* Copies the hooks; NULL when memory is short. */
struct connections *connections_new(const struct connections_hooks *hooks)
    __attribute__((nonnull, warn_unused_result));
void connections_free(struct connections *c);

/* How many are open. */
unsigned connections_count(struct connections *c) __attribute__((nonnull));

/* For MHD_OPTION_NOTIFY_CONNECTION; ctx is the struct connections. */
void connections_notify(void *ctx, struct MHD_Connection *connection, void **socket_context,
                        enum MHD_ConnectionNotificationCode code);

/* The hooks' ctx of a connection; NULL where memory was short when it came. */
void *connections_ctx(struct MHD_Connection *connection) __attribute__((nonnull));

/* A request line has come: the request, of this number, must be complete within ms. */
void connections_reading(struct MHD_Connection *connection, int64_t ms, uint64_t number);

/* The request is complete: there is no deadline while we work. Returns false when it was too late
   and the connection has been shut down. */
bool connections_working(struct MHD_Connection *connection);

/* An answer is being sent; and when it was, the connection is idle. */
void connections_sending(struct MHD_Connection *connection);
void connections_idle(struct MHD_Connection *connection);

/* Shuts down what is over its deadline by now. A request that was being read is told so first.
   Returns how many were shut down. */
unsigned connections_expire(struct connections *c, int64_t now_ms);

/* Shuts down those that have been idle for CONNECTIONS_QUIET_MS and have sent nothing that was not
   read yet; with all set, every one but those whose request is being worked on. Returns how many
   connections there still are. */
unsigned connections_end(struct connections *c, int64_t now_ms, bool all);

#endif
