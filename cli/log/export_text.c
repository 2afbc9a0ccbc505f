#include "cli/log/export_text.h"

#include "cli/io/terminal.h"
#include "cli/log/tiles.h"
#include "vault/protocol/encoding/jsontext.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct export_text {
    const char *dir;
    FILE *lines, *table, *details; /* details: NULL where there are none */
    char *buffer;                  /* of getline */
    size_t buffer_size;
};

/* Members of the line, in the table's order, behind index, time and kind. */
static const char *const members[] = {"id",         "state",       "cause",     "claimant",
                                      "count",      "late",        "code",      "at",
                                      "expires_at", "lease_until", "tries_left"};
enum { MEMBERS = sizeof members / sizeof members[0] };

static const char *const fields[] = {"label", "shown_label", "recipient", "ref",
                                     "token", "address",     "agent",     "name"};
enum { FIELDS = sizeof fields / sizeof fields[0] };

/* A cell that a spreadsheet would take for a formula is made text: others' words stand in it. */
static void put_cell(FILE *f, const char *text)
{
    (void)fputs(",\"", f);
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        (void)putc('\'', f);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)putc('"', f);
        (void)putc(*text, f);
    }
    (void)putc('"', f);
}

static void put_value(FILE *f, const json_t *value)
{
    if (json_is_integer(value))
        (void)fprintf(f, ",%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        (void)fputs(json_is_true(value) ? ",yes" : ",no", f);
    else if (json_is_string(value))
        put_cell(f, json_string_value(value));
    else
        (void)putc(',', f);
}

static void put_time(FILE *f, int64_t unix_s)
{
    const time_t t = (time_t)unix_s;
    struct tm tm;
    char text[32] = "";

    if (gmtime_r(&t, &tm) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    (void)fprintf(f, ",%s", text);
}

static void put_header(const struct export_text *e)
{
    (void)fputs("index,time,kind", e->table);
    for (size_t i = 0; i < MEMBERS; i++)
        (void)fprintf(e->table, ",%s", members[i]);
    for (size_t i = 0; i < FIELDS && e->details != NULL; i++)
        (void)fprintf(e->table, ",%s", fields[i]);
    (void)fputs(e->details != NULL ? ",by,note\r\n" : "\r\n", e->table);
}

static const char *detail(const json_t *details, const char *field)
{
    const char *text = json_string_value(json_object_get(json_object_get(details, field), "value"));

    return text != NULL ? text : "";
}

/* The next line of the details, which are an event's each, in the same order. */
static void put_details(struct export_text *e)
{
    const ssize_t len = getline(&e->buffer, &e->buffer_size, e->details);
    json_t *object = len > 0 ? jsontext_parse(e->buffer, (size_t)len, 0, NULL) : NULL;
    const json_t *details = json_object_get(object, "details");
    const char *words = detail(details, "details");
    json_t *receipt = jsontext_parse(words, strlen(words), 0, NULL);
    const char *by = json_string_value(json_object_get(receipt, "by"));
    const char *note = json_string_value(json_object_get(receipt, "note"));

    for (size_t i = 0; i < FIELDS; i++)
        put_cell(e->table, detail(details, fields[i]));
    put_cell(e->table, by != NULL ? by : "");
    put_cell(e->table, note != NULL ? note : "");
    json_decref(receipt);
    json_decref(object);
}

static enum exit_code put_event(void *ctx, uint64_t n, const char *line, size_t len)
{
    struct export_text *e = ctx;
    json_t *object = jsontext_parse(line, len, 0, NULL);
    const char *kind = json_string_value(json_object_get(object, "kind"));

    (void)fwrite(line, 1, len, e->lines);
    (void)putc('\n', e->lines);
    (void)fprintf(e->table, "%" PRIu64, n);
    put_time(e->table, (int64_t)json_integer_value(json_object_get(object, "t")));
    put_cell(e->table, kind != NULL ? kind : "");
    for (size_t i = 0; i < MEMBERS; i++)
        put_value(e->table, json_object_get(object, members[i]));
    if (e->details != NULL)
        put_details(e);
    (void)fputs("\r\n", e->table);
    json_decref(object);
    return EXIT_DONE;
}

static FILE *open_file(const struct export_text *e, const char *name, const char *mode)
{
    char path[PATH_MAX];
    FILE *f = NULL;

    if (snprintf(path, sizeof path, "%s/%s", e->dir, name) < (int)sizeof path)
        f = fopen(path, mode);
    if (f == NULL || (mode[0] == 'w' && fchmod(fileno(f), 0600) != 0))
        terminal_say("%s/%s cannot be opened: %s.", e->dir, name, strerror(errno));
    return f;
}

/* Closes a file that was written. Returns whether all of it has arrived. */
static bool arrived(FILE *f)
{
    const bool good = ferror(f) == 0;

    return fclose(f) == 0 && good;
}

enum exit_code export_text_write(const char *dir, uint64_t size, bool details)
{
    struct export_text e = {.dir = dir};
    enum exit_code rc = EXIT_INTERNAL;
    uint64_t count;

    e.lines = open_file(&e, "events.jsonl", "we");
    e.table = open_file(&e, "events.csv", "we");
    if (details)
        e.details = open_file(&e, "details.jsonl", "re");
    if (e.lines != NULL && e.table != NULL && (!details || e.details != NULL)) {
        put_header(&e);
        rc = tiles_read(dir, size, true, put_event, &e, &count);
    }
    if (e.lines != NULL && !arrived(e.lines) && rc == EXIT_DONE)
        rc = EXIT_INTERNAL;
    if (e.table != NULL && !arrived(e.table) && rc == EXIT_DONE)
        rc = EXIT_INTERNAL;
    if (rc == EXIT_INTERNAL)
        terminal_say("events.jsonl and events.csv in %s are not whole: is the disk full?", dir);
    if (e.details != NULL)
        (void)fclose(e.details);
    free(e.buffer);
    return rc;
}
