/* What can be read from the vault, on the caller's thread. */
#include "vault/inside.h"
#include "vault/log/ledger.h"
#include "vault/log/token.h"
#include "vault/protocol/handoff/keys.h"
#include "vault/vault.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static enum answer found(int rc)
{
    return rc == 0 ? ANSWER_OK : rc == STORE_NONE ? ANSWER_NOT_FOUND : ANSWER_UNAVAILABLE;
}

/* What a handoff is by now, before anyone has written it down. */
static struct lifecycle_facts facts_now(struct vault *v, const struct store_handoff *h)
{
    const struct lifecycle_call call = {.op = LIFECYCLE_TIME, .now = vault_now(v)};
    const struct lifecycle_verdict verdict = lifecycle_decide(&h->facts, &call);
    struct lifecycle_facts f = lifecycle_apply(&h->facts, &call, &verdict);

    f.cause = h->facts.cause; /* the bytes are there until the sweeper has come by */
    if (f.state != h->facts.state)
        f.changed_at = lifecycle_due_at(&h->facts);
    return f;
}

/* Where one of an event's details is to go as text. */
struct text_wanted {
    const char *field;
    char *out;
    size_t size;
};

/* Copies those of an event's details that are wanted; leaves empty what is not there (any more). */
static int copy_details(struct vault *v, struct store *store, int64_t n,
                        const struct text_wanted *wanted, size_t wanted_len)
{
    struct vault_detail details[VAULT_DETAILS_PER_EVENT];
    uint8_t buffer[LEDGER_DETAILS_BYTES];
    struct store_event e;
    int count = -1;

    if (store_view_begin(store) != 0)
        return -1;
    if (store_event(store, n, &e) == 0)
        count = ledger_open_details(v->keyring, &e, buffer, details, VAULT_DETAILS_PER_EVENT);
    store_view_end(store);
    for (int i = 0; i < count; i++)
        for (size_t w = 0; w < wanted_len; w++)
            if (strcmp(details[i].field, wanted[w].field) == 0 &&
                details[i].value_len < wanted[w].size) {
                memcpy(wanted[w].out, details[i].value, details[i].value_len);
                wanted[w].out[details[i].value_len] = '\0';
            }
    sodium_memzero(buffer, sizeof(buffer));
    return count < 0 ? -1 : 0;
}

/* All of a view but the shown label. */
static void fill_view(struct vault *v, const struct store_handoff *h, struct vault_view *out)
{
    const struct lifecycle_facts f = facts_now(v, h);

    *out = (struct vault_view){.state = f.state,
                               .burned = f.cause != LIFECYCLE_CAUSE_NONE,
                               .code = f.code,
                               .created_at = h->created_at,
                               .expires_at = f.expires_at,
                               .changed_at = f.changed_at,
                               .lease_until = f.lease_until};
    memcpy(out->envelope_hash, h->envelope_hash, sizeof(out->envelope_hash));
}

enum answer vault_read(struct vault *v, const uint8_t id[16], struct vault_view *out)
{
    struct store *store = readers_take(v->readers);
    const struct text_wanted wanted[] = {
        {vault_text_names[VAULT_SHOWN_LABEL], out->shown_label, sizeof(out->shown_label)}};
    struct store_handoff h;
    int rc = store_find(store, id, &h);

    memset(out, 0, sizeof(*out));
    if (rc == 0) {
        fill_view(v, &h, out);
        if (h.shown_label)
            rc = copy_details(v, store, h.created_n, wanted, 1);
    }
    readers_give(v->readers, store);
    return found(rc);
}

enum answer vault_check_manage_key(struct vault *v, const uint8_t id[16],
                                   const uint8_t manage_key[32])
{
    struct store_handoff h;
    uint8_t hash[32];
    const int rc = readers_find(v->readers, id, &h);

    if (rc != 0)
        return found(rc);
    keys_hash(hash, manage_key);
    return sodium_memcmp(hash, h.manage_hash, sizeof(hash)) == 0 ? ANSWER_OK : ANSWER_FORBIDDEN;
}

/* Whether a detail may be shown by now: opened hash and receipt key not before their first use. */
static bool disclosed(const struct store_handoff *h, const struct vault_detail *d)
{
    if (strcmp(d->field, "opened_hash") == 0)
        return h->facts.opened;
    if (strcmp(d->field, "receipt_key") == 0)
        return h->facts.receipts > 0;
    return true;
}

/* Gives one event to each. Returns 1 to go on, 0 to stop, -1 when the store failed. */
static int show_event(struct vault *v, struct store *store, const struct store_handoff *h,
                      int64_t n, bool (*each)(void *ctx, const struct vault_event *event),
                      void *ctx)
{
    struct vault_detail details[VAULT_DETAILS_PER_EVENT];
    uint8_t buffer[LEDGER_DETAILS_BYTES];
    struct vault_event event = {.index = n, .details = details};
    struct store_event e;
    int count, rc = -1;

    if (store_event(store, n, &e) != 0)
        return -1;
    count = ledger_open_details(v->keyring, &e, buffer, details, VAULT_DETAILS_PER_EVENT);
    if (count >= 0) {
        event.line = e.line;
        event.line_len = e.line_len;
        for (int i = 0; i < count; i++)
            if (disclosed(h, &details[i]))
                details[event.details_len++] = details[i];
        rc = each(ctx, &event) ? 1 : 0;
    }
    sodium_memzero(buffer, sizeof(buffer));
    return rc;
}

/* Collects the indices above after, newest first, of the handoff's chain of events, and keeps the
   oldest limit of them in ring. Returns how many there were in all, or -1. */
static int64_t collect(struct store *store, int64_t last, int64_t after, int64_t *ring,
                       unsigned limit)
{
    int64_t count = 0;

    for (int64_t n = last; n > after; count++) {
        ring[count % limit] = n;
        if (store_event_prev(store, n, &n) != 0)
            return -1;
    }
    return count;
}

enum answer vault_events(struct vault *v, const uint8_t id[16], int64_t after, unsigned limit,
                         bool (*each)(void *ctx, const struct vault_event *event), void *ctx,
                         struct vault_timeline *out)
{
    struct store *store = readers_take(v->readers);
    int64_t *ring = calloc(limit > 0 ? limit : 1, sizeof(*ring));
    enum answer answer = ANSWER_UNAVAILABLE;
    struct store_handoff h;
    int64_t count, shown;
    int rc;

    out->next = after;
    if (ring == NULL || store_view_begin(store) != 0)
        goto done;
    rc = store_find(store, id, &h);
    answer = found(rc);
    if (rc != 0)
        goto end_view;
    out->state = facts_now(v, &h).state;
    count = limit > 0 ? collect(store, h.last_n, after, ring, limit) : 0;
    if (count < 0)
        answer = ANSWER_UNAVAILABLE;
    shown = count < limit ? count : limit;
    for (int64_t i = 1; i <= shown; i++) {
        const int64_t n = ring[(count - i) % limit];

        rc = show_event(v, store, &h, n, each, ctx);
        if (rc < 0)
            answer = ANSWER_UNAVAILABLE;
        if (rc <= 0)
            break;
        out->next = n;
    }
end_view:
    store_view_end(store);
done:
    free(ring);
    readers_give(v->readers, store);
    return answer;
}

enum answer vault_check_team(struct vault *v, const uint8_t id[16], const char *team)
{
    struct store_handoff h;
    uint8_t tag[16];
    const int rc = readers_find(v->readers, id, &h);

    if (rc != 0)
        return found(rc);
    token_team_tag(v->keyring, team, tag);
    return h.has_recipient && sodium_memcmp(tag, h.recipient_tag, sizeof(tag)) == 0
               ? ANSWER_OK
               : ANSWER_FORBIDDEN;
}

enum answer vault_token(struct vault *v, enum vault_role role, const uint8_t token[32],
                        struct vault_token *out)
{
    struct store *store = readers_take(v->readers);
    struct store_token t;
    uint8_t hash[32];
    int rc;

    keys_hash(hash, token);
    rc = store_token(store, hash, NULL, &t);
    readers_give(v->readers, store);
    if (rc != 0)
        return found(rc);
    if (token_open(v->keyring, &t, out) != 0)
        return ANSWER_UNAVAILABLE;
    return out->role == role ? ANSWER_OK : ANSWER_NOT_FOUND;
}

/* ---- listing ---- */

enum { LIST_ROWS = 64 };

static bool matches(const struct vault_filter *f, const struct store_handoff *h,
                    enum lifecycle_state state)
{
    return (f->state < 0 || (int)state == f->state) && (f->until == 0 || h->created_at < f->until);
}

static int fill_row(struct vault *v, struct store *store, const struct store_handoff *h,
                    struct vault_row *row)
{
    const struct text_wanted wanted[] = {
        {vault_text_names[VAULT_LABEL], row->label, sizeof(row->label)},
        {vault_text_names[VAULT_SHOWN_LABEL], row->view.shown_label, sizeof(row->view.shown_label)},
        {vault_text_names[VAULT_RECIPIENT], row->recipient, sizeof(row->recipient)},
        {vault_text_names[VAULT_REF], row->ref, sizeof(row->ref)},
        {"token", row->token, sizeof(row->token)}};

    memset(row, 0, sizeof(*row));
    fill_view(v, h, &row->view);
    memcpy(row->id, h->id, sizeof(row->id));
    row->event = h->created_n;
    row->refused = h->refused.events + h->refused.pending;
    row->wrong = h->facts.tries;
    return copy_details(v, store, h->created_n, wanted, sizeof(wanted) / sizeof(wanted[0]));
}

/* How a listing goes on. */
struct listing {
    unsigned given, examined;
    bool over; /* what comes is older than what is wanted */
};

/* Gives the rows of one portion. Returns 0 or -1. */
static int list_some(struct vault *v, struct store *store, const struct vault_filter *filter,
                     struct store_list *q, struct listing *l,
                     void (*each)(void *ctx, const struct vault_row *row), void *ctx)
{
    struct store_handoff handoffs[LIST_ROWS];
    struct vault_row row;
    size_t count;

    if (store_list(store, q, handoffs, &count) != 0)
        return -1;
    for (size_t i = 0; i < count && l->given < filter->limit && !l->over; i++) {
        const struct store_handoff *h = &handoffs[i];

        if (h->created_at < filter->since) {
            l->over = true;
            break;
        }
        q->before = h->created_n;
        l->examined++;
        if (!matches(filter, h, facts_now(v, h).state))
            continue;
        if (fill_row(v, store, h, &row) != 0)
            return -1;
        each(ctx, &row);
        l->given++;
    }
    l->over |= count < q->max && l->given < filter->limit;
    return 0;
}

enum answer vault_list(struct vault *v, const struct vault_filter *filter,
                       void (*each)(void *ctx, const struct vault_row *row), void *ctx,
                       int64_t *next)
{
    struct store *store = readers_take(v->readers);
    struct store_list q = {.before = filter->before >= 0 ? filter->before : INT64_MAX,
                           .max = LIST_ROWS};
    struct listing l = {0};
    uint8_t tag[16];
    int rc = 0;

    if (filter->recipient != NULL) {
        token_team_tag(v->keyring, filter->recipient, tag);
        q.recipient_tag = tag;
    }
    while (rc == 0 && !l.over && l.given < filter->limit && l.examined < VAULT_LIST_EXAMINED)
        rc = list_some(v, store, filter, &q, &l, each, ctx);
    readers_give(v->readers, store);
    *next = l.over ? -1 : q.before;
    return rc == 0 ? ANSWER_OK : ANSWER_UNAVAILABLE;
}

/* ---- figures ---- */

enum { DUE_MAX = 1000 };

int vault_stats(struct vault *v, struct vault_stats *out)
{
    struct store *store = readers_take(v->readers);
    struct store_head head = {0};
    struct store_charge all = {0};
    uint64_t due = 0;
    int rc = 0;

    if (store_head(store, &head) != 0 || store_charge(store, NULL, &all) != 0 ||
        store_count_due(store, vault_now(v), DUE_MAX, &due) != 0)
        rc = -1;
    readers_give(v->readers, store);
    stats_read(v->figures, out);
    out->queued = committer_queued(v->committer);
    out->live = (uint64_t)all.live;
    out->live_bytes = (uint64_t)all.bytes;
    out->due = due;
    out->next = (uint64_t)head.next;
    return rc;
}
