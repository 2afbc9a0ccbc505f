/* Shared by the files that make up the SQLite store; nobody else includes it. */
#ifndef HANDOFF_VAULT_STORE_SQLITE_H
#define HANDOFF_VAULT_STORE_SQLITE_H

#include "vault/store/store.h"

#include <sqlite3.h>

/*
 * Size classes of the slots that envelopes lie in. A class holds at-rest forms of 256 · 2^k bytes
 * of plaintext and what sealing twice adds (41 + 40), behind an 8-byte link, in a row of always the
 * same length: an UPDATE then overwrites in place, and nothing that was live is ever left in a gap.
 */
enum { SQLITE_CLASSES = 13, SQLITE_LINK_BYTES = 8 };

enum sqlite_statement {
    SQL_BEGIN,
    SQL_BEGIN_VIEW,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_HEAD,
    SQL_FIND,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_DUE,
    SQL_APPEND,
    SQL_APPEND_DETAILS,
    SQL_EVENT,
    SQL_EVENT_PREV,
    SQL_TRIES,
    SQL_SET_TRIES,
    SQL_RECEIPT,
    SQL_ADD_RECEIPT,
    SQL_VALUE,
    SQL_SET_VALUE,
    SQL_CLASS,
    SQL_SET_CLASS,
    SQL_STATEMENTS
};

enum sqlite_slot_statement { SLOT_READ, SLOT_WRITE, SLOT_ADD, SLOT_STATEMENTS };

/* A class's free list: a stack linked through the free rows. Read once a transaction, written once.
 */
struct sqlite_class {
    bool loaded, changed;
    int64_t free;  /* the first free slot; 0: none */
    int64_t slots; /* rows in the table, numbered from 1 */
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_STATEMENTS];
    sqlite3_stmt *slots[SQLITE_CLASSES][SLOT_STATEMENTS];
    struct sqlite_class classes[SQLITE_CLASSES];
    uint8_t *buffer; /* of the largest class, for building a row; the writer's */
    bool writer;
    bool in_transaction;
    int64_t log_pages;
    int error;              /* the last failure's extended result code */
    const char *error_text; /* static */
};

/* The prepared statement, made at its first use and reset; NULL after noting a failure. */
sqlite3_stmt *sqlite_statement(struct store *s, enum sqlite_statement which);

/* Makes *statement from sql if it is not there yet; resets it otherwise. NULL after noting a
 * failure. */
sqlite3_stmt *sqlite_prepare(struct store *s, sqlite3_stmt **statement, const char *sql);

/* Runs a statement that returns no rows, and resets it. Returns 0 or -1. */
int sqlite_run(struct store *s, sqlite3_stmt *statement);

/* Steps to a row: 0, STORE_NONE, or -1 after noting a failure. Reset it when done with the row. */
int sqlite_row(struct store *s, sqlite3_stmt *statement);

/* Notes a failure and returns -1. */
int sqlite_fail(struct store *s, int rc);

/* Bytes of a class's rows. */
size_t sqlite_class_bytes(unsigned k);

/* Makes the slot tables of a new database; writes changed free lists; forgets what is cached. */
int sqlite_slots_create(struct store *s);
int sqlite_slots_flush(struct store *s);
void sqlite_slots_forget(struct store *s);

/* Takes a free slot for h's envelope and writes it. */
int sqlite_slot_fill(struct store *s, struct store_handoff *h, const uint8_t *sealed);

#endif
