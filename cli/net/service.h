/*
 * The room of the way to a service: which one it is, HTTP, and what a person hears when it refuses.
 *
 * These are the calls of the protocol, one function each, over a client.
 */
#ifndef HANDOFF_CLI_NET_SERVICE_H
#define HANDOFF_CLI_NET_SERVICE_H

#include "cli/net/client.h"
#include "vault/protocol/handoff/keys.h"
#include "vault/protocol/handoff/receipt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns whether the service has done it and answered in the form that it must have;
   otherwise *reply says what came instead. Clear it in both cases. */

struct service_submission {
    const uint8_t *envelope;
    size_t envelope_len;
    const struct keys *keys;
    const uint8_t *manage_key;
    uint64_t expires_in_s, lease_s; /* 0: the service's default */
    bool burn_on_claim;
    const char *label, *shown_label, *recipient, *ref; /* NULL: none */
};

bool service_submit(struct client *c, const uint8_t id[16], const struct service_submission *s,
                    struct client_reply *reply) __attribute__((nonnull, warn_unused_result));

/* Reads what is public: "state", "code", "envelope_hash", times. tries: 0 for the usual number. */
bool service_read(struct client *c, const uint8_t id[16], unsigned tries,
                  struct client_reply *reply) __attribute__((nonnull, warn_unused_result));

bool service_claim(struct client *c, const uint8_t id[16], const struct keys *keys,
                   const uint8_t claimant[KEYS_BYTES], struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));

bool service_opened(struct client *c, const uint8_t id[16], const struct keys *keys,
                    const uint8_t claimant[KEYS_BYTES], struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));

/* Signs the receipt with seed and posts it; claimant may be NULL. */
bool service_receipt(struct client *c, const struct receipt *r, const uint8_t seed[KEYS_BYTES],
                     const uint8_t *claimant, struct client_reply *reply)
    __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

bool service_revoke(struct client *c, const uint8_t id[16], const uint8_t manage_key[KEYS_BYTES],
                    struct client_reply *reply) __attribute__((nonnull, warn_unused_result));

/* Reads events with an index above after, by the manage key or (NULL) the client's token; waits for
   one at most wait_s seconds. */
bool service_events(struct client *c, const uint8_t id[16], const uint8_t *manage_key,
                    int64_t after, unsigned wait_s, struct client_reply *reply)
    __attribute__((nonnull(1, 2, 6), warn_unused_result));

struct service_filter {
    const char *state, *recipient; /* NULL: any */
    int64_t since;                 /* 0: ever */
    int64_t before;                /* the last answer's "next", or -1 */
};

/* Reads a page of the handoffs that the client's token may see, newest first. */
bool service_list(struct client *c, const struct service_filter *f, struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));

/* What the service says of itself: "version" (always a text here), "submissions", its limits. */
bool service_about(struct client *c, struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));

/* What the log offers below /v1/audit: path is "/key", "/checkpoint", … with its query. The first
   two are public and give bytes in reply->data, or an object; the third is for auditors, who show
   their token, and gives bytes. */
bool service_audit(struct client *c, const char *path, struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));
bool service_audit_json(struct client *c, const char *path, struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));
bool service_audit_log(struct client *c, const char *path, struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));

#endif
