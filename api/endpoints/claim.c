#include "api/endpoints/endpoints.h"
#include "api/http/fields.h"
#include "api/policy/access.h"
#include "vault/protocol/encoding/encoding.h"

enum { BODY_MAX = 1024, AROUND_ENVELOPE = 256 };

size_t claim_post_max(const struct config *config)
{
    (void)config;
    return BODY_MAX;
}

void claim_post(struct request *r)
{
    struct vault_claim *in = &r->job.in.claim;
    struct fields f;
    struct access who;

    if (access_for(r, ACCESS_REDEEM, &who) != 0)
        return;
    r->job.op = VAULT_CLAIM;
    fields_begin(&f, r->body, r->body_len);
    fields_bytes(&f, "token", in->token, sizeof(in->token));
    fields_bytes(&f, "claimant", in->claimant, sizeof(in->claimant));
    in->has_link_token = fields_has(&f, "link_token");
    if (in->has_link_token)
        fields_bytes(&f, "link_token", in->link_token, sizeof(in->link_token));
    if (!fields_end(&f)) {
        request_problem(r, &f.problem);
        return;
    }
    request_post(r);
}

void claim_post_done(struct request *r)
{
    const struct vault_result *result = &r->job.result;
    struct text t;

    if (request_refused(r, result->answer))
        return;
    t = request_json(r, ENCODING_BASE64URL_LEN(result->envelope_len) + AROUND_ENVELOPE);
    text_add(&t, "{\"envelope\":\"");
    text_base64url(&t, result->envelope, result->envelope_len);
    text_add(&t, "\",\"lease_until\":");
    text_i64(&t, result->lease_until);
    text_add(&t, ",\"event\":{\"index\":");
    text_i64(&t, result->event);
    text_add(&t, "}}");
    request_reply(r, MHD_HTTP_OK, &t);
}
