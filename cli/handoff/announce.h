/* What send puts on stdout, for pipes: the link alone, or one JSON object. */
#ifndef HANDOFF_CLI_HANDOFF_ANNOUNCE_H
#define HANDOFF_CLI_HANDOFF_ANNOUNCE_H

#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/link.h"

#include <stdint.h>

struct announcement {
    const struct link *link;
    const uint8_t *manage_key; /* for the follow link */
    const struct secret *code; /* that was made; NULL: none */
    int64_t expires_at;
};

/* The link and a line end. Returns 0, or -1 with errno: then not all of it has arrived. */
int announce_line(const struct announcement *a) __attribute__((nonnull, warn_unused_result));

/* {"id","link","follow","code"?,"expires_at"} and a line end. As above. */
int announce_json(const struct announcement *a) __attribute__((nonnull, warn_unused_result));

#endif
