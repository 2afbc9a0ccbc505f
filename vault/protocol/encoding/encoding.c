#include "vault/protocol/encoding/encoding.h"

#include "vault/protocol/encoding/base64.h"

#include <sodium.h>
#include <string.h>

void encoding_base64url(char *out, const uint8_t *data, size_t len)
{
    base64_encode(out, data, len, BASE64_URL);
    out[ENCODING_BASE64URL_LEN(len)] = '\0';
}

void encoding_base64(char *out, const uint8_t *data, size_t len)
{
    const size_t chars = ENCODING_BASE64URL_LEN(len), padded = ENCODING_BASE64_LEN(len);

    base64_encode(out, data, len, BASE64_STANDARD);
    memset(out + chars, '=', padded - chars);
    out[padded] = '\0';
}

/* Decodes what stands before the padding. */
static int decode(uint8_t *out, size_t size, size_t *len, const char *text, size_t text_len,
                  enum base64_alphabet alphabet)
{
    *len = text_len / 4 * 3 + text_len % 4 * 3 / 4;
    return *len <= size ? base64_decode(out, text, text_len, alphabet) : -1;
}

int encoding_base64url_decode(uint8_t *out, size_t size, size_t *len, const char *text,
                              size_t text_len)
{
    return decode(out, size, len, text, text_len, BASE64_URL);
}

int encoding_base64_decode(uint8_t *out, size_t size, size_t *len, const char *text,
                           size_t text_len)
{
    if (text_len % 4 != 0)
        return -1;
    for (int i = 0; i < 2 && text_len > 0 && text[text_len - 1] == '='; i++)
        text_len--;
    return decode(out, size, len, text, text_len, BASE64_STANDARD);
}

int encoding_base64_exact(uint8_t *out, size_t size, const char *text, size_t text_len)
{
    size_t len;

    if (text_len != ENCODING_BASE64_LEN(size) ||
        encoding_base64_decode(out, size, &len, text, text_len) != 0)
        return -1;
    return len == size ? 0 : -1;
}

int encoding_base64url_exact(uint8_t *out, size_t size, const char *text, size_t text_len)
{
    size_t len;

    if (text_len != ENCODING_BASE64URL_LEN(size) ||
        encoding_base64url_decode(out, size, &len, text, text_len) != 0)
        return -1;
    return len == size ? 0 : -1;
}

void encoding_id_new(uint8_t id[ENCODING_ID_BYTES], uint64_t unix_ms)
{
    enum { TIME_BYTES = 6 };

    for (int i = 0; i < TIME_BYTES; i++)
        id[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    randombytes_buf(id + TIME_BYTES, ENCODING_ID_BYTES - TIME_BYTES);
    id[6] = (uint8_t)(0x70 | (id[6] & 0x0f));
    id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
}

/* Where canonical UUID text has its hyphens. */
static bool is_hyphen(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int encoding_id_parse(uint8_t id[ENCODING_ID_BYTES], const char *text, size_t text_len)
{
    size_t at = 0;

    if (text_len != ENCODING_ID_TEXT)
        return -1;
    for (size_t i = 0; i < ENCODING_ID_BYTES; i++) {
        int high, low;

        if (is_hyphen(at) && text[at++] != '-')
            return -1;
        high = hex_digit(text[at++]);
        low = hex_digit(text[at++]);
        if (high < 0 || low < 0)
            return -1;
        id[i] = (uint8_t)(high << 4 | low);
    }
    return (id[6] & 0xf0) == 0x70 && (id[8] & 0xc0) == 0x80 ? 0 : -1;
}

void encoding_id_format(char text[ENCODING_ID_TEXT + 1], const uint8_t id[ENCODING_ID_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < ENCODING_ID_BYTES; i++) {
        if (is_hyphen(at))
            text[at++] = '-';
        text[at++] = digits[id[i] >> 4];
        text[at++] = digits[id[i] & 0x0f];
    }
    text[at] = '\0';
}

int encoding_u64(uint64_t *out, const char *text, size_t text_len, uint64_t max)
{
    uint64_t value = 0;

    if (text_len == 0 || (text[0] == '0' && text_len > 1))
        return -1;
    for (size_t i = 0; i < text_len; i++) {
        unsigned digit;

        if (text[i] < '0' || text[i] > '9')
            return -1;
        digit = (unsigned)(text[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return -1;
        value = value * 10 + digit;
    }
    if (value > max)
        return -1;
    *out = value;
    return 0;
}

/* The length of the well-formed UTF-8 sequence at the front of s (RFC 3629 section 4), or 0. */
static size_t utf8_sequence(const uint8_t *s, size_t len)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t n;

    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf)
        n = 2;
    else if (s[0] >= 0xe0 && s[0] <= 0xef)
        n = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4)
        n = 4;
    else
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0;
    if (s[0] == 0xed)
        high = 0x9f;
    if (s[0] == 0xf0)
        low = 0x90;
    if (s[0] == 0xf4)
        high = 0x8f;
    if (n > len || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool encoding_utf8_valid(const void *data, size_t len)
{
    const uint8_t *s = data;

    while (len > 0) {
        const size_t n = utf8_sequence(s, len);

        if (n == 0)
            return false;
        s += n;
        len -= n;
    }
    return true;
}

size_t encoding_utf8_length(const void *data, size_t len)
{
    const uint8_t *s = data;
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            count++;
    return count;
}
