#include "api/http/reply.h"

#include "api/http/problem.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/encoding/text.h"

#include <stdio.h>

struct header {
    const char *name, *value;
};

/* On every answer, errors too. */
static const struct header common_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
};

enum {
    COMMON_HEADERS = sizeof(common_headers) / sizeof(common_headers[0]),
    FILES_TOO = 2 /* of them: those that files have too */
};

/* A page runs its own scripts and libsodium's WebAssembly, and calls its own service: nothing else.
   One policy of Trusted Types gives the one address of the worker that stretches access codes. */
static const struct header file_headers[] = {
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

static void add_number_header(struct MHD_Response *response, const char *name, uint64_t number)
{
    char buffer[24] = "";
    struct text t = text_into(buffer, sizeof(buffer) - 1);

    text_i64(&t, (int64_t)number);
    (void)MHD_add_response_header(response, name, buffer);
}

static void add_all(struct MHD_Response *response, const struct header *headers, size_t count)
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

/* The fields that say how the caller stands. */
static void add_limits(const struct reply_limit *limits, struct MHD_Response *response)
{
    char policy[128] = "", now[128] = "";
    size_t policy_len = 0, now_len = 0;

    for (size_t i = 0; i < REPLY_LIMITS; i++) {
        const struct reply_limit *l = &limits[i];
        const char *comma = policy_len > 0 ? ", " : "";

        if (l->limit == 0 || policy_len >= sizeof(policy) || now_len >= sizeof(now))
            continue;
        policy_len += (size_t)snprintf(policy + policy_len, sizeof(policy) - policy_len,
                                       "%s\"%s\";q=%u;w=%u", comma, l->name, l->limit, l->window_s);
        now_len += (size_t)snprintf(now + now_len, sizeof(now) - now_len, "%s\"%s\";r=%u;t=%u",
                                    comma, l->name, l->remaining, l->full_s);
    }
    if (policy_len == 0)
        return;
    (void)MHD_add_response_header(response, "RateLimit-Policy", policy);
    (void)MHD_add_response_header(response, "RateLimit", now);
}

static void add_headers(const struct reply *reply, const struct reply_frame *frame,
                        struct MHD_Response *response)
{
    add_all(response, common_headers, reply->file != NULL ? FILES_TOO : COMMON_HEADERS);
    if (reply->file != NULL)
        add_file_headers(reply, response);
    (void)MHD_add_response_header(response, "Content-Type",
                                  reply->problem        ? "application/problem+json"
                                  : reply->type != NULL ? reply->type
                                                        : "application/json");
    add_number_header(response, "X-Request-Id", frame->number);
    if (frame->https)
        (void)MHD_add_response_header(response, "Strict-Transport-Security", "max-age=63072000");
    if (reply->allow != NULL)
        (void)MHD_add_response_header(response, "Allow", reply->allow);
    if (reply->retry_after_s != 0)
        add_number_header(response, "Retry-After", reply->retry_after_s);
    if (reply->status == MHD_HTTP_UNAUTHORIZED)
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    add_limits(frame->limits, response);
    if (frame->close)
        (void)MHD_add_response_header(response, "Connection", "close");
}

enum MHD_Result reply_queue(struct reply *reply, const struct reply_frame *frame,
                            struct MHD_Connection *connection)
{
    struct MHD_Response *response =
        reply->body != NULL ? MHD_create_response_from_buffer_with_free_callback(
                                  reply->len, reply->body, secret_heap_free)
                            : MHD_create_response_from_buffer(reply->file != NULL ? reply->len : 0,
                                                              (void *)(uintptr_t)reply->file,
                                                              MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (response == NULL)
        return MHD_NO;
    reply->body = NULL;
    add_headers(reply, frame, response);
    result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

size_t reply_too_late(uint64_t number, char *buffer, size_t size)
{
    const struct problem p = {.code = PROBLEM_DEADLINE};
    char body_buffer[PROBLEM_TEXT_MAX];
    struct text t = text_into(buffer, size), body = text_into(body_buffer, sizeof(body_buffer));

    problem_write(&body, &p);
    text_add(&t, "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n");
    for (size_t i = 0; i < COMMON_HEADERS; i++) {
        text_add(&t, common_headers[i].name);
        text_add(&t, ": ");
        text_add(&t, common_headers[i].value);
        text_add(&t, "\r\n");
    }
    text_add(&t, "Connection: close\r\nX-Request-Id: ");
    text_i64(&t, (int64_t)number);
    text_add(&t, "\r\nContent-Length: ");
    text_i64(&t, (int64_t)body.len);
    text_add(&t, "\r\n\r\n");
    text_bytes(&t, body.data, body.len);
    return t.overflow ? 0 : t.len;
}
