#include "vault/store/sqlite.h"

#include <string.h>

/* The columns of token, as the schema orders them. */
enum column {
    C_HASH,
    C_NAME_TAG,
    C_ROLE,
    C_CREATED_AT,
    C_EXPIRES_AT,
    C_REVOKED_AT,
    C_KEY_ID,
    C_SEALED
};

/* Steps to a token and takes it. */
static int take(struct store *s, sqlite3_stmt *row, struct store_token *out)
{
    int rc = sqlite_row(s, row);

    if (rc != 0)
        return rc;
    *out = (struct store_token){
        .role = sqlite_get_unsigned(row, C_ROLE),
        .created_at = sqlite3_column_int64(row, C_CREATED_AT),
        .expires_at = sqlite3_column_int64(row, C_EXPIRES_AT),
        .revoked_at = sqlite3_column_int64(row, C_REVOKED_AT),
        .key_id = sqlite_get_unsigned(row, C_KEY_ID),
        .sealed_len = (size_t)sqlite3_column_bytes(row, C_SEALED),
    };
    sqlite_get_bytes(row, C_HASH, out->hash, sizeof(out->hash));
    sqlite_get_bytes(row, C_NAME_TAG, out->name_tag, sizeof(out->name_tag));
    if (out->sealed_len <= sizeof(out->sealed))
        memcpy(out->sealed, sqlite3_column_blob(row, C_SEALED), out->sealed_len);
    else
        rc = -1;
    sqlite3_reset(row);
    return rc;
}

int store_token(struct store *s, const uint8_t *hash, const uint8_t *name_tag,
                struct store_token *out)
{
    sqlite3_stmt *row = sqlite_statement(s, hash != NULL ? SQL_TOKEN : SQL_TOKEN_NAMED);

    if (row == NULL)
        return -1;
    if (hash != NULL)
        sqlite3_bind_blob(row, 1, hash, 32, SQLITE_STATIC);
    else
        sqlite3_bind_blob(row, 1, name_tag, 16, SQLITE_STATIC);
    return take(s, row, out);
}

int store_next_token(struct store *s, const uint8_t *after, struct store_token *out)
{
    sqlite3_stmt *row = sqlite_statement(s, SQL_TOKEN_NEXT);

    if (row == NULL)
        return -1;
    sqlite3_bind_blob(row, 1, after != NULL ? (const void *)after : "", after != NULL ? 32 : 0,
                      SQLITE_STATIC);
    return take(s, row, out);
}

int store_put_token(struct store *s, const struct store_token *t)
{
    struct sqlite_binder b = {.statement = sqlite_statement(s, SQL_PUT_TOKEN), .next = 1};

    if (b.statement == NULL)
        return -1;
    sqlite_bind_bytes(&b, t->hash, sizeof(t->hash));
    sqlite_bind_bytes(&b, t->name_tag, sizeof(t->name_tag));
    sqlite_bind_i64(&b, t->role);
    sqlite_bind_i64(&b, t->created_at);
    sqlite_bind_i64(&b, t->expires_at);
    sqlite_bind_i64(&b, t->revoked_at);
    sqlite_bind_i64(&b, t->key_id);
    sqlite_bind_bytes(&b, t->sealed, t->sealed_len);
    return sqlite_run(s, b.statement);
}
