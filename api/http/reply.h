/*
 * An answer: what an endpoint fills in, the header fields that go with it, and how it is handed to
 * libmicrohttpd. What is told to a client whose request came too late is written here too, since
 * libmicrohttpd cannot send it.
 */
#ifndef HANDOFF_API_HTTP_REPLY_H
#define HANDOFF_API_HTTP_REPLY_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply {
    unsigned status;
    char *body; /* from secret_heap_alloc; handed to libmicrohttpd with the reply */
    size_t len;
    const void *file;       /* instead of body: bytes of the program itself; NULL: none */
    const char *coding;     /* a file's Content-Encoding; NULL: the identity */
    const char *language;   /* of a page; NULL: no page */
    bool problem;           /* application/problem+json */
    const char *type;       /* the body's, static; NULL: application/json */
    const char *code;       /* the problem's, for the log; NULL: none */
    const char *allow;      /* for 405; NULL: none */
    unsigned retry_after_s; /* 0: none */
};

/* How the caller stands against one of the limits that apply, for RateLimit-Policy and RateLimit
   (draft-ietf-httpapi-ratelimit-headers-10): `"address";q=600;w=60`, `"address";r=598;t=12`. */
struct reply_limit {
    const char *name;   /* static */
    unsigned limit;     /* calls in a window; 0: it does not apply */
    unsigned remaining; /* of them now */
    unsigned window_s;
    unsigned full_s; /* until nothing is owed any more */
};

enum { REPLY_LIMITS = 3 };

/* What an answer says besides the reply itself. */
struct reply_frame {
    uint64_t number;                  /* of the request: X-Request-Id */
    bool https;                       /* Strict-Transport-Security */
    bool close;                       /* the connection ends with this answer */
    const struct reply_limit *limits; /* REPLY_LIMITS of them */
};

/* Hands the reply to libmicrohttpd, which wipes and frees its body when it was sent. MHD_NO when
   memory is short: then the body still is the reply's. */
enum MHD_Result reply_queue(struct reply *reply, const struct reply_frame *frame,
                            struct MHD_Connection *connection)
    __attribute__((nonnull, warn_unused_result));

/* Writes the whole 408 of the request of this number, head and body, as any other answer has them.
   Returns its length; 0: it does not fit. */
size_t reply_too_late(uint64_t number, char *buffer, size_t size)
    __attribute__((nonnull, warn_unused_result));

#endif
