/* Any bytes as the body of each call that takes one, read by the endpoints themselves: what reaches
   the vault satisfies the protocol's sizes and bounds, and a refusal can be written. The service
   around them is made here. */
#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "api/policy/access.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/envelope.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_access_for(struct request *r, enum access_act act, struct access *out);
void __wrap_request_post(struct request *r);
void __wrap_request_problem(struct request *r, const struct problem *p);

enum { ENVELOPE_MOST = 4096 };

static unsigned answers;

int __wrap_access_for(struct request *r, enum access_act act, struct access *out)
{
    (void)r;
    (void)act;
    memset(out, 0, sizeof(*out));
    out->kind = ACCESS_NOBODY;
    return 0;
}

/* What is handed to the vault. */
void __wrap_request_post(struct request *r)
{
    const struct vault_submission *s = &r->job.in.submit;
    const struct vault_receipt *receipt = &r->job.in.receipt;

    answers++;
    if (r->job.op == VAULT_SUBMIT &&
        (s->envelope == NULL || s->envelope_len > ENVELOPE_MOST || s->envelope_len < ENVELOPE_MIN ||
         s->envelope_len % ENVELOPE_BLOCK != ENVELOPE_OVERHEAD || s->envelope[0] != 1))
        abort();
    if (r->job.op == VAULT_RECEIPT &&
        (receipt->at < 0 || receipt->has_details != (receipt->details != NULL)))
        abort();
}

void __wrap_request_problem(struct request *r, const struct problem *p)
{
    char buffer[PROBLEM_TEXT_MAX];
    struct text t = text_into(buffer, sizeof(buffer));

    (void)r;
    answers++;
    problem_write(&t, p);
    if (p->code == PROBLEM_NONE || t.overflow)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const calls[])(struct request *) = {
        handoffs_put,
        claim_post,
        opened_post,
        receipts_post,
    };

    static const struct config config = {.envelope_max = ENVELOPE_MOST, .submissions_open = true};
    struct service service = {.config = &config};

    if (sodium_init() < 0)
        abort();
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct request *r = calloc(1, sizeof(*r));

        if (r == NULL || (r->body = secret_heap_alloc(size + 1)) == NULL)
            abort();
        if (size > 0)
            memcpy(r->body, data, size);
        r->body_len = size;
        r->service = &service;
        answers = 0;
        calls[i](r);
        if (answers != 1)
            abort();
        request_free(r);
    }
    return 0;
}
