#include "vault/keys/keyring.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/store/sqlite.h"

#include <stdio.h>
#include <string.h>

size_t sqlite_class_bytes(unsigned k)
{
    return SQLITE_LINK_BYTES + KEYRING_OVERHEAD + ENVELOPE_OVERHEAD + ((size_t)ENVELOPE_BLOCK << k);
}

static unsigned class_of(size_t sealed_len)
{
    unsigned k = 0;

    while (k < SQLITE_CLASSES && sqlite_class_bytes(k) - SQLITE_LINK_BYTES < sealed_len)
        k++;
    return k;
}

static sqlite3_stmt *slot_statement(struct store *s, unsigned k, enum sqlite_slot_statement which)
{
    char text[96] = "";

    if (s->slots[k][which] != NULL)
        return sqlite_prepare(s, &s->slots[k][which], text);
    switch (which) {
    case SLOT_READ:
        snprintf(text, sizeof(text), "SELECT data FROM slot_%u WHERE slot=?", k);
        break;
    case SLOT_WRITE:
        snprintf(text, sizeof(text), "UPDATE slot_%u SET data=?2 WHERE slot=?1", k);
        break;
    case SLOT_ADD:
        snprintf(text, sizeof(text), "INSERT INTO slot_%u(slot, data) VALUES(?,?)", k);
        break;
    case SLOT_STATEMENTS:
        break;
    }
    return sqlite_prepare(s, &s->slots[k][which], text);
}

int sqlite_slots_create(struct store *s)
{
    for (unsigned k = 0; k < SQLITE_CLASSES; k++) {
        char text[160];
        int rc;

        snprintf(text, sizeof(text),
                 "CREATE TABLE slot_%u(slot INTEGER PRIMARY KEY, data BLOB NOT NULL);"
                 "INSERT INTO slot_class VALUES(%u, 0, 0)",
                 k, k);
        rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            return sqlite_fail(s, rc);
    }
    return 0;
}

void sqlite_slots_forget(struct store *s)
{
    memset(s->classes, 0, sizeof(s->classes));
}

int sqlite_slots_flush(struct store *s)
{
    for (unsigned k = 0; k < SQLITE_CLASSES; k++) {
        const struct sqlite_class *c = &s->classes[k];
        sqlite3_stmt *statement;

        if (!c->changed)
            continue;
        statement = sqlite_statement(s, SQL_SET_CLASS);
        if (statement == NULL)
            return -1;
        sqlite3_bind_int(statement, 1, (int)k);
        sqlite3_bind_int64(statement, 2, c->free);
        sqlite3_bind_int64(statement, 3, c->slots);
        if (sqlite_run(s, statement) != 0)
            return -1;
    }
    return 0;
}

static struct sqlite_class *load_class(struct store *s, unsigned k)
{
    struct sqlite_class *c = &s->classes[k];
    sqlite3_stmt *statement;

    if (c->loaded)
        return c;
    statement = sqlite_statement(s, SQL_CLASS);
    if (statement == NULL)
        return NULL;
    sqlite3_bind_int(statement, 1, (int)k);
    if (sqlite_row(s, statement) != 0)
        return NULL;
    c->free = sqlite3_column_int64(statement, 0);
    c->slots = sqlite3_column_int64(statement, 1);
    c->loaded = true;
    sqlite3_reset(statement);
    return c;
}

static void put_link(uint8_t *row, int64_t link)
{
    for (int i = SQLITE_LINK_BYTES - 1; i >= 0; i--) {
        row[i] = (uint8_t)(link & 0xff);
        link >>= 8;
    }
}

static int64_t get_link(const uint8_t *row)
{
    int64_t link = 0;

    for (int i = 0; i < SQLITE_LINK_BYTES; i++)
        link = link << 8 | row[i];
    return link;
}

/* A slot's row, of exactly the class's length; lives until the statement is reset. */
static const uint8_t *read_slot(struct store *s, unsigned k, int64_t slot, sqlite3_stmt **read)
{
    sqlite3_stmt *statement = slot_statement(s, k, SLOT_READ);

    if (statement == NULL)
        return NULL;
    sqlite3_bind_int64(statement, 1, slot);
    if (sqlite_row(s, statement) != 0)
        return NULL;
    if ((size_t)sqlite3_column_bytes(statement, 0) != sqlite_class_bytes(k)) {
        sqlite3_reset(statement);
        return NULL;
    }
    *read = statement;
    return sqlite3_column_blob(statement, 0);
}

/* Writes s->buffer as the slot's row. It is all zeros before it is filled, and afterwards again. */
static int write_slot(struct store *s, unsigned k, int64_t slot, enum sqlite_slot_statement which)
{
    sqlite3_stmt *statement = slot_statement(s, k, which);
    int rc = -1;

    if (statement != NULL) {
        sqlite3_bind_int64(statement, 1, slot);
        sqlite3_bind_blob(statement, 2, s->buffer, (int)sqlite_class_bytes(k), SQLITE_STATIC);
        rc = sqlite_run(s, statement);
    }
    explicit_bzero(s->buffer, sqlite_class_bytes(k));
    return rc;
}

int sqlite_slot_fill(struct store *s, struct store_handoff *h, const uint8_t *sealed)
{
    const unsigned k = class_of(h->sealed_len);
    struct sqlite_class *c = k < SQLITE_CLASSES ? load_class(s, k) : NULL;
    int64_t next = 0;

    if (c == NULL)
        return -1;
    if (c->free != 0) {
        sqlite3_stmt *read;
        const uint8_t *row = read_slot(s, k, c->free, &read);

        if (row == NULL)
            return -1;
        next = get_link(row);
        sqlite3_reset(read);
        h->slot = c->free;
    } else {
        /* Zeros first: a new row passes through memory that SQLite keeps, an overwritten one
           does not. */
        h->slot = ++c->slots;
        if (write_slot(s, k, h->slot, SLOT_ADD) != 0)
            return -1;
    }
    c->free = next;
    c->changed = true;

    memcpy(s->buffer + SQLITE_LINK_BYTES, sealed, h->sealed_len);
    return write_slot(s, k, h->slot, SLOT_WRITE);
}

int sqlite_slot_rewrite(struct store *s, const struct store_handoff *h, const uint8_t *sealed)
{
    const unsigned k = class_of(h->sealed_len);

    if (k >= SQLITE_CLASSES || h->slot == 0)
        return -1;
    memcpy(s->buffer + SQLITE_LINK_BYTES, sealed, h->sealed_len);
    return write_slot(s, k, h->slot, SLOT_WRITE);
}

int store_envelope(struct store *s, const struct store_handoff *h, uint8_t *out)
{
    const unsigned k = class_of(h->sealed_len);
    sqlite3_stmt *read;
    const uint8_t *row =
        k < SQLITE_CLASSES && h->slot != 0 ? read_slot(s, k, h->slot, &read) : NULL;

    if (row == NULL)
        return -1;
    memcpy(out, row + SQLITE_LINK_BYTES, h->sealed_len);
    sqlite3_reset(read);
    return 0;
}

int store_burn(struct store *s, struct store_handoff *h)
{
    const unsigned k = class_of(h->sealed_len);
    struct sqlite_class *c = k < SQLITE_CLASSES && h->slot != 0 ? load_class(s, k) : NULL;

    if (c == NULL)
        return -1;
    put_link(s->buffer, c->free);
    if (write_slot(s, k, h->slot, SLOT_WRITE) != 0)
        return -1;
    c->free = h->slot;
    c->changed = true;
    h->slot = 0;
    return sqlite_charges_add(s, h->has_payer ? h->payer : NULL, -1,
                              -(int64_t)(h->sealed_len - KEYRING_OVERHEAD));
}
