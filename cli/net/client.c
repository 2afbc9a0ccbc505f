#include "cli/net/client.h"

#include "cli/io/terminal.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/jsontext.h"

#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    CONNECT_TIMEOUT_S = 10,
    ANSWER_TIMEOUT_S = 30,
    URL_MAX = LINK_BASE_MAX + 256,
    HEADER_MAX = 256,
    REPLY_MAX = 4 * 1024 * 1024,
    PAUSE_FIRST_MS = 250,
    PAUSE_MAX_MS = 5000,
    SAY_AFTER_TRIES = 2
};

struct client {
    CURL *curl;
    char base[LINK_BASE_MAX];
    const struct secret *token; /* NULL: none */
    bool of_team;
};

/* What one try received; the body's memory comes from the heap that wipes. */
struct incoming {
    char *data;
    size_t len, size;
};

struct client *client_new(const char *base, const char **why)
{
    struct client *c = secret_heap_calloc(1, sizeof *c);

    *why = "memory is short";
    if (c == NULL)
        return NULL;
    if (link_base(c->base, base) != 0) {
        *why = "this is no http(s) URL of a service";
        goto fail;
    }
    if (strncmp(c->base, "https://", 8) != 0 && !link_base_is_loopback(c->base)) {
        *why = "http is only for a service on this very machine; use https";
        goto fail;
    }
    return c;
fail:
    client_free(c);
    return NULL;
}

void client_free(struct client *c)
{
    if (c == NULL)
        return;
    if (c->curl != NULL) {
        curl_easy_cleanup(c->curl);
        curl_global_cleanup();
    }
    secret_heap_free(c);
}

void client_show_token(struct client *c, const struct secret *token, bool of_team)
{
    c->token = token;
    c->of_team = of_team;
}

bool client_has_token(const struct client *c)
{
    return c->token != NULL;
}

const char *client_base(const struct client *c)
{
    return c->base;
}

/* The library is started when it is needed: a usage error should not pay for TLS tables. */
static int start(struct client *c)
{
    if (c->curl != NULL)
        return 0;
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, secret_heap_alloc, secret_heap_free,
                             secret_heap_realloc, secret_heap_strdup, secret_heap_calloc) != 0)
        return -1;
    c->curl = curl_easy_init();
    if (c->curl == NULL)
        curl_global_cleanup();
    return c->curl != NULL ? 0 : -1;
}

static size_t receive(char *data, size_t size, size_t count, void *ctx)
{
    struct incoming *in = ctx;
    const size_t len = size * count;

    if (len > REPLY_MAX - in->len)
        return 0;
    if (in->len + len + 1 > in->size) {
        const size_t room = (in->len + len) * 2 + 1024;
        char *bigger = secret_heap_realloc(in->data, room);

        if (bigger == NULL)
            return 0;
        in->data = bigger;
        in->size = room;
    }
    memcpy(in->data + in->len, data, len);
    in->len += len;
    return len;
}

static void set_always(struct client *c, char *error)
{
    const bool loopback = link_base_is_loopback(c->base);

    curl_easy_reset(c->curl);
    (void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, error);
    (void)curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, loopback ? "http,https" : "https");
    (void)curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(c->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "handoff/" HANDOFF_VERSION);
    (void)curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, receive);
    if (loopback)
        (void)curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
}

static int add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer == NULL)
        return -1;
    *list = longer;
    return 0;
}

static int add_bearer(struct curl_slist **list, const uint8_t key[KEYS_BYTES])
{
    static const char start_of[] = "Authorization: Bearer ";
    struct secret *line = secret_new(sizeof start_of + ENCODING_BASE64URL_LEN(KEYS_BYTES) + 1);
    int rc;

    if (line == NULL)
        return -1;
    memcpy(secret_data(line), start_of, sizeof start_of);
    encoding_base64url((char *)secret_data(line) + sizeof start_of - 1, key, KEYS_BYTES);
    rc = add_header(list, (const char *)secret_data(line));
    secret_free(line);
    return rc;
}

static int add_token(struct curl_slist **list, const struct secret *token)
{
    static const char start_of[] = "Authorization: Bearer ";
    struct secret *line = secret_new(sizeof start_of + secret_len(token) + 1);
    int rc = -1;

    if (line == NULL)
        return -1;
    if (secret_append(line, start_of, sizeof start_of - 1) == 0 &&
        secret_append(line, secret_bytes(token), secret_len(token)) == 0 &&
        secret_append(line, "", 1) == 0)
        rc = add_header(list, (const char *)secret_data(line));
    secret_free(line);
    return rc;
}

/* What the call shows to be allowed. */
static int add_authorization(const struct client *c, const struct client_call *call,
                             struct curl_slist **list)
{
    if (call->manage_key != NULL)
        return add_bearer(list, call->manage_key);
    if (c->token == NULL || call->shows == CLIENT_NOTHING ||
        (call->shows == CLIENT_TEAM_TOKEN && !c->of_team))
        return 0;
    return add_token(list, c->token);
}

static int add_named(struct curl_slist **list, const char *name, const char *value)
{
    char line[HEADER_MAX];

    return snprintf(line, sizeof line, "%s: %s", name, value) < (int)sizeof line
               ? add_header(list, line)
               : -1;
}

/* How the call presents itself, and what answer it wants. */
static int add_wishes(struct client *c, const struct client_call *call, struct curl_slist **list)
{
    static const struct client_guise own;
    const struct client_guise *as = call->as != NULL ? call->as : &own;
    const char *accept = call->raw ? "*/*" : "application/json";

    if (as->agent != NULL)
        (void)curl_easy_setopt(c->curl, CURLOPT_USERAGENT, as->agent);
    if (as->coding != NULL &&
        curl_easy_setopt(c->curl, CURLOPT_ACCEPT_ENCODING, as->coding) != CURLE_OK)
        return -1;
    if (as->language != NULL && add_named(list, "Accept-Language", as->language) != 0)
        return -1;
    return add_named(list, "Accept", as->accept != NULL ? as->accept : accept);
}

const char *client_codings(void)
{
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

    return (info->features & CURL_VERSION_BROTLI) != 0 ? "gzip, deflate, br" : "gzip, deflate";
}

static int set_call(struct client *c, const struct client_call *call, struct curl_slist **headers)
{
    char url[URL_MAX];
    char id[ENCODING_ID_TEXT + 2] = "";

    if (call->id != NULL) {
        id[0] = '/';
        encoding_id_format(id + 1, call->id);
    }
    if (call->path != NULL
            ? snprintf(url, sizeof url, "%s%s", c->base, call->path) >= (int)sizeof url
            : snprintf(url, sizeof url, "%s/v1/handoffs%s%s", c->base, id, call->tail) >=
                  (int)sizeof url)
        return -1;
    if (add_wishes(c, call, headers) != 0 || add_header(headers, "Expect:") != 0 ||
        add_authorization(c, call, headers) != 0)
        return -1;
    if (call->body != NULL) {
        if (add_header(headers, "Content-Type: application/json") != 0)
            return -1;
        (void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                               (curl_off_t)secret_len(call->body));
        (void)curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, secret_bytes(call->body));
    }
    if (curl_easy_setopt(c->curl, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method) != CURLE_OK)
        return -1;
    (void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, *headers);
    (void)curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)(ANSWER_TIMEOUT_S + call->patience_s));
    return 0;
}

/* Whether a try that ended so has certainly not reached the service. */
static bool never_arrived(CURLcode rc)
{
    return rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_COULDNT_RESOLVE_PROXY ||
           rc == CURLE_COULDNT_CONNECT || rc == CURLE_SSL_CONNECT_ERROR ||
           rc == CURLE_PEER_FAILED_VERIFICATION;
}

/* What came, as the call wants it; a refusal is JSON in any case. */
static void take_reply(struct client *c, bool raw, struct incoming *in, struct client_reply *reply)
{
    curl_off_t wait = 0;

    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &reply->status);
    (void)curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &wait);
    reply->retry_s = wait > 0 && wait < 86400 ? (unsigned)wait : 0;
    if (raw && reply->status == 200) {
        if (in->data == NULL)
            in->data = secret_heap_calloc(1, 1);
        reply->data = in->data;
        reply->len = in->len;
        if (in->data != NULL)
            in->data[in->len] = '\0';
        in->data = NULL;
        return;
    }
    reply->body = in->len == 0 ? NULL
                               : jsontext_parse(in->data, in->len,
                                                JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!json_is_object(reply->body)) {
        json_decref(reply->body);
        reply->body = NULL;
    }
}

static void try_once(struct client *c, const struct client_call *call, struct client_reply *reply)
{
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    struct incoming in = {0};
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    set_always(c, error);
    (void)curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &in);
    if (set_call(c, call, &headers) == 0)
        rc = curl_easy_perform(c->curl);
    if (rc == CURLE_OK) {
        take_reply(c, call->raw, &in, reply);
    } else {
        reply->perhaps_done |= !never_arrived(rc) && rc != CURLE_OUT_OF_MEMORY;
        reply->unreadable = rc == CURLE_WRITE_ERROR || rc == CURLE_BAD_CONTENT_ENCODING;
        (void)snprintf(reply->error, sizeof reply->error, "%s",
                       error[0] != '\0' ? error : curl_easy_strerror(rc));
    }
    curl_slist_free_all(headers);
    secret_heap_free(in.data);
}

static void pause_ms(long ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&left, NULL);
}

static bool came(const struct client_reply *reply)
{
    return reply->body != NULL || reply->data != NULL;
}

/* Whether another try could end better. */
static bool worth_again(const struct client_reply *reply)
{
    return reply->status == 0 || reply->status == 502 || reply->status == 503 ||
           reply->status == 504 || (reply->status == 200 && !came(reply));
}

/* Of failures, only the service's own word that it was unavailable tells that nothing happened. */
static bool leaves_doubt(const struct client_reply *reply)
{
    if (reply->status >= 500)
        return strcmp(client_code(reply), "unavailable") != 0;
    return reply->status >= 200 && reply->status < 300 && !came(reply);
}

static long pause_before(const struct client_reply *reply, unsigned try)
{
    const long ms = reply->retry_s > 0 ? reply->retry_s * 1000L : (long)PAUSE_FIRST_MS << try;

    return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

static void forget(struct client_reply *reply)
{
    json_decref(reply->body);
    secret_heap_free(reply->data);
    reply->body = NULL;
    reply->data = NULL;
    reply->status = 0;
    reply->unreadable = false;
    reply->error[0] = '\0';
}

bool client_send(struct client *c, const struct client_call *call, struct client_reply *reply)
{
    const unsigned tries = call->tries > 0 ? call->tries : CLIENT_TRIES;

    memset(reply, 0, sizeof *reply);
    if (start(c) != 0) {
        (void)snprintf(reply->error, sizeof reply->error, "the HTTP library does not start");
        return false;
    }
    for (unsigned try = 0;; try++) {
        try_once(c, call, reply);
        reply->perhaps_done |= leaves_doubt(reply);
        if (!worth_again(reply) || try + 1 >= tries)
            break;
        if (!call->quiet && try + 1 == SAY_AFTER_TRIES)
            terminal_say("No good answer from %s yet, still trying.", c->base);
        pause_ms(pause_before(reply, try));
        forget(reply);
    }
    reply->lost = reply->perhaps_done;
    if (reply->status >= 200 && reply->status < 500 && came(reply))
        reply->perhaps_done = false;
    return reply->status >= 200 && reply->status < 300 && came(reply);
}

size_t client_header(const struct client *c, const char *name, size_t n, const char **value)
{
    struct curl_header *header;

    if (c->curl == NULL ||
        curl_easy_header(c->curl, name, n, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return 0;
    *value = header->value;
    return header->amount;
}

void client_reply_clear(struct client_reply *reply)
{
    json_decref(reply->body);
    secret_heap_free(reply->data);
    memset(reply, 0, sizeof *reply);
}

const char *client_text(const struct client_reply *reply, const char *name)
{
    return json_string_value(json_object_get(reply->body, name));
}

int64_t client_integer(const struct client_reply *reply, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(reply->body, name);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

const char *client_code(const struct client_reply *reply)
{
    const char *code = client_text(reply, "code");

    return code != NULL && reply->status >= 400 ? code : "";
}
