#include "api/http/json_scan.h"

#include "vault/protocol/encoding/encoding.h"

#include <string.h>

enum { LANES = 16 };

#define NUMBER_MAX UINT64_C(999999999999999999) /* 18 digits */

/* So many bytes at once; the compiler makes vector instructions of it. */
typedef signed char lanes __attribute__((vector_size(LANES)));

/* What is still to be read. */
struct rest {
    const char *at, *end;
};

static char next(const struct rest *r)
{
    return r->at < r->end ? *r->at : '\0';
}

static void skip_space(struct rest *r)
{
    while (next(r) == ' ' || next(r) == '\t' || next(r) == '\n' || next(r) == '\r')
        r->at++;
}

/* One of { } : , with the white space around it. */
static bool take_sign(struct rest *r, char sign)
{
    skip_space(r);
    if (next(r) != sign)
        return false;
    r->at++;
    skip_space(r);
    return true;
}

/* Where a byte is a control character, DEL, beyond ASCII (as a signed one below 0) or a
   backslash. */
static lanes odd(const char *text)
{
    lanes v;

    memcpy(&v, text, sizeof(v));
    return (v < 0x20) | (v == 0x7f) | (v == '\\');
}

static bool has_odd(const char *text, size_t len)
{
    uint64_t halves[LANES / sizeof(uint64_t)];
    lanes found = {0};

    if (len < LANES) {
        for (size_t i = 0; i < len; i++)
            if (text[i] < 0x20 || text[i] > 0x7e || text[i] == '\\')
                return true;
        return false;
    }
    for (size_t i = 0; i < len - LANES; i += LANES)
        found |= odd(text + i);
    found |= odd(text + len - LANES); /* perhaps some of them once more */
    memcpy(halves, &found, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

static bool take_string(struct rest *r, const char **text, size_t *len)
{
    const char *quote;

    if (next(r) != '"')
        return false;
    *text = r->at + 1;
    quote = memchr(*text, '"', (size_t)(r->end - *text));
    if (quote == NULL)
        return false;
    *len = (size_t)(quote - *text);
    r->at = quote + 1;
    return !has_odd(*text, *len);
}

static bool take_word(struct rest *r, const char *word, size_t len)
{
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

static bool take_number(struct rest *r, int64_t *number)
{
    const bool minus = take_word(r, "-", 1);
    const char *const digits = r->at;
    uint64_t value;

    while (next(r) >= '0' && next(r) <= '9')
        r->at++;
    if (encoding_u64(&value, digits, (size_t)(r->at - digits), NUMBER_MAX) != 0)
        return false;
    *number = minus ? -(int64_t)value : (int64_t)value;
    return true;
}

static bool take_value(struct rest *r, struct json_scan_member *m)
{
    if (next(r) == '"') {
        m->kind = JSON_SCAN_STRING;
        return take_string(r, &m->text, &m->text_len);
    }
    m->kind = JSON_SCAN_BOOL;
    m->number = next(r) == 't';
    if (take_word(r, "true", 4) || take_word(r, "false", 5))
        return true;
    m->kind = JSON_SCAN_INTEGER;
    return take_number(r, &m->number);
}

bool json_scan_read(struct json_scan_member *members, size_t max, size_t *count, const char *text,
                    size_t len)
{
    struct rest r = {text, text + len};
    size_t n = 0;

    if (!take_sign(&r, '{'))
        return false;
    if (next(&r) != '}')
        do {
            struct json_scan_member *const m = &members[n];

            if (n == max || !take_string(&r, &m->name, &m->name_len) ||
                json_scan_find(members, n, m->name, m->name_len) != NULL || !take_sign(&r, ':') ||
                !take_value(&r, m))
                return false;
            n++;
        } while (take_sign(&r, ','));
    if (!take_sign(&r, '}') || r.at != r.end)
        return false;
    *count = n;
    return true;
}

const struct json_scan_member *json_scan_find(const struct json_scan_member *members, size_t count,
                                              const char *name, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].name_len == len && memcmp(members[i].name, name, len) == 0)
            return &members[i];
    return NULL;
}
