/* The log's events as they are read: their kinds, lines and details. */
#ifndef HANDOFF_VAULT_JOB_EVENT_H
#define HANDOFF_VAULT_JOB_EVENT_H

#include <stddef.h>
#include <stdint.h>

enum {
    VAULT_DETAILS_PER_EVENT = 14,
    VAULT_EVENT_LINE_MAX = 2048 /* bytes of an event's line */
};

enum vault_kind {
    VAULT_KIND_CREATED,
    VAULT_KIND_ACCEPTED,
    VAULT_KIND_REFUSED,
    VAULT_KIND_WRONG_CODE,
    VAULT_KIND_OPENED,
    VAULT_KIND_LAPSED,
    VAULT_KIND_BURNED,
    VAULT_KIND_CONFIRMED,
    VAULT_KIND_REJECTED,
    VAULT_KIND_VAULT_OPENED,
    VAULT_KIND_TOKEN_ADDED,
    VAULT_KIND_TOKEN_REVOKED,
    VAULT_KIND_KEY_ROTATED,
    VAULT_KIND_BACKED_UP,
    VAULT_KIND_RESTORED,
    VAULT_KIND_LOG_KEY_ROTATED,
    VAULT_KIND_ERASED,
    VAULT_KINDS
};

/* "handoff.created" …, as in an event's line; static. */
const char *event_kind_name(enum vault_kind kind);

struct vault_detail {
    const char *field; /* static or inside the event */
    uint8_t salt[32];
    const uint8_t *value; /* inside the event; value_len bytes of UTF-8 */
    size_t value_len;
};

struct vault_event {
    int64_t index;
    const char *line; /* the leaf's exact bytes, line_len of them; lives for the callback */
    size_t line_len;
    const struct vault_detail *details;
    size_t details_len;
};

#endif
