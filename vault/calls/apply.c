#include "vault/calls/apply.h"

#include "vault/calls/prepare.h"
#include "vault/log/record.h"
#include "vault/protocol/encoding/secret.h"

#include <sodium.h>
#include <string.h>

static bool same(const uint8_t a[32], const uint8_t b[32])
{
    return sodium_memcmp(a, b, 32) == 0;
}

/* ---- effects ---- */

/* Reads and unseals the envelope into the job's result. Returns 0, -1 when the store failed, or
   STORE_NONE when the bytes there are not what was put there. */
static int hand_out(struct change *c)
{
    const struct store_handoff *h = &c->h;
    uint8_t *sealed = secret_heap_alloc(h->sealed_len);
    uint8_t *envelope = secret_heap_alloc(h->sealed_len);
    int rc = STORE_NONE;

    if (sealed == NULL || envelope == NULL)
        goto done;
    rc = store_envelope(c->l->store, h, sealed);
    if (rc != 0)
        goto done;
    rc = STORE_NONE;
    if (keyring_unseal(c->l->keyring, h->key_id, KEYRING_ENVELOPES, h->id, sizeof(h->id), sealed,
                       h->sealed_len, envelope) != 0)
        goto done;
    c->job->result.envelope = envelope;
    c->job->result.envelope_len = h->sealed_len - KEYRING_OVERHEAD;
    envelope = NULL;
    rc = 0;
done:
    secret_heap_free(sealed);
    secret_heap_free(envelope);
    return rc;
}

static int count_try(struct change *c, const struct lifecycle_call *call,
                     const struct lifecycle_verdict *v)
{
    const struct store_tries tries = {.tries = call->address_tries + 1, .tried_at = call->now};
    const unsigned count = alarm_hit(&c->h.wrong, call->now);

    c->touched = true;
    if (store_set_tries(c->l->store, c->h.id, c->job->own.address_tag, &tries) != 0)
        return -1;
    return count == 0 ? 0 : record_wrong_code(c, v->tries_left, count, c->job);
}

static int count_refused(struct change *c, const struct lifecycle_call *call)
{
    const unsigned count = alarm_hit(&c->h.refused, call->now);

    c->touched = true;
    return count == 0 ? 0 : record_refused(c, call->claimant_shown, count, c->job);
}

static int take(struct change *c)
{
    memcpy(c->h.claimant_hash, c->job->own.hash[1], sizeof(c->h.claimant_hash));
    if (record_claimed(c) != 0)
        return -1;
    c->h.claimed_n = c->h.last_n;
    return 0;
}

static int burn(struct change *c, enum lifecycle_cause cause)
{
    /* One that came out of a backup has no slot. */
    if (c->h.slot != 0 && store_burn(c->l->store, &c->h) != 0)
        return -1;
    c->l->burned = true;
    return record_burned(c, cause);
}

/* Does what a verdict says, in the order of its effects; the envelope is fetched before anything
   else, so that a handoff whose bytes are damaged is not taken. Returns as hand_out does. */
static int carry_out(struct change *c, const struct lifecycle_call *call,
                     const struct lifecycle_verdict *v)
{
    const unsigned effects = v->effects;
    int rc = 0;

    if (effects & LIFECYCLE_HAND_OUT)
        rc = hand_out(c);
    if (rc != 0)
        return rc;
    c->first = -1;
    c->h.facts = lifecycle_apply(&c->h.facts, call, v);
    if (effects & ~(unsigned)LIFECYCLE_HAND_OUT)
        c->touched = true;

    if (effects & LIFECYCLE_COUNT_TRY)
        rc = count_try(c, call, v);
    if (rc == 0 && effects & LIFECYCLE_COUNT_REFUSED)
        rc = count_refused(c, call);
    if (rc == 0 && effects & LIFECYCLE_TAKE)
        rc = take(c);
    if (rc == 0 && effects & LIFECYCLE_RECORD_OPENED)
        rc = record_opened(c, v->late);
    if (rc == 0 && effects & LIFECYCLE_RECORD_LAPSED)
        rc = record_lapsed(c, v->cause);
    if (rc == 0 && effects & LIFECYCLE_KEEP_RECEIPT)
        rc = record_receipt(c, call->claimant_shown);
    if (rc == 0 && effects & LIFECYCLE_BURN)
        rc = burn(c, v->cause);
    if (rc == 0 && effects & LIFECYCLE_MARK_REVOKED)
        c->h.revoked_n = c->first;
    return rc;
}

/* Lets happen what nobody called for. */
static int pass(struct change *c, enum lifecycle_op op)
{
    const struct lifecycle_call call = {.op = op, .now = c->l->now};
    const struct lifecycle_verdict v = lifecycle_decide(&c->h.facts, &call);
    struct vault_job *job = c->job;
    int rc;

    c->job = NULL; /* time did it, whoever called */
    rc = carry_out(c, &call, &v);
    c->job = job;
    if (job != NULL && c->touched)
        job->own.appended = c->h.last_n;
    return rc;
}

/* What is due by now. */
static int pass_time(struct change *c)
{
    return pass(c, LIFECYCLE_TIME);
}

static int write_back(struct change *c)
{
    return c->touched ? store_update(c->l->store, &c->h) : 0;
}

/* ---- calls ---- */

static int describe_claim(struct change *c, struct lifecycle_call *call)
{
    const struct vault_job *job = c->job;
    struct store_tries tries = {0};

    call->op = LIFECYCLE_CLAIM;
    call->proof = same(job->own.hash[0], c->h.claim_hash);
    call->claimant_shown = c->h.facts.claimed_at != 0 && same(job->own.hash[1], c->h.claimant_hash);
    call->link_shown = !job->in.claim.has_link_token;
    if (!c->h.facts.code)
        return 0;
    call->link_shown = job->in.claim.has_link_token && same(job->own.hash[2], c->h.link_hash);
    if (call->link_shown && store_tries(c->l->store, c->h.id, job->own.address_tag, &tries) != 0)
        return -1;
    call->address_tries = tries.tries;
    call->address_tried_at = tries.tried_at;
    return 0;
}

static void describe_opened(const struct change *c, struct lifecycle_call *call)
{
    call->op = LIFECYCLE_OPEN;
    call->proof = same(c->job->own.hash[0], c->h.opened_hash);
    call->claimant_shown =
        c->h.facts.claimed_at != 0 && same(c->job->own.hash[1], c->h.claimant_hash);
}

static int describe_receipt(struct change *c, struct lifecycle_call *call)
{
    struct vault_job *job = c->job;
    const struct vault_receipt *in = &job->in.receipt;
    const bool claimed = c->h.facts.claimed_at != 0;
    int rc;

    call->op = LIFECYCLE_RECEIPT;
    call->outcome = in->outcome;
    call->at = in->at;
    call->claimant_shown =
        claimed && in->has_claimant && same(job->own.hash[1], c->h.claimant_hash);
    /* A claimant that is shown must be the right one: nobody is quietly taken for somebody less. */
    call->proof = job->own.proof && (!claimed || !in->has_claimant || call->claimant_shown);
    if (!call->proof)
        return 0;
    rc = store_receipt(c->l->store, c->h.id, job->own.hash[0], &job->result.event);
    call->repeated = rc == 0;
    return rc < 0 ? -1 : 0;
}

static int describe(struct change *c, struct lifecycle_call *call)
{
    *call = (struct lifecycle_call){.now = c->l->now};
    switch (c->job->op) {
    case VAULT_CLAIM:
        return describe_claim(c, call);
    case VAULT_OPENED:
        describe_opened(c, call);
        return 0;
    case VAULT_RECEIPT:
        return describe_receipt(c, call);
    case VAULT_REVOKE:
        call->op = LIFECYCLE_REVOKE;
        call->proof = same(c->job->own.hash[0], c->h.manage_hash);
        return 0;
    case VAULT_SUBMIT:
    case VAULT_PROBE:
        break;
    }
    return 0;
}

/* The event that an accepted call's answer names. A receipt's is set where it is kept or found. */
static int64_t event_of(const struct change *c)
{
    switch (c->job->op) {
    case VAULT_SUBMIT:
        return c->h.created_n;
    case VAULT_CLAIM:
        return c->h.claimed_n;
    case VAULT_OPENED:
        return c->h.opened_n;
    case VAULT_REVOKE:
        return c->h.revoked_n;
    case VAULT_RECEIPT:
    case VAULT_PROBE:
        break;
    }
    return c->job->result.event;
}

static void fill_result(const struct change *c, const struct lifecycle_verdict *v)
{
    struct vault_result *r = &c->job->result;

    r->answer = v->answer;
    r->state = c->h.facts.state;
    r->at = v->at;
    r->tries_left = v->tries_left;
    r->retry_after_s = v->retry_after_s;
    r->lease_until = c->h.facts.lease_until;
    r->created_at = c->h.created_at;
    r->expires_at = c->h.facts.expires_at;
    r->event = v->answer == ANSWER_OK || v->answer == ANSWER_REPEATED ? event_of(c) : -1;
}

static int call_handoff(struct change *c)
{
    struct lifecycle_call call;
    struct lifecycle_verdict v;
    int rc;

    if (pass_time(c) != 0 || describe(c, &call) != 0)
        return -1;
    v = lifecycle_decide(&c->h.facts, &call);
    rc = carry_out(c, &call, &v);
    if (rc < 0)
        return -1;
    if (rc == STORE_NONE) {
        c->job->result.answer = ANSWER_UNAVAILABLE;
        return write_back(c);
    }
    fill_result(c, &v);
    return write_back(c);
}

static void fill_handoff(struct change *c)
{
    const struct vault_job *job = c->job;
    const struct vault_submission *in = &job->in.submit;
    struct store_handoff *h = &c->h;

    *h = (struct store_handoff){.created_at = c->l->now,
                                .shown_label = in->texts[VAULT_SHOWN_LABEL][0] != '\0',
                                .has_recipient = in->texts[VAULT_RECIPIENT][0] != '\0',
                                .has_payer = in->payer[0] != '\0',
                                .key_id = job->own.key_id,
                                .sealed_len = (uint32_t)job->own.sealed_len,
                                .created_n = c->l->head.next,
                                .claimed_n = -1,
                                .opened_n = -1,
                                .revoked_n = -1,
                                .last_n = -1};
    h->facts = (struct lifecycle_facts){.state = LIFECYCLE_AVAILABLE,
                                        .code = in->code,
                                        .burn_on_claim = in->burn_on_claim,
                                        .expires_at = c->l->now + in->expires_in_s,
                                        .lease_s = in->lease_s,
                                        .changed_at = c->l->now};
    memcpy(h->id, job->id, sizeof(h->id));
    memcpy(h->claim_hash, in->claim_hash, 32);
    memcpy(h->opened_hash, in->opened_hash, 32);
    memcpy(h->receipt_key, in->receipt_key, 32);
    memcpy(h->manage_hash, in->manage_hash, 32);
    memcpy(h->link_hash, in->link_hash, 32);
    memcpy(h->body_hash, job->own.hash[0], 32);
    memcpy(h->envelope_hash, job->own.hash[1], 32);
    memcpy(h->recipient_tag, job->own.recipient_tag, sizeof(h->recipient_tag));
    memcpy(h->payer, job->own.payer_tag, sizeof(h->payer));
}

static bool fits(const struct store_charge *c, size_t more, uint64_t live_max, uint64_t bytes_max)
{
    return (live_max == 0 || (uint64_t)c->live < live_max) &&
           (bytes_max == 0 || (uint64_t)c->bytes + more <= bytes_max);
}

/* Whether there is room for one more, in all and at its payer's charge. Returns 1, 0 or -1. */
static int has_room(struct ledger *l, const struct vault_job *job)
{
    const struct vault_submission *in = &job->in.submit;
    struct store_charge all, own = {0};

    if (store_charge(l->store, NULL, &all) != 0 ||
        (in->payer[0] != '\0' && store_charge(l->store, job->own.payer_tag, &own) != 0))
        return -1;
    return fits(&all, in->envelope_len, l->live_max, l->live_bytes_max) &&
           fits(&own, in->envelope_len, in->payer_live_max, in->payer_bytes_max);
}

static int submit(struct change *c, bool exists)
{
    struct lifecycle_verdict v = {.answer = ANSWER_REPEATED};
    int room;

    if (exists) {
        if (pass_time(c) != 0)
            return -1;
        if (!same(c->job->own.hash[0], c->h.body_hash))
            v.answer = ANSWER_CONFLICT;
        fill_result(c, &v);
        return write_back(c);
    }
    room = has_room(c->l, c->job);
    if (room <= 0) {
        c->job->result.answer = ANSWER_QUOTA;
        return room;
    }
    /* Sealed before the current key was there, it would be left behind by the rotation. */
    if (c->job->own.key_id != keyring_current(c->l->keyring))
        prepare_seal(c->job, c->l->keyring);
    v.answer = ANSWER_OK;
    fill_handoff(c);
    if (record_created(c, &c->job->in.submit) != 0)
        return -1;
    fill_result(c, &v);
    return store_insert(c->l->store, &c->h, c->job->own.sealed);
}

static int probe(struct ledger *l, struct vault_job *job)
{
    uint8_t value[32] = {0};

    memcpy(value, &l->now, sizeof(l->now));
    job->result.answer = ANSWER_OK;
    return store_set_value(l->store, "probe", value, sizeof(value));
}

/* A repeat is answered with the event that recorded the first. */
static int recall_line(struct ledger *l, struct vault_job *job)
{
    struct store_event e;

    if (job->result.event < 0 || job->op == VAULT_CLAIM ||
        (job->result.line != NULL && job->own.line_n == job->result.event))
        return 0;
    return store_event(l->store, job->result.event, &e) == 0
               ? record_give_line(job, e.n, e.line, e.line_len)
               : -1;
}

int apply_job(struct ledger *l, struct vault_job *job)
{
    struct change c = {.l = l, .job = job, .first = -1};
    int rc;

    job->result.event = -1;
    if (job->op == VAULT_PROBE)
        return probe(l, job);
    rc = store_find(l->store, job->id, &c.h);
    if (rc < 0)
        return -1;
    if (rc == STORE_NONE && job->op != VAULT_SUBMIT) {
        job->result.answer = ANSWER_NOT_FOUND;
        return 0;
    }
    rc = job->op == VAULT_SUBMIT ? submit(&c, rc == 0) : call_handoff(&c);
    return rc == 0 ? recall_line(l, job) : rc;
}

static int flush_alarms(struct change *c)
{
    const unsigned refused = alarm_flush(&c->h.refused, c->l->now);
    const unsigned wrong = alarm_flush(&c->h.wrong, c->l->now);

    if (refused > 0 && record_refused(c, false, refused, NULL) != 0)
        return -1;
    if (wrong > 0 && record_wrong_code(c, 0, wrong, NULL) != 0)
        return -1;
    return 0;
}

int apply_due(struct ledger *l, const uint8_t id[16])
{
    struct change c = {.l = l, .first = -1};
    int rc = store_find(l->store, id, &c.h);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (pass_time(&c) != 0 || flush_alarms(&c) != 0)
        return -1;
    return write_back(&c);
}

int apply_restore(struct ledger *l, const struct store_handoff *h)
{
    struct change c = {.l = l, .first = -1, .h = *h};

    return pass(&c, LIFECYCLE_RESTORE) == 0 ? write_back(&c) : -1;
}
