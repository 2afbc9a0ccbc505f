#include "vault/store/sqlite.h"

#include <string.h>

enum { HASH_BYTES = 32, HASHES_MAX = 64 * HASH_BYTES };

/* Binds the leaf's hash and the nodes' as one value, which lies in hashes until it is written. */
static void bind_hashes(struct sqlite_binder *b, const struct store_event *e,
                        uint8_t hashes[HASHES_MAX])
{
    const size_t nodes = e->nodes_len <= HASHES_MAX - HASH_BYTES ? e->nodes_len : 0;

    memcpy(hashes, e->leaf, HASH_BYTES);
    if (nodes > 0)
        memcpy(hashes + HASH_BYTES, e->nodes, nodes);
    sqlite_bind_bytes(b, hashes, HASH_BYTES + nodes);
}

int store_append(struct store *s, const struct store_event *e)
{
    uint8_t hashes[HASHES_MAX];
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_APPEND), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, e->n);
    sqlite_bind_i64(&b, e->time);
    sqlite_bind_i64(&b, e->prev);
    if (e->details != NULL)
        sqlite_bind_i64(&b, e->key_id);
    else
        sqlite3_bind_null(b.statement, b.next++);
    bind_hashes(&b, e, hashes);
    sqlite3_bind_text(b.statement, b.next++, e->line, (int)e->line_len, SQLITE_STATIC);
    sqlite_bind_bytes_if(&b, e->details != NULL, e->details, e->details_len);
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
        .key_id = sqlite_get_unsigned(row, 5),
        .details = sqlite3_column_blob(row, 6),
        .details_len = (size_t)sqlite3_column_bytes(row, 6),
    };
    sqlite_get_prefix(row, 3, out->leaf, sizeof(out->leaf));
    if (sqlite3_column_bytes(row, 3) > HASH_BYTES) {
        out->nodes = (const uint8_t *)sqlite3_column_blob(row, 3) + HASH_BYTES;
        out->nodes_len = (size_t)sqlite3_column_bytes(row, 3) - HASH_BYTES;
    }
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

/* A node lies with the event that completes it, behind the leaf's hash and the nodes below it. */
int store_node(struct store *s, unsigned level, uint64_t index, uint8_t hash[32])
{
    sqlite3_stmt *row = sqlite_statement(s, SQL_NODE);
    const size_t at = (size_t)level * HASH_BYTES;
    int rc;

    if (row == NULL)
        return -1;
    sqlite3_bind_int64(row, 1, (int64_t)(((index + 1) << level) - 1));
    rc = sqlite_row(s, row);
    if (rc != 0)
        return rc;
    if ((size_t)sqlite3_column_bytes(row, 0) >= at + HASH_BYTES)
        memcpy(hash, (const uint8_t *)sqlite3_column_blob(row, 0) + at, HASH_BYTES);
    else
        rc = STORE_NONE;
    sqlite3_reset(row);
    return rc;
}

int store_set_nodes(struct store *s, const struct store_event *e)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_SET_NODES), .next = 1};
    uint8_t hashes[HASHES_MAX];

    if (b.statement == NULL)
        return -1;
    bind_hashes(&b, e, hashes);
    sqlite_bind_i64(&b, e->n);
    return sqlite_run(s, b.statement);
}

/* ---- what was signed ---- */

int store_keep_checkpoint(struct store *s, int64_t size, int64_t time, const char *note, size_t len)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_DROP_CHECKPOINT), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, size);
    sqlite_bind_i64(&b, time);
    if (sqlite_run(s, b.statement) != 0)
        return -1;
    b = (struct sqlite_binder){.statement = sqlite_statement(s, SQL_KEEP_CHECKPOINT), .next = 1};
    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, size);
    sqlite_bind_i64(&b, time);
    sqlite3_bind_text(b.statement, b.next, note, (int)len, SQLITE_STATIC);
    return sqlite_run(s, b.statement);
}

/* Reads a row of a number and a text. */
static int numbered_text(struct store *s, enum sqlite_statement which, int64_t after, int64_t *n,
                         char *text, size_t *len)
{
    sqlite3_stmt *row = sqlite_statement(s, which);
    size_t got;
    int rc;

    if (row == NULL)
        return -1;
    sqlite3_bind_int64(row, 1, after);
    rc = sqlite_row(s, row);
    if (rc != 0)
        return rc;
    *n = sqlite3_column_int64(row, 0);
    got = (size_t)sqlite3_column_bytes(row, 1);
    if (got > *len)
        rc = -1;
    else if (got > 0)
        memcpy(text, sqlite3_column_blob(row, 1), got);
    *len = got;
    sqlite3_reset(row);
    return rc;
}

int store_kept_checkpoint(struct store *s, int64_t after, int64_t *size, char *note, size_t *len)
{
    return numbered_text(s, SQL_KEPT_CHECKPOINT, after, size, note, len);
}

int store_add_log_key(struct store *s, int64_t n, const char *proof, size_t len)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_ADD_LOG_KEY), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, n);
    sqlite3_bind_text(b.statement, b.next, proof, (int)len, SQLITE_STATIC);
    return sqlite_run(s, b.statement);
}

int store_next_log_key(struct store *s, int64_t after, int64_t *n, char *proof, size_t *len)
{
    return numbered_text(s, SQL_NEXT_LOG_KEY, after, n, proof, len);
}

int store_tries(struct store *s, const uint8_t id[16], const uint8_t tag[16],
                struct store_tries *out)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_TRIES), .next = 1};
    int rc;

    *out = (struct store_tries){0};
    if (b.statement == NULL)
        return -1;
    sqlite_bind_bytes(&b, id, 16);
    sqlite_bind_bytes(&b, tag, 16);
    rc = sqlite_row(s, b.statement);
    if (rc == 0) {
        out->tries = sqlite_get_unsigned(b.statement, 0);
        out->tried_at = sqlite3_column_int64(b.statement, 1);
        sqlite3_reset(b.statement);
    }
    return rc < 0 ? -1 : 0;
}

int store_set_tries(struct store *s, const uint8_t id[16], const uint8_t tag[16],
                    const struct store_tries *tries)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_SET_TRIES), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_bytes(&b, id, 16);
    sqlite_bind_bytes(&b, tag, 16);
    sqlite_bind_i64(&b, tries->tries);
    sqlite_bind_i64(&b, tries->tried_at);
    return sqlite_run(s, b.statement);
}

int store_receipt(struct store *s, const uint8_t id[16], const uint8_t statement_hash[32],
                  int64_t *n)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_RECEIPT), .next = 1};
    int rc;

    if (b.statement == NULL)
        return -1;
    sqlite_bind_bytes(&b, id, 16);
    sqlite_bind_bytes(&b, statement_hash, 32);
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
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_ADD_RECEIPT), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_bytes(&b, id, 16);
    sqlite_bind_bytes(&b, statement_hash, 32);
    sqlite_bind_i64(&b, n);
    return sqlite_run(s, b.statement);
}

int store_next_details(struct store *s, int64_t after, uint32_t key_id, uint8_t *buffer,
                       size_t size, struct store_event *out)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_NEXT_DETAILS), .next = 1};
    int rc;

    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, after);
    sqlite_bind_i64(&b, key_id);
    rc = sqlite_row(s, b.statement);
    if (rc != 0)
        return rc;
    *out = (struct store_event){
        .n = sqlite3_column_int64(b.statement, 0),
        .key_id = sqlite_get_unsigned(b.statement, 1),
        .details = buffer,
        .details_len = (size_t)sqlite3_column_bytes(b.statement, 2),
    };
    if (out->details_len <= size)
        memcpy(buffer, sqlite3_column_blob(b.statement, 2), out->details_len);
    else
        rc = -1;
    sqlite3_reset(b.statement);
    return rc;
}

int store_rewrite_details(struct store *s, const struct store_event *e)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_REWRITE_DETAILS), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_i64(&b, e->key_id);
    sqlite_bind_bytes(&b, e->details, e->details_len);
    sqlite_bind_i64(&b, e->n);
    return sqlite_run(s, b.statement);
}
