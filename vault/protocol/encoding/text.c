#include "vault/protocol/encoding/text.h"

#include "vault/protocol/encoding/base64.h"
#include "vault/protocol/encoding/encoding.h"

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
    char *at = grow(t, ENCODING_BASE64URL_LEN(len));

    if (at != NULL)
        base64_encode(at, data, len, BASE64_URL);
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

/* How a byte is escaped in a JSON string: by a letter of its own, or as \u00 and two digits; 0: it
   stands as it is. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
    ['\r'] = 'r', [0x00] = 'u',  [0x01] = 'u', [0x02] = 'u', [0x03] = 'u', [0x04] = 'u',
    [0x05] = 'u', [0x06] = 'u',  [0x07] = 'u', [0x0b] = 'u', [0x0e] = 'u', [0x0f] = 'u',
    [0x10] = 'u', [0x11] = 'u',  [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',
    [0x16] = 'u', [0x17] = 'u',  [0x18] = 'u', [0x19] = 'u', [0x1a] = 'u', [0x1b] = 'u',
    [0x1c] = 'u', [0x1d] = 'u',  [0x1e] = 'u', [0x1f] = 'u', [0x7f] = 'u',
};

static void add_escape(struct text *t, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    const char text[] = {'\\', escapes[c], '0', '0', digits[c >> 4], digits[c & 0x0f]};

    text_bytes(t, text, escapes[c] == 'u' ? sizeof(text) : 2);
}

void text_json_string(struct text *t, const char *data, size_t len)
{
    size_t plain = 0;

    text_bytes(t, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)data[i];

        if (escapes[c] == '\0')
            continue;
        text_bytes(t, data + plain, i - plain);
        add_escape(t, c);
        plain = i + 1;
    }
    text_bytes(t, data + plain, len - plain);
    text_bytes(t, "\"", 1);
}
