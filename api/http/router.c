#include "api/http/router.h"

#include "api/endpoints/endpoints.h"
#include "api/server.h"
#include "vault/protocol/encoding/encoding.h"

#include <stdio.h>
#include <string.h>

const struct route router_table[] = {
    {.method = "PUT",
     .pattern = "/v1/handoffs/{id}",
     .cost = 5,
     .body_max = handoffs_put_max,
     .limit = server_envelope_max,
     .handle = handoffs_put,
     .finish = handoffs_put_done},
    {.method = "POST",
     .pattern = "/v1/handoffs/{id}/claim",
     .cost = 1,
     .body_max = claim_post_max,
     .handle = claim_post,
     .finish = claim_post_done},
    {.method = "POST",
     .pattern = "/v1/handoffs/{id}/opened",
     .cost = 1,
     .body_max = opened_post_max,
     .handle = opened_post,
     .finish = opened_post_done},
    {.method = "POST",
     .pattern = "/v1/handoffs/{id}/receipts",
     .cost = 1,
     .body_max = receipts_post_max,
     .handle = receipts_post,
     .finish = receipts_post_done},
    {.method = "GET", .pattern = "/v1/handoffs/{id}", .cost = 1, .handle = handoffs_get},
    {.method = "DELETE",
     .pattern = "/v1/handoffs/{id}",
     .cost = 1,
     .handle = handoffs_delete,
     .finish = handoffs_delete_done},
    {.method = "GET",
     .pattern = "/v1/handoffs/{id}/events",
     .cost = 1,
     .handle = events_get,
     .finish = events_get_done},
    {.method = "GET", .pattern = "/v1/handoffs", .cost = 1, .handle = listing_get},
    {.method = "GET", .pattern = "/v1/audit/checkpoint", .cost = 1, .handle = audit_checkpoint},
    {.method = "GET", .pattern = "/v1/audit/key", .cost = 1, .handle = audit_key},
    {.method = "GET", .pattern = "/v1/audit/keys", .cost = 1, .handle = audit_keys},
    {.method = "GET", .pattern = "/v1/audit/proof/{rest}", .cost = 1, .handle = audit_proof},
    {.method = "GET", .pattern = "/v1/audit/consistency", .cost = 1, .handle = audit_consistency},
    {.method = "GET", .pattern = "/v1/audit/tile/{rest}", .cost = 1, .handle = tiles_get},
    {.method = "GET", .pattern = "/v1/audit/events", .cost = 5, .handle = entries_events},
    {.method = "GET", .pattern = "/v1/audit/details", .cost = 20, .handle = entries_details},
    {.method = "GET", .pattern = "/v1/service", .cost = 1, .handle = service_get},
    /* Assets cost nothing: they are bytes of the program, and a page names a dozen of them. */
    {.method = "GET", .pattern = "/", .cost = 1, .handle = pages_submit},
    {.method = "GET", .pattern = "/h/", .cost = 1, .handle = pages_redeem},
    {.method = "GET", .pattern = "/h/{rest}", .cost = 1, .handle = pages_redeem},
    {.method = "GET", .pattern = "/s/", .cost = 1, .handle = pages_follow},
    {.method = "GET", .pattern = "/s/{rest}", .cost = 1, .handle = pages_follow},
    {.method = "GET", .pattern = "/assets/{rest}", .handle = pages_get_asset},
    {.method = "GET", .pattern = "/openapi.json", .cost = 1, .handle = openapi_get},
    {.method = "GET", .pattern = "/livez", .handle = health_live},
    {.method = "GET", .pattern = "/readyz", .handle = health_ready, .finish = health_ready_done},
};

const size_t router_table_len = sizeof(router_table) / sizeof(router_table[0]);

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

void router_find(struct router_match *m, const char *method, const char *path)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    memset(m, 0, sizeof(*m));
    m->result = ROUTER_NO_PATH;
    for (size_t i = 0; i < router_table_len; i++) {
        const struct route *route = &router_table[i];
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
