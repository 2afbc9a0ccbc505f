#include "api/endpoints/endpoints.h"
#include "api/server.h"
#include "api/waits.h"
#include "vault/protocol/encoding.h"

#include <sodium.h>
#include <string.h>

enum { EVENTS_MAX = 100, WAIT_MAX_S = 60, REPLY_ROOM = 256 };

struct listing {
    struct text t;
    bool first;
};

static void add_details(struct text *t, const struct vault_event *e)
{
    text_add(t, ",\"details\":{");
    for (size_t i = 0; i < e->details_len; i++) {
        const struct vault_detail *d = &e->details[i];

        text_add(t, i > 0 ? ",\"" : "\"");
        text_add(t, d->field);
        text_add(t, "\":{\"salt\":\"");
        text_base64url(t, d->salt, sizeof(d->salt));
        text_add(t, "\",\"value\":");
        text_json_string(t, (const char *)d->value, d->value_len);
        text_add(t, "}");
    }
    text_add(t, "}");
}

/* Adds one event; one that does not fit any more is left for the next page. */
static bool add_event(void *ctx, const struct vault_event *e)
{
    struct listing *l = ctx;
    const size_t before = l->t.len;

    text_add(&l->t, l->first ? "{\"index\":" : ",{\"index\":");
    text_i64(&l->t, e->index);
    text_add(&l->t, ",\"line\":");
    text_json_string(&l->t, e->line, e->line_len);
    add_details(&l->t, e);
    text_add(&l->t, "}");
    if (l->t.overflow || l->t.size - l->t.len < REPLY_ROOM) {
        l->t.overflow = false;
        l->t.len = before;
        return false;
    }
    l->first = false;
    return true;
}

/* Fills the reply with what there is after r->after. Returns whether there was anything. */
static bool reply_events(struct request *r)
{
    enum { SIZE = 64 * 1024 }; /* an event with the largest details fits several times */
    char buffer[REPLY_ROOM];
    struct text t = text_into(buffer, sizeof(buffer));
    struct listing l = {.t = request_json(r, SIZE), .first = true};
    struct vault_timeline timeline;
    const size_t head = sizeof(buffer);
    enum answer answer;

    if (l.t.overflow) {
        request_refuse(r, PROBLEM_UNAVAILABLE, NULL);
        return true;
    }
    l.t.len = head; /* state and next are known at the end, and go before */
    answer = vault_events(server_vault(r->server), r->id, r->after, EVENTS_MAX, add_event, &l,
                          &timeline);
    if (request_refused(r, answer))
        return true;
    text_add(&l.t, "]}");
    text_add(&t, "{\"state\":\"");
    text_add(&t, lifecycle_state_name(timeline.state));
    text_add(&t, "\",\"next\":");
    text_i64(&t, timeline.next);
    text_add(&t, ",\"events\":[");
    memmove(l.t.data + t.len, l.t.data + head, l.t.len - head);
    memcpy(l.t.data, t.data, t.len);
    l.t.len = l.t.len - head + t.len;
    request_reply(r, MHD_HTTP_OK, &l.t);
    return !l.first;
}

/* Answers at once where there is something to tell, no time is left, or the service is ending. */
static void reply_or_wait(struct request *r)
{
    static const struct problem full = {
        .code = PROBLEM_UNAVAILABLE,
        .detail = "Too many wait for events. Ask again without wait, or later.",
        .retry_after_s = 5};

    if (reply_events(r) || server_is_draining(r->server) ||
        server_now_us() / 1000 >= r->wait.deadline_ms)
        return;
    request_drop_reply(r); /* what waits must hold little */
    switch (waits_add(server_waits(r->server), r)) {
    case WAITS_ADDED:
        break;
    case WAITS_FULL:
        request_problem(r, &full);
        break;
    case WAITS_ENDED:
        (void)reply_events(r);
        break;
    }
}

struct query {
    const char *objection;
    bool after_seen, wait_seen;
    int64_t after;
    uint64_t wait_s;
};

static enum MHD_Result each_argument(void *ctx, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct query *q = ctx;
    uint64_t number;

    (void)kind;
    if (strcmp(name, "after") == 0 && value != NULL && !q->after_seen) {
        q->after_seen = true;
        if (strcmp(value, "-1") == 0)
            return MHD_YES;
        if (encoding_u64(&number, value, strlen(value), INT64_MAX) != 0)
            q->objection = "after is the index of an event, or -1.";
        else
            q->after = (int64_t)number;
    } else if (strcmp(name, "wait") == 0 && value != NULL && !q->wait_seen) {
        q->wait_seen = true;
        if (encoding_u64(&q->wait_s, value, strlen(value), WAIT_MAX_S) != 0)
            q->objection = "wait is a number of seconds from 0 to 60.";
    } else {
        q->objection = "Only after and wait are asked for here, each once.";
    }
    return MHD_YES;
}

void events_get(struct request *r)
{
    struct query q = {.after = -1};
    uint8_t manage_key[32];
    enum answer answer;

    if (request_bearer(r, manage_key) != 0)
        return;
    answer = vault_check_manage_key(server_vault(r->server), r->id, manage_key);
    sodium_memzero(manage_key, sizeof(manage_key));
    if (request_refused(r, answer))
        return;
    (void)MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, each_argument, &q);
    if (q.objection != NULL) {
        request_refuse(r, PROBLEM_BAD_REQUEST, q.objection);
        return;
    }
    r->after = q.after;
    r->wait.deadline_ms = server_now_us() / 1000 + (int64_t)q.wait_s * 1000;
    reply_or_wait(r);
}

/* Woken by an event, which may be one that was not asked for, by the deadline, or by the end. */
void events_get_done(struct request *r)
{
    waits_remove(server_waits(r->server), r);
    reply_or_wait(r);
}
