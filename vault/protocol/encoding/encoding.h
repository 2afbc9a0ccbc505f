/*
 * The room protocol/encoding/ holds the tools that everything above stands on, and that know
 * nothing of handoffs: text forms, hashes, secret memory, the clock.
 *
 * This header: text forms of bytes that both ends must agree on: base64url, identifiers, numbers,
 * UTF-8.
 *
 * Every decoder here is strict: one value has exactly one accepted text.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_ENCODING_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ENCODING_ID_BYTES = 16,
    ENCODING_ID_TEXT = 36 /* characters, without the terminating NUL */
};

/* Characters that n bytes take as base64url without padding (RFC 4648 section 5), without NUL. */
#define ENCODING_BASE64URL_LEN(n) (((n) / 3) * 4 + ((n) % 3 == 0 ? 0 : (n) % 3 + 1))

/* Writes the base64url text of data (len bytes) and a NUL to out, which holds
   ENCODING_BASE64URL_LEN(len) + 1 bytes. Constant time in the data. */
void encoding_base64url(char *out, const uint8_t *data, size_t len) __attribute__((nonnull(1)));

/* Decodes text (text_len characters, no NUL needed) into out (size bytes) and sets *len to the
   bytes written. Only canonical text is taken: no padding, no white space, no stray bits. Returns
   0, or -1 when the text is not canonical base64url or does not fit; out is then undefined. */
int encoding_base64url_decode(uint8_t *out, size_t size, size_t *len, const char *text,
                              size_t text_len) __attribute__((nonnull(1, 3), warn_unused_result));

/* As above for a value of exactly size bytes: any other length is refused. */
int encoding_base64url_exact(uint8_t *out, size_t size, const char *text, size_t text_len)
    __attribute__((nonnull(1), warn_unused_result));

/* Characters that n bytes take as standard base64 (RFC 4648 section 4), without NUL. */
#define ENCODING_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* The same three for standard base64 with its padding: signed notes and proofs are written so. */
void encoding_base64(char *out, const uint8_t *data, size_t len) __attribute__((nonnull(1)));
int encoding_base64_decode(uint8_t *out, size_t size, size_t *len, const char *text,
                           size_t text_len) __attribute__((nonnull(1, 3), warn_unused_result));
int encoding_base64_exact(uint8_t *out, size_t size, const char *text, size_t text_len)
    __attribute__((nonnull(1), warn_unused_result));

/* Makes a UUIDv7 (RFC 9562 section 5.7) from unix_ms and 74 random bits. */
void encoding_id_new(uint8_t id[ENCODING_ID_BYTES], uint64_t unix_ms) __attribute__((nonnull));

/* Parses canonical lower-case UUID text of text_len characters; version must be 7 and the variant
   RFC 9562's. Returns 0 or -1. */
int encoding_id_parse(uint8_t id[ENCODING_ID_BYTES], const char *text, size_t text_len)
    __attribute__((nonnull(1), warn_unused_result));

/* Writes the canonical text of id and a NUL. */
void encoding_id_format(char text[ENCODING_ID_TEXT + 1], const uint8_t id[ENCODING_ID_BYTES])
    __attribute__((nonnull));

/* Parses an unsigned decimal number of text_len digits, without sign, spaces or leading zeros (but
   "0" itself), of at most max. Returns 0 or -1; *out is set only on success. */
int encoding_u64(uint64_t *out, const char *text, size_t text_len, uint64_t max)
    __attribute__((nonnull(1), warn_unused_result));

/* Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). NUL and
   other control characters count as well-formed. */
bool encoding_utf8_valid(const void *data, size_t len);

/* The number of code points in well-formed UTF-8. */
size_t encoding_utf8_length(const void *data, size_t len);

#endif
