/*
 * Who calls: nobody in particular, a sender with the manage key of a handoff, or somebody with a
 * token. One table says which roles may do what.
 */
#ifndef HANDOFF_API_POLICY_ACCESS_H
#define HANDOFF_API_POLICY_ACCESS_H

#include "api/http/request.h"

#include <stdbool.h>
#include <stdint.h>

enum access_kind { ACCESS_NOBODY, ACCESS_KEY, ACCESS_TOKEN };

struct access {
    enum access_kind kind;
    uint8_t key[32];          /* ACCESS_KEY: the manage key that was shown; unchecked */
    struct vault_token token; /* ACCESS_TOKEN: one that holds */
};

/* What a token may be shown for. */
enum access_act {
    ACCESS_SUBMIT,
    ACCESS_REDEEM, /* claim, opened, receipts: not needed there, but then the log names it */
    ACCESS_LIST,
    ACCESS_READ_EVENTS,
    ACCESS_READ_LOG,
    ACCESS_ACTS
};

/* Whether a role may; of teams only what is addressed to them. */
bool access_allowed(enum vault_role role, enum access_act act);

/* Reads "Authorization: Bearer …" and wipes it where it stands. A token that is shown must hold: it
   is charged, and its name goes to r->job, so that the events of this call name it. Returns 0; or
   -1 with the reply filled (401 for what is malformed, unknown, expired or revoked; 429, 503). Wipe
   *out when done with a key. */
int access_read(struct request *r, struct access *out) __attribute__((nonnull, warn_unused_result));

/* The same where only the given act is asked for: a role that may not, or a manage key where there
   is nothing to manage, is refused too (403, 401). */
int access_for(struct request *r, enum access_act act, struct access *out)
    __attribute__((nonnull, warn_unused_result));

#endif
