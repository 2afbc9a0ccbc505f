#include "vault/keyring.h"
#include "vault/store/sqlite.h"

#include <string.h>

/* The columns of handoff, as the schema orders them. */
enum column {
    C_ID,
    C_CODE,
    C_BURN_ON_CLAIM,
    C_SHOWN_LABEL,
    C_CREATED_AT,
    C_EXPIRES_AT,
    C_LEASE_S,
    C_CLAIM_HASH,
    C_OPENED_HASH,
    C_RECEIPT_KEY,
    C_MANAGE_HASH,
    C_LINK_HASH,
    C_BODY_HASH,
    C_ENVELOPE_HASH,
    C_KEY_ID,
    C_SEALED_LEN,
    C_CREATED_N,
    C_STATE,
    C_CAUSE,
    C_CLAIMED_AT,
    C_LEASE_UNTIL,
    C_CHANGED_AT,
    C_DUE_AT,
    C_CLAIMANT_HASH,
    C_SLOT,
    C_CLAIMED_N,
    C_OPENED_N,
    C_REVOKED_N,
    C_LAST_N,
    C_RECEIPTS,
    C_RECEIPT_BY_CLAIMANT,
    C_TRIES,
    C_TRIED_AT,
    C_REFUSED_EVENTS,
    C_REFUSED_PENDING,
    C_REFUSED_FLUSH_AT,
    C_WRONG_EVENTS,
    C_WRONG_PENDING,
    C_WRONG_FLUSH_AT,
    C_RECIPIENT_TAG,
    C_PAYER
};

static bool get_bool(sqlite3_stmt *row, int column)
{
    return sqlite3_column_int(row, column) != 0;
}

static void get_alarm(sqlite3_stmt *row, int first, struct alarm *a)
{
    a->events = sqlite_get_unsigned(row, first);
    a->pending = sqlite_get_unsigned(row, first + 1);
    a->flush_at = sqlite3_column_int64(row, first + 2);
}

static void get_facts(sqlite3_stmt *row, struct lifecycle_facts *f)
{
    f->state = (enum lifecycle_state)sqlite3_column_int(row, C_STATE);
    f->cause = (enum lifecycle_cause)sqlite3_column_int(row, C_CAUSE);
    f->code = get_bool(row, C_CODE);
    f->burn_on_claim = get_bool(row, C_BURN_ON_CLAIM);
    f->expires_at = sqlite3_column_int64(row, C_EXPIRES_AT);
    f->lease_s = sqlite3_column_int64(row, C_LEASE_S);
    f->claimed_at = sqlite3_column_int64(row, C_CLAIMED_AT);
    f->lease_until = sqlite3_column_int64(row, C_LEASE_UNTIL);
    f->changed_at = sqlite3_column_int64(row, C_CHANGED_AT);
    f->opened = sqlite3_column_int64(row, C_OPENED_N) >= 0;
    f->revoked = sqlite3_column_int64(row, C_REVOKED_N) >= 0;
    f->receipts = sqlite_get_unsigned(row, C_RECEIPTS);
    f->receipt_by_claimant = get_bool(row, C_RECEIPT_BY_CLAIMANT);
    f->tries = sqlite_get_unsigned(row, C_TRIES);
    f->tried_at = sqlite3_column_int64(row, C_TRIED_AT);
}

static void get_handoff(sqlite3_stmt *row, struct store_handoff *h)
{
    sqlite_get_bytes(row, C_ID, h->id, sizeof(h->id));
    get_facts(row, &h->facts);
    h->created_at = sqlite3_column_int64(row, C_CREATED_AT);
    sqlite_get_bytes(row, C_CLAIM_HASH, h->claim_hash, sizeof(h->claim_hash));
    sqlite_get_bytes(row, C_OPENED_HASH, h->opened_hash, sizeof(h->opened_hash));
    sqlite_get_bytes(row, C_RECEIPT_KEY, h->receipt_key, sizeof(h->receipt_key));
    sqlite_get_bytes(row, C_MANAGE_HASH, h->manage_hash, sizeof(h->manage_hash));
    sqlite_get_bytes(row, C_LINK_HASH, h->link_hash, sizeof(h->link_hash));
    sqlite_get_bytes(row, C_CLAIMANT_HASH, h->claimant_hash, sizeof(h->claimant_hash));
    sqlite_get_bytes(row, C_BODY_HASH, h->body_hash, sizeof(h->body_hash));
    sqlite_get_bytes(row, C_ENVELOPE_HASH, h->envelope_hash, sizeof(h->envelope_hash));
    h->shown_label = get_bool(row, C_SHOWN_LABEL);
    h->key_id = sqlite_get_unsigned(row, C_KEY_ID);
    h->slot = sqlite3_column_int64(row, C_SLOT);
    h->sealed_len = sqlite_get_unsigned(row, C_SEALED_LEN);
    h->created_n = sqlite3_column_int64(row, C_CREATED_N);
    h->claimed_n = sqlite3_column_int64(row, C_CLAIMED_N);
    h->opened_n = sqlite3_column_int64(row, C_OPENED_N);
    h->revoked_n = sqlite3_column_int64(row, C_REVOKED_N);
    h->last_n = sqlite3_column_int64(row, C_LAST_N);
    get_alarm(row, C_REFUSED_EVENTS, &h->refused);
    get_alarm(row, C_WRONG_EVENTS, &h->wrong);
    h->has_recipient =
        sqlite_get_bytes_if(row, C_RECIPIENT_TAG, h->recipient_tag, sizeof(h->recipient_tag));
    h->has_payer = sqlite_get_bytes_if(row, C_PAYER, h->payer, sizeof(h->payer));
}

int store_find(struct store *s, const uint8_t id[16], struct store_handoff *out)
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_FIND);
    int rc;

    if (statement == NULL)
        return -1;
    sqlite3_bind_blob(statement, 1, id, 16, SQLITE_STATIC);
    rc = sqlite_row(s, statement);
    if (rc == 0) {
        get_handoff(statement, out);
        sqlite3_reset(statement);
    }
    return rc;
}

static void bind_alarm(struct sqlite_binder *b, const struct alarm *a)
{
    sqlite_bind_i64(b, a->events);
    sqlite_bind_i64(b, a->pending);
    sqlite_bind_i64(b, a->flush_at);
}

/* When the sweeper must look at it: the earliest of what time changes and of what must be flushed.
 */
static void bind_due_at(struct sqlite_binder *b, const struct store_handoff *h)
{
    const int64_t times[] = {lifecycle_due_at(&h->facts), h->refused.flush_at, h->wrong.flush_at};
    int64_t due_at = 0;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (times[i] != 0 && (due_at == 0 || times[i] < due_at))
            due_at = times[i];
    if (due_at != 0)
        sqlite_bind_i64(b, due_at);
    else
        sqlite3_bind_null(b->statement, b->next++);
}

/* The columns that change, in their order. */
static void bind_changing(struct sqlite_binder *b, const struct store_handoff *h)
{
    const struct lifecycle_facts *f = &h->facts;

    sqlite_bind_i64(b, f->state);
    sqlite_bind_i64(b, f->cause);
    sqlite_bind_i64(b, f->claimed_at);
    sqlite_bind_i64(b, f->lease_until);
    sqlite_bind_i64(b, f->changed_at);
    bind_due_at(b, h);
    sqlite_bind_bytes_if(b, f->claimed_at != 0, h->claimant_hash, sizeof(h->claimant_hash));
    sqlite_bind_i64(b, h->slot);
    sqlite_bind_i64(b, h->claimed_n);
    sqlite_bind_i64(b, h->opened_n);
    sqlite_bind_i64(b, h->revoked_n);
    sqlite_bind_i64(b, h->last_n);
    sqlite_bind_i64(b, f->receipts);
    sqlite_bind_i64(b, f->receipt_by_claimant);
    sqlite_bind_i64(b, f->tries);
    sqlite_bind_i64(b, f->tried_at);
    bind_alarm(b, &h->refused);
    bind_alarm(b, &h->wrong);
}

int store_insert(struct store *s, struct store_handoff *h, const uint8_t *sealed)
{
    struct sqlite_binder b = {.next = 1};

    if (sqlite_slot_fill(s, h, sealed) != 0)
        return -1;
    b.statement = sqlite_statement(s, SQL_INSERT);
    if (b.statement == NULL)
        return -1;
    sqlite_bind_bytes(&b, h->id, sizeof(h->id));
    sqlite_bind_i64(&b, h->facts.code);
    sqlite_bind_i64(&b, h->facts.burn_on_claim);
    sqlite_bind_i64(&b, h->shown_label);
    sqlite_bind_i64(&b, h->created_at);
    sqlite_bind_i64(&b, h->facts.expires_at);
    sqlite_bind_i64(&b, h->facts.lease_s);
    sqlite_bind_bytes(&b, h->claim_hash, sizeof(h->claim_hash));
    sqlite_bind_bytes(&b, h->opened_hash, sizeof(h->opened_hash));
    sqlite_bind_bytes(&b, h->receipt_key, sizeof(h->receipt_key));
    sqlite_bind_bytes(&b, h->manage_hash, sizeof(h->manage_hash));
    sqlite_bind_bytes_if(&b, h->facts.code, h->link_hash, sizeof(h->link_hash));
    sqlite_bind_bytes(&b, h->body_hash, sizeof(h->body_hash));
    sqlite_bind_bytes(&b, h->envelope_hash, sizeof(h->envelope_hash));
    sqlite_bind_i64(&b, h->key_id);
    sqlite_bind_i64(&b, h->sealed_len);
    sqlite_bind_i64(&b, h->created_n);
    bind_changing(&b, h);
    sqlite_bind_bytes_if(&b, h->has_recipient, h->recipient_tag, sizeof(h->recipient_tag));
    sqlite_bind_bytes_if(&b, h->has_payer, h->payer, sizeof(h->payer));
    if (sqlite_run(s, b.statement) != 0)
        return -1;
    return sqlite_charges_add(s, h->has_payer ? h->payer : NULL, 1,
                              (int64_t)h->sealed_len - KEYRING_OVERHEAD);
}

int store_update(struct store *s, const struct store_handoff *h)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_UPDATE), .next = 1};

    if (b.statement == NULL)
        return -1;
    bind_changing(&b, h);
    sqlite_bind_bytes(&b, h->id, sizeof(h->id));
    return sqlite_run(s, b.statement);
}

int store_due(struct store *s, int64_t now, uint8_t (*ids)[16], size_t max, size_t *count)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_DUE), .next = 1};
    int rc = 0;

    *count = 0;
    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, now);
    sqlite_bind_i64(&b, (int64_t)max);
    while (*count < max && (rc = sqlite_row(s, b.statement)) == 0)
        sqlite_get_bytes(b.statement, 0, ids[(*count)++], 16);
    sqlite3_reset(b.statement);
    return rc < 0 ? -1 : 0;
}

int store_list(struct store *s, const struct store_list *q, struct store_handoff *out,
               size_t *count)
{
    const enum sqlite_statement which = q->recipient_tag != NULL ? SQL_LIST_OF : SQL_LIST;
    struct sqlite_binder b = {.statement = sqlite_statement(s, which), .next = 1};
    int rc = 0;

    *count = 0;
    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, q->before);
    sqlite_bind_i64(&b, q->max);
    if (q->recipient_tag != NULL)
        sqlite_bind_bytes(&b, q->recipient_tag, 16);
    while (*count < q->max && (rc = sqlite_row(s, b.statement)) == 0)
        get_handoff(b.statement, &out[(*count)++]);
    sqlite3_reset(b.statement);
    return rc < 0 ? -1 : 0;
}

int store_walk(struct store *s, const uint8_t *after, struct store_handoff *out, size_t max,
               size_t *count)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_WALK), .next = 1};
    int rc = 0;

    *count = 0;
    if (b.statement == NULL)
        return -1;
    sqlite_bind_bytes(&b, after != NULL ? (const void *)after : "", after != NULL ? 16 : 0);
    sqlite_bind_i64(&b, (int64_t)max);
    while (*count < max && (rc = sqlite_row(s, b.statement)) == 0)
        get_handoff(b.statement, &out[(*count)++]);
    sqlite3_reset(b.statement);
    return rc < 0 ? -1 : 0;
}

int store_rewrite(struct store *s, const struct store_handoff *h, const uint8_t *sealed)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_REWRITE), .next = 1};

    if (b.statement == NULL || (sealed != NULL && sqlite_slot_rewrite(s, h, sealed) != 0))
        return -1;
    sqlite_bind_bytes_if(&b, h->has_recipient, h->recipient_tag, sizeof(h->recipient_tag));
    sqlite_bind_i64(&b, h->key_id);
    sqlite_bind_bytes(&b, h->id, sizeof(h->id));
    return sqlite_run(s, b.statement);
}

int store_count_due(struct store *s, int64_t now, unsigned max, uint64_t *count)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_COUNT_DUE), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, now);
    sqlite_bind_i64(&b, max);
    if (sqlite_row(s, b.statement) != 0)
        return -1;
    *count = (uint64_t)sqlite3_column_int64(b.statement, 0);
    sqlite3_reset(b.statement);
    return 0;
}
