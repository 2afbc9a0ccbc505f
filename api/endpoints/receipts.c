#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "api/http/fields.h"
#include "api/policy/access.h"
#include "vault/protocol/encoding/secret.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 6 * RECEIPT_DETAILS_MAX + 1024, BY_MAX = 200, NOTE_MAX = 1000, SALT_MAX = 64 };

size_t receipts_post_max(const struct config *config)
{
    (void)config;
    return BODY_MAX;
}

static void take_outcome(struct fields *f, struct vault_receipt *in)
{
    size_t len;
    const char *text = fields_string(f, "outcome", &len);

    if (text == NULL)
        return;
    if (fields_is(text, len, receipt_outcome_name(RECEIPT_CONFIRMED)))
        in->outcome = RECEIPT_CONFIRMED;
    else if (fields_is(text, len, receipt_outcome_name(RECEIPT_REJECTED)))
        in->outcome = RECEIPT_REJECTED;
    else
        fields_object(f, "outcome", "outcome is confirmed or rejected. Nothing was changed.");
}

/* Whether the details' text is what people are to see: an object of a name, a note and a salt. */
static bool details_plausible(const char *text, size_t len)
{
    char value[NOTE_MAX + 1];
    struct fields f;

    fields_begin(&f, (const uint8_t *)text, len);
    fields_text(&f, "by", value, BY_MAX);
    if (fields_has(&f, "note")) {
        size_t note_len;
        const char *note = fields_string(&f, "note", &note_len);

        if (note != NULL && note_len > NOTE_MAX)
            fields_object(&f, "note", "");
    }
    fields_text(&f, "salt", value, SALT_MAX);
    return fields_end(&f);
}

/* Keeps the details' text exactly as it was sent: its hash is what was signed. */
static void take_details(struct fields *f, struct vault_receipt *in)
{
    const char *text;
    size_t len;

    if (!fields_has(f, "details"))
        return;
    text = fields_string(f, "details", &len);
    if (text == NULL)
        return;
    if (len > RECEIPT_DETAILS_MAX || !details_plausible(text, len)) {
        fields_object(
            f, "details",
            "details is a string that holds the text of a JSON object with by (200 bytes), "
            "note (1000) and salt (64), each a string and optional. Nothing was changed.");
        return;
    }
    in->details = secret_heap_alloc(len);
    if (in->details == NULL) {
        fields_short_of_memory(f);
        return;
    }
    memcpy(in->details, text, len);
    in->details_len = len;
    in->has_details = true;
}

void receipts_post(struct request *r)
{
    struct vault_receipt *in = &r->job.in.receipt;
    struct fields f;
    struct access who;

    if (access_for(r, ACCESS_REDEEM, &who) != 0)
        return;
    r->job.op = VAULT_RECEIPT;
    fields_begin(&f, r->body, r->body_len);
    take_outcome(&f, in);
    in->at = fields_integer(&f, "at", 0, INT64_MAX / 2);
    take_details(&f, in);
    fields_bytes(&f, "signature", in->signature, sizeof(in->signature));
    in->has_claimant = fields_has(&f, "claimant");
    if (in->has_claimant)
        fields_bytes(&f, "claimant", in->claimant, sizeof(in->claimant));
    if (!fields_end(&f)) {
        request_problem(r, &f.problem);
        return;
    }
    request_post(r);
}

void receipts_post_done(struct request *r)
{
    const struct vault_result *result = &r->job.result;
    const unsigned status = result->answer == ANSWER_OK ? MHD_HTTP_CREATED : MHD_HTTP_OK;
    char *buffer = NULL;
    struct text proof;

    /* A proof that cannot be given does not take the receipt back: it can be asked for later. */
    if (result->event >= 0)
        buffer = malloc(CHECKPOINT_PROOF_MAX);
    if (buffer != NULL)
        proof = text_into(buffer, CHECKPOINT_PROOF_MAX);
    if (buffer != NULL && vault_proof(r->service->vault, result->event, -1, &proof) == ANSWER_OK)
        endpoints_reply_state(r, status, &proof);
    else
        endpoints_reply_state(r, status, NULL);
    free(buffer);
}
