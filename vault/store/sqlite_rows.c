#include "vault/keys/keyring.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"
#include "vault/store/sqlite.h"

#include <string.h>

/* The columns of handoff, as the schema orders them. */
enum column {
    C_CREATED_N,
    C_ID,
    C_CODE,
    C_BURN_ON_CLAIM,
    C_SHOWN_LABEL,
    C_CREATED_AT,
    C_EXPIRES_AT,
    C_LEASE_S,
    C_FIXED,
    C_SEALED_LEN,
    C_PAYER,
    C_RECIPIENT_TAG,
    C_KEY_ID,
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
    C_RARE
};

enum { FIXED = 7, HASH_BYTES = 32, FIXED_BYTES = FIXED * HASH_BYTES };

/* What never changes, in the order of the column. */
static void fixed_of(struct store_handoff *h, uint8_t *fixed[FIXED])
{
    fixed[0] = h->claim_hash;
    fixed[1] = h->opened_hash;
    fixed[2] = h->receipt_key;
    fixed[3] = h->manage_hash;
    fixed[4] = h->link_hash;
    fixed[5] = h->body_hash;
    fixed[6] = h->envelope_hash;
}

static void get_fixed(sqlite3_stmt *row, struct store_handoff *h)
{
    uint8_t bytes[FIXED_BYTES], *fixed[FIXED];

    fixed_of(h, fixed);
    sqlite_get_bytes(row, C_FIXED, bytes, sizeof(bytes));
    for (size_t i = 0; i < FIXED; i++)
        memcpy(fixed[i], bytes + i * HASH_BYTES, HASH_BYTES);
}

enum { RARE = 10, RARE_TEXT = RARE * 21 };

/* What is mostly zero, in the order of the column. */
static void rare_of(const struct store_handoff *h, int64_t rare[RARE])
{
    const int64_t numbers[RARE] = {
        h->facts.receipts,   h->facts.receipt_by_claimant,
        h->facts.tries,      h->facts.tried_at,
        h->refused.events,   h->refused.pending,
        h->refused.flush_at, h->wrong.events,
        h->wrong.pending,    h->wrong.flush_at,
    };

    memcpy(rare, numbers, sizeof(numbers));
}

/* Reads the column; zeros where there is none. */
static void get_rare(sqlite3_stmt *row, struct store_handoff *h)
{
    const char *text = (const char *)sqlite3_column_text(row, C_RARE);
    uint64_t rare[RARE] = {0};

    for (size_t i = 0; text != NULL && i < RARE; i++) {
        const size_t len = strcspn(text, " ");

        (void)!encoding_u64(&rare[i], text, len, INT64_MAX);
        text += len + (text[len] == ' ');
    }
    h->facts.receipts = (unsigned)rare[0];
    h->facts.receipt_by_claimant = rare[1] != 0;
    h->facts.tries = (unsigned)rare[2];
    h->facts.tried_at = (int64_t)rare[3];
    h->refused = (struct alarm){
        .events = (unsigned)rare[4], .pending = (unsigned)rare[5], .flush_at = (int64_t)rare[6]};
    h->wrong = (struct alarm){
        .events = (unsigned)rare[7], .pending = (unsigned)rare[8], .flush_at = (int64_t)rare[9]};
}

static bool get_bool(sqlite3_stmt *row, int column)
{
    return sqlite3_column_int(row, column) != 0;
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
}

static void get_handoff(sqlite3_stmt *row, struct store_handoff *h)
{
    sqlite_get_bytes(row, C_ID, h->id, sizeof(h->id));
    get_facts(row, &h->facts);
    h->created_at = sqlite3_column_int64(row, C_CREATED_AT);
    get_fixed(row, h);
    sqlite_get_bytes(row, C_CLAIMANT_HASH, h->claimant_hash, sizeof(h->claimant_hash));
    h->shown_label = get_bool(row, C_SHOWN_LABEL);
    h->key_id = sqlite_get_unsigned(row, C_KEY_ID);
    h->slot = sqlite3_column_int64(row, C_SLOT);
    h->sealed_len = sqlite_get_unsigned(row, C_SEALED_LEN);
    h->created_n = sqlite3_column_int64(row, C_CREATED_N);
    h->claimed_n = sqlite3_column_int64(row, C_CLAIMED_N);
    h->opened_n = sqlite3_column_int64(row, C_OPENED_N);
    h->revoked_n = sqlite3_column_int64(row, C_REVOKED_N);
    h->last_n = sqlite3_column_int64(row, C_LAST_N);
    h->has_recipient =
        sqlite_get_bytes_if(row, C_RECIPIENT_TAG, h->recipient_tag, sizeof(h->recipient_tag));
    h->has_payer = sqlite_get_bytes_if(row, C_PAYER, h->payer, sizeof(h->payer));
    get_rare(row, h);
}

int store_find(struct store *s, const uint8_t id[16], struct store_handoff *out)
{
    sqlite3_stmt *statement;
    int rc;

    if (s->in_transaction && sqlite_recent_find(s->recent, id, out))
        return 0;
    statement = sqlite_statement(s, SQL_FIND);
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

/* When the sweeper must look at it: the earliest of what time changes or what must be flushed. */
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

/* Binds the rare numbers as text, which lies in text until it is written. */
static void bind_rare(struct sqlite_binder *b, const struct store_handoff *h, char text[RARE_TEXT])
{
    struct text t = text_into(text, RARE_TEXT);
    int64_t rare[RARE], any = 0;

    rare_of(h, rare);
    for (size_t i = 0; i < RARE; i++)
        any |= rare[i];
    for (size_t i = 0; any != 0 && i < RARE; i++) {
        text_add(&t, i > 0 ? " " : "");
        text_i64(&t, rare[i]);
    }
    if (any != 0)
        sqlite3_bind_text(b->statement, b->next++, t.data, (int)t.len, SQLITE_STATIC);
    else
        sqlite3_bind_null(b->statement, b->next++);
}

/* The columns that change, in their order. */
static void bind_changing(struct sqlite_binder *b, const struct store_handoff *h,
                          char rare[RARE_TEXT])
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
    bind_rare(b, h, rare);
}

int store_insert(struct store *s, struct store_handoff *h, const uint8_t *sealed)
{
    struct sqlite_binder b = {.next = 1};
    uint8_t bytes[FIXED_BYTES], *fixed[FIXED];
    char rare[RARE_TEXT];

    if (sqlite_slot_fill(s, h, sealed) != 0)
        return -1;
    b.statement = sqlite_statement(s, SQL_INSERT);
    if (b.statement == NULL)
        return -1;
    fixed_of(h, fixed);
    for (size_t i = 0; i < FIXED; i++)
        memcpy(bytes + i * HASH_BYTES, fixed[i], HASH_BYTES);
    sqlite_bind_i64(&b, h->created_n);
    sqlite_bind_bytes(&b, h->id, sizeof(h->id));
    sqlite_bind_i64(&b, h->facts.code);
    sqlite_bind_i64(&b, h->facts.burn_on_claim);
    sqlite_bind_i64(&b, h->shown_label);
    sqlite_bind_i64(&b, h->created_at);
    sqlite_bind_i64(&b, h->facts.expires_at);
    sqlite_bind_i64(&b, h->facts.lease_s);
    sqlite_bind_bytes(&b, bytes, sizeof(bytes));
    sqlite_bind_i64(&b, h->sealed_len);
    sqlite_bind_bytes_if(&b, h->has_payer, h->payer, sizeof(h->payer));
    sqlite_bind_bytes_if(&b, h->has_recipient, h->recipient_tag, sizeof(h->recipient_tag));
    sqlite_bind_i64(&b, h->key_id);
    bind_changing(&b, h, rare);
    if (sqlite_run(s, b.statement) != 0)
        return -1;
    sqlite_recent_keep(s->recent, h);
    return sqlite_charges_add(s, h->has_payer ? h->payer : NULL, 1,
                              (int64_t)h->sealed_len - KEYRING_OVERHEAD);
}

int store_update(struct store *s, const struct store_handoff *h)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_UPDATE), .next = 1};

    char rare[RARE_TEXT];

    if (b.statement == NULL)
        return -1;
    bind_changing(&b, h, rare);
    sqlite_bind_i64(&b, h->created_n);
    if (sqlite_run(s, b.statement) != 0)
        return -1;
    sqlite_recent_keep(s->recent, h);
    return 0;
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
    sqlite_bind_i64(&b, h->created_n);
    if (sqlite_run(s, b.statement) != 0)
        return -1;
    sqlite_recent_keep(s->recent, h);
    return 0;
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
