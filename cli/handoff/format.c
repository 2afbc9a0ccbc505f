#include "cli/handoff/format.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    size_t offset;
    bool line; /* printed as a line of a login */
} fields[] = {
    {"username", offsetof(struct credential, username), true},
    {"password", offsetof(struct credential, password), true},
    {"url", offsetof(struct credential, url), true},
    {"note", offsetof(struct credential, note), true},
    {"text", offsetof(struct credential, text), false},
    {"name", offsetof(struct credential, name), false},
    {"data", offsetof(struct credential, data), false},
};
enum { FIELDS = sizeof fields / sizeof fields[0], NAMES_MAX = 64 };

static const struct credential_value *value_at(const struct credential *c, size_t i)
{
    return (const struct credential_value *)((const char *)c + fields[i].offset);
}

static size_t field_index(const char *name)
{
    size_t i;

    for (i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].name, name) == 0)
            break;
    return i;
}

bool format_is_field(const char *name)
{
    return field_index(name) < FIELDS;
}

static struct secret *raw(const struct credential_value *v, bool newline)
{
    struct secret *out = secret_new(v->len + 1);

    if (out != NULL && secret_append(out, v->data, v->len) == 0 &&
        (!newline || secret_append(out, "\n", 1) == 0))
        return out;
    secret_free(out);
    return NULL;
}

static int append_value(struct secret *out, const struct credential_value *v, bool terminal)
{
    size_t start = 0;

    for (size_t i = 0; terminal && i < v->len; i++) {
        if (v->data[i] != '\n')
            continue;
        if (secret_append(out, v->data + start, i - start) != 0 ||
            secret_append(out, "\\x0a", 4) != 0)
            return -1;
        start = i + 1;
    }
    return secret_append(out, v->data + start, v->len - start);
}

static int append_line(struct secret *out, const char *name, const struct credential_value *v,
                       bool terminal)
{
    if (v->data == NULL)
        return 0;
    if (secret_append(out, name, strlen(name)) != 0 || secret_append(out, ": ", 2) != 0 ||
        append_value(out, v, terminal) != 0)
        return -1;
    return secret_append(out, "\n", 1);
}

/* A note may have lines: it comes last. */
static struct secret *lines(const struct credential *c, bool terminal)
{
    size_t size = NAMES_MAX;
    struct secret *out;

    for (size_t i = 0; i < FIELDS; i++)
        size += value_at(c, i)->len * (terminal ? 4 : 1);
    out = secret_new(size);
    for (size_t i = 0; out != NULL && i < FIELDS; i++) {
        const struct credential_value *v = value_at(c, i);

        if (fields[i].line && append_line(out, fields[i].name, v, terminal && v != &c->note) != 0) {
            secret_free(out);
            out = NULL;
        }
    }
    return out;
}

static struct secret *object(const struct credential *c, const char **why)
{
    struct secret *text = credential_encode(c, why);
    struct credential_value v;
    struct secret *out;

    if (text == NULL)
        return NULL;
    v.data = secret_bytes(text);
    v.len = secret_len(text);
    out = raw(&v, true);
    secret_free(text);
    return out;
}

struct secret *format_credential(const struct credential *c, const struct format_options *options,
                                 enum terminal_style *style, const char **why)
{
    *why = "memory is short";
    if (options->json) {
        *style = TERMINAL_JSON;
        return object(c, why);
    }
    *style = TERMINAL_TEXT;
    if (options->field != NULL) {
        const struct credential_value *v = value_at(c, field_index(options->field));

        *why = v->data == NULL ? "it has no such field" : *why;
        return v->data == NULL ? NULL : raw(v, true);
    }
    if (c->type == CREDENTIAL_TEXT)
        return raw(&c->text, false);
    if (c->type == CREDENTIAL_FILE)
        return raw(&c->data, false);
    return lines(c, options->terminal);
}
