#include "cli/net/service.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
    BODY_MIN = 2048,
    BODY_TEXTS = 8 * 1024,
    TAIL_MAX = 1024,
    AUDIT_TRIES = 2 /* what these calls are for is done by then: nobody should wait long */
};

static void add_name(struct text *t, const char *name)
{
    text_add(t, t->len > 1 ? ",\"" : "\"");
    text_add(t, name);
    text_add(t, "\":");
}

static void add_bytes(struct text *t, const char *name, const uint8_t *data, size_t len)
{
    add_name(t, name);
    text_add(t, "\"");
    text_base64url(t, data, len);
    text_add(t, "\"");
}

static void add_text(struct text *t, const char *name, const char *value, size_t len)
{
    if (value == NULL)
        return;
    add_name(t, name);
    text_json_string(t, value, len);
}

static void add_words(struct text *t, const char *name, const char *value)
{
    add_text(t, name, value, value != NULL ? strlen(value) : 0);
}

static void add_number(struct text *t, const char *name, uint64_t value)
{
    if (value == 0)
        return;
    add_name(t, name);
    text_i64(t, (int64_t)value);
}

/* Whether an answer that looks good is the service's own. Where it is not, nobody knows what became
   of the call. */
static bool has(struct client_reply *reply, const char *member)
{
    if (client_text(reply, member) != NULL)
        return true;
    reply->perhaps_done = true;
    return false;
}

static struct secret *body_begin(struct text *t, size_t size)
{
    struct secret *body = secret_new(size);

    if (body == NULL)
        return NULL;
    *t = text_into((char *)secret_data(body), secret_capacity(body));
    text_add(t, "{");
    return body;
}

/* Ends the body, sends the call and frees the body. */
static bool body_send(struct client *c, struct client_call *call, struct secret *body,
                      struct text *t, struct client_reply *reply)
{
    bool ok = false;

    text_add(t, "}");
    if (t->overflow || secret_resize(body, t->len) != 0) {
        memset(reply, 0, sizeof *reply);
        (void)snprintf(reply->error, sizeof reply->error, "the request is too long to send");
    } else {
        call->body = body;
        ok = client_send(c, call, reply);
    }
    secret_free(body);
    return ok;
}

static bool no_memory(struct client_reply *reply)
{
    memset(reply, 0, sizeof *reply);
    (void)snprintf(reply->error, sizeof reply->error, "memory is short");
    return false;
}

static void add_hash(struct text *t, const char *name, const uint8_t token[KEYS_BYTES])
{
    uint8_t hash[KEYS_BYTES];

    keys_hash(hash, token);
    add_bytes(t, name, hash, sizeof hash);
}

static void add_keys(struct text *t, const struct keys *keys)
{
    uint8_t receipt_key[32];

    keys_receipt_public(receipt_key, keys->receipt_seed);
    add_hash(t, "claim_hash", keys->claim_token);
    add_hash(t, "opened_hash", keys->opened_token);
    add_bytes(t, "receipt_key", receipt_key, sizeof receipt_key);
    add_name(t, "code");
    text_add(t, keys->code ? "true" : "false");
    if (keys->code)
        add_hash(t, "link_hash", keys->link_token);
}

bool service_submit(struct client *c, const uint8_t id[16], const struct service_submission *s,
                    struct client_reply *reply)
{
    struct client_call call = {.method = "PUT", .id = id, .tail = "", .shows = CLIENT_TOKEN};
    struct text t;
    struct secret *body =
        body_begin(&t, ENCODING_BASE64URL_LEN(s->envelope_len) + BODY_MIN + BODY_TEXTS);

    if (body == NULL)
        return no_memory(reply);
    add_bytes(&t, "envelope", s->envelope, s->envelope_len);
    add_keys(&t, s->keys);
    add_hash(&t, "manage_hash", s->manage_key);
    add_number(&t, "expires_in", s->expires_in_s);
    add_number(&t, "lease", s->lease_s);
    if (s->burn_on_claim)
        add_words(&t, "burn", "on-claim");
    add_words(&t, "label", s->label);
    add_words(&t, "shown_label", s->shown_label);
    add_words(&t, "recipient", s->recipient);
    add_words(&t, "ref", s->ref);
    return body_send(c, &call, body, &t, reply) && has(reply, "state");
}

bool service_read(struct client *c, const uint8_t id[16], unsigned tries,
                  struct client_reply *reply)
{
    const struct client_call call = {
        .method = "GET", .id = id, .tail = "", .tries = tries, .quiet = tries > 0};

    return client_send(c, &call, reply) && has(reply, "state");
}

bool service_claim(struct client *c, const uint8_t id[16], const struct keys *keys,
                   const uint8_t claimant[KEYS_BYTES], struct client_reply *reply)
{
    struct client_call call = {
        .method = "POST", .id = id, .tail = "/claim", .shows = CLIENT_TEAM_TOKEN};
    struct text t;
    struct secret *body = body_begin(&t, BODY_MIN);

    if (body == NULL)
        return no_memory(reply);
    add_bytes(&t, "token", keys->claim_token, KEYS_BYTES);
    add_bytes(&t, "claimant", claimant, KEYS_BYTES);
    if (keys->code)
        add_bytes(&t, "link_token", keys->link_token, KEYS_BYTES);
    return body_send(c, &call, body, &t, reply) && has(reply, "envelope");
}

bool service_opened(struct client *c, const uint8_t id[16], const struct keys *keys,
                    const uint8_t claimant[KEYS_BYTES], struct client_reply *reply)
{
    struct client_call call = {
        .method = "POST", .id = id, .tail = "/opened", .shows = CLIENT_TEAM_TOKEN};
    struct text t;
    struct secret *body = body_begin(&t, BODY_MIN);

    if (body == NULL)
        return no_memory(reply);
    add_bytes(&t, "opened_token", keys->opened_token, KEYS_BYTES);
    add_bytes(&t, "claimant", claimant, KEYS_BYTES);
    return body_send(c, &call, body, &t, reply) && has(reply, "state");
}

bool service_receipt(struct client *c, const struct receipt *r, const uint8_t seed[KEYS_BYTES],
                     const uint8_t *claimant, struct client_reply *reply)
{
    struct client_call call = {
        .method = "POST", .id = r->id, .tail = "/receipts", .shows = CLIENT_TEAM_TOKEN};
    char statement[RECEIPT_STATEMENT_MAX];
    uint8_t signature[RECEIPT_SIGNATURE_BYTES];
    struct text t;
    struct secret *body = body_begin(&t, BODY_MIN + 6 * r->details_len);

    if (body == NULL)
        return no_memory(reply);
    receipt_sign(signature, statement, receipt_statement(statement, r), seed);
    add_words(&t, "outcome", receipt_outcome_name(r->outcome));
    add_number(&t, "at", (uint64_t)r->at);
    add_text(&t, "details", r->details, r->details_len);
    add_bytes(&t, "signature", signature, sizeof signature);
    if (claimant != NULL)
        add_bytes(&t, "claimant", claimant, KEYS_BYTES);
    return body_send(c, &call, body, &t, reply) && has(reply, "state");
}

bool service_revoke(struct client *c, const uint8_t id[16], const uint8_t manage_key[KEYS_BYTES],
                    struct client_reply *reply)
{
    const struct client_call call = {
        .method = "DELETE", .id = id, .tail = "", .manage_key = manage_key};

    return client_send(c, &call, reply) && has(reply, "state");
}

bool service_events(struct client *c, const uint8_t id[16], const uint8_t *manage_key,
                    int64_t after, unsigned wait_s, struct client_reply *reply)
{
    char tail[80];
    const struct client_call call = {.method = "GET",
                                     .id = id,
                                     .tail = tail,
                                     .manage_key = manage_key,
                                     .shows = CLIENT_TOKEN,
                                     .patience_s = wait_s,
                                     .quiet = wait_s > 0};

    (void)snprintf(tail, sizeof tail, "/events?after=%lld&wait=%u", (long long)after, wait_s);
    return client_send(c, &call, reply) && has(reply, "state") &&
           json_is_array(json_object_get(reply->body, "events"));
}

/* Adds "&name=value" with the value percent-encoded (RFC 3986, section 2.1). */
static void add_argument(struct text *t, const char *name, const char *value)
{
    static const char plain[] = "-._~";
    static const char hex[] = "0123456789ABCDEF";

    text_add(t, "&");
    text_add(t, name);
    text_add(t, "=");
    for (; *value != '\0'; value++) {
        const unsigned char c = (unsigned char)*value;
        const char escape[] = {'%', hex[c >> 4], hex[c & 15]};

        if (isalnum(c) || strchr(plain, c) != NULL)
            text_bytes(t, value, 1);
        else
            text_bytes(t, escape, sizeof escape);
    }
}

static void add_number_argument(struct text *t, const char *name, int64_t value)
{
    text_add(t, "&");
    text_add(t, name);
    text_add(t, "=");
    text_i64(t, value);
}

bool service_list(struct client *c, const struct service_filter *f, struct client_reply *reply)
{
    char tail[TAIL_MAX];
    struct text t = text_into(tail, sizeof tail - 1);
    const struct client_call call = {.method = "GET", .tail = tail, .shows = CLIENT_TOKEN};

    text_add(&t, "?limit=100");
    if (f->state != NULL)
        add_argument(&t, "state", f->state);
    if (f->recipient != NULL)
        add_argument(&t, "recipient", f->recipient);
    if (f->since > 0)
        add_number_argument(&t, "since", f->since);
    if (f->before >= 0)
        add_number_argument(&t, "before", f->before);
    tail[t.len] = '\0';
    return client_send(c, &call, reply) && json_is_array(json_object_get(reply->body, "handoffs"));
}

bool service_about(struct client *c, struct client_reply *reply)
{
    const struct client_call call = {.method = "GET", .path = "/v1/service"};

    return client_send(c, &call, reply) && client_text(reply, "version") != NULL;
}

static bool audit(struct client *c, const char *path, bool raw, enum client_shows shows,
                  struct client_reply *reply)
{
    char whole[TAIL_MAX];
    const struct client_call call = {.method = "GET",
                                     .path = whole,
                                     .raw = raw,
                                     .shows = shows,
                                     .tries = AUDIT_TRIES,
                                     .quiet = true};

    (void)snprintf(whole, sizeof whole, "/v1/audit%s", path);
    return client_send(c, &call, reply);
}

bool service_audit(struct client *c, const char *path, struct client_reply *reply)
{
    return audit(c, path, true, CLIENT_NOTHING, reply);
}

bool service_audit_json(struct client *c, const char *path, struct client_reply *reply)
{
    return audit(c, path, false, CLIENT_NOTHING, reply);
}

bool service_audit_log(struct client *c, const char *path, struct client_reply *reply)
{
    return audit(c, path, true, CLIENT_TOKEN, reply);
}
