#include "vault/calls/prepare.h"

#include "vault/log/token.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/encoding/sha256.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/protocol/handoff/keys.h"

#include <sodium.h>
#include <string.h>

/* The hash by which "the same body" is recognised: of all members that a submission has. */
static void hash_body(const struct vault_job *job, uint8_t hash[32])
{
    const struct vault_submission *in = &job->in.submit;
    const uint8_t *const fixed[] = {job->own.hash[1], in->claim_hash,  in->opened_hash,
                                    in->receipt_key,  in->manage_hash, in->link_hash};
    const uint32_t numbers[] = {in->code, in->burn_on_claim, in->expires_in_s, in->lease_s};
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, 32);
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        crypto_generichash_update(&state, fixed[i], 32);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const uint8_t bytes[4] = {(uint8_t)(numbers[i] >> 24), (uint8_t)(numbers[i] >> 16),
                                  (uint8_t)(numbers[i] >> 8), (uint8_t)numbers[i]};

        crypto_generichash_update(&state, bytes, sizeof(bytes));
    }
    for (unsigned i = 0; i < VAULT_TEXTS; i++)
        crypto_generichash_update(&state, (const uint8_t *)in->texts[i], strlen(in->texts[i]) + 1);
    crypto_generichash_final(&state, hash, 32);
}

void prepare_seal(struct vault_job *job, const struct keyring *keyring)
{
    const struct vault_submission *in = &job->in.submit;

    job->own.key_id = keyring_seal(keyring, KEYRING_ENVELOPES, job->id, sizeof(job->id),
                                   in->envelope, in->envelope_len, job->own.sealed);
}

/* ---- details ---- */

/* What may stand in the details of a call's event, in this order. */
struct part {
    const char *field;
    const void *value;
    size_t len; /* 0: left out */
};

enum { PARTS_MAX = VAULT_TEXTS + 6, HASH_TEXT = ENCODING_BASE64URL_LEN(32) };

/* Adds who called: the last of every event that a call brings about. Returns how many there are. */
static size_t add_origin(struct part *parts, size_t count, const struct vault_job *job)
{
    parts[count++] = (struct part){"address", job->address, strlen(job->address)};
    parts[count++] = (struct part){"agent", job->agent, strlen(job->agent)};
    parts[count++] = (struct part){"token", job->token, strlen(job->token)};
    return count;
}

/* Commits to the parts, in one block of the job's: first the data, then the text. 0 or -1. */
static int commit(struct vault_job *job, const struct part *parts, size_t count)
{
    uint8_t salts[PARTS_MAX][COMMITMENT_SALT_BYTES];
    struct details *d = &job->own.details;
    size_t data_size = 0, text_size = 0;

    for (size_t i = 0; i < count; i++)
        if (parts[i].len > 0) {
            data_size += details_data_size(parts[i].field, parts[i].len);
            text_size += details_text_size(parts[i].field);
        }
    if (data_size == 0)
        return 0;
    *d = (struct details){.data = secret_heap_alloc(data_size + text_size), .size = data_size};
    if (d->data == NULL)
        return -1;
    d->committed = text_into((char *)d->data + data_size, text_size);
    randombytes_buf(salts, count * sizeof(salts[0]));
    for (size_t i = 0; i < count; i++)
        if (parts[i].len > 0)
            details_add(d, salts[i], parts[i].field, parts[i].value, parts[i].len);
    sodium_memzero(salts, sizeof(salts));
    return 0;
}

static int commit_origin(struct vault_job *job)
{
    struct part parts[PARTS_MAX];

    return commit(job, parts, add_origin(parts, 0, job));
}

static int commit_submission(struct vault_job *job)
{
    const struct vault_submission *in = &job->in.submit;
    char opened_hash[HASH_TEXT + 1], receipt_key[HASH_TEXT + 1];
    struct part parts[PARTS_MAX];
    size_t count = 0;

    for (unsigned i = 0; i < VAULT_TEXTS; i++)
        parts[count++] = (struct part){vault_text_names[i], in->texts[i], strlen(in->texts[i])};
    encoding_base64url(opened_hash, in->opened_hash, 32);
    encoding_base64url(receipt_key, in->receipt_key, 32);
    parts[count++] = (struct part){"opened_hash", opened_hash, HASH_TEXT};
    parts[count++] = (struct part){"receipt_key", receipt_key, HASH_TEXT};
    return commit(job, parts, add_origin(parts, count, job));
}

static int commit_receipt(struct vault_job *job, const char *statement, size_t statement_len)
{
    const struct vault_receipt *in = &job->in.receipt;
    char signature[ENCODING_BASE64URL_LEN(RECEIPT_SIGNATURE_BYTES) + 1];
    struct part parts[PARTS_MAX];
    size_t count = 0;

    encoding_base64url(signature, in->signature, sizeof(in->signature));
    parts[count++] = (struct part){"statement", statement, statement_len};
    parts[count++] = (struct part){"signature", signature, sizeof(signature) - 1};
    parts[count++] = (struct part){"details", in->details, in->has_details ? in->details_len : 0};
    return commit(job, parts, add_origin(parts, count, job));
}

/* ---- jobs ---- */

/* Hashes and tags a submission and seals its envelope for its rest. Returns 0 or -1. */
static int prepare_submission(struct vault_job *job, const struct keyring *keyring)
{
    const struct vault_submission *in = &job->in.submit;

    envelope_hash(job->own.hash[1], in->envelope, in->envelope_len);
    hash_body(job, job->own.hash[0]);
    job->own.sealed_len = in->envelope_len + KEYRING_OVERHEAD;
    job->own.sealed = secret_heap_alloc(job->own.sealed_len);
    if (job->own.sealed == NULL)
        return -1;
    prepare_seal(job, keyring);
    if (in->texts[VAULT_RECIPIENT][0] != '\0')
        token_team_tag(keyring, in->texts[VAULT_RECIPIENT], job->own.recipient_tag);
    if (in->payer[0] != '\0')
        keyring_tag(keyring, "payer:", in->payer, job->own.payer_tag);
    return commit_submission(job);
}

static size_t prepare_statement(char out[RECEIPT_STATEMENT_MAX], const struct vault_job *job,
                                const uint8_t hash[32])
{
    const struct vault_receipt *in = &job->in.receipt;
    struct receipt r = {.outcome = in->outcome,
                        .at = in->at,
                        .details = in->has_details ? in->details : NULL,
                        .details_len = in->details_len};

    memcpy(r.id, job->id, sizeof(r.id));
    memcpy(r.envelope_hash, hash, sizeof(r.envelope_hash));
    return receipt_statement(out, &r);
}

/* Verifies a receipt's signature by the key that was registered; what it needs never changes, so it
   is done here and not by the committer. Returns 0 or -1. */
static int prepare_receipt(struct vault_job *job, struct readers *readers)
{
    const struct vault_receipt *in = &job->in.receipt;
    char statement[RECEIPT_STATEMENT_MAX];
    struct store_handoff h;
    size_t len;
    int rc;

    if (in->has_claimant)
        keys_hash(job->own.hash[1], in->claimant);
    rc = readers_find(readers, job->id, &h);
    if (rc != 0)
        return rc < 0 ? -1 : 0; /* the committer answers that there is none */
    len = prepare_statement(statement, job, h.envelope_hash);
    sha256(job->own.hash[0], statement, len);
    job->own.proof = receipt_verify(in->signature, statement, len, h.receipt_key);
    return commit_receipt(job, statement, len);
}

int prepare_job(struct vault_job *job, const struct keyring *keyring, struct readers *readers)
{
    switch (job->op) {
    case VAULT_SUBMIT:
        return prepare_submission(job, keyring);
    case VAULT_CLAIM:
        keys_hash(job->own.hash[0], job->in.claim.token);
        keys_hash(job->own.hash[1], job->in.claim.claimant);
        if (job->in.claim.has_link_token) { /* only then are tries counted */
            keys_hash(job->own.hash[2], job->in.claim.link_token);
            keyring_tag(keyring, "", job->address, job->own.address_tag);
        }
        return commit_origin(job);
    case VAULT_OPENED:
        keys_hash(job->own.hash[0], job->in.opened.opened_token);
        keys_hash(job->own.hash[1], job->in.opened.claimant);
        return commit_origin(job);
    case VAULT_RECEIPT:
        return prepare_receipt(job, readers);
    case VAULT_REVOKE:
        keys_hash(job->own.hash[0], job->in.manage_key);
        return 0;
    case VAULT_PROBE:
        break;
    }
    return 0;
}
