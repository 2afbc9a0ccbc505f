#include "tests/bench/load/client.h"

#include "tests/bench/load/connection.h"
#include "tests/bench/load/held.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void begin_request(struct client *c, struct connection *n, unsigned step)
{
    n->step = step;
    connection_ask(c, n, prepare_request(c->plan->set, n->handoff, step));
}

/* Takes the next handoff, or hangs up when there is none. */
static void begin_handoff(struct client *c, struct connection *n)
{
    if (c->next >= prepare_count(c->plan->set)) {
        if (!c->plan->bare && !prepare_kind_of(c->plan->set)->repeats) {
            c->result->exhausted = c->plan->limit_ns > 0;
            connection_close(c, n);
            return;
        }
        c->next %= c->plan->threads;
    }
    n->handoff = c->next;
    c->next += c->plan->threads;
    begin_request(c, n, 0);
}

/* Judges a complete answer, counts it and goes on. */
static void finish_request(struct client *c, struct connection *n,
                           const struct judge_answer *answer)
{
    const struct client_plan *const p = c->plan;
    const char *wrong;

    histogram_add(&c->result->latency[n->step], connection_now_ns() - n->sent_ns);
    c->result->answer_bytes[n->step] += answer->body_len;
    wrong = p->bare ? judge_bare(p->answers[n->step], answer)
                    : judge_handoff(p->set, n->handoff, n->step, answer);
    if (wrong != NULL) {
        connection_complain(c, wrong);
        c->result->wrong++;
        begin_handoff(c, n);
    } else if (n->step + 1 == prepare_kind_of(p->set)->count) {
        c->result->handoffs++;
        begin_handoff(c, n);
    } else {
        begin_request(c, n, n->step + 1);
    }
}

/* The timed part. Those that are held have no part in it, but must not be answered. */
static void loop(struct client *c, unsigned held)
{
    const uint64_t limit = c->plan->limit_ns;

    for (unsigned i = 0; i < c->count; i++)
        begin_handoff(c, &c->connections[i]);
    while (c->open > held && (limit == 0 || connection_now_ns() - c->result->start_ns < limit))
        if (!connection_serve(c))
            return;
}

static int client_open(struct client *c)
{
    size_t body_max = prepare_envelope(c->plan->set, 0).len + 1024;

    for (unsigned i = 0; c->plan->bare && i < PREPARE_STEPS_MAX; i++)
        if (body_max < c->plan->answers[i])
            body_max = c->plan->answers[i];
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->connections = calloc(c->count, sizeof(*c->connections));
    if (c->epoll < 0 || c->connections == NULL)
        return -1;
    for (unsigned i = 0; i < c->count; i++) {
        c->connections[i].answered = finish_request;
        if (connection_open(c, &c->connections[i], body_max) != 0)
            return -1;
    }
    return c->plan->held != NULL ? held_start(c) : 0;
}

static void hang_up(struct client *c)
{
    for (unsigned i = 0; c->connections != NULL && i < c->count; i++)
        connection_close(c, &c->connections[i]);
}

int client_run(const struct client_plan *plan, unsigned number, unsigned connections,
               struct client_result *result)
{
    struct client c = {
        .plan = plan, .result = result, .number = number, .count = connections, .next = number};
    const int rc = client_open(&c);

    if (rc != 0)
        fprintf(stderr, "load: cannot connect to port %u: %s\n", plan->port, strerror(errno));
    pthread_barrier_wait(plan->barrier);
    result->start_ns = connection_now_ns();
    if (rc == 0)
        loop(&c, c.open - c.count);
    result->end_ns = connection_now_ns();
    hang_up(&c);
    if (rc == 0 && c.held != NULL)
        held_release(&c);
    held_free(&c);
    free(c.connections);
    if (c.epoll >= 0)
        close(c.epoll);
    return rc;
}
