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
    SQL_DATA_VERSION,
    SQL_HEAD,
    SQL_FIND,
    SQL_INSERT,
    SQL_UPDATE,
    SQL_DUE,
    SQL_APPEND,
    SQL_EVENT,
    SQL_EVENT_PREV,
    SQL_NODE,
    SQL_SET_NODES,
    SQL_KEEP_CHECKPOINT,
    SQL_DROP_CHECKPOINT,
    SQL_KEPT_CHECKPOINT,
    SQL_ADD_LOG_KEY,
    SQL_NEXT_LOG_KEY,
    SQL_TRIES,
    SQL_SET_TRIES,
    SQL_RECEIPT,
    SQL_ADD_RECEIPT,
    SQL_VALUE,
    SQL_SET_VALUE,
    SQL_DROP_VALUE,
    SQL_CHARGE,
    SQL_SET_CHARGE,
    SQL_DROP_CHARGE,
    SQL_LIST,
    SQL_LIST_OF,
    SQL_WALK,
    SQL_REWRITE,
    SQL_NEXT_DETAILS,
    SQL_REWRITE_DETAILS,
    SQL_TOKEN,
    SQL_TOKEN_NAMED,
    SQL_TOKEN_NEXT,
    SQL_PUT_TOKEN,
    SQL_COUNT_DUE,
    SQL_CLASS,
    SQL_SET_CLASS,
    SQL_STATEMENTS
};

enum sqlite_slot_statement { SLOT_READ, SLOT_WRITE, SLOT_ADD, SLOT_STATEMENTS };

/* A class's free list: a stack through the free rows; read and written once a transaction. */
struct sqlite_class {
    bool loaded, changed;
    int64_t free;  /* the first free slot; 0: none */
    int64_t slots; /* rows in the table, numbered from 1 */
};

/* What lives at a payer's charge; as with the classes, read and written once a transaction. */
struct sqlite_charge {
    uint8_t payer[16];
    size_t payer_len; /* 0: the sum of all */
    struct store_charge sum;
    bool changed;
};

enum { SQLITE_CHARGES = 32 };

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_STATEMENTS];
    sqlite3_stmt *slots[SQLITE_CLASSES][SLOT_STATEMENTS];
    struct sqlite_class classes[SQLITE_CLASSES];
    struct sqlite_charge charges[SQLITE_CHARGES];
    size_t charges_len;
    struct sqlite_recent *recent; /* the writer's; NULL for a reader */
    uint8_t *buffer;              /* of the largest class, for building a row; the writer's */
    bool writer;
    bool in_transaction;
    int64_t log_pages;
    int error;              /* the last failure's extended result code */
    const char *error_text; /* static */
};

/* The prepared statement, made at its first use and reset; NULL after noting a failure. */
sqlite3_stmt *sqlite_statement(struct store *s, enum sqlite_statement which);

/* Makes *statement from sql where it is not there, or resets it. NULL after noting a failure. */
sqlite3_stmt *sqlite_prepare(struct store *s, sqlite3_stmt **statement, const char *sql);

/* Runs a statement that returns no rows, and resets it. Returns 0 or -1. */
int sqlite_run(struct store *s, sqlite3_stmt *statement);

/* Steps to a row: 0, STORE_NONE, or -1 after noting a failure. Reset it when done with the row. */
int sqlite_row(struct store *s, sqlite3_stmt *statement);

/* Notes a failure and returns -1. */
int sqlite_fail(struct store *s, int rc);

/* Has the library wipe the memory that it gives back, and write the log's file in our way; before
   the first connection. */
void sqlite_set_up(void);

/* The name of the file system that writes the log's file (sqlite_wal.c), and how it is made known:
   by sqlite_set_up. */
extern const char sqlite_wal_vfs[];
void sqlite_wal_register(void);

/* Binds parameters one after the other. */
struct sqlite_binder {
    sqlite3_stmt *statement;
    int next;
};

void sqlite_bind_i64(struct sqlite_binder *b, int64_t value);
void sqlite_bind_bytes(struct sqlite_binder *b, const void *data, size_t len);
void sqlite_bind_bytes_if(struct sqlite_binder *b, bool there, const void *data, size_t len);

/* Take a column of exactly len bytes (zeros where it is not); the second says whether it is there
   at all. */
void sqlite_get_bytes(sqlite3_stmt *row, int column, uint8_t *out, size_t len);
bool sqlite_get_bytes_if(sqlite3_stmt *row, int column, uint8_t *out, size_t len);
/* Takes the first len bytes of a column that has at least so many (zeros where it has not). */
void sqlite_get_prefix(sqlite3_stmt *row, int column, uint8_t *out, size_t len);
unsigned sqlite_get_unsigned(sqlite3_stmt *row, int column);

/* Runs several statements that return nothing; sets a pragma; reads one number. 0 or -1. */
int sqlite_script(struct store *s, const char *text);
int sqlite_set_pragma(struct store *s, const char *name, int value);
int sqlite_number(struct store *s, const char *text, int64_t *value);

/* Makes the schema or brings it forward, where that is allowed. Returns 0, or -1 with a static
   sentence in *why. */
int sqlite_settle_schema(struct store *s, bool may_change, const char **why);

/* Adds to (or takes from) what lives at a payer's charge (NULL: nobody's) and in all. */
int sqlite_charges_add(struct store *s, const uint8_t *payer, int live, int64_t bytes);
int sqlite_charges_flush(struct store *s);

/* The handoffs that this connection wrote last (sqlite_recent.c). NULL never has any. */
struct sqlite_recent *sqlite_recent_new(void) __attribute__((warn_unused_result));
void sqlite_recent_free(struct sqlite_recent *r);

/* Forgets them where another connection has committed since; within a transaction. 0 or -1. */
int sqlite_recent_check(struct store *s) __attribute__((nonnull, warn_unused_result));
void sqlite_recent_forget(struct sqlite_recent *r);
void sqlite_recent_keep(struct sqlite_recent *r, const struct store_handoff *h)
    __attribute__((nonnull(2)));
bool sqlite_recent_find(const struct sqlite_recent *r, const uint8_t id[16],
                        struct store_handoff *out) __attribute__((nonnull(2, 3)));

/* Bytes of a class's rows. */
size_t sqlite_class_bytes(unsigned k);

/* Makes the slot tables of a new database; writes changed free lists; forgets what is cached. */
int sqlite_slots_create(struct store *s);
int sqlite_slots_flush(struct store *s);
void sqlite_slots_forget(struct store *s);

/* Takes a free slot for h's envelope and writes it. */
int sqlite_slot_fill(struct store *s, struct store_handoff *h, const uint8_t *sealed);

/* Overwrites h's slot by another at-rest form of the same length. */
int sqlite_slot_rewrite(struct store *s, const struct store_handoff *h, const uint8_t *sealed);

#endif
