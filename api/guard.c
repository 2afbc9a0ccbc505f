#include "api/guard.h"

#include "vault/protocol/encoding.h"

#include <string.h>
#include <strings.h>

static bool is_token_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_token_char(text[i]))
            return false;
    return len > 0;
}

/* Whether a value holds only what RFC 9110 section 5.5 allows. */
static bool is_value(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return true;
}

const char *guard_target(const char *target)
{
    const size_t len = strlen(target);

    if (target[0] != '/')
        return "The target must begin with a slash.";
    if (len > GUARD_TARGET_MAX)
        return "The target is too long.";
    for (size_t i = 0; i < len; i++)
        if (target[i] <= 0x20 || target[i] == 0x7f || target[i] == '%' || target[i] == '\\')
            return "The target must be plain: no percent-encoding, backslash or control character.";
    return NULL;
}

static bool is_json(const char *value, size_t len)
{
    static const char json[] = "application/json";
    const size_t json_len = sizeof(json) - 1;

    if (len < json_len || strncasecmp(value, json, json_len) != 0)
        return false;
    return len == json_len || value[json_len] == ';' || value[json_len] == ' ';
}

static bool named(const char *name, size_t len, const char *wanted)
{
    return len == strlen(wanted) && strncasecmp(name, wanted, len) == 0;
}

static void object(struct guard_state *g, const char *why)
{
    if (g->fields.objection == NULL)
        g->fields.objection = why;
}

void guard_field(struct guard_state *g, const char *name, size_t name_len, const char *value,
                 size_t value_len)
{
    if (value == NULL)
        value_len = 0;
    if (!is_token(name, name_len))
        object(g, "A header field's name holds a character that is not allowed there.");
    if (!is_value(value, value_len))
        object(g, "A header field's value holds a control character.");
    if (named(name, name_len, "Host")) {
        g->hosts++;
    } else if (named(name, name_len, "Transfer-Encoding")) {
        object(g, "Transfer-Encoding is not taken: send Content-Length.");
    } else if (named(name, name_len, "Content-Length")) {
        g->lengths++;
        g->fields.has_length = true;
        if (encoding_u64(&g->fields.length, value, value_len, INT64_MAX) != 0)
            object(g, "Content-Length must be a plain number.");
    } else if (named(name, name_len, "Content-Type")) {
        g->types++;
        g->fields.json = is_json(value, value_len);
    }
}

static enum MHD_Result each_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    guard_field(ctx, name, name_len, value, value_len);
    return MHD_YES;
}

struct guard_fields guard_check(struct MHD_Connection *connection, const char *method,
                                const char *version)
{
    const bool body_method = strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0;
    struct guard_state g = {0};

    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        object(&g, "Only HTTP/1.1 is spoken here.");
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, each_field, &g);
    if (g.hosts != 1)
        object(&g, "There must be exactly one Host.");
    if (g.lengths > 1 || g.types > 1)
        object(&g, "Content-Length and Content-Type may stand only once.");
    if (body_method && g.lengths != 1)
        object(&g, "A body needs exactly one Content-Length.");
    if (!body_method && g.fields.length != 0)
        object(&g, "This method takes no body.");
    return g.fields;
}
