#include "cli/handoff/announce.h"

#include "cli/io/terminal.h"
#include "vault/protocol/encoding/text.h"

#include <sodium.h>
#include <string.h>

/* A member that is a text, behind others. */
static void add_member(struct text *t, const char *name, const char *value, size_t len)
{
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":");
    text_json_string(t, value, len);
}

static int add_links(struct text *t, const struct announcement *a)
{
    struct link_follow *follow = sodium_malloc(sizeof *follow);
    char *text = sodium_malloc(LINK_TEXT_MAX);
    int rc = -1;

    if (follow != NULL && text != NULL) {
        link_format(text, a->link);
        add_member(t, "link", text, strlen(text));
        memcpy(follow->base, a->link->base, sizeof follow->base);
        memcpy(follow->id, a->link->id, sizeof follow->id);
        memcpy(follow->manage_key, a->manage_key, sizeof follow->manage_key);
        link_format_follow(text, follow);
        add_member(t, "follow", text, strlen(text));
        rc = 0;
    }
    sodium_free(follow);
    sodium_free(text);
    return rc;
}

static int add_object(struct text *t, const struct announcement *a)
{
    text_add(t, "{\"id\":\"");
    text_id(t, a->link->id);
    text_add(t, "\"");
    if (add_links(t, a) != 0)
        return -1;
    if (a->code != NULL)
        add_member(t, "code", (const char *)secret_bytes(a->code), secret_len(a->code));
    text_add(t, ",\"expires_at\":");
    text_i64(t, a->expires_at);
    text_add(t, "}\n");
    return t->overflow ? -1 : 0;
}

static int add_line(struct text *t, const struct announcement *a)
{
    char *text = sodium_malloc(LINK_TEXT_MAX);

    if (text == NULL)
        return -1;
    link_format(text, a->link);
    text_add(t, text);
    text_add(t, "\n");
    sodium_free(text);
    return t->overflow ? -1 : 0;
}

static int print(const struct announcement *a,
                 int (*add)(struct text *t, const struct announcement *a))
{
    struct secret *out = secret_new((size_t)LINK_TEXT_MAX * 12 + 256);
    struct text t;
    int rc = -1;

    if (out == NULL)
        return -1;
    t = text_into((char *)secret_data(out), secret_capacity(out));
    if (add(&t, a) == 0 && secret_resize(out, t.len) == 0)
        rc = terminal_print(secret_bytes(out), secret_len(out), TERMINAL_JSON);
    secret_free(out);
    return rc;
}

int announce_line(const struct announcement *a)
{
    return print(a, add_line);
}

int announce_json(const struct announcement *a)
{
    return print(a, add_object);
}
