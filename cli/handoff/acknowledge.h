/* A person's receipt, from words to the signed call. */
#ifndef HANDOFF_CLI_HANDOFF_ACKNOWLEDGE_H
#define HANDOFF_CLI_HANDOFF_ACKNOWLEDGE_H

#include "cli/io/exit.h"
#include "cli/net/client.h"
#include "vault/protocol/handoff/receipt.h"

#include <stdint.h>

struct acknowledgement {
    const uint8_t *id; /* 16 bytes */
    enum receipt_outcome outcome;
    const char *by;               /* the person's name */
    const char *note;             /* NULL: none */
    const uint8_t *receipt_seed;  /* 32 bytes */
    const uint8_t *envelope_hash; /* 32 bytes */
    const uint8_t *claimant;      /* 32 bytes; NULL where this machine did not redeem it */
};

/* Whether name and note can stand in a receipt; says what is wrong. Look before anything is
   done. */
enum exit_code acknowledge_check(const char *by, const char *note)
    __attribute__((nonnull(1), warn_unused_result));

/* Signs and posts it, and says on stderr what came of it. */
enum exit_code acknowledge(struct client *c, const struct acknowledgement *a)
    __attribute__((nonnull, warn_unused_result));

#endif
