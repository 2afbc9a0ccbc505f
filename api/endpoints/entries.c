/* The log itself, for auditors: its lines, and the details that were not erased. */
#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "api/http/query.h"
#include "api/policy/access.h"

#include <string.h>

enum { LIMIT_DEFAULT = 100, REPLY_BYTES = 512 * 1024 };

static const char ndjson[] = "application/x-ndjson";

int entries_allowed(struct request *r)
{
    struct access who;

    if (access_for(r, ACCESS_READ_LOG, &who) != 0)
        return -1;
    if (who.kind != ACCESS_NOBODY)
        return 0;
    request_refuse(r, PROBLEM_UNAUTHORIZED,
                   "Reading the whole log needs a token of the role auditor or operator.");
    return -1;
}

/* Takes what was appended to t back when it did not fit: it comes with the next call. */
static bool fits(struct text *t, size_t before)
{
    if (!t->overflow)
        return true;
    t->overflow = false;
    t->len = before;
    return false;
}

static bool add_line(void *ctx, const struct vault_event *e)
{
    struct text *t = ctx;
    const size_t before = t->len;

    text_bytes(t, e->line, e->line_len);
    text_add(t, "\n");
    return fits(t, before);
}

static bool add_details(void *ctx, const struct vault_event *e)
{
    struct text *t = ctx;
    const size_t before = t->len;

    text_add(t, "{\"index\":");
    text_i64(t, e->index);
    endpoints_add_details(t, e);
    text_add(t, "}\n");
    return fits(t, before);
}

static void give(struct request *r, bool details)
{
    uint64_t start = 0, limit = LIMIT_DEFAULT;
    const struct query_argument arguments[] = {
        {.name = "start", .number = &start, .max = INT64_MAX},
        {.name = "limit", .number = &limit, .min = 1, .max = VAULT_ENTRIES_MAX},
    };
    const char *objection;
    enum answer answer;
    struct text t;

    if (entries_allowed(r) != 0)
        return;
    objection = query_read(r, arguments, 2,
                           "Only start (the index of an event) and limit (1 to 1000) are asked for "
                           "here, each once.");
    if (objection != NULL) {
        request_refuse(r, PROBLEM_BAD_REQUEST, objection);
        return;
    }
    t = request_json(r, REPLY_BYTES);
    if (t.overflow) {
        request_refuse(r, PROBLEM_UNAVAILABLE, NULL);
        return;
    }
    answer = vault_entries(r->service->vault, (int64_t)start, (unsigned)limit, details,
                           details ? add_details : add_line, &t);
    if (answer != ANSWER_OK) {
        request_drop_reply(r);
        if (answer == ANSWER_NOT_FOUND)
            request_refuse(r, PROBLEM_NOT_FOUND,
                           "This event is missing though there are later ones: somebody has "
                           "changed the database. handoffd check tells the operator more.");
        else
            (void)request_refused(r, answer);
        return;
    }
    r->reply.type = ndjson;
    request_reply(r, MHD_HTTP_OK, &t);
}

void entries_events(struct request *r)
{
    give(r, false);
}

void entries_details(struct request *r)
{
    give(r, true);
}
