#include "api/http/router.h"

#include "vault/protocol/encoding/encoding.h"

#include <stdio.h>
#include <string.h>

enum match { MATCH_NO, MATCH_YES, MATCH_BAD_ID };

/* Holds path against a pattern that ends in {rest}. */
static enum match match_rest(const char *pattern, size_t prefix, const char *path, char *rest)
{
    const size_t len = strlen(path);

    if (strncmp(pattern, path, prefix) != 0 || len <= prefix || len - prefix >= ROUTER_REST_MAX)
        return MATCH_NO;
    memcpy(rest, path + prefix, len - prefix + 1);
    return MATCH_YES;
}

/* Holds path against a pattern; fills id or rest where the pattern has one. */
static enum match match_path(const char *pattern, const char *path, struct router_match *m)
{
    static const char placeholder[] = "{id}";
    static const char remainder[] = "{rest}";
    const char *at = strstr(pattern, remainder);
    const char *rest;
    size_t prefix, len;

    if (at != NULL)
        return match_rest(pattern, (size_t)(at - pattern), path, m->rest);
    at = strstr(pattern, placeholder);
    if (at == NULL)
        return strcmp(pattern, path) == 0 ? MATCH_YES : MATCH_NO;
    prefix = (size_t)(at - pattern);
    if (strncmp(pattern, path, prefix) != 0)
        return MATCH_NO;
    len = strcspn(path + prefix, "/");
    rest = path + prefix + len;
    if (len == 0 || strcmp(at + sizeof(placeholder) - 1, rest) != 0)
        return MATCH_NO;
    return encoding_id_parse(m->id, path + prefix, len) == 0 ? MATCH_YES : MATCH_BAD_ID;
}

static void allow(struct router_match *m, const char *method)
{
    const size_t len = strlen(m->allow);

    snprintf(m->allow + len, sizeof(m->allow) - len, "%s%s%s", len > 0 ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

void router_find(struct router_match *m, const struct router_table *table, const char *method,
                 const char *path)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    memset(m, 0, sizeof(*m));
    m->result = ROUTER_NO_PATH;
    for (size_t i = 0; i < table->len; i++) {
        const struct route *route = &table->rows[i];
        const enum match match = match_path(route->pattern, path, m);

        if (match == MATCH_NO)
            continue;
        if (match == MATCH_BAD_ID) {
            m->result = ROUTER_BAD_ID;
            return;
        }
        if (strcmp(route->method, wanted) == 0) {
            m->result = ROUTER_FOUND;
            m->route = route;
            m->has_id = strstr(route->pattern, "{id}") != NULL;
            return;
        }
        m->result = ROUTER_NO_METHOD;
        allow(m, route->method);
    }
}
