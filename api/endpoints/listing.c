#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "api/http/query.h"
#include "api/policy/access.h"

#include <string.h>

enum {
    LIMIT_DEFAULT = 50,
    LIMIT_MAX = 100,
    /* A row: five texts, of which each byte may be an escape of six, and the rest. */
    ROW_MAX = 5 * 6 * VAULT_TEXT_MAX + 768
};

struct asked {
    char recipient[VAULT_TEXT_MAX + 1];
    struct vault_filter filter;
};

static void add_text(struct text *t, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    text_add(t, ",\"");
    text_add(t, name);
    text_add(t, "\":");
    text_json_string(t, value, strlen(value));
}

static void add_row(void *ctx, const struct vault_row *row)
{
    struct text *t = ctx;

    text_add(t, t->data[t->len - 1] == '[' ? "{" : ",{");
    endpoints_add_view(t, row->id, &row->view);
    add_text(t, "label", row->label);
    add_text(t, "recipient", row->recipient);
    add_text(t, "ref", row->ref);
    add_text(t, "token", row->token);
    text_add(t, ",\"refused\":");
    text_i64(t, row->refused);
    text_add(t, ",\"wrong_codes\":");
    text_i64(t, row->wrong);
    text_add(t, ",\"event\":{\"index\":");
    text_i64(t, row->event);
    text_add(t, "}}");
}

static const char *take_state(struct asked *a, const char *value)
{
    for (int i = 0; i < LIFECYCLE_STATES; i++)
        if (strcmp(value, lifecycle_state_name((enum lifecycle_state)i)) == 0) {
            a->filter.state = i;
            return NULL;
        }
    return "state is available, claimed, lapsed, delivered, confirmed, rejected, expired or "
           "revoked.";
}

static const char *take_recipient(struct asked *a, const char *value)
{
    const size_t len = strlen(value);

    if (len == 0 || len > VAULT_TEXT_MAX)
        return "recipient is the name of a team, of 1 to 200 bytes.";
    memcpy(a->recipient, value, len + 1);
    return NULL;
}

/* Takes the query's arguments. Returns 0, or -1 with the reply filled. */
static int take_query(struct request *r, struct asked *a)
{
    const char *state = NULL, *recipient = NULL, *objection = NULL;
    uint64_t since = 0, until = 0, before = UINT64_MAX, limit = LIMIT_DEFAULT;
    const struct query_argument arguments[] = {
        {.name = "state", .text = &state},
        {.name = "recipient", .text = &recipient},
        {.name = "since", .number = &since, .max = INT64_MAX},
        {.name = "until", .number = &until, .max = INT64_MAX},
        {.name = "before", .number = &before, .max = INT64_MAX},
        {.name = "limit", .number = &limit, .min = 1, .max = LIMIT_MAX},
    };

    objection =
        query_read(r, arguments, sizeof(arguments) / sizeof(arguments[0]),
                   "state, recipient, since, until and before are asked for here, and limit "
                   "(1 to 100), each once; times and before are whole numbers.");
    a->filter = (struct vault_filter){.state = -1,
                                      .since = (int64_t)since,
                                      .until = (int64_t)until,
                                      .before = before == UINT64_MAX ? -1 : (int64_t)before,
                                      .limit = (unsigned)limit};
    if (objection == NULL && state != NULL)
        objection = take_state(a, state);
    if (objection == NULL && recipient != NULL)
        objection = take_recipient(a, recipient);
    if (objection == NULL)
        return 0;
    request_refuse(r, PROBLEM_BAD_REQUEST, objection);
    return -1;
}

/* A team sees what is addressed to it, and nothing else. */
static int confine(struct request *r, const struct access *who, struct asked *a)
{
    if (who->token.role == VAULT_TEAM) {
        if (a->recipient[0] != '\0' && strcmp(a->recipient, who->token.team) != 0) {
            request_refuse(r, PROBLEM_FORBIDDEN,
                           "A team's token lists what is addressed to that team alone.");
            return -1;
        }
        memcpy(a->recipient, who->token.team, sizeof(a->recipient));
    }
    a->filter.recipient = a->recipient[0] != '\0' ? a->recipient : NULL;
    return 0;
}

void listing_get(struct request *r)
{
    struct asked asked = {0};
    struct access who;
    enum answer answer;
    int64_t next;
    struct text t;

    if (access_for(r, ACCESS_LIST, &who) != 0)
        return;
    if (who.kind == ACCESS_NOBODY) {
        request_refuse(r, PROBLEM_UNAUTHORIZED,
                       "Listing needs a token of the role team, auditor or operator.");
        return;
    }
    if (take_query(r, &asked) != 0 || confine(r, &who, &asked) != 0)
        return;
    t = request_json(r, (size_t)asked.filter.limit * ROW_MAX + 128);
    text_add(&t, "{\"handoffs\":[");
    if (t.overflow) {
        request_refuse(r, PROBLEM_UNAVAILABLE, NULL);
        return;
    }
    answer = vault_list(r->service->vault, &asked.filter, add_row, &t, &next);
    if (request_refused(r, answer))
        return;
    text_add(&t, "]");
    if (next >= 0) {
        text_add(&t, ",\"next\":");
        text_i64(&t, next);
    }
    text_add(&t, "}");
    request_reply(r, MHD_HTTP_OK, &t);
}
