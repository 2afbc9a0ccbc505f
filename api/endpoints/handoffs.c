#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "api/http/fields.h"
#include "api/net/client.h"
#include "api/policy/access.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/envelope.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    /* The other members: 800 bytes of text, each byte perhaps an escape of six, and the rest. */
    AROUND_ENVELOPE = 8192,
    REPLY_MAX = 2048,
    REPLY_STATE = 512
};

size_t handoffs_put_limit(const struct config *config)
{
    return config->envelope_max;
}

size_t handoffs_put_max(const struct config *config)
{
    return ENCODING_BASE64URL_LEN(config->envelope_max) + AROUND_ENVELOPE;
}

/* Decodes the envelope into memory of its own, which the job then owns. */
static void take_envelope(struct fields *f, struct vault_submission *in, size_t max)
{
    size_t len;
    const char *text = fields_string(f, "envelope", &len);

    if (text == NULL)
        return;
    if (len > ENCODING_BASE64URL_LEN(max)) {
        fields_too_large(f, "envelope", max);
        return;
    }
    in->envelope = secret_heap_alloc(len + 1);
    if (in->envelope == NULL)
        fields_short_of_memory(f);
    else if (encoding_base64url_decode(in->envelope, len + 1, &in->envelope_len, text, len) != 0)
        fields_object(f, "envelope",
                      "The envelope is not base64url without padding. Nothing was "
                      "stored.");
    else if (!envelope_plausible(in->envelope, in->envelope_len))
        fields_object(f, "envelope",
                      "The envelope is not one: its version byte or its length is wrong. Nothing "
                      "was stored.");
}

static bool take_burn(struct fields *f)
{
    const char *text;
    size_t len;

    if (!fields_has(f, "burn"))
        return false;
    text = fields_string(f, "burn", &len);
    if (text != NULL && fields_is(text, len, "on-claim"))
        return true;
    if (text != NULL && !fields_is(text, len, "on-opened"))
        fields_object(f, "burn", "burn is on-opened or on-claim. Nothing was stored.");
    return false;
}

static uint32_t take_seconds(struct fields *f, const char *name, uint32_t normal, uint32_t min,
                             uint32_t max)
{
    return fields_has(f, name) ? (uint32_t)fields_integer(f, name, min, max) : normal;
}

static void take_submission(struct fields *f, struct vault_submission *in, size_t envelope_max)
{
    take_envelope(f, in, envelope_max);
    fields_bytes(f, "claim_hash", in->claim_hash, 32);
    fields_bytes(f, "opened_hash", in->opened_hash, 32);
    fields_bytes(f, "receipt_key", in->receipt_key, 32);
    fields_bytes(f, "manage_hash", in->manage_hash, 32);
    in->code = fields_bool(f, "code");
    if (in->code)
        fields_bytes(f, "link_hash", in->link_hash, 32);
    else if (fields_has(f, "link_hash"))
        fields_object(f, "link_hash", "link_hash goes with a code only. Nothing was stored.");
    in->expires_in_s = take_seconds(f, "expires_in", VAULT_EXPIRES_DEFAULT_S, VAULT_EXPIRES_MIN_S,
                                    VAULT_EXPIRES_MAX_S);
    in->lease_s =
        take_seconds(f, "lease", VAULT_LEASE_DEFAULT_S, VAULT_LEASE_MIN_S, VAULT_LEASE_MAX_S);
    in->burn_on_claim = take_burn(f);
    for (unsigned i = 0; i < VAULT_TEXTS; i++)
        fields_text(f, vault_text_names[i], in->texts[i], VAULT_TEXT_MAX);
}

/* Charges it to the sender's token, or else to the address it comes from. */
static void charge(struct request *r, const struct access *who)
{
    const struct config_limits *limits = &service_config(r->service)->limits;
    struct vault_submission *in = &r->job.in.submit;

    if (who->kind == ACCESS_TOKEN) {
        snprintf(in->payer, sizeof(in->payer), "token:%s", who->token.name);
        in->payer_live_max = limits->token_live;
        in->payer_bytes_max = limits->token_bytes;
    } else {
        client_payer(&r->client, in->payer, sizeof(in->payer));
        in->payer_live_max = limits->address_live;
        in->payer_bytes_max = limits->address_bytes;
    }
}

void handoffs_put(struct request *r)
{
    struct access who;
    struct fields f;

    if (access_for(r, ACCESS_SUBMIT, &who) != 0)
        return;
    if (who.kind == ACCESS_NOBODY && !service_config(r->service)->submissions_open) {
        request_refuse(r, PROBLEM_UNAUTHORIZED,
                       "Nothing was stored. This service takes submissions from senders that its "
                       "operator knows: send a sender's token as Authorization: Bearer.");
        return;
    }
    r->job.op = VAULT_SUBMIT;
    charge(r, &who);
    fields_begin(&f, r->body, r->body_len);
    take_submission(&f, &r->job.in.submit, service_config(r->service)->envelope_max);
    if (!fields_end(&f)) {
        request_problem(r, &f.problem);
        return;
    }
    request_post(r);
}

void handoffs_put_done(struct request *r)
{
    const struct vault_result *result = &r->job.result;
    struct text t;

    if (request_refused(r, result->answer))
        return;
    t = request_json(r, REPLY_STATE + 2 * result->line_len);
    text_add(&t, "{\"id\":\"");
    text_id(&t, r->id);
    text_add(&t, "\",\"state\":\"");
    text_add(&t, lifecycle_state_name(result->state));
    text_add(&t, "\",\"created_at\":");
    text_i64(&t, result->created_at);
    text_add(&t, ",\"expires_at\":");
    text_i64(&t, result->expires_at);
    text_add(&t, ",");
    endpoints_add_event(&t, result, NULL);
    text_add(&t, "}");
    request_reply(r, result->answer == ANSWER_OK ? MHD_HTTP_CREATED : MHD_HTTP_OK, &t);
}

void endpoints_add_view(struct text *t, const uint8_t id[16], const struct vault_view *view)
{
    text_add(t, "\"id\":\"");
    text_id(t, id);
    text_add(t, "\",\"state\":\"");
    text_add(t, lifecycle_state_name(view->state));
    text_add(t, view->burned ? "\",\"burned\":true" : "\",\"burned\":false");
    text_add(t, view->code ? ",\"code\":true" : ",\"code\":false");
    text_add(t, ",\"envelope_hash\":\"");
    text_base64url(t, view->envelope_hash, sizeof(view->envelope_hash));
    text_add(t, "\",\"created_at\":");
    text_i64(t, view->created_at);
    text_add(t, ",\"expires_at\":");
    text_i64(t, view->expires_at);
    text_add(t, ",\"changed_at\":");
    text_i64(t, view->changed_at);
    if (view->lease_until != 0) {
        text_add(t, ",\"lease_until\":");
        text_i64(t, view->lease_until);
    }
    if (view->shown_label[0] != '\0') {
        text_add(t, ",\"shown_label\":");
        text_json_string(t, view->shown_label, strlen(view->shown_label));
    }
}

void handoffs_get(struct request *r)
{
    struct vault_view view;
    struct text t;

    if (request_refused(r, vault_read(r->service->vault, r->id, &view)))
        return;
    t = request_json(r, REPLY_MAX);
    text_add(&t, "{");
    endpoints_add_view(&t, r->id, &view);
    text_add(&t, "}");
    request_reply(r, MHD_HTTP_OK, &t);
}

void handoffs_delete(struct request *r)
{
    struct access who;

    if (access_read(r, &who) != 0)
        return;
    if (who.kind == ACCESS_NOBODY) {
        request_refuse(r, PROBLEM_UNAUTHORIZED,
                       "Nothing was changed. Send the manage key, 43 characters, as "
                       "Authorization: Bearer.");
        return;
    }
    if (who.kind == ACCESS_TOKEN) {
        request_refuse(r, PROBLEM_FORBIDDEN, NULL);
        return;
    }
    r->job.op = VAULT_REVOKE;
    memcpy(r->job.in.manage_key, who.key, sizeof(who.key));
    sodium_memzero(who.key, sizeof(who.key));
    request_post(r);
}

void handoffs_delete_done(struct request *r)
{
    endpoints_reply_state(r, MHD_HTTP_OK, NULL);
}

void endpoints_add_event(struct text *t, const struct vault_result *result,
                         const struct text *proof)
{
    text_add(t, "\"event\":{\"index\":");
    text_i64(t, result->event);
    if (result->line != NULL) {
        text_add(t, ",\"line\":");
        text_json_string(t, result->line, result->line_len);
    }
    if (proof != NULL) {
        text_add(t, ",\"proof\":");
        text_json_string(t, proof->data, proof->len);
    }
    text_add(t, "}");
}

void endpoints_reply_state(struct request *r, unsigned status, const struct text *proof)
{
    const struct vault_result *result = &r->job.result;
    struct text t;

    if (request_refused(r, result->answer))
        return;
    /* Of line and proof only quotes and line ends are escaped, by one character more. */
    t = request_json(r, REPLY_STATE + 2 * (result->line_len + (proof != NULL ? proof->len : 0)));
    text_add(&t, "{\"state\":\"");
    text_add(&t, lifecycle_state_name(result->state));
    text_add(&t, "\",");
    endpoints_add_event(&t, result, proof);
    text_add(&t, "}");
    request_reply(r, status, &t);
}
