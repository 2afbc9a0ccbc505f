#include "api/http/guard.h"

#include "vault/protocol/encoding/encoding.h"

#include <string.h>
#include <strings.h>

/* RFC 9110's tchar. The hyphen, which most names have, goes first. */
static bool is_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL;
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

static int hex_digit(char c)
{
    const char lower = (char)(c | 0x20);

    return c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Whether an escape begins here that a query may hold: any byte but NUL, which would cut it short.
 */
static bool is_escape(const char *at)
{
    const int high = hex_digit(at[1]), low = high < 0 ? -1 : hex_digit(at[2]);

    return low >= 0 && (high | low) != 0;
}

const char *guard_target(const char *target)
{
    const size_t len = strlen(target), path = strcspn(target, "?");

    if (target[0] != '/')
        return "The target must begin with a slash.";
    if (len > GUARD_TARGET_MAX)
        return "The target is too long.";
    for (size_t i = 0; i < len; i++) {
        if (target[i] <= 0x20 || target[i] == 0x7f || target[i] == '\\' ||
            (target[i] == '%' && i < path))
            return "The target must be plain: no backslash or control character, and "
                   "percent-encoding in the query alone.";
        if (target[i] == '%' && !is_escape(target + i))
            return "The target's query has an escape that is none.";
    }
    return NULL;
}

bool guard_is_whole(uintptr_t target_end, const char *version)
{
    const uintptr_t at = (uintptr_t)version;

    return at <= target_end + 1 || at - target_end > GUARD_POOL_BYTES;
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
    g->count++;
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
    } else if (named(name, name_len, "Authorization")) {
        g->keys++;
    } else if (named(name, name_len, "Content-Type")) {
        g->types++;
        g->fields.json = is_json(value, value_len);
    }
}

/*
 * libmicrohttpd 0.9.75 parses in place: it puts NULs over the line ends, cuts a value at a NUL that
 * the client sent, joins folded lines elsewhere, and takes a field without a name for the end of
 * the header. None of it shows in what it reports. But each field must stand right behind the one
 * before, with just the two bytes of CR LF between; and behind the last one the two of the empty
 * line.
 */
#if MHD_VERSION < 0x01000000
static void check_place(struct guard_state *g, const char *name, const char *value,
                        size_t value_len)
{
    enum { LINE_END = 2 };

    if (value == NULL || (g->next != NULL && name != g->next))
        object(g, "The header's lines are malformed: each is a name, a colon, a value, CR LF.");
    else
        g->next = value + value_len + LINE_END;
}

/* Whether the header, which begins with the method, ends with the empty line behind the last field.
 */
static bool ends_properly(const struct guard_state *g, struct MHD_Connection *connection,
                          const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    static const char line_ends[4];

    if (info == NULL || g->next == NULL)
        return false;
    return memcmp(g->next - 2, line_ends, sizeof(line_ends)) == 0 &&
           g->next + 2 == method + info->header_size;
}

#else
static void check_place(struct guard_state *g, const char *name, const char *value,
                        size_t value_len)
{
    (void)g;
    (void)name;
    (void)value;
    (void)value_len;
}

static bool ends_properly(const struct guard_state *g, struct MHD_Connection *connection,
                          const char *method)
{
    (void)g;
    (void)connection;
    (void)method;
    return true;
}
#endif

static enum MHD_Result each_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    guard_field(ctx, name, name_len, value, value_len);
    check_place(ctx, name, value, value_len);
    return MHD_YES;
}

/* Whether the head of an answer will find room beside the request's in the connection's memory.
   Where it does not, libmicrohttpd closes the connection instead of answering, whatever was done.
 */
static bool leaves_room(struct MHD_Connection *connection, unsigned fields)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    return info != NULL && info->header_size + (size_t)fields * GUARD_FIELD_COST <=
                               GUARD_POOL_BYTES - GUARD_ANSWER_ROOM;
}

struct guard_fields guard_check(struct MHD_Connection *connection, const char *method,
                                const char *version)
{
    const bool body_method = strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0;
    struct guard_state g = {0};

    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        object(&g, "Only HTTP/1.1 is spoken here.");
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, each_field, &g);
    if (g.fields.objection == NULL && !ends_properly(&g, connection, method))
        object(&g, "The header does not end with an empty line.");
    if (!leaves_room(connection, g.count))
        object(&g, "The header fields are too many or too long.");
    if (g.hosts != 1)
        object(&g, "There must be exactly one Host.");
    if (g.lengths > 1 || g.types > 1 || g.keys > 1)
        object(&g, "Content-Length, Content-Type and Authorization may stand only once.");
    if (body_method && g.lengths != 1)
        object(&g, "A body needs exactly one Content-Length.");
    if (!body_method && g.fields.length != 0)
        object(&g, "This method takes no body.");
    return g.fields;
}
