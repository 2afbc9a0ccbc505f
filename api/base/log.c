#include "api/base/log.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* A line is written as one piece even into a pipe, also when every byte of its text is escaped. */
enum { LINE_MAX_BYTES = 4096, TEXT_MAX_BYTES = 600 };

static const char *const names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

int log_level_parse(const char *name, enum log_level *level)
{
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0) {
            *level = (enum log_level)i;
            return 0;
        }
    return -1;
}

int log_format_parse(const char *name, bool *json)
{
    *json = strcmp(name, "json") == 0;
    return *json || strcmp(name, "text") == 0 ? 0 : -1;
}

/* ---- the pieces of a line ---- */

static void begin(const struct log *log, struct text *t, enum log_level level)
{
    struct timespec now;
    struct tm utc;
    char stamp[32];
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    len = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc);
    text_add(t, log->json ? "{\"time\":\"" : "");
    text_bytes(t, stamp, len);
    text_add(t, log->json ? "\",\"level\":\"" : " ");
    text_add(t, names[level]);
    text_add(t, log->json ? "\",\"message\":" : " ");
}

static void end(const struct log *log, struct text *t)
{
    text_add(t, log->json ? "}" : "");
    if (t->len == t->size)
        t->len--;
    t->data[t->len++] = '\n';
    if (write(STDERR_FILENO, t->data, t->len) < 0)
        return; /* nobody reads the log: there is nobody to tell */
}

/* How many bytes the UTF-8 character at s has; 0 when there is none. */
static size_t utf8_len(const char *s)
{
    const unsigned char lead = (unsigned char)s[0];
    const size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    return strnlen(s, len) == len && encoding_utf8_valid(s, len) ? len : 0;
}

/* Whether the character may stand in a line as it is: no control character of either row. */
static bool is_plain(const char *s, size_t len)
{
    const unsigned char lead = (unsigned char)s[0];

    if (len == 1)
        return lead >= 0x20 && lead != 0x7f;
    return len > 1 && !(lead == 0xc2 && (unsigned char)s[1] < 0xa0);
}

/* The text as printable UTF-8: other bytes as \xNN, cut before what would not fit into a line. */
static void add_clean(struct text *t, const char *s)
{
    static const char digits[] = "0123456789abcdef";

    while (*s != '\0') {
        const size_t len = utf8_len(s);
        const unsigned char byte = (unsigned char)s[0];
        const char escape[4] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
        const bool plain = is_plain(s, len);

        if (t->size - t->len < sizeof(escape))
            return;
        text_bytes(t, plain ? s : escape, plain ? len : sizeof(escape));
        s += plain ? len : 1;
    }
}

/* Words on their own, in the format's way. */
static void add_words(const struct log *log, struct text *t, const char *words)
{
    char clean[TEXT_MAX_BYTES];
    struct text c = text_into(clean, sizeof(clean));

    add_clean(&c, words);
    if (log->json)
        text_json_string(t, c.data, c.len);
    else
        text_bytes(t, c.data, c.len);
}

/* ---- the lines ---- */

void log_note(const struct log *log, enum log_level level, const char *what, int64_t number)
{
    char line[LINE_MAX_BYTES];
    struct text t = text_into(line, sizeof(line));

    if (level > log->threshold)
        return;
    begin(log, &t, level);
    add_words(log, &t, what);
    if (number != 0) {
        text_add(&t, log->json ? ",\"number\":" : " (");
        text_i64(&t, number);
        text_add(&t, log->json ? "" : ")");
    }
    end(log, &t);
}

void log_operator(const struct log *log, enum log_level level, const char *text)
{
    log_note(log, level, text, 0);
}

static void request_as_text(struct text *t, const struct log_request *r)
{
    text_add(t, "request ");
    text_i64(t, (int64_t)r->id);
    text_add(t, " ");
    text_add(t, r->method);
    text_add(t, " ");
    text_add(t, r->pattern);
    text_add(t, " ");
    text_i64(t, r->status);
    text_add(t, " ");
    text_add(t, r->code != NULL ? r->code : "-");
    text_add(t, " ");
    text_i64(t, r->microseconds);
    text_add(t, "us");
}

static void json_member(struct text *t, const char *name, const char *value)
{
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":");
    text_json_string(t, value, strlen(value));
}

static void request_as_json(struct text *t, const struct log_request *r)
{
    text_add(t, "\"request\",\"request_id\":\"");
    text_i64(t, (int64_t)r->id);
    text_add(t, "\"");
    json_member(t, "method", r->method);
    json_member(t, "route", r->pattern);
    text_add(t, ",\"status\":");
    text_i64(t, r->status);
    if (r->code != NULL)
        json_member(t, "code", r->code);
    text_add(t, ",\"microseconds\":");
    text_i64(t, r->microseconds);
}

void log_request(const struct log *log, const struct log_request *r)
{
    const enum log_level level = r->status >= 500 && !r->expected ? LOG_LEVEL_ERROR
                                 : r->status >= 400               ? LOG_LEVEL_INFO
                                                                  : LOG_LEVEL_DEBUG;
    char line[LINE_MAX_BYTES];
    struct text t = text_into(line, sizeof(line));

    if (level > log->threshold)
        return;
    begin(log, &t, level);
    if (log->json)
        request_as_json(&t, r);
    else
        request_as_text(&t, r);
    end(log, &t);
}
