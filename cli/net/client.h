/*
 * One service over HTTP. Every call of the protocol is safe to repeat, so a lost connection and 503
 * are tried again here, a few times, and nowhere else.
 */
#ifndef HANDOFF_CLI_NET_CLIENT_H
#define HANDOFF_CLI_NET_CLIENT_H

#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/link.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct client;

enum { CLIENT_ERROR_MAX = 256, CLIENT_TRIES = 4 };

/* A client of the service at base. Returns NULL with *why (static text) when base is no base URL,
   is http and not loopback, or memory is short. */
struct client *client_new(const char *base, const char **why)
    __attribute__((nonnull, warn_unused_result));

void client_free(struct client *c);

/* The base URL, without a trailing slash. */
const char *client_base(const struct client *c) __attribute__((nonnull));

/* Shows the service this token (NULL: none) in calls that want one; a team's also in those that
   redeem. It must outlive the client. */
void client_show_token(struct client *c, const struct secret *token, bool of_team)
    __attribute__((nonnull(1)));

/* Whether there is a token to show. */
bool client_has_token(const struct client *c) __attribute__((nonnull));

/* What a call asks for as somebody else would; NULL: as this program does. */
struct client_guise {
    const char *agent, *accept;
    const char *language; /* Accept-Language */
    const char *coding;   /* Accept-Encoding; what the answer is coded in is undone */
};

/* What a browser sends as Accept-Encoding, as far as this machine can undo it. */
const char *client_codings(void) __attribute__((warn_unused_result));

enum client_shows { CLIENT_NOTHING, CLIENT_TOKEN, CLIENT_TEAM_TOKEN };

struct client_call {
    const char *method;            /* "GET" … */
    const uint8_t *id;             /* of the handoff, 16 bytes; NULL: of none */
    const char *tail;              /* what follows the id: "" or "/claim" … */
    const char *path;              /* instead of both: "/v1/audit/key" …; NULL: none */
    bool raw;                      /* the answer is no JSON: its bytes are wanted */
    enum client_shows shows;       /* where there is no manage key */
    const uint8_t *manage_key;     /* 32 bytes, sent as Bearer; NULL for none */
    const struct secret *body;     /* JSON; NULL for none */
    unsigned tries;                /* 0 means CLIENT_TRIES */
    unsigned patience_s;           /* longer than usual the answer may take: a long-poll's wait */
    bool quiet;                    /* says nothing about tries that failed */
    const struct client_guise *as; /* NULL: as this program */
};

/* What came of a call. Zeroed is nothing; client_reply_clear frees. */
struct client_reply {
    long status;                  /* 0: no answer came */
    json_t *body;                 /* an object, or NULL where none came or it was not JSON */
    char *data;                   /* of a raw call: the answer's bytes and a NUL, or NULL */
    size_t len;                   /* without the NUL */
    unsigned retry_s;             /* Retry-After, or 0 */
    bool perhaps_done;            /* a try may have had its effect without this answer telling so */
    bool lost;                    /* the same of an earlier try, whatever this answer tells */
    bool unreadable;              /* one came, and is too large or badly coded: status is 0 */
    char error[CLIENT_ERROR_MAX]; /* why no answer came */
};

/* Sends a call. *reply is filled in whatever happens, over nothing: clear it first. Returns whether
   the answer is a 2xx with a body. */
bool client_send(struct client *c, const struct client_call *call, struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));

/* How often a header stands in the last answer; *value is then that of its n-th, counted from 0,
   where there is one, and lives until the next call. */
size_t client_header(const struct client *c, const char *name, size_t n, const char **value)
    __attribute__((nonnull, warn_unused_result));

void client_reply_clear(struct client_reply *reply) __attribute__((nonnull));

/* A member of the reply: text that lives as long as the reply, or NULL; an integer, or fallback. */
const char *client_text(const struct client_reply *reply, const char *name)
    __attribute__((nonnull));
int64_t client_integer(const struct client_reply *reply, const char *name, int64_t fallback)
    __attribute__((nonnull));

/* The problem's code, or "" where the answer is none. */
const char *client_code(const struct client_reply *reply) __attribute__((nonnull));

#endif
