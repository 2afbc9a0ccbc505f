#include "tests/bench/load/held.h"

#include "vault/protocol/encoding/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    HELD_EVENTS_STEP = 0, /* of the kind "held" */
    HELD_CLAIM_STEP = 1,
    HELD_CLAIMERS = 8, /* connections that claim in the end */
    HELD_BODY_MAX = 4096,
    HELD_QUERY_MAX = 64
};

/* One long-poll. */
struct held_wait {
    struct connection connection;
    char *request;       /* its own: what it waits for is known late */
    uint64_t claimed_ns; /* when the claim was sent; 0: not yet */
};

struct held {
    struct held_wait *waits;
    struct connection claimers[HELD_CLAIMERS];
    size_t count;    /* of waits */
    size_t sent;     /* long-polls that were sent */
    size_t claimed;  /* the next wait whose handoff is claimed */
    size_t body_max; /* of a claim's answer */
};

static void wrong(struct client *c, const char *what)
{
    connection_complain(c, what);
    c->result->wrong++;
}

/* The answer to the long-poll. */
static void woken(struct client *c, struct connection *n, const struct judge_answer *answer)
{
    struct held_wait *const w = (struct held_wait *)n;
    const char *what = judge_woken(c->plan->held, n->handoff, answer);

    if (what == NULL && w->claimed_ns == 0)
        what = "long-poll: answered before anything happened";
    if (what != NULL)
        wrong(c, what);
    else
        histogram_add(&c->result->woken, connection_now_ns() - w->claimed_ns);
    connection_close(c, n);
}

/* The request for the events, with its query. Returns 0 or -1. */
static int make_request(struct held_wait *w, struct prepare_span plain, int64_t after,
                        struct prepare_span *out)
{
    const char *const version = memmem(plain.data, plain.len, " HTTP/1.1\r\n", 11);
    struct text t;

    w->request = malloc(plain.len + HELD_QUERY_MAX);
    if (w->request == NULL || version == NULL)
        return -1;
    t = text_into(w->request, plain.len + HELD_QUERY_MAX);
    text_bytes(&t, plain.data, (size_t)(version - plain.data));
    text_add(&t, "?after=");
    text_i64(&t, after);
    text_add(&t, "&wait=60");
    text_bytes(&t, version, plain.len - (size_t)(version - plain.data));
    *out = (struct prepare_span){t.data, t.len};
    return t.overflow ? -1 : 0;
}

/* The answer to the reading: waits for what comes after it. */
static void read_events(struct client *c, struct connection *n, const struct judge_answer *answer)
{
    const struct prepare_set *const set = c->plan->held;
    const char *what = judge_handoff(set, n->handoff, HELD_EVENTS_STEP, answer);
    struct prepare_span request;

    c->held->sent++;
    if (what == NULL &&
        make_request((struct held_wait *)n, prepare_request(set, n->handoff, HELD_EVENTS_STEP),
                     judge_number(answer, "\"next\":"), &request) != 0)
        what = "long-poll: it cannot be asked";
    if (what != NULL) {
        wrong(c, what);
        connection_close(c, n);
        return;
    }
    n->answered = woken;
    connection_ask(c, n, request);
}

int held_start(struct client *c)
{
    const struct prepare_set *const set = c->plan->held;
    struct held *h = calloc(1, sizeof(*h));
    const size_t all = prepare_count(set);

    c->held = h;
    if (h == NULL)
        return -1;
    h->count = all / c->plan->threads + (c->number < all % c->plan->threads ? 1 : 0);
    h->body_max = prepare_envelope(set, 0).len + 1024;
    h->waits = calloc(h->count, sizeof(*h->waits));
    if (h->waits == NULL)
        return -1;
    for (size_t i = 0; i < h->count; i++) {
        struct connection *const n = &h->waits[i].connection;

        n->handoff = c->number + i * c->plan->threads;
        n->answered = read_events;
        if (connection_open(c, n, HELD_BODY_MAX) != 0)
            return -1;
        connection_ask(c, n, prepare_request(set, n->handoff, HELD_EVENTS_STEP));
    }
    while (h->sent < h->count && c->result->broken == 0)
        if (!connection_serve(c))
            return -1;
    return 0;
}

/* Claims the next handoff that is waited for, or hangs up when there is none. */
static void claim_next(struct client *c, struct connection *n)
{
    struct held *const h = c->held;
    struct held_wait *w;

    if (h->claimed == h->count) {
        connection_close(c, n);
        return;
    }
    w = &h->waits[h->claimed++];
    n->handoff = w->connection.handoff;
    w->claimed_ns = connection_now_ns();
    connection_ask(c, n, prepare_request(c->plan->held, n->handoff, HELD_CLAIM_STEP));
}

static void claimed(struct client *c, struct connection *n, const struct judge_answer *answer)
{
    const char *const what = judge_handoff(c->plan->held, n->handoff, HELD_CLAIM_STEP, answer);

    if (what != NULL)
        wrong(c, what);
    claim_next(c, n);
}

void held_release(struct client *c)
{
    struct held *const h = c->held;

    for (unsigned i = 0; i < HELD_CLAIMERS; i++) {
        h->claimers[i].answered = claimed;
        if (connection_open(c, &h->claimers[i], h->body_max) != 0) {
            connection_complain(c, "cannot connect to claim");
            c->result->broken++;
            return;
        }
        claim_next(c, &h->claimers[i]);
    }
    while (c->open > 0 && connection_serve(c))
        ;
}

void held_free(struct client *c)
{
    struct held *const h = c->held;

    if (h == NULL)
        return;
    for (size_t i = 0; h->waits != NULL && i < h->count; i++) {
        connection_close(c, &h->waits[i].connection);
        free(h->waits[i].request);
    }
    for (unsigned i = 0; i < HELD_CLAIMERS; i++)
        connection_close(c, &h->claimers[i]);
    free(h->waits);
    free(h);
    c->held = NULL;
}
