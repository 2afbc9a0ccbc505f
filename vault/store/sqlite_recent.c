/*
 * The handoffs that were written last, as they lie in the database: who claims one opens it soon
 * after, and each call begins with looking its handoff up. What is here was written by this very
 * connection; it goes as soon as another one has committed anything, or a transaction was rolled
 * back.
 */
#include "vault/protocol/encoding/secret.h"
#include "vault/store/sqlite.h"

#include <string.h>

enum { RECENT = 256 /* a power of two */ };

struct sqlite_recent {
    int64_t version; /* of the database, by PRAGMA data_version */
    bool known[RECENT];
    struct store_handoff handoffs[RECENT];
};

struct sqlite_recent *sqlite_recent_new(void)
{
    return secret_heap_calloc(1, sizeof(struct sqlite_recent));
}

void sqlite_recent_free(struct sqlite_recent *r)
{
    secret_heap_free(r);
}

/* The place for an id, by its random part. Who picks ids that share one just makes it useless. */
static size_t place_of(const uint8_t id[16])
{
    return (id[14] << 8 | id[15]) & (RECENT - 1);
}

void sqlite_recent_forget(struct sqlite_recent *r)
{
    if (r != NULL)
        memset(r->known, 0, sizeof(r->known));
}

int sqlite_recent_check(struct store *s)
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_DATA_VERSION);
    int64_t version;

    if (statement == NULL || sqlite_row(s, statement) != 0)
        return -1;
    version = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    if (s->recent->version != version)
        sqlite_recent_forget(s->recent);
    s->recent->version = version;
    return 0;
}

void sqlite_recent_keep(struct sqlite_recent *r, const struct store_handoff *h)
{
    const size_t place = place_of(h->id);

    if (r == NULL)
        return;
    r->handoffs[place] = *h;
    r->known[place] = true;
}

bool sqlite_recent_find(const struct sqlite_recent *r, const uint8_t id[16],
                        struct store_handoff *out)
{
    const size_t place = place_of(id);

    if (r == NULL || !r->known[place] || memcmp(r->handoffs[place].id, id, 16) != 0)
        return false;
    *out = r->handoffs[place];
    return true;
}
