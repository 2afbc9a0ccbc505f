#include "vault/prepare.h"

#include "vault/protocol/envelope.h"
#include "vault/protocol/keys.h"
#include "vault/protocol/secret.h"
#include "vault/protocol/sha256.h"
#include "vault/token.h"

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
    return 0;
}

size_t prepare_statement(char out[RECEIPT_STATEMENT_MAX], const struct vault_job *job,
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
    return 0;
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
        return 0;
    case VAULT_OPENED:
        keys_hash(job->own.hash[0], job->in.opened.opened_token);
        keys_hash(job->own.hash[1], job->in.opened.claimant);
        return 0;
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
