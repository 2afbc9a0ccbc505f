#include "api/handler.h"

#include "api/base/log.h"
#include "api/http/guard.h"
#include "api/http/longpoll.h"
#include "api/http/request.h"
#include "api/http/router.h"
#include "api/metrics/metrics.h"
#include "api/net/connections.h"
#include "api/net/loop.h"
#include "api/policy/limits.h"
#include "api/server.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/encoding/text.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

const struct handler_header handler_headers[HANDLER_HEADERS] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
};

enum { COMMON_HEADERS = 2 }; /* those of handler_headers that files have too */

/* A page runs its own scripts and libsodium's WebAssembly, and calls its own service: nothing else.
   One policy of Trusted Types gives the one address of the worker that stretches access codes. */
static const struct handler_header file_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
     "style-src 'self'; img-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; "
     "trusted-types handoff; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Embedder-Policy", "require-corp"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy",
     "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
     "hid=(), magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-get=(), "
     "screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"},
};

/* An asset's name is its content's hash: it never changes. A page is the newest there is. */
static const char forever[] = "public, max-age=31536000, immutable";

void *handler_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    struct loop *loop = ctx;
    struct request *r = request_new(loop, connection, target);

    connections_reading(connection, server_request_deadline_ms(loop_server(loop)),
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

static void add_number_header(struct MHD_Response *response, const char *name, uint64_t number)
{
    char buffer[24] = "";
    struct text t = text_into(buffer, sizeof(buffer) - 1);

    text_i64(&t, (int64_t)number);
    (void)MHD_add_response_header(response, name, buffer);
}

static void add_all(struct MHD_Response *response, const struct handler_header *headers,
                    size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)MHD_add_response_header(response, headers[i].name, headers[i].value);
}

static void add_file_headers(const struct reply *reply, struct MHD_Response *response)
{
    const bool page = reply->language != NULL;

    add_all(response, file_headers, sizeof(file_headers) / sizeof(file_headers[0]));
    (void)MHD_add_response_header(response, "Cache-Control", page ? "no-store" : forever);
    (void)MHD_add_response_header(response, "Vary",
                                  page ? "Accept-Language, Accept-Encoding" : "Accept-Encoding");
    if (page)
        (void)MHD_add_response_header(response, "Content-Language", reply->language);
    if (reply->coding != NULL)
        (void)MHD_add_response_header(response, "Content-Encoding", reply->coding);
}

static void add_headers(const struct request *r, struct MHD_Response *response)
{
    add_all(response, handler_headers, r->reply.file != NULL ? COMMON_HEADERS : HANDLER_HEADERS);
    if (r->reply.file != NULL)
        add_file_headers(&r->reply, response);
    (void)MHD_add_response_header(response, "Content-Type",
                                  r->reply.problem        ? "application/problem+json"
                                  : r->reply.type != NULL ? r->reply.type
                                                          : "application/json");
    add_number_header(response, "X-Request-Id", r->number);
    if (server_wants_https(r->server))
        (void)MHD_add_response_header(response, "Strict-Transport-Security", "max-age=63072000");
    if (r->reply.allow != NULL)
        (void)MHD_add_response_header(response, "Allow", r->reply.allow);
    if (r->reply.retry_after_s != 0)
        add_number_header(response, "Retry-After", r->reply.retry_after_s);
    if (r->reply.status == MHD_HTTP_UNAUTHORIZED)
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    limits_headers(r, response);
    if (r->close || server_is_draining(r->server))
        (void)MHD_add_response_header(response, "Connection", "close");
}

/* Hands the reply to libmicrohttpd, which wipes and frees its body when it was sent. */
static enum MHD_Result queue(struct request *r)
{
    struct MHD_Response *response =
        r->reply.body != NULL
            ? MHD_create_response_from_buffer_with_free_callback(r->reply.len, r->reply.body,
                                                                 secret_heap_free)
            : MHD_create_response_from_buffer(r->reply.file != NULL ? r->reply.len : 0,
                                              (void *)(uintptr_t)r->reply.file,
                                              MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    r->reply.body = NULL;
    r->stage = REQUEST_DONE;
    loop_tell(r->loop, LOOP_REPLIED);
    add_headers(r, response);
    connections_sending(r->connection);
    result = MHD_queue_response(r->connection, r->reply.status, response);
    MHD_destroy_response(response);
    return result;
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
    max = r->route->body_max(r->server);
    if (fields->length > max) {
        const struct problem p = {
            .code = PROBLEM_TOO_LARGE,
            .limit = (int64_t)(r->route->limit != NULL ? r->route->limit(r->server) : max)};

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
    if (server_is_draining(r->server))
        return refuse_at_the_end(r);
    client_find(&r->client, r->connection, server_proxies(r->server));
    router_find(&match, method, url);
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
            .microseconds = server_now_us() - r->started_us,
        };

        metrics_count(server_metrics(r->server), r->route, line.status, line.code,
                      line.microseconds);
        log_request(server_log(r->server), &line);
    }
    request_free(r);
}

void handler_answered(struct request *r)
{
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
    longpoll_remove(server_waits(r->server), r);
    if (r->stage == REQUEST_POSTED)
        r->connection = NULL; /* the vault has its job: handler_answered goes on */
    else
        conclude(r);
}
