#include "api/log.h"

#include "vault/protocol/text.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 512 };

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

static void begin(struct text *t, enum log_level level)
{
    struct timespec now;
    struct tm utc;
    char stamp[32];
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    len = strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ ", &utc);
    text_bytes(t, stamp, len);
    text_add(t, names[level]);
    text_add(t, " ");
}

static void end(struct text *t)
{
    if (t->len == t->size)
        t->len--;
    t->data[t->len++] = '\n';
    if (write(STDERR_FILENO, t->data, t->len) < 0)
        return; /* nobody reads the log: there is nobody to tell */
}

void log_note(const struct log *log, enum log_level level, const char *what, int64_t number)
{
    char line[LINE_MAX_BYTES];
    struct text t = text_into(line, sizeof(line));

    if (level > log->threshold)
        return;
    begin(&t, level);
    text_add(&t, what);
    if (number != 0) {
        text_add(&t, " (");
        text_i64(&t, number);
        text_add(&t, ")");
    }
    end(&t);
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
    begin(&t, level);
    text_add(&t, "request ");
    text_i64(&t, (int64_t)r->id);
    text_add(&t, " ");
    text_add(&t, r->method);
    text_add(&t, " ");
    text_add(&t, r->pattern);
    text_add(&t, " ");
    text_i64(&t, r->status);
    text_add(&t, " ");
    text_add(&t, r->code != NULL ? r->code : "-");
    text_add(&t, " ");
    text_i64(&t, r->microseconds);
    text_add(&t, "us");
    end(&t);
}
