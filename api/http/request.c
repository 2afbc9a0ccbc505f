#include "api/http/request.h"

#include "api/base/service.h"
#include "api/http/guard.h"
#include "api/net/loop.h"
#include "vault/protocol/encoding/clock.h"
#include "vault/protocol/encoding/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { QUOTA_RETRY_S = 60 }; /* nobody knows when one will be taken */

struct request *request_new(struct loop *loop, struct MHD_Connection *connection,
                            const char *target)
{
    struct request *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    r->loop = loop;
    r->service = loop_service(loop);
    r->connection = connection;
    r->objection = guard_target(target);
    r->target_end = (uintptr_t)target + strlen(target);
    r->number = atomic_fetch_add(&r->service->number, 1);
    r->started_us = clock_monotonic_us();
    return r;
}

void request_free(struct request *r)
{
    if (r == NULL)
        return;
    secret_heap_free(r->body);
    secret_heap_free(r->reply.body);
    vault_job_clear(&r->job);
    free(r);
}

void request_drop_reply(struct request *r)
{
    secret_heap_free(r->reply.body);
    r->reply = (struct reply){0};
}

struct text request_json(struct request *r, size_t size)
{
    request_drop_reply(r);
    r->reply.body = secret_heap_alloc(size);
    if (r->reply.body == NULL)
        return (struct text){.overflow = true};
    return text_into(r->reply.body, size);
}

void request_reply(struct request *r, unsigned status, const struct text *t)
{
    if (t->overflow) {
        /* What the vault was asked for has been done by now, though the answer has no room. */
        request_refuse(
            r, r->job.completions != NULL ? PROBLEM_OUTCOME_UNKNOWN : PROBLEM_UNAVAILABLE, NULL);
        return;
    }
    r->reply.status = status;
    r->reply.len = t->len;
}

void request_reply_file(struct request *r, const void *file, size_t len, const char *type)
{
    r->reply.status = MHD_HTTP_OK;
    r->reply.file = file;
    r->reply.len = len;
    r->reply.type = type;
}

void request_problem(struct request *r, const struct problem *p)
{
    struct text t = request_json(r, PROBLEM_TEXT_MAX);

    problem_write(&t, p);
    r->reply.status = problem_status(p->code);
    r->reply.len = t.overflow ? 0 : t.len;
    r->reply.problem = true;
    r->reply.code = problem_name(p->code);
    r->reply.retry_after_s = p->retry_after_s;
}

void request_refuse(struct request *r, enum problem_code code, const char *detail)
{
    const struct problem p = {.code = code, .detail = detail};

    request_problem(r, &p);
}

bool request_refused(struct request *r, enum answer answer)
{
    const struct vault_result *result = &r->job.result;
    struct problem p = {.code = problem_of_answer(answer),
                        .tries_left = result->tries_left,
                        .retry_after_s = result->retry_after_s};

    if (p.code == PROBLEM_NONE)
        return false;
    if (problem_status(p.code) == 410) {
        p.state = lifecycle_state_name(result->state);
        p.at = result->at;
    }
    if (answer == ANSWER_BAD_TIME) {
        p.detail = "The receipt's time is more than 24 hours away from the service's. Nothing was "
                   "changed. Set the clock right and sign again.";
        memcpy(p.member, "at", sizeof("at"));
    }
    if (answer == ANSWER_QUOTA) {
        p.detail = "Nothing was stored. As many handoffs as are allowed wait to be taken already: "
                   "wait until some are, or revoke some.";
        p.retry_after_s = QUOTA_RETRY_S;
    }
    if (problem_status(p.code) == 503 && p.retry_after_s == 0)
        p.retry_after_s = 1;
    request_problem(r, &p);
    return true;
}

void request_post(struct request *r)
{
    memcpy(r->job.id, r->id, sizeof(r->job.id));
    request_origin(r);
    r->job.owner = r;
    r->stage = REQUEST_POSTED;
    loop_post(r->loop, &r->job);
}

void request_origin(struct request *r)
{
    const char *agent = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "User-Agent");

    memcpy(r->job.address, r->client.text, sizeof(r->job.address));
    for (size_t i = 0; agent != NULL && agent[i] != '\0' && i < sizeof(r->job.agent) - 1; i++)
        r->job.agent[i] = agent[i] >= 0x20 && agent[i] < 0x7f ? agent[i] : '?';
}
