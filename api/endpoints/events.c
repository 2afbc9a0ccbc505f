#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "api/http/longpoll.h"
#include "api/http/query.h"
#include "api/policy/access.h"
#include "api/policy/limits.h"
#include "vault/protocol/encoding/clock.h"
#include "vault/protocol/encoding/encoding.h"

#include <sodium.h>
#include <string.h>

enum { EVENTS_MAX = 100, WAIT_MAX_S = 60, REPLY_ROOM = 256 };

struct listing {
    struct text t;
    bool first;
};

void endpoints_add_details(struct text *t, const struct vault_event *e)
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
    endpoints_add_details(&l->t, e);
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
    answer = vault_events(r->service->vault, r->id, r->after, EVENTS_MAX, add_event, &l, &timeline);
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
    enum longpoll_result result;

    if (reply_events(r) || atomic_load(&r->service->draining) ||
        clock_monotonic_ms() >= r->wait.deadline_ms)
        return;
    request_drop_reply(r); /* what waits must hold little */
    if (!limits_wait(r))
        return;
    result = longpoll_add(r->service->longpolls, r);
    if (result != LONGPOLL_ADDED)
        limits_wait_over(r);
    switch (result) {
    case LONGPOLL_ADDED:
        break;
    case LONGPOLL_FULL:
        request_problem(r, &full);
        break;
    case LONGPOLL_ENDED:
        (void)reply_events(r);
        break;
    }
}

/* Whether whoever calls may read this handoff's events. Returns 0, or -1 with the reply filled. */
static int check_access(struct request *r)
{
    struct vault *vault = r->service->vault;
    enum answer answer = ANSWER_OK;
    struct access who;

    if (access_for(r, ACCESS_READ_EVENTS, &who) != 0)
        return -1;
    switch (who.kind) {
    case ACCESS_NOBODY:
        request_refuse(r, PROBLEM_UNAUTHORIZED,
                       "Send the manage key, or the token of the team that it is for, or of an "
                       "auditor, as Authorization: Bearer.");
        return -1;
    case ACCESS_KEY:
        answer = vault_check_manage_key(vault, r->id, who.key);
        sodium_memzero(who.key, sizeof(who.key));
        break;
    case ACCESS_TOKEN:
        if (who.token.role == VAULT_TEAM)
            answer = vault_check_team(vault, r->id, who.token.team);
        break;
    }
    if (answer == ANSWER_FORBIDDEN && who.kind == ACCESS_TOKEN) {
        request_refuse(r, PROBLEM_FORBIDDEN, "This handoff is not addressed to the token's team.");
        return -1;
    }
    return request_refused(r, answer) ? -1 : 0;
}

void events_get(struct request *r)
{
    uint64_t wait_s = 0, after = 0;
    const char *after_text = NULL, *objection;
    const struct query_argument arguments[] = {
        {.name = "after", .text = &after_text},
        {.name = "wait", .number = &wait_s, .max = WAIT_MAX_S},
    };

    if (check_access(r) != 0)
        return;
    objection = query_read(r, arguments, sizeof(arguments) / sizeof(arguments[0]),
                           "Only after and wait (0 to 60 seconds) are asked for here, each once.");
    r->after = -1;
    if (objection == NULL && after_text != NULL && strcmp(after_text, "-1") != 0) {
        if (encoding_u64(&after, after_text, strlen(after_text), INT64_MAX) != 0)
            objection = "after is the index of an event, or -1.";
        r->after = (int64_t)after;
    }
    if (objection != NULL) {
        request_refuse(r, PROBLEM_BAD_REQUEST, objection);
        return;
    }
    limits_handoff_proved(r);
    r->wait.deadline_ms = clock_monotonic_ms() + (int64_t)wait_s * 1000;
    reply_or_wait(r);
}

/* Woken by an event, which may be one that was not asked for, by the deadline, or by the end. */
void events_get_done(struct request *r)
{
    longpoll_remove(r->service->longpolls, r);
    limits_wait_over(r);
    reply_or_wait(r);
}
