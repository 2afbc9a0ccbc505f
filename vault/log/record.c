#include "vault/log/record.h"

#include <stdlib.h>
#include <string.h>

static void member(struct ledger *l, const char *name)
{
    text_add(&l->text, ",\"");
    text_add(&l->text, name);
    text_add(&l->text, "\":");
}

static void member_text(struct ledger *l, const char *name, const char *value)
{
    member(l, name);
    text_json_string(&l->text, value, strlen(value));
}

static void member_base64url(struct ledger *l, const char *name, const uint8_t value[32])
{
    member(l, name);
    text_add(&l->text, "\"");
    text_base64url(&l->text, value, 32);
    text_add(&l->text, "\"");
}

static void member_i64(struct ledger *l, const char *name, int64_t value)
{
    member(l, name);
    text_i64(&l->text, value);
}

static void member_bool(struct ledger *l, const char *name, bool value)
{
    member(l, name);
    text_add(&l->text, value ? "true" : "false");
}

/* Finishes the event of a call with the details that were prepared for it. */
static void details_of(struct ledger *l, const struct vault_job *job)
{
    if (job != NULL)
        ledger_details(l, &job->own.details);
}

int record_give_line(struct vault_job *job, int64_t n, const char *line, size_t len)
{
    char *copy = malloc(len);

    if (copy == NULL)
        return -1;
    memcpy(copy, line, len);
    free(job->result.line);
    job->result.line = copy;
    job->result.line_len = len;
    job->own.line_n = n;
    return 0;
}

/* The first event that a call brings about is the one that its answer tells of. */
static int append(struct change *c)
{
    const int64_t n = ledger_end(c->l, c->h.last_n);

    if (n < 0)
        return -1;
    if (c->first < 0 && c->job != NULL && c->job->op != VAULT_CLAIM &&
        record_give_line(c->job, n, c->l->text.data, c->l->text.len) != 0)
        return -1;
    c->h.last_n = n;
    c->touched = true;
    if (c->first < 0)
        c->first = n;
    if (c->job != NULL)
        c->job->own.appended = n;
    return 0;
}

int record_created(struct change *c, const struct vault_submission *in)
{
    struct ledger *l = c->l;

    ledger_begin(l, VAULT_KIND_CREATED, c->h.id);
    member_base64url(l, "envelope_hash", c->h.envelope_hash);
    member_i64(l, "size", (int64_t)in->envelope_len);
    member_bool(l, "code", in->code);
    member_i64(l, "expires_at", c->h.facts.expires_at);
    member_i64(l, "lease", c->h.facts.lease_s);
    member_text(l, "burn", in->burn_on_claim ? "on-claim" : "on-opened");
    details_of(l, c->job);
    return append(c);
}

int record_claimed(struct change *c)
{
    ledger_begin(c->l, VAULT_KIND_ACCEPTED, c->h.id);
    member_base64url(c->l, "claimant_hash", c->h.claimant_hash);
    member_i64(c->l, "lease_until", c->h.facts.lease_until);
    details_of(c->l, c->job);
    return append(c);
}

int record_refused(struct change *c, bool claimant, unsigned count, const struct vault_job *job)
{
    ledger_begin(c->l, VAULT_KIND_REFUSED, c->h.id);
    member_text(c->l, "state", lifecycle_state_name(c->h.facts.state));
    member_bool(c->l, "claimant", claimant);
    member_i64(c->l, "count", count);
    details_of(c->l, job);
    return append(c);
}

int record_wrong_code(struct change *c, unsigned tries_left, unsigned count,
                      const struct vault_job *job)
{
    ledger_begin(c->l, VAULT_KIND_WRONG_CODE, c->h.id);
    member_i64(c->l, "tries_left", tries_left);
    member_i64(c->l, "count", count);
    details_of(c->l, job);
    return append(c);
}

int record_opened(struct change *c, bool late)
{
    ledger_begin(c->l, VAULT_KIND_OPENED, c->h.id);
    member_base64url(c->l, "opened_token", c->job->in.opened.opened_token);
    member_bool(c->l, "late", late);
    details_of(c->l, c->job);
    if (append(c) != 0)
        return -1;
    c->h.opened_n = c->h.last_n;
    return 0;
}

int record_lapsed(struct change *c, enum lifecycle_cause cause)
{
    ledger_begin(c->l, VAULT_KIND_LAPSED, c->h.id);
    member_text(c->l, "cause",
                cause == LIFECYCLE_CAUSE_LAPSED ? "lease-over" : lifecycle_cause_name(cause));
    return append(c);
}

int record_burned(struct change *c, enum lifecycle_cause cause)
{
    ledger_begin(c->l, VAULT_KIND_BURNED, c->h.id);
    member_text(c->l, "cause", lifecycle_cause_name(cause));
    c->l->causes[cause]++;
    return append(c);
}

int record_receipt(struct change *c, bool claimant)
{
    const struct vault_receipt *in = &c->job->in.receipt;

    ledger_begin(c->l,
                 in->outcome == RECEIPT_CONFIRMED ? VAULT_KIND_CONFIRMED : VAULT_KIND_REJECTED,
                 c->h.id);
    member_i64(c->l, "at", in->at);
    member_bool(c->l, "claimant", claimant);
    details_of(c->l, c->job);
    if (append(c) != 0)
        return -1;
    c->job->result.event = c->h.last_n;
    return store_add_receipt(c->l->store, c->h.id, c->job->own.hash[0], c->h.last_n);
}

int record_vault_opened(struct ledger *l)
{
    ledger_begin(l, VAULT_KIND_VAULT_OPENED, NULL);
    member_text(l, "version", HANDOFF_VERSION);
    return ledger_end(l, -1) < 0 ? -1 : 0;
}

int record_token_added(struct ledger *l, const struct vault_token *t)
{
    ledger_begin(l, VAULT_KIND_TOKEN_ADDED, NULL);
    member_text(l, "role", role_name(t->role));
    member_i64(l, "expires_at", t->expires_at);
    ledger_detail(l, "name", t->name, strlen(t->name));
    ledger_detail(l, "team", t->team, strlen(t->team));
    return ledger_end(l, -1) < 0 ? -1 : 0;
}

int record_token_revoked(struct ledger *l, const struct vault_token *t)
{
    ledger_begin(l, VAULT_KIND_TOKEN_REVOKED, NULL);
    member_text(l, "role", role_name(t->role));
    ledger_detail(l, "name", t->name, strlen(t->name));
    return ledger_end(l, -1) < 0 ? -1 : 0;
}

int record_key_rotated(struct ledger *l, uint32_t from, uint32_t to)
{
    ledger_begin(l, VAULT_KIND_KEY_ROTATED, NULL);
    member_i64(l, "from", from);
    member_i64(l, "to", to);
    return ledger_end(l, -1) < 0 ? -1 : 0;
}

int record_backed_up(struct ledger *l)
{
    ledger_begin(l, VAULT_KIND_BACKED_UP, NULL);
    return ledger_end(l, -1) < 0 ? -1 : 0;
}

int record_restored(struct ledger *l, int64_t burned)
{
    ledger_begin(l, VAULT_KIND_RESTORED, NULL);
    member_i64(l, "burned", burned);
    return ledger_end(l, -1) < 0 ? -1 : 0;
}

int record_log_key_rotated(struct ledger *l, const char *from, const char *to, bool lost)
{
    ledger_begin(l, VAULT_KIND_LOG_KEY_ROTATED, NULL);
    member_text(l, "from", from);
    member_text(l, "to", to);
    member_bool(l, "lost", lost);
    return ledger_end(l, -1) < 0 ? -1 : 0;
}

int record_erased(struct ledger *l, struct store_handoff *h, int64_t events)
{
    int64_t n;

    ledger_begin(l, VAULT_KIND_ERASED, h->id);
    member_text(l, "cause", "request");
    member_i64(l, "events", events);
    n = ledger_end(l, h->last_n);
    if (n < 0)
        return -1;
    h->last_n = n;
    return store_update(l->store, h);
}

int record_erased_old(struct ledger *l, int64_t events, int64_t before)
{
    ledger_begin(l, VAULT_KIND_ERASED, NULL);
    member_text(l, "cause", "age");
    member_i64(l, "events", events);
    member_i64(l, "before", before);
    return ledger_end(l, -1) < 0 ? -1 : 0;
}
