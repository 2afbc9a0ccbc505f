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
    C_WRONG_FLUSH_AT
};

static void get_bytes(sqlite3_stmt *row, int column, uint8_t *out, size_t len)
{
    if ((size_t)sqlite3_column_bytes(row, column) == len)
        memcpy(out, sqlite3_column_blob(row, column), len);
    else
        memset(out, 0, len);
}

static bool get_bool(sqlite3_stmt *row, int column)
{
    return sqlite3_column_int(row, column) != 0;
}

static unsigned get_unsigned(sqlite3_stmt *row, int column)
{
    return (unsigned)sqlite3_column_int64(row, column);
}

static void get_alarm(sqlite3_stmt *row, int first, struct alarm *a)
{
    a->events = get_unsigned(row, first);
    a->pending = get_unsigned(row, first + 1);
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
    f->receipts = get_unsigned(row, C_RECEIPTS);
    f->receipt_by_claimant = get_bool(row, C_RECEIPT_BY_CLAIMANT);
    f->tries = get_unsigned(row, C_TRIES);
    f->tried_at = sqlite3_column_int64(row, C_TRIED_AT);
}

static void get_handoff(sqlite3_stmt *row, struct store_handoff *h)
{
    get_bytes(row, C_ID, h->id, sizeof(h->id));
    get_facts(row, &h->facts);
    h->created_at = sqlite3_column_int64(row, C_CREATED_AT);
    get_bytes(row, C_CLAIM_HASH, h->claim_hash, sizeof(h->claim_hash));
    get_bytes(row, C_OPENED_HASH, h->opened_hash, sizeof(h->opened_hash));
    get_bytes(row, C_RECEIPT_KEY, h->receipt_key, sizeof(h->receipt_key));
    get_bytes(row, C_MANAGE_HASH, h->manage_hash, sizeof(h->manage_hash));
    get_bytes(row, C_LINK_HASH, h->link_hash, sizeof(h->link_hash));
    get_bytes(row, C_CLAIMANT_HASH, h->claimant_hash, sizeof(h->claimant_hash));
    get_bytes(row, C_BODY_HASH, h->body_hash, sizeof(h->body_hash));
    get_bytes(row, C_ENVELOPE_HASH, h->envelope_hash, sizeof(h->envelope_hash));
    h->shown_label = get_bool(row, C_SHOWN_LABEL);
    h->key_id = get_unsigned(row, C_KEY_ID);
    h->slot = sqlite3_column_int64(row, C_SLOT);
    h->sealed_len = get_unsigned(row, C_SEALED_LEN);
    h->created_n = sqlite3_column_int64(row, C_CREATED_N);
    h->claimed_n = sqlite3_column_int64(row, C_CLAIMED_N);
    h->opened_n = sqlite3_column_int64(row, C_OPENED_N);
    h->revoked_n = sqlite3_column_int64(row, C_REVOKED_N);
    h->last_n = sqlite3_column_int64(row, C_LAST_N);
    get_alarm(row, C_REFUSED_EVENTS, &h->refused);
    get_alarm(row, C_WRONG_EVENTS, &h->wrong);
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

/* Binds parameters one after the other. */
struct binder {
    sqlite3_stmt *statement;
    int next;
};

static void bind_i64(struct binder *b, int64_t value)
{
    sqlite3_bind_int64(b->statement, b->next++, value);
}

static void bind_bytes(struct binder *b, const void *data, size_t len)
{
    sqlite3_bind_blob64(b->statement, b->next++, data, len, SQLITE_STATIC);
}

static void bind_bytes_if(struct binder *b, bool there, const void *data, size_t len)
{
    if (there)
        bind_bytes(b, data, len);
    else
        sqlite3_bind_null(b->statement, b->next++);
}

static void bind_alarm(struct binder *b, const struct alarm *a)
{
    bind_i64(b, a->events);
    bind_i64(b, a->pending);
    bind_i64(b, a->flush_at);
}

/* When the sweeper must look at it: the earliest of what time changes and of what must be flushed.
 */
static void bind_due_at(struct binder *b, const struct store_handoff *h)
{
    const int64_t times[] = {lifecycle_due_at(&h->facts), h->refused.flush_at, h->wrong.flush_at};
    int64_t due_at = 0;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        if (times[i] != 0 && (due_at == 0 || times[i] < due_at))
            due_at = times[i];
    if (due_at != 0)
        bind_i64(b, due_at);
    else
        sqlite3_bind_null(b->statement, b->next++);
}

/* The columns that change, in their order. */
static void bind_changing(struct binder *b, const struct store_handoff *h)
{
    const struct lifecycle_facts *f = &h->facts;

    bind_i64(b, f->state);
    bind_i64(b, f->cause);
    bind_i64(b, f->claimed_at);
    bind_i64(b, f->lease_until);
    bind_i64(b, f->changed_at);
    bind_due_at(b, h);
    bind_bytes_if(b, f->claimed_at != 0, h->claimant_hash, sizeof(h->claimant_hash));
    bind_i64(b, h->slot);
    bind_i64(b, h->claimed_n);
    bind_i64(b, h->opened_n);
    bind_i64(b, h->revoked_n);
    bind_i64(b, h->last_n);
    bind_i64(b, f->receipts);
    bind_i64(b, f->receipt_by_claimant);
    bind_i64(b, f->tries);
    bind_i64(b, f->tried_at);
    bind_alarm(b, &h->refused);
    bind_alarm(b, &h->wrong);
}

int store_insert(struct store *s, struct store_handoff *h, const uint8_t *sealed)
{
    struct binder b = {.next = 1};

    if (sqlite_slot_fill(s, h, sealed) != 0)
        return -1;
    b.statement = sqlite_statement(s, SQL_INSERT);
    if (b.statement == NULL)
        return -1;
    bind_bytes(&b, h->id, sizeof(h->id));
    bind_i64(&b, h->facts.code);
    bind_i64(&b, h->facts.burn_on_claim);
    bind_i64(&b, h->shown_label);
    bind_i64(&b, h->created_at);
    bind_i64(&b, h->facts.expires_at);
    bind_i64(&b, h->facts.lease_s);
    bind_bytes(&b, h->claim_hash, sizeof(h->claim_hash));
    bind_bytes(&b, h->opened_hash, sizeof(h->opened_hash));
    bind_bytes(&b, h->receipt_key, sizeof(h->receipt_key));
    bind_bytes(&b, h->manage_hash, sizeof(h->manage_hash));
    bind_bytes_if(&b, h->facts.code, h->link_hash, sizeof(h->link_hash));
    bind_bytes(&b, h->body_hash, sizeof(h->body_hash));
    bind_bytes(&b, h->envelope_hash, sizeof(h->envelope_hash));
    bind_i64(&b, h->key_id);
    bind_i64(&b, h->sealed_len);
    bind_i64(&b, h->created_n);
    bind_changing(&b, h);
    return sqlite_run(s, b.statement);
}

int store_update(struct store *s, const struct store_handoff *h)
{
    struct binder b = {.statement = sqlite_statement(s, SQL_UPDATE), .next = 1};

    if (b.statement == NULL)
        return -1;
    bind_changing(&b, h);
    bind_bytes(&b, h->id, sizeof(h->id));
    return sqlite_run(s, b.statement);
}

int store_due(struct store *s, int64_t now, uint8_t (*ids)[16], size_t max, size_t *count)
{
    struct binder b = {.statement = sqlite_statement(s, SQL_DUE), .next = 1};
    int rc = 0;

    *count = 0;
    if (b.statement == NULL)
        return -1;
    bind_i64(&b, now);
    bind_i64(&b, (int64_t)max);
    while (*count < max && (rc = sqlite_row(s, b.statement)) == 0)
        get_bytes(b.statement, 0, ids[(*count)++], 16);
    sqlite3_reset(b.statement);
    return rc < 0 ? -1 : 0;
}

int store_append(struct store *s, const struct store_event *e)
{
    struct binder b = {.statement = sqlite_statement(s, SQL_APPEND), .next = 1};

    if (b.statement == NULL)
        return -1;
    bind_i64(&b, e->n);
    bind_i64(&b, e->time);
    bind_i64(&b, e->prev);
    bind_bytes(&b, e->leaf, sizeof(e->leaf));
    sqlite3_bind_text(b.statement, b.next, e->line, (int)e->line_len, SQLITE_STATIC);
    if (sqlite_run(s, b.statement) != 0)
        return -1;
    if (e->details == NULL)
        return 0;

    b = (struct binder){.statement = sqlite_statement(s, SQL_APPEND_DETAILS), .next = 1};
    if (b.statement == NULL)
        return -1;
    bind_i64(&b, e->n);
    bind_i64(&b, e->key_id);
    bind_bytes(&b, e->details, e->details_len);
    return sqlite_run(s, b.statement);
}

int store_event(struct store *s, int64_t n, struct store_event *out)
{
    sqlite3_stmt *row = sqlite_statement(s, SQL_EVENT);
    int rc;

    if (row == NULL)
        return -1;
    sqlite3_bind_int64(row, 1, n);
    rc = sqlite_row(s, row);
    if (rc != 0)
        return rc;
    *out = (struct store_event){
        .n = sqlite3_column_int64(row, 0),
        .time = sqlite3_column_int64(row, 1),
        .prev = sqlite3_column_int64(row, 2),
        .line = (const char *)sqlite3_column_text(row, 4),
        .line_len = (size_t)sqlite3_column_bytes(row, 4),
        .key_id = get_unsigned(row, 5),
        .details = sqlite3_column_blob(row, 6),
        .details_len = (size_t)sqlite3_column_bytes(row, 6),
    };
    get_bytes(row, 3, out->leaf, sizeof(out->leaf));
    return 0; /* reset by the next use or the view's end: the pointers live until then */
}

int store_event_prev(struct store *s, int64_t n, int64_t *prev)
{
    sqlite3_stmt *row = sqlite_statement(s, SQL_EVENT_PREV);
    int rc;

    if (row == NULL)
        return -1;
    sqlite3_bind_int64(row, 1, n);
    rc = sqlite_row(s, row);
    if (rc == 0) {
        *prev = sqlite3_column_int64(row, 0);
        sqlite3_reset(row);
    }
    return rc;
}

int store_tries(struct store *s, const uint8_t id[16], const uint8_t tag[16],
                struct store_tries *out)
{
    struct binder b = {.statement = sqlite_statement(s, SQL_TRIES), .next = 1};
    int rc;

    *out = (struct store_tries){0};
    if (b.statement == NULL)
        return -1;
    bind_bytes(&b, id, 16);
    bind_bytes(&b, tag, 16);
    rc = sqlite_row(s, b.statement);
    if (rc == 0) {
        out->tries = get_unsigned(b.statement, 0);
        out->tried_at = sqlite3_column_int64(b.statement, 1);
        sqlite3_reset(b.statement);
    }
    return rc < 0 ? -1 : 0;
}

int store_set_tries(struct store *s, const uint8_t id[16], const uint8_t tag[16],
                    const struct store_tries *tries)
{
    struct binder b = {.statement = sqlite_statement(s, SQL_SET_TRIES), .next = 1};

    if (b.statement == NULL)
        return -1;
    bind_bytes(&b, id, 16);
    bind_bytes(&b, tag, 16);
    bind_i64(&b, tries->tries);
    bind_i64(&b, tries->tried_at);
    return sqlite_run(s, b.statement);
}

int store_receipt(struct store *s, const uint8_t id[16], const uint8_t statement_hash[32],
                  int64_t *n)
{
    struct binder b = {.statement = sqlite_statement(s, SQL_RECEIPT), .next = 1};
    int rc;

    if (b.statement == NULL)
        return -1;
    bind_bytes(&b, id, 16);
    bind_bytes(&b, statement_hash, 32);
    rc = sqlite_row(s, b.statement);
    if (rc == 0) {
        *n = sqlite3_column_int64(b.statement, 0);
        sqlite3_reset(b.statement);
    }
    return rc;
}

int store_add_receipt(struct store *s, const uint8_t id[16], const uint8_t statement_hash[32],
                      int64_t n)
{
    struct binder b = {.statement = sqlite_statement(s, SQL_ADD_RECEIPT), .next = 1};

    if (b.statement == NULL)
        return -1;
    bind_bytes(&b, id, 16);
    bind_bytes(&b, statement_hash, 32);
    bind_i64(&b, n);
    return sqlite_run(s, b.statement);
}
