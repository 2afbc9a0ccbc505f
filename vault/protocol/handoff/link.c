#include "vault/protocol/handoff/link.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { VERSION = 0x01, PATH_LEN = 3 };

static const char redeem_path[] = "/h/", follow_path[] = "/s/";

/* follow: where it reads otherwise for the sender's link. */
static const struct {
    const char *code, *text, *follow;
} errors[] = {
    [LINK_OK] = {"ok", "The link is complete.", NULL},
    [LINK_EMPTY] = {"empty", "There is no link.", NULL},
    [LINK_TOO_LONG] = {"too-long", "This is too long to be a link.", NULL},
    [LINK_NOT_URL] = {"not-url",
                      "This is no web address: a link begins with https:// and a host's name.",
                      NULL},
    [LINK_NOT_HANDOFF] = {"not-handoff",
                          "This is a web address, but not a handoff's: that one ends in "
                          "/h/, an identifier, # and 44 more characters.",
                          "This is a web address, but no follow link: that one ends in /s/, an "
                          "identifier, # and 43 more characters."},
    [LINK_BAD_ID] = {"bad-id", "The identifier after /h/ is damaged: copy the whole link again.",
                     "The identifier after /s/ is damaged: copy the whole link again."},
    [LINK_NO_FRAGMENT] = {"no-fragment",
                          "The part from # on is missing. It holds the key; mail programs "
                          "sometimes cut it off. Copy the whole link again, or ask the sender for "
                          "it.",
                          "The part from # on is missing. It holds the key by which the handoff is "
                          "followed. Copy the whole link again."},
    [LINK_FRAGMENT_SHORT] = {"fragment-short",
                             "The link is cut off: after # there must be 44 characters. Copy the "
                             "whole link again, also where it goes on in the next line.",
                             "The link is cut off: after # there must be 43 characters. Copy the "
                             "whole link again, also where it goes on in the next line."},
    [LINK_FRAGMENT_LONG] = {"fragment-long",
                            "Something was added to the link: after # there must be just 44 "
                            "characters. Copy the link alone.",
                            "Something was added to the link: after # there must be just 43 "
                            "characters. Copy the link alone."},
    [LINK_FRAGMENT_BAD] = {"fragment-bad",
                           "The link was altered on its way: the part after # is damaged. Ask the "
                           "sender for the link as plain text.",
                           "The link was altered on its way: the part after # is damaged. Copy it "
                           "again from where it was kept."},
    [LINK_FRAGMENT_VERSION] = {"fragment-version",
                               "This link is of a newer kind than this program knows: update it.",
                               NULL},
};

const char *link_error_code(enum link_error error)
{
    return errors[error].code;
}

const char *link_error_text(enum link_error error)
{
    return errors[error].text;
}

const char *link_error_follow_text(enum link_error error)
{
    return errors[error].follow != NULL ? errors[error].follow : errors[error].text;
}

/* ---- undoing what mail programs do ---- */

/* The text as it is being mended, in place. */
struct draft {
    char *data;
    size_t len;
    bool changed;
};

/* Sets of characters, in UTF-8. White space, and what is there though nobody sees it: no-break and
   zero-width spaces. */
static const char spaces[] = " \t\r\n\f\v"
                             "\xc2\xa0\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\xaf"
                             "\xe2\x81\xa0\xef\xbb\xbf";

/* What people and programs put around a link, also in its typographic forms. */
static const char brackets[] = "<>()[]{}\"'`"
                               "\xc2\xab\xc2\xbb\xe2\x80\x98\xe2\x80\x99\xe2\x80\x9a"
                               "\xe2\x80\x9c\xe2\x80\x9d\xe2\x80\x9e\xe2\x80\xb9\xe2\x80\xba";

/* Like brackets, these cannot end a link: its last character is base64url's. */
static const char stops[] = ".,;:!?*|\\"
                            "\xe2\x80\xa6";

/* The length of the character at the front of text when it is one of the set, or 0. */
static size_t at_front(const char *set, const char *text, size_t len)
{
    const uint8_t first = len > 0 ? (uint8_t)text[0] : 0;
    const size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : 3;

    return n > 0 && n <= len && memmem(set, strlen(set), text, n) != NULL ? n : 0;
}

/* The same at the end of text. */
static size_t at_end(const char *set, const char *text, size_t len)
{
    size_t n = 1;

    while (n < len && n < 3 && ((uint8_t)text[len - n] & 0xc0) == 0x80)
        n++;
    return len > 0 && at_front(set, text + len - n, n) == n ? n : 0;
}

/* White space is never part of a link: around it, or where a mail program broke the line. */
static void drop_spaces(struct draft *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->len;) {
        const size_t n = at_front(spaces, d->data + i, d->len - i);

        if (n == 0)
            d->data[kept++] = d->data[i++];
        i += n;
    }
    d->len = kept;
}

static void trim(struct draft *d)
{
    size_t front = 0, n;

    while ((n = at_front(brackets, d->data + front, d->len - front)) > 0)
        front += n;
    do {
        n = at_end(brackets, d->data + front, d->len - front);
        if (n == 0)
            n = at_end(stops, d->data + front, d->len - front);
        d->len -= n;
    } while (n > 0);
    d->len -= front;
    memmove(d->data, d->data + front, d->len);
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

/* A "safe link" carries the whole address, mostly encoded, as a parameter: takes it out. */
static void unwrap(struct draft *d)
{
    static const char *const marks[] = {"=https%3a", "=http%3a", "=https://", "=http://"};

    for (size_t i = 0; i < d->len; i++) {
        for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
            const size_t mark_len = strlen(marks[m]);
            const char *end;

            if (mark_len > d->len - i || strncasecmp(d->data + i, marks[m], mark_len) != 0)
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

static bool holds(const struct draft *d, char c)
{
    return memchr(d->data, c, d->len) != NULL;
}

static void mend(struct draft *d)
{
    enum { LAYERS = 3 }; /* wrapped by more than one program on the way */
    const size_t before = d->len;

    drop_spaces(d);
    trim(d);
    for (int layer = 0; layer < LAYERS && holds(d, '%'); layer++) {
        const bool whole = holds(d, '#');

        if (!whole)
            unwrap(d);
        percent_decode(d);
        drop_spaces(d);
        trim(d);
        if (whole)
            break;
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

/* Whether a scheme and the beginning of a host are there. */
static bool has_host(const char *text, size_t len)
{
    const size_t scheme = scheme_len(text, len);

    return scheme > 0 && len > scheme && strchr("/:?#", text[scheme]) == NULL;
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
    if (!has_host(text, len) || len >= LINK_BASE_MAX || !base_chars(text, len))
        return -1;
    memcpy(out, text, len);
    out[len] = '\0';
    for (size_t i = 0; i < scheme; i++)
        if (out[i] >= 'A' && out[i] <= 'Z')
            out[i] = (char)(out[i] - 'A' + 'a');
    return 0;
}

static enum link_error take_fragment(uint8_t *out, size_t size, const char *text, size_t len)
{
    const size_t expected = ENCODING_BASE64URL_LEN(size);

    if (len == 0)
        return LINK_NO_FRAGMENT;
    if (len != expected)
        return len < expected ? LINK_FRAGMENT_SHORT : LINK_FRAGMENT_LONG;
    return encoding_base64url_exact(out, size, text, len) == 0 ? LINK_OK : LINK_FRAGMENT_BAD;
}

/* The last one of its kind in text, so that a base may hold one too. */
static const char *find_path(const char *path, const char *text, size_t len)
{
    for (size_t i = len; i >= PATH_LEN; i--)
        if (memcmp(text + i - PATH_LEN, path, PATH_LEN) == 0)
            return text + i - PATH_LEN;
    return NULL;
}

/* The length of what stands before '#'. */
static size_t url_len(const char *text, size_t len)
{
    const char *hash = memchr(text, '#', len);

    return hash != NULL ? (size_t)(hash - text) : len;
}

/* A link in the reading: where its parts go. */
struct parts {
    const char *path;
    char *base;
    uint8_t *id;
    uint8_t *fragment;
    size_t fragment_size;
};

static enum link_error parse(const struct parts *out, const char *text, size_t len)
{
    const size_t url = url_len(text, len);
    const char *path, *id;

    if (len == 0)
        return LINK_EMPTY;
    if (!has_host(text, url))
        return LINK_NOT_URL;
    path = find_path(out->path, text, url);
    if (path == NULL || copy_base(out->base, text, (size_t)(path - text)) != 0)
        return LINK_NOT_HANDOFF;
    id = path + PATH_LEN;
    if (encoding_id_parse(out->id, id, url - (size_t)(id - text)) != 0)
        return LINK_BAD_ID;
    if (url == len)
        return LINK_NO_FRAGMENT;
    return take_fragment(out->fragment, out->fragment_size, text + url + 1, len - url - 1);
}

/* A mended copy of text; NULL when it is too long, or memory is short. */
static struct secret *mended(const char *text, size_t len, bool *changed)
{
    struct secret *copy = len <= LINK_INPUT_MAX ? secret_new(len) : NULL;
    struct draft d;

    if (copy == NULL)
        return NULL;
    d = (struct draft){.data = (char *)secret_data(copy), .len = len};
    if (len > 0)
        memcpy(d.data, text, len);
    mend(&d);
    *changed = d.changed;
    if (secret_resize(copy, d.len) == 0)
        return copy;
    secret_free(copy);
    return NULL;
}

static enum link_error read_link(const struct parts *out, const char *text, size_t len,
                                 bool *repaired)
{
    struct secret *copy = mended(text, len, repaired);
    enum link_error error = LINK_TOO_LONG;

    if (copy != NULL)
        error = parse(out, (const char *)secret_bytes(copy), secret_len(copy));
    secret_free(copy);
    return error;
}

enum link_error link_parse(struct link *out, const char *text, size_t len)
{
    uint8_t bytes[1 + KEYS_LINK_KEY_BYTES] = {0};
    const struct parts parts = {redeem_path, out->base, out->id, bytes, sizeof(bytes)};
    enum link_error error;

    sodium_memzero(out, sizeof(*out));
    error = read_link(&parts, text, len, &out->repaired);
    if (error == LINK_OK && bytes[0] != VERSION)
        error = LINK_FRAGMENT_VERSION;
    if (error == LINK_OK)
        memcpy(out->key, bytes + 1, KEYS_LINK_KEY_BYTES);
    else
        sodium_memzero(out, sizeof(*out));
    sodium_memzero(bytes, sizeof(bytes));
    return error;
}

enum link_error link_parse_follow(struct link_follow *out, const char *text, size_t len)
{
    const struct parts parts = {follow_path, out->base, out->id, out->manage_key, KEYS_BYTES};
    enum link_error error;

    sodium_memzero(out, sizeof(*out));
    error = read_link(&parts, text, len, &out->repaired);
    if (error != LINK_OK)
        sodium_memzero(out, sizeof(*out));
    return error;
}

bool link_is_follow(const char *text, size_t len)
{
    bool changed, is = false;
    struct secret *copy = mended(text, len, &changed);

    if (copy != NULL) {
        const char *url = (const char *)secret_bytes(copy);
        const size_t n = url_len(url, secret_len(copy));
        const char *follow = find_path(follow_path, url, n);
        const char *redeem = find_path(redeem_path, url, n);

        is = has_host(url, n) && follow != NULL && (redeem == NULL || follow > redeem);
    }
    secret_free(copy);
    return is;
}

int link_base(char out[LINK_BASE_MAX], const char *url)
{
    return copy_base(out, url, strlen(url));
}

/* Whether text is an IPv4 address, four plain numbers, of 127.0.0.0/8. */
static bool is_loopback_v4(const char *text, size_t len)
{
    enum { LAST = 3, NETWORK = 127, BYTE_MAX = 255 };
    const char *const end = text + len;

    for (int part = 0;; part++) {
        const char *dot = part < LAST ? memchr(text, '.', (size_t)(end - text)) : end;
        uint64_t value;

        if (dot == NULL || encoding_u64(&value, text, (size_t)(dot - text), BYTE_MAX) != 0 ||
            (part == 0 && value != NETWORK))
            return false;
        if (part == LAST)
            return true;
        text = dot + 1;
    }
}

bool link_base_is_loopback(const char *base)
{
    static const char name[] = "localhost", v6[] = "[::1]";
    const char *host = base + scheme_len(base, strlen(base));
    const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
    const size_t len = bracket != NULL ? (size_t)(bracket - host) + 1 : strcspn(host, ":/");

    if (len == sizeof(v6) - 1 && memcmp(host, v6, len) == 0)
        return strchr(":/", host[len]) != NULL; /* its NUL counts as found */
    if (len == sizeof(name) - 1 && strncasecmp(host, name, len) == 0)
        return true;
    return is_loopback_v4(host, len);
}

static void format(char *out, size_t size, const char *base, const char *path, const uint8_t id[16],
                   const uint8_t *fragment, size_t fragment_len)
{
    struct text t = text_into(out, size - 1);

    text_add(&t, base);
    text_add(&t, path);
    text_id(&t, id);
    text_add(&t, "#");
    text_base64url(&t, fragment, fragment_len);
    out[t.len] = '\0';
}

void link_format(char out[LINK_TEXT_MAX], const struct link *link)
{
    uint8_t bytes[1 + KEYS_LINK_KEY_BYTES] = {VERSION};

    memcpy(bytes + 1, link->key, KEYS_LINK_KEY_BYTES);
    format(out, LINK_TEXT_MAX, link->base, redeem_path, link->id, bytes, sizeof(bytes));
    sodium_memzero(bytes, sizeof(bytes));
}

void link_format_follow(char out[LINK_FOLLOW_TEXT_MAX], const struct link_follow *link)
{
    format(out, LINK_FOLLOW_TEXT_MAX, link->base, follow_path, link->id, link->manage_key,
           sizeof(link->manage_key));
}
