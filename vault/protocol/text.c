#include "vault/protocol/text.h"

#include "vault/protocol/encoding.h"

#include <sodium.h>
#include <string.h>

struct text text_into(char *buffer, size_t size)
{
    return (struct text){.data = buffer, .size = size};
}

/* Room for len more bytes; NULL, and the mark, where there is none. */
static char *grow(struct text *t, size_t len)
{
    if (t->overflow || len > t->size - t->len) {
        t->overflow = true;
        return NULL;
    }
    t->len += len;
    return t->data + t->len - len;
}

void text_bytes(struct text *t, const char *data, size_t len)
{
    char *at = grow(t, len);

    if (at != NULL && len > 0)
        memcpy(at, data, len);
}

void text_add(struct text *t, const char *string)
{
    text_bytes(t, string, strlen(string));
}

void text_i64(struct text *t, int64_t value)
{
    enum { DIGITS = 20 };
    char digits[DIGITS];
    size_t at = DIGITS;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    text_bytes(t, digits + at, DIGITS - at);
}

void text_base64url(struct text *t, const uint8_t *data, size_t len)
{
    enum { GROUP = 3 };
    const size_t tail = len > 0 ? (len - 1) % GROUP + 1 : 0;
    const size_t head_chars = ENCODING_BASE64URL_LEN(len - tail);
    char *at = grow(t, ENCODING_BASE64URL_LEN(len));
    char last[ENCODING_BASE64URL_LEN(GROUP) + 1];

    if (at == NULL || len == 0)
        return;
    /* The encoder's NUL must not go beyond the end, so the last group goes in by itself. */
    encoding_base64url(at, data, len - tail);
    encoding_base64url(last, data + len - tail, tail);
    memcpy(at + head_chars, last, ENCODING_BASE64URL_LEN(tail));
    sodium_memzero(last, sizeof(last));
}

void text_base64(struct text *t, const uint8_t *data, size_t len)
{
    enum { GROUP = 48 };
    char group[ENCODING_BASE64_LEN(GROUP) + 1];

    for (size_t at = 0; at < len; at += GROUP) {
        const size_t n = len - at < GROUP ? len - at : GROUP;

        encoding_base64(group, data + at, n);
        text_bytes(t, group, ENCODING_BASE64_LEN(n));
    }
}

void text_id(struct text *t, const uint8_t id[16])
{
    char buffer[ENCODING_ID_TEXT + 1];

    encoding_id_format(buffer, id);
    text_bytes(t, buffer, ENCODING_ID_TEXT);
}

/* Writes the escape for c, where it needs one, to out and returns its length; 0 where it does not.
 */
static size_t escape(char out[6], unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char named[] = "\b\t\n\f\r\"\\";
    static const char letters[] = "btnfr\"\\";
    const char *at;

    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
        return 0;
    out[0] = '\\';
    at = c != 0 ? strchr(named, c) : NULL;
    if (at != NULL) {
        out[1] = letters[at - named];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = digits[c >> 4];
    out[5] = digits[c & 0x0f];
    return 6;
}

void text_json_string(struct text *t, const char *data, size_t len)
{
    size_t plain = 0;
    char escaped[6];

    text_bytes(t, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        const size_t n = escape(escaped, (unsigned char)data[i]);

        if (n == 0)
            continue;
        text_bytes(t, data + plain, i - plain);
        text_bytes(t, escaped, n);
        plain = i + 1;
    }
    text_bytes(t, data + plain, len - plain);
    text_bytes(t, "\"", 1);
}
