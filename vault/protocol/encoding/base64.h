/*
 * Base64 (RFC 4648) without its padding, eight characters at a time by arithmetic in one word: no
 * table, and no branch but the verdict, depends on the data, so that time and cache say nothing
 * about a token. libsodium's, which tests/unit/test_encoding.c holds this against, goes byte by
 * byte and takes three to five times as long.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_BASE64_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_BASE64_H

#include <stddef.h>
#include <stdint.h>

enum base64_alphabet {
    BASE64_STANDARD, /* RFC 4648 section 4: 62 is '+', 63 is '/' */
    BASE64_URL       /* section 5: '-', '_' */
};

/* Writes the text of data (len bytes), without NUL, to out, which holds all its characters: eight
   for six bytes, two for one more, three for two, and so on. */
void base64_encode(char *out, const uint8_t *data, size_t len, enum base64_alphabet alphabet);

/* Decodes text (text_len characters) into out, which holds all its bytes: text_len * 3 / 4, rounded
   down. Returns 0, or -1 when a character is foreign, a bit beyond the last byte is set, or no
   number of bytes has a text of this length; out is then undefined. */
int base64_decode(uint8_t *out, const char *text, size_t text_len, enum base64_alphabet alphabet)
    __attribute__((warn_unused_result));

#endif
