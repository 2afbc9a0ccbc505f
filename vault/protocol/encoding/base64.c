#include "vault/protocol/encoding/base64.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>

/*
 * A word holds eight characters or six-bit values, one in each byte, the first in the highest. All
 * are below 128, so that a sum that stays below 256 in each byte carries nothing into the next; and
 * since words are added as one number, what a byte lacks in between does no harm as long as its end
 * result fits.
 */
enum { CHARS = 8, BYTES = 6, BITS = 8 * BYTES };

#define EACH UINT64_C(0x0101010101010101) /* times n: n in every byte */
#define HIGH (EACH * 0x80)

/* The characters for 62 and 63; before them come A-Z, a-z and 0-9. */
struct ends {
    char c62, c63;
};

static const struct ends ends_of[] = {
    [BASE64_STANDARD] = {'+', '/'},
    [BASE64_URL] = {'-', '_'},
};

/* 1 in each byte of w that is at least n, which is 1 to 128; 0 in the others. */
static uint64_t at_least(uint64_t w, unsigned n)
{
    return (w + EACH * (0x80 - n)) >> 7 & EACH;
}

/* 1 in each byte of w that is from first to last. */
static uint64_t within(uint64_t w, char first, char last)
{
    return at_least(w, (unsigned char)first) ^ at_least(w, (unsigned char)last + 1U);
}

/* n times what within says; n may be negative. */
static uint64_t times(uint64_t ones, int n)
{
    return ones * (uint64_t)(int64_t)n;
}

static uint64_t to_chars(uint64_t values, const struct ends *e)
{
    return values + EACH * 'A' + times(at_least(values, 26), 'a' - 26 - 'A') +
           times(at_least(values, 52), ('0' - 52) - ('a' - 26)) +
           times(at_least(values, 62), (e->c62 - 62) - ('0' - 52)) +
           times(at_least(values, 63), (e->c63 - 63) - (e->c62 - 62));
}

/* The values of eight characters. Clears those bytes of *good in which a character is foreign. */
static uint64_t to_values(uint64_t chars, uint64_t *good, const struct ends *e)
{
    const uint64_t low = chars & ~HIGH;
    const uint64_t upper = within(low, 'A', 'Z'), lower = within(low, 'a', 'z');
    const uint64_t digit = within(low, '0', '9');
    const uint64_t c62 = within(low, e->c62, e->c62), c63 = within(low, e->c63, e->c63);

    *good &= (upper | lower | digit | c62 | c63) & ~(chars >> 7);
    return low + times(upper, -'A') + times(lower, 26 - 'a') + times(digit, 52 - '0') +
           times(c62, 62 - e->c62) + times(c63, 63 - e->c63);
}

/* Draws eight values of six bits together into the low 48 bits: pairs, fours, all. */
static uint64_t join(uint64_t w)
{
    w = (w & UINT64_C(0x003f003f003f003f)) | (w & UINT64_C(0x3f003f003f003f00)) >> 2;
    w = (w & UINT64_C(0x00000fff00000fff)) | (w & UINT64_C(0x0fff00000fff0000)) >> 4;
    return (w & UINT64_C(0x0000000000ffffff)) | (w & UINT64_C(0x00ffffff00000000)) >> 8;
}

static uint64_t spread(uint64_t w)
{
    w = (w & UINT64_C(0x0000000000ffffff)) | (w & UINT64_C(0x0000ffffff000000)) << 8;
    w = (w & UINT64_C(0x00000fff00000fff)) | (w & UINT64_C(0x00fff00000fff000)) << 4;
    return (w & UINT64_C(0x003f003f003f003f)) | (w & UINT64_C(0x0fc00fc00fc00fc0)) << 2;
}

static uint64_t load(const void *from)
{
    uint64_t w;

    memcpy(&w, from, sizeof(w));
    return be64toh(w);
}

/* The first len bytes of w, from its highest on. */
static void store(void *to, uint64_t w, size_t len)
{
    w = htobe64(w);
    memcpy(to, &w, len);
}

void base64_encode(char *out, const uint8_t *data, size_t len, enum base64_alphabet alphabet)
{
    const struct ends *e = &ends_of[alphabet];
    uint8_t last[CHARS];

    for (; len >= sizeof(last); len -= BYTES, data += BYTES, out += CHARS)
        store(out, to_chars(spread(load(data) >> (64 - BITS)), e), CHARS);
    while (len > 0) {
        const size_t n = len < BYTES ? len : BYTES;

        memset(last, 0, sizeof(last));
        memcpy(last, data, n);
        store(out, to_chars(spread(load(last) >> (64 - BITS)), e), (n * 8 + 5) / 6);
        sodium_memzero(last, sizeof(last));
        len -= n;
        data += n;
        out += CHARS;
    }
}

int base64_decode(uint8_t *out, const char *text, size_t text_len, enum base64_alphabet alphabet)
{
    const struct ends *e = &ends_of[alphabet];
    const size_t rest = text_len % CHARS;
    const size_t rest_bytes = rest * 6 / 8;
    uint64_t good = EACH, w;
    char last[CHARS];

    if (rest % 4 == 1)
        return -1;
    for (; text_len >= CHARS; text_len -= CHARS, text += CHARS, out += BYTES)
        store(out, join(to_values(load(text), &good, e)) << (64 - BITS), BYTES);
    if (rest > 0) {
        memset(last, 'A', sizeof(last)); /* which is 0 */
        memcpy(last, text, rest);
        w = join(to_values(load(last), &good, e)) << (64 - BITS);
        store(out, w, rest_bytes);
        if (w << (8 * rest_bytes) != 0)
            good = 0;
        sodium_memzero(last, sizeof(last));
    }
    return good == EACH ? 0 : -1;
}
