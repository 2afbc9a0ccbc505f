/* A connection to 127.0.0.1 that does not block, perhaps by TLS, and the answers that come of
   it. */
#ifndef HANDOFF_TESTS_BENCH_LOAD_WIRE_H
#define HANDOFF_TESTS_BENCH_LOAD_WIRE_H

#include "tests/bench/load/judge.h"

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_HEADER_MAX = 4096 };

struct wire {
    int fd; /* -1: closed */
    gnutls_session_t tls;
    char *in;        /* what came of the answer */
    size_t size;     /* that in holds */
    size_t received; /* bytes in it */
};

/* Connects, with a handshake where credentials are given (the certificate must be theirs and for
   localhost), and makes room for answers with bodies of body_max bytes. Blocks. Returns 0, or -1;
   either way close with wire_close. */
int wire_open(struct wire *w, uint16_t port, gnutls_certificate_credentials_t credentials,
              size_t body_max) __attribute__((nonnull(1), warn_unused_result));

/* A zeroed one with fd -1 is nothing. */
void wire_close(struct wire *w) __attribute__((nonnull));

/* Sends some of these bytes. Returns their number, 0 when there is no room now, or -1. When there
   was none, the next call must be for the same bytes. */
ptrdiff_t wire_send(struct wire *w, const char *data, size_t len)
    __attribute__((nonnull, warn_unused_result));

enum wire_result {
    WIRE_NOTHING, /* nothing has come */
    WIRE_SOME,    /* not a whole answer yet: ask again */
    WIRE_ANSWER,  /* a whole one; it lives until the next call */
    WIRE_ENDED,   /* the other side hung up */
    WIRE_FAILED,  /* the connection failed */
    WIRE_GARBLED  /* no answer with Content-Length, too long, or with bytes behind it */
};

enum wire_result wire_receive(struct wire *w, struct judge_answer *out)
    __attribute__((nonnull, warn_unused_result));

#endif
