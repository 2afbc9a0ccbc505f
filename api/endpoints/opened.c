#include "api/endpoints/endpoints.h"
#include "api/http/fields.h"
#include "api/policy/access.h"

enum { BODY_MAX = 1024 };

size_t opened_post_max(const struct config *config)
{
    (void)config;
    return BODY_MAX;
}

void opened_post(struct request *r)
{
    struct vault_opening *in = &r->job.in.opened;
    struct fields f;
    struct access who;

    if (access_for(r, ACCESS_REDEEM, &who) != 0)
        return;
    r->job.op = VAULT_OPENED;
    fields_begin(&f, r->body, r->body_len);
    fields_bytes(&f, "opened_token", in->opened_token, sizeof(in->opened_token));
    fields_bytes(&f, "claimant", in->claimant, sizeof(in->claimant));
    if (!fields_end(&f)) {
        request_problem(r, &f.problem);
        return;
    }
    request_post(r);
}

void opened_post_done(struct request *r)
{
    endpoints_reply_state(r, MHD_HTTP_OK, NULL);
}
