#include "vault/protocol/link.h"

#include "vault/protocol/encoding.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { VERSION = 0x01, PATH_LEN = 3 };

static const char path[] = "/h/";

static const struct {
    const char *code, *text;
} errors[] = {
    [LINK_OK] = {"ok", "The link is complete."},
    [LINK_EMPTY] = {"empty", "There is no link."},
    [LINK_TOO_LONG] = {"too-long", "This is too long to be a link."},
    [LINK_NOT_URL] = {"not-url", "This is no web address: a link begins with https://."},
    [LINK_NOT_HANDOFF] = {"not-handoff",
                          "This is a web address, but not a handoff's: that one ends in "
                          "/h/, an identifier, # and 44 more characters."},
    [LINK_BAD_ID] = {"bad-id", "The identifier after /h/ is damaged: copy the whole link again."},
    [LINK_NO_FRAGMENT] = {"no-fragment",
                          "The part from # on is missing. It holds the key; mail programs "
                          "sometimes cut it off. Copy the whole link again, or ask the sender for "
                          "it."},
    [LINK_FRAGMENT_SHORT] = {"fragment-short",
                             "The link is cut off: after # there must be 44 characters. Copy the "
                             "whole link again, also where it goes on in the next line."},
    [LINK_FRAGMENT_LONG] = {"fragment-long",
                            "Something was added to the link: after # there must be just 44 "
                            "characters. Copy the link alone."},
    [LINK_FRAGMENT_BAD] = {"fragment-bad",
                           "The link was altered on its way: the part after # is damaged. Ask the "
                           "sender for the link as plain text."},
    [LINK_FRAGMENT_VERSION] = {"fragment-version",
                               "This link is of a newer kind than this program knows: update it."},
};

const char *link_error_code(enum link_error error)
{
    return errors[error].code;
}

const char *link_error_text(enum link_error error)
{
    return errors[error].text;
}

/* ---- undoing what mail programs do ---- */

/* The text as it is being mended, in place. */
struct draft {
    char *data;
    size_t len;
    bool changed;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/* White space is never part of a link: around it, or where a mail program broke the line. */
static void drop_spaces(struct draft *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->len; i++)
        if (!is_space(d->data[i]))
            d->data[kept++] = d->data[i];
    for (size_t i = 0; i < d->len - kept; i++)
        d->data[kept + i] = '\0';
    d->len = kept;
}

static bool is_bracket(char c)
{
    return strchr("<>()[]{}\"'`", c) != NULL && c != '\0';
}

/* Neither brackets and quotes nor these marks can end a link: its last character is base64url's. */
static bool is_trailing(char c)
{
    return is_bracket(c) || (strchr(".,;:!?*|\\", c) != NULL && c != '\0');
}

static void trim(struct draft *d)
{
    size_t front = 0;

    while (front < d->len && is_bracket(d->data[front]))
        front++;
    while (d->len > front && is_trailing(d->data[d->len - 1]))
        d->len--;
    if (front > 0) {
        memmove(d->data, d->data + front, d->len - front);
        d->len -= front;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Undoes percent-encoding once. What is not well-formed stays as it is. */
static void percent_decode(struct draft *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->len; kept++) {
        const int high = i + 2 < d->len ? hex_digit(d->data[i + 1]) : -1;
        const int low = i + 2 < d->len ? hex_digit(d->data[i + 2]) : -1;

        if (d->data[i] == '%' && high >= 0 && low >= 0) {
            d->data[kept] = (char)(high << 4 | low);
            i += 3;
        } else {
            d->data[kept] = d->data[i++];
        }
    }
    d->len = kept;
}

/* A "safe link" carries the whole address, encoded, as a parameter: takes it out. */
static void unwrap(struct draft *d)
{
    static const char *const marks[] = {"=https%3a", "=http%3a"};

    for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
        const size_t mark_len = strlen(marks[m]);

        for (size_t i = 0; i + mark_len <= d->len; i++) {
            const char *end;

            if (strncasecmp(d->data + i, marks[m], mark_len) != 0)
                continue;
            d->len -= i + 1;
            memmove(d->data, d->data + i + 1, d->len);
            end = memchr(d->data, '&', d->len);
            if (end != NULL)
                d->len = (size_t)(end - d->data);
            return;
        }
    }
}

static void mend(struct draft *d)
{
    const size_t before = d->len;

    drop_spaces(d);
    trim(d);
    if (memchr(d->data, '#', d->len) == NULL && memchr(d->data, '%', d->len) != NULL) {
        unwrap(d);
        percent_decode(d);
        trim(d);
    } else if (memchr(d->data, '%', d->len) != NULL) {
        percent_decode(d);
    }
    d->changed = d->len != before;
}

/* ---- reading ---- */

static bool starts_with(const char *text, size_t len, const char *prefix)
{
    const size_t n = strlen(prefix);

    return len >= n && strncasecmp(text, prefix, n) == 0;
}

/* The length of "http://" or "https://" at the front, or 0. */
static size_t scheme_len(const char *text, size_t len)
{
    if (starts_with(text, len, "https://"))
        return 8;
    return starts_with(text, len, "http://") ? 7 : 0;
}

/* Whether all of it may stand in a base URL: no control characters, spaces, query, user. */
static bool base_chars(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= 0x20 || text[i] == 0x7f || strchr("?#@\\\"<>%", text[i]) != NULL)
            return false;
    return true;
}

static int copy_base(char out[LINK_BASE_MAX], const char *text, size_t len)
{
    const size_t scheme = scheme_len(text, len);

    while (len > scheme && text[len - 1] == '/')
        len--;
    if (scheme == 0 || len == scheme || text[scheme] == '/' || text[scheme] == ':' ||
        len >= LINK_BASE_MAX || !base_chars(text, len))
        return -1;
    memcpy(out, text, len);
    out[len] = '\0';
    for (size_t i = 0; i < scheme; i++)
        if (out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (char)(out[i] - 'A' + 'a');
    return 0;
}

static enum link_error take_fragment(struct link *out, const char *text, size_t len)
{
    uint8_t bytes[1 + KEYS_LINK_KEY_BYTES];
    enum link_error error = LINK_OK;

    if (len == 0)
        return LINK_NO_FRAGMENT;
    if (len != LINK_FRAGMENT)
        return len < LINK_FRAGMENT ? LINK_FRAGMENT_SHORT : LINK_FRAGMENT_LONG;
    if (encoding_base64url_exact(bytes, sizeof(bytes), text, len) != 0)
        error = LINK_FRAGMENT_BAD;
    else if (bytes[0] != VERSION)
        error = LINK_FRAGMENT_VERSION;
    else
        memcpy(out->key, bytes + 1, KEYS_LINK_KEY_BYTES);
    sodium_memzero(bytes, sizeof(bytes));
    return error;
}

/* The last "/h/" in text, so that a base may hold one too. */
static const char *find_path(const char *text, size_t len)
{
    for (size_t i = len; i >= PATH_LEN; i--)
        if (memcmp(text + i - PATH_LEN, path, PATH_LEN) == 0)
            return text + i - PATH_LEN;
    return NULL;
}

static enum link_error parse(struct link *out, const char *text, size_t len)
{
    const char *hash = memchr(text, '#', len);
    const size_t url_len = hash != NULL ? (size_t)(hash - text) : len;
    const char *handoff, *id;
    size_t id_len;

    if (len == 0)
        return LINK_EMPTY;
    if (scheme_len(text, url_len) == 0)
        return LINK_NOT_URL;
    handoff = find_path(text, url_len);
    if (handoff == NULL || copy_base(out->base, text, (size_t)(handoff - text)) != 0)
        return LINK_NOT_HANDOFF;
    id = handoff + PATH_LEN;
    id_len = url_len - (size_t)(id - text);
    if (encoding_id_parse(out->id, id, id_len) != 0)
        return LINK_BAD_ID;
    if (hash == NULL)
        return LINK_NO_FRAGMENT;
    return take_fragment(out, hash + 1, len - url_len - 1);
}

enum link_error link_parse(struct link *out, const char *text, size_t len)
{
    struct secret *copy;
    struct draft d;
    enum link_error error;

    sodium_memzero(out, sizeof(*out));
    if (len > LINK_INPUT_MAX)
        return LINK_TOO_LONG;
    copy = secret_new(len);
    if (copy == NULL)
        return LINK_TOO_LONG;
    d = (struct draft){.data = (char *)secret_data(copy), .len = len};
    if (len > 0)
        memcpy(d.data, text, len);
    mend(&d);
    error = parse(out, d.data, d.len);
    if (error != LINK_OK)
        sodium_memzero(out, sizeof(*out));
    else
        out->repaired = d.changed;
    secret_free(copy);
    return error;
}

int link_base(char out[LINK_BASE_MAX], const char *url)
{
    return copy_base(out, url, strlen(url));
}

bool link_base_is_loopback(const char *base)
{
    const char *host = base + scheme_len(base, strlen(base));
    const size_t len =
        *host == '[' ? strcspn(host, "]") + (strchr(host, ']') != NULL) : strcspn(host, ":/");
    unsigned parts[4];
    char end;
    char text[16];

    if (len == 5 && strncmp(host, "[::1]", len) == 0)
        return true;
    if (len == 9 && strncasecmp(host, "localhost", len) == 0)
        return true;
    if (len >= sizeof(text))
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    return sscanf(text, "%3u.%3u.%3u.%3u%c", &parts[0], &parts[1], &parts[2], &parts[3], &end) ==
               4 &&
           parts[0] == 127 && parts[1] <= 255 && parts[2] <= 255 && parts[3] <= 255;
}

void link_format(char out[LINK_TEXT_MAX], const struct link *link)
{
    uint8_t bytes[1 + KEYS_LINK_KEY_BYTES] = {VERSION};
    char id[ENCODING_ID_TEXT + 1], fragment[LINK_FRAGMENT + 1];

    memcpy(bytes + 1, link->key, KEYS_LINK_KEY_BYTES);
    encoding_base64url(fragment, bytes, sizeof(bytes));
    encoding_id_format(id, link->id);
    snprintf(out, LINK_TEXT_MAX, "%s/h/%s#%s", link->base, id, fragment);
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(fragment, sizeof(fragment));
}
