#include "vault/store/sqlite.h"

#include <string.h>

/* Writes one charge back; one that came to nothing leaves no row, but for the sum's. */
static int write_charge(struct store *s, struct sqlite_charge *c)
{
    const bool gone = c->payer_len != 0 && c->sum.live == 0 && c->sum.bytes == 0;
    sqlite3_stmt *statement = sqlite_statement(s, gone ? SQL_DROP_CHARGE : SQL_SET_CHARGE);

    if (statement == NULL)
        return -1;
    sqlite3_bind_blob64(statement, 1, c->payer, c->payer_len, SQLITE_STATIC);
    if (!gone) {
        sqlite3_bind_int64(statement, 2, c->sum.live);
        sqlite3_bind_int64(statement, 3, c->sum.bytes);
    }
    c->changed = false;
    return sqlite_run(s, statement);
}

int sqlite_charges_flush(struct store *s)
{
    for (size_t i = 0; i < s->charges_len; i++)
        if (s->charges[i].changed && write_charge(s, &s->charges[i]) != 0)
            return -1;
    return 0;
}

static int read_charge(struct store *s, struct sqlite_charge *c)
{
    sqlite3_stmt *row = sqlite_statement(s, SQL_CHARGE);
    int rc;

    if (row == NULL)
        return -1;
    sqlite3_bind_blob64(row, 1, c->payer, c->payer_len, SQLITE_STATIC);
    rc = sqlite_row(s, row);
    if (rc == 0) {
        c->sum.live = sqlite3_column_int64(row, 0);
        c->sum.bytes = sqlite3_column_int64(row, 1);
        sqlite3_reset(row);
    }
    return rc < 0 ? -1 : 0;
}

/* The payer's charge as of this transaction; NULL when the database failed. */
static struct sqlite_charge *load(struct store *s, const uint8_t *payer)
{
    const size_t len = payer != NULL ? 16 : 0;
    struct sqlite_charge *c;

    for (size_t i = 0; i < s->charges_len; i++)
        if (s->charges[i].payer_len == len &&
            (len == 0 || memcmp(s->charges[i].payer, payer, len) == 0))
            return &s->charges[i];
    if (s->charges_len == SQLITE_CHARGES) {
        if (sqlite_charges_flush(s) != 0)
            return NULL;
        s->charges_len = 0;
    }
    c = &s->charges[s->charges_len];
    *c = (struct sqlite_charge){.payer_len = len};
    if (len != 0)
        memcpy(c->payer, payer, len);
    if (read_charge(s, c) != 0)
        return NULL;
    s->charges_len++;
    return c;
}

static int add(struct store *s, const uint8_t *payer, int live, int64_t bytes)
{
    struct sqlite_charge *c = load(s, payer);

    if (c == NULL)
        return -1;
    c->sum.live += live;
    c->sum.bytes += bytes;
    c->changed = true;
    return 0;
}

int sqlite_charges_add(struct store *s, const uint8_t *payer, int live, int64_t bytes)
{
    if (payer != NULL && add(s, payer, live, bytes) != 0)
        return -1;
    return add(s, NULL, live, bytes);
}

int store_charge(struct store *s, const uint8_t *payer, struct store_charge *out)
{
    struct sqlite_charge *c;

    if (!s->in_transaction)
        s->charges_len = 0; /* nothing is kept between a reader's calls */
    c = load(s, payer);
    if (c == NULL)
        return -1;
    *out = c->sum;
    return 0;
}
