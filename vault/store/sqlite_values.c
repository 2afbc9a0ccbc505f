#include "vault/store/sqlite.h"

#include <string.h>

void sqlite_get_bytes(sqlite3_stmt *row, int column, uint8_t *out, size_t len)
{
    if ((size_t)sqlite3_column_bytes(row, column) == len)
        memcpy(out, sqlite3_column_blob(row, column), len);
    else
        memset(out, 0, len);
}

/* The same for what may be absent; returns whether it is there. */
bool sqlite_get_bytes_if(sqlite3_stmt *row, int column, uint8_t *out, size_t len)
{
    sqlite_get_bytes(row, column, out, len);
    return sqlite3_column_type(row, column) != SQLITE_NULL;
}

void sqlite_get_prefix(sqlite3_stmt *row, int column, uint8_t *out, size_t len)
{
    if ((size_t)sqlite3_column_bytes(row, column) >= len)
        memcpy(out, sqlite3_column_blob(row, column), len);
    else
        memset(out, 0, len);
}

unsigned sqlite_get_unsigned(sqlite3_stmt *row, int column)
{
    return (unsigned)sqlite3_column_int64(row, column);
}

void sqlite_bind_i64(struct sqlite_binder *b, int64_t value)
{
    sqlite3_bind_int64(b->statement, b->next++, value);
}

void sqlite_bind_bytes(struct sqlite_binder *b, const void *data, size_t len)
{
    sqlite3_bind_blob64(b->statement, b->next++, data, len, SQLITE_STATIC);
}

void sqlite_bind_bytes_if(struct sqlite_binder *b, bool there, const void *data, size_t len)
{
    if (there)
        sqlite_bind_bytes(b, data, len);
    else
        sqlite3_bind_null(b->statement, b->next++);
}
