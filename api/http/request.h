/*
 * One request from its first byte to its answer: what it asked, what was read, the vault's job it
 * became, and the reply. Freed, and what is secret wiped, when libmicrohttpd says that it is over.
 */
#ifndef HANDOFF_API_HTTP_REQUEST_H
#define HANDOFF_API_HTTP_REQUEST_H

#include "api/http/problem.h"
#include "api/http/reply.h"
#include "api/http/router.h"
#include "api/net/client.h"
#include "vault/vault.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct service;

enum request_stage {
    REQUEST_NEW,       /* the request line is there */
    REQUEST_READING,   /* the body arrives */
    REQUEST_POSTED,    /* the vault works */
    REQUEST_SUSPENDED, /* an event is waited for */
    REQUEST_ANSWERED,  /* the vault has worked, or an event has come: the route's finish is next */
    REQUEST_DONE       /* reply is filled, or has been queued */
};

/* A place in the list of those that wait for events. */
struct longpoll {
    struct vault_watch watch;
    struct longpoll *next, **link;
    bool listed; /* the request's own thread's: whether it was added and not removed */
    int64_t deadline_ms;
    bool woken; /* resumed: once is enough */
};

struct request {
    struct service *service;
    struct loop *loop;                 /* whose connection it came by */
    struct MHD_Connection *connection; /* NULL: gone, while the vault worked */
    const struct route *route;
    enum request_stage stage;
    const char *objection; /* the guard's about the target; NULL: none */
    uintptr_t target_end;  /* where the raw target ended, for guard_is_whole */
    bool partial;          /* the loop counts it among those that are not complete */
    bool close;            /* the connection ends with this answer */
    bool expected;         /* a 503 that is no fault: the service is ending */
    uint64_t number;       /* of the request: its X-Request-Id */
    int64_t started_us;
    struct client client; /* whom it comes from; known once the header fields are */
    struct reply_limit limits[REPLY_LIMITS]; /* how the caller stands, for the answer */
    uint8_t id[16];                          /* of the handoff, where the route has one */
    bool has_id;
    char rest[ROUTER_REST_MAX]; /* of the path, where the route takes any */
    uint8_t *body;              /* from secret_heap_alloc */
    size_t body_len, body_size;
    struct reply reply;
    struct vault_job job;
    struct longpoll wait;
    bool wait_counted; /* to its client: policy/limits */
    int64_t after;     /* events: the index after which to go on */
};

/* Makes a request at its request line; NULL when memory is short. */
struct request *request_new(struct loop *loop, struct MHD_Connection *connection,
                            const char *target) __attribute__((nonnull, warn_unused_result));

/* Wipes and frees; NULL is nothing. */
void request_free(struct request *r);

/* Fills the reply with a problem. */
void request_problem(struct request *r, const struct problem *p) __attribute__((nonnull));

/* The same for a code with a detail of its own (static; NULL: the code's). */
void request_refuse(struct request *r, enum problem_code code, const char *detail)
    __attribute__((nonnull(1)));

/* Fills the reply with the refusal that the vault's job or a reading call answered, and returns
   true; false when the answer is no refusal. */
bool request_refused(struct request *r, enum answer answer) __attribute__((nonnull));

/* Begins a JSON reply of at most size bytes: append to the text that is returned, then call
   request_reply. When memory is short the text overflows, and request_reply says unavailable. */
struct text request_json(struct request *r, size_t size) __attribute__((nonnull));
void request_reply(struct request *r, unsigned status, const struct text *t)
    __attribute__((nonnull));

/* Fills the reply with a file of the program: bytes and type are static. */
void request_reply_file(struct request *r, const void *file, size_t len, const char *type)
    __attribute__((nonnull));

/* Takes the reply back and frees it. */
void request_drop_reply(struct request *r) __attribute__((nonnull));

/* Hands r->job to the vault; the route's finish is called when it is done. */
void request_post(struct request *r) __attribute__((nonnull));

/* Fills the job's client address and agent from the connection. */
void request_origin(struct request *r) __attribute__((nonnull));

#endif
