/*
 * The data directory as an operator's command sees it, beside the running service or without it.
 * What changes something is one transaction with its event, as in the service.
 *
 * Calls return 0; or -1 with a sentence in why that says what is wrong and what to do.
 */
#ifndef HANDOFF_VAULT_ADMIN_H
#define HANDOFF_VAULT_ADMIN_H

#include "vault/vault.h"

struct admin;

struct admin_options {
    const char *dir, *key; /* as in struct vault_options */
    bool may_create;       /* a database that is not there yet is made; the directory must be */
    bool look;             /* nothing is changed, not even brought forward */
};

/* Opens it; NULL with a sentence in why. */
struct admin *admin_open(const struct admin_options *options, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* NULL is nothing. */
void admin_close(struct admin *a);

/* Whether the service is running on it. */
bool admin_beside_service(const struct admin *a) __attribute__((nonnull));

/* ---- tokens ---- */

/* Makes a token of this role, name, team and expiry; the rest of t is filled. token: its 32 bytes,
   which are kept nowhere. A name can be used once only, since the log names who did what by it. */
int admin_add_token(struct admin *a, struct vault_token *t, uint8_t token[32], char *why,
                    size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Revokes the token of this name, from now on. */
int admin_revoke_token(struct admin *a, const char *name, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Calls each for every token, in no order. */
int admin_tokens(struct admin *a, void (*each)(void *ctx, const struct vault_token *t), void *ctx,
                 char *why, size_t why_size) __attribute__((nonnull(1, 2, 4), warn_unused_result));

/* ---- keys ---- */

struct admin_rotation {
    uint32_t from, to;
    bool done;      /* the old key is destroyed */
    bool elsewhere; /* the key file is not ours to write: nothing was begun */
};

/* Begins a rotation, unless one is under way: adds a new key to the key file. */
int admin_begin_rotation(struct admin *a, struct admin_rotation *out, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Carries it on: does some of it itself where no service runs, or looks how far the service is.
   Call again until out->done. */
int admin_rotate(struct admin *a, struct admin_rotation *out, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

struct admin_log_key {
    struct note_key from, to; /* from: empty where it was lost */
    int64_t event;            /* the one that records it */
};

/* The key that signs the log's checkpoints. */
int admin_log_key(struct admin *a, struct note_key *out, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Replaces it by a new one of this name (NULL: the same): the old one signs the event that says so,
   and is destroyed. lost: the old one is not there to sign. */
int admin_rotate_log_key(struct admin *a, const char *name, bool lost, struct admin_log_key *out,
                         char *why, size_t why_size)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

/* ---- privacy ---- */

/* Erases what is personal in a handoff's events and records it; *events: how many lost details. */
int admin_erase(struct admin *a, const uint8_t id[16], int64_t *events, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* ---- backup ---- */

struct admin_backup {
    int64_t events, handoffs, live;
};

/* Writes a backup to path, which must not exist: all but the envelopes. */
int admin_backup(struct admin *a, const char *path, struct admin_backup *out, char *why,
                 size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Makes the database of a data directory that has none from a backup. What lived is burned when it
   is first opened. */
int admin_restore(const char *dir, const char *path, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* ---- health ---- */

/* What was looked through. */
struct admin_verdict {
    uint64_t events;
    unsigned checkpoints; /* signed ones, kept while the log grew, which it was held against */
};

/* Looks through the whole database: its structure, and the log from the first event to the last
   against its own hashes and every checkpoint that was kept. Returns 0, 1 when something is wrong
   (why then names the place), or -1. */
int admin_verify(struct admin *a, struct admin_verdict *out, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

struct admin_health {
    int64_t last_event_at; /* 0: there is none */
    uint64_t next, live, live_bytes, due;
    size_t keys;
    uint32_t key;
};

int admin_health(struct admin *a, struct admin_health *out, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

#endif
