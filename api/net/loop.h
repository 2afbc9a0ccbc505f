/*
 * The room of sockets and the threads that serve them: listen opens, acceptor takes connections in,
 * a loop serves them, connections knows their deadlines, tls has the certificate, client tells whom
 * a request comes from. It knows nothing of what is asked.
 *
 * A loop is a thread that serves. It drives a libmicrohttpd daemon of its own, one that has no
 * thread, and sleeps in one place until a socket is ready, jobs come back from the vault, or a
 * connection is handed to it. In a round it takes what has come back, lets the daemon do all that
 * can be done, and posts what the requests of the round ask of the vault, all at once.
 *
 * A request that the vault works for is not suspended: that costs the daemon two system calls, a
 * third to wake it, and a fruitless read. libmicrohttpd may call the handler of a whole request
 * that has no answer yet again whenever the daemon runs, so the handler says "not yet" until the
 * job is back. Those that wait for long, for events, are suspended.
 */
#ifndef HANDOFF_API_NET_LOOP_H
#define HANDOFF_API_NET_LOOP_H

#include <microhttpd.h>
#include <stdbool.h>
#include <sys/socket.h>

struct loop;
struct service;
struct vault_job;

/* Serves nobody yet. on_answered gets, on the loop's thread, each job that comes back from the
   vault. s must outlive the loop. Returns NULL when memory or descriptors are short. */
struct loop *loop_new(struct service *s, void (*on_answered)(struct vault_job *job))
    __attribute__((nonnull, warn_unused_result));

/* Starts the thread with a daemon that was made without one, which is the loop's from now on,
   whatever comes of it. Returns 0 or -1. */
int loop_start(struct loop *l, struct MHD_Daemon *daemon)
    __attribute__((nonnull, warn_unused_result));

/* Stops thread and daemon and frees; loop_is_idle must say so before. NULL is nothing. */
void loop_free(struct loop *l);

/* Hands over a connection just accepted. By any thread. */
void loop_give(struct loop *l, int fd, const struct sockaddr_storage *address, socklen_t len)
    __attribute__((nonnull));

/* Has it look at a connection that was just resumed. By any thread. */
void loop_wake(struct loop *l) __attribute__((nonnull));

/* How many connections it has, or has been handed. By any thread. */
unsigned loop_connections(const struct loop *l) __attribute__((nonnull));

/* Whether it has no connection, and the vault nothing of it. By any thread. */
bool loop_is_idle(const struct loop *l) __attribute__((nonnull));

/* ---- for what runs on its thread ---- */

struct service *loop_service(const struct loop *l) __attribute__((nonnull));

/* For MHD_OPTION_NOTIFY_CONNECTION; ctx is the struct loop. */
void loop_notify(void *ctx, struct MHD_Connection *connection, void **socket_context,
                 enum MHD_ConnectionNotificationCode code);

/* Posts a job at the end of the round; on_answered gets it back. */
void loop_post(struct loop *l, struct vault_job *job) __attribute__((nonnull));

/* What a request tells, so that the loop sleeps only where nothing is left to do: while the vault
   works for somebody, libmicrohttpd cannot say. */
enum loop_news {
    LOOP_BEGUN,  /* a request line has come */
    LOOP_GROWN,  /* and more of the request */
    LOOP_WHOLE,  /* it is complete, or over: once after LOOP_BEGUN */
    LOOP_REPLIED /* an answer is to be sent */
};

void loop_tell(struct loop *l, enum loop_news news) __attribute__((nonnull));

#endif
