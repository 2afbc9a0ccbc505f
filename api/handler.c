#include "api/handler.h"

#include "api/base/log.h"
#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/routes.h"
#include "api/http/guard.h"
#include "api/http/longpoll.h"
#include "api/http/request.h"
#include "api/metrics/request_counts.h"
#include "api/net/connections.h"
#include "api/net/loop.h"
#include "api/policy/limits.h"
#include "vault/protocol/encoding/clock.h"
#include "vault/protocol/encoding/secret.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

void *handler_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    struct loop *loop = ctx;
    const struct config *config = service_config(loop_service(loop));
    struct request *r = request_new(loop, connection, target);

    connections_reading(connection, (int64_t)config->request_deadline_s * 1000,
                        r != NULL ? r->number : 0);
    if (r != NULL) {
        r->partial = true;
        loop_tell(loop, LOOP_BEGUN);
    }
    return r;
}

/* The request is complete, or over. */
static void count_out(struct request *r)
{
    if (r->partial)
        loop_tell(r->loop, LOOP_WHOLE);
    r->partial = false;
}

/* ---- the answer ---- */

/* Queues the reply. */
static enum MHD_Result queue(struct request *r)
{
    const struct reply_frame frame = {
        .number = r->number,
        .https = r->service->wants_https,
        .close = r->close || atomic_load(&r->service->draining),
        .limits = r->limits,
    };

    r->stage = REQUEST_DONE;
    loop_tell(r->loop, LOOP_REPLIED);
    connections_sending(r->connection);
    return reply_queue(&r->reply, &frame, r->connection);
}

/* Refuses before the body was read: the connection cannot go on after that. */
static enum MHD_Result refuse(struct request *r, enum problem_code code, const char *detail)
{
    r->close = true;
    request_refuse(r, code, detail);
    return queue(r);
}

/* ---- the stages ---- */

static enum MHD_Result refuse_route(struct request *r, const struct router_match *m, bool has_body)
{
    r->close |= has_body;
    switch (m->result) {
    case ROUTER_BAD_ID:
        request_refuse(r, PROBLEM_BAD_ID, NULL);
        break;
    case ROUTER_NO_METHOD:
        request_refuse(r, PROBLEM_METHOD_NOT_ALLOWED, NULL);
        r->reply.allow = m->allow;
        break;
    case ROUTER_NO_PATH:
    case ROUTER_FOUND:
        request_refuse(r, PROBLEM_NOT_FOUND, NULL);
        break;
    }
    return queue(r);
}

/* Makes room for the body, of a size that the header fields announced and the route allows. */
static enum MHD_Result begin_body(struct request *r, const struct guard_fields *fields)
{
    size_t max;

    r->stage = REQUEST_READING;
    if (r->route->body_max == NULL)
        return MHD_YES;
    max = r->route->body_max(service_config(r->service));
    if (fields->length > max) {
        const struct problem p = {
            .code = PROBLEM_TOO_LARGE,
            .limit = (int64_t)(r->route->limit != NULL ? r->route->limit(service_config(r->service))
                                                       : max)};

        r->close = true;
        request_problem(r, &p);
        return queue(r);
    }
    if (!fields->json)
        return refuse(r, PROBLEM_MEDIA_TYPE, NULL);
    r->body_size = (size_t)fields->length;
    r->body = secret_heap_alloc(r->body_size);
    return r->body != NULL ? MHD_YES : refuse(r, PROBLEM_UNAVAILABLE, NULL);
}

static enum MHD_Result refuse_at_the_end(struct request *r)
{
    const struct problem p = {.code = PROBLEM_UNAVAILABLE,
                              .detail = "The service is ending. Nothing was changed. Repeat the "
                                        "request soon; that is safe.",
                              .retry_after_s = 1};

    r->close = true;
    r->expected = true;
    request_problem(r, &p);
    return queue(r);
}

static enum MHD_Result begin(struct request *r, const char *url, const char *method,
                             const char *version)
{
    struct guard_fields fields;
    struct router_match match;

    if (!guard_is_whole(r->target_end, version))
        r->objection = "The target must be plain: it holds a NUL.";
    if (r->objection != NULL)
        return refuse(r, PROBLEM_BAD_REQUEST, r->objection);
    fields = guard_check(r->connection, method, version);
    if (fields.objection != NULL)
        return refuse(r, PROBLEM_BAD_REQUEST, fields.objection);
    if (atomic_load(&r->service->draining))
        return refuse_at_the_end(r);
    client_find(&r->client, r->connection, &service_config(r->service)->proxies);
    router_find(&match, &routes, method, url);
    if (!limits_address(r, match.result == ROUTER_FOUND ? match.route->cost : 1)) {
        r->close |= fields.length > 0;
        return queue(r);
    }
    if (match.result != ROUTER_FOUND)
        return refuse_route(r, &match, fields.length > 0);
    r->route = match.route;
    memcpy(r->id, match.id, sizeof(r->id));
    r->has_id = match.has_id;
    memcpy(r->rest, match.rest, sizeof(r->rest));
    if (r->has_id && !limits_handoff(r)) {
        r->close |= fields.length > 0;
        return queue(r);
    }
    return begin_body(r, &fields);
}

/* Takes a piece of the body, and wipes it where it stood. */
static enum MHD_Result take_body(struct request *r, const char *upload, size_t *upload_len)
{
    if (*upload_len > r->body_size - r->body_len)
        return MHD_NO; /* more than was announced: libmicrohttpd does not hand that over */
    memcpy(r->body + r->body_len, upload, *upload_len);
    sodium_memzero((char *)(uintptr_t)upload, *upload_len);
    r->body_len += *upload_len;
    *upload_len = 0;
    loop_tell(r->loop, LOOP_GROWN);
    return MHD_YES;
}

/* Queues the answer, unless the route has left that for later. */
static enum MHD_Result queue_if_done(struct request *r)
{
    return r->stage == REQUEST_DONE ? queue(r) : MHD_YES;
}

/* The request is complete. */
static enum MHD_Result act(struct request *r)
{
    count_out(r);
    if (!connections_working(r->connection))
        return MHD_NO;
    r->stage = REQUEST_DONE;
    r->route->handle(r);
    return queue_if_done(r);
}

static void finish(struct request *r)
{
    r->stage = REQUEST_DONE;
    if (r->has_id && r->job.completions != NULL)
        limits_handoff_answered(r);
    r->route->finish(r);
}

enum MHD_Result handler_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_len, void **request)
{
    struct request *r = *request;

    (void)ctx;
    (void)connection;
    if (r == NULL)
        return MHD_NO;
    switch (r->stage) {
    case REQUEST_NEW:
        return begin(r, url, method, version);
    case REQUEST_READING:
        return *upload_len > 0 ? take_body(r, upload, upload_len) : act(r);
    case REQUEST_POSTED:
        return MHD_YES;
    case REQUEST_SUSPENDED: /* it has been resumed */
    case REQUEST_ANSWERED:
        finish(r);
        return queue_if_done(r);
    case REQUEST_DONE:
        break;
    }
    return MHD_NO;
}

static enum MHD_Result wipe_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)ctx;
    (void)kind;
    if (value != NULL && name_len == strlen("Authorization") &&
        strncasecmp(name, "Authorization", name_len) == 0)
        sodium_memzero((char *)(uintptr_t)value, value_len);
    return MHD_YES;
}

/* A key that was sent to a call that takes none, twice, or with a request that was refused or broke
   off, has stayed where it was read. */
static void wipe_authorization(struct MHD_Connection *connection)
{
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, wipe_field, NULL);
}

/* Counts and logs what was answered, and frees. */
static void conclude(struct request *r)
{
    if (r->reply.status != 0) {
        const struct log_request line = {
            .id = r->number,
            .method = r->route != NULL ? r->route->method : "-",
            .pattern = r->route != NULL ? r->route->pattern : "-",
            .status = r->reply.status,
            .code = r->reply.code,
            .expected = r->expected,
            .microseconds = clock_monotonic_us() - r->started_us,
        };

        request_counts_add(r->service->request_counts, r->route, line.status, line.code,
                           line.microseconds);
        log_request(&service_config(r->service)->log, &line);
    }
    request_free(r);
}

void handler_answered(struct vault_job *job)
{
    struct request *r = job->owner;

    r->stage = REQUEST_ANSWERED;
    if (r->connection == NULL) { /* nobody hears it: what was done is counted all the same */
        finish(r);
        conclude(r);
    }
}

void handler_completed(void *ctx, struct MHD_Connection *connection, void **request,
                       enum MHD_RequestTerminationCode code)
{
    struct request *r = *request;

    (void)ctx;
    (void)code;
    connections_idle(connection);
    wipe_authorization(connection);
    if (r == NULL)
        return;
    *request = NULL;
    count_out(r);
    longpoll_remove(r->service->longpolls, r);
    limits_wait_over(r);
    if (r->stage == REQUEST_POSTED)
        r->connection = NULL; /* the vault has its job: handler_answered goes on */
    else
        conclude(r);
}
