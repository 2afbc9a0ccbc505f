/*
 * A bounded builder for text, mostly JSON: appends to a buffer that its owner gave it and remembers
 * when something did not fit, so that a row of appends needs one check at its end.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_TEXT_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data;    /* the owner's buffer; never NUL-terminated by the builder */
    size_t len;    /* bytes written */
    size_t size;   /* bytes that data holds */
    bool overflow; /* something did not fit; data then ends before it */
};

/* A builder over buffer (size bytes). */
struct text text_into(char *buffer, size_t size) __attribute__((nonnull));

void text_bytes(struct text *t, const char *data, size_t len) __attribute__((nonnull(1)));

/* Appends a NUL-terminated string as it is. */
void text_add(struct text *t, const char *string) __attribute__((nonnull));

void text_i64(struct text *t, int64_t value) __attribute__((nonnull));

/* Appends data as base64url without padding; no quotes. */
void text_base64url(struct text *t, const uint8_t *data, size_t len) __attribute__((nonnull(1)));

/* Appends data as standard base64 with padding. */
void text_base64(struct text *t, const uint8_t *data, size_t len) __attribute__((nonnull(1)));

/* Appends the 36 characters of an id; no quotes. */
void text_id(struct text *t, const uint8_t id[16]) __attribute__((nonnull));

/* Appends a JSON string with its quotes. The input is UTF-8; control characters, '"', '\' and
   U+007F are escaped, all else goes through as it is. */
void text_json_string(struct text *t, const char *data, size_t len) __attribute__((nonnull(1)));

#endif
