#include "vault/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUSY_MS = 5000,     /* another process may write for a while */
    SCRUB_BUSY_MS = 50, /* the committer must not wait long for a reader */
    WRITER_CACHE_KIB = 4096,
    READER_CACHE_KIB = 256
};

/* secure_delete first: nothing may be written before it is on, whatever the library's default. */
static const char *const writer_pragmas = "PRAGMA secure_delete=ON;"
                                          "PRAGMA journal_mode=WAL;"
                                          "PRAGMA synchronous=FULL;"
                                          "PRAGMA wal_autocheckpoint=0;";

static const char *const every_pragmas = "PRAGMA temp_store=MEMORY;"
                                         "PRAGMA trusted_schema=OFF;"
                                         "PRAGMA cell_size_check=ON;"
                                         "PRAGMA mmap_size=0;";

static const char *const texts[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_BEGIN_VIEW] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
    [SQL_HEAD] = "SELECT n, time, leaf FROM event ORDER BY n DESC LIMIT 1",
    [SQL_FIND] = "SELECT * FROM handoff WHERE id=?",
    [SQL_INSERT] =
        "INSERT INTO handoff VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_UPDATE] =
        "UPDATE handoff SET state=?, cause=?, claimed_at=?, lease_until=?, changed_at=?, due_at=?,"
        " claimant_hash=?, slot=?, claimed_n=?, opened_n=?, revoked_n=?, last_n=?, rare=?"
        " WHERE created_n=?",
    [SQL_DUE] = "SELECT id FROM handoff WHERE due_at<=? ORDER BY due_at LIMIT ?",
    [SQL_APPEND] = "INSERT INTO event VALUES(?,?,?,?,?,?,?)",
    [SQL_EVENT] = "SELECT n, time, prev, leaf, line, key_id, sealed FROM event WHERE n=?",
    [SQL_EVENT_PREV] = "SELECT prev FROM event WHERE n=?",
    [SQL_NODE] = "SELECT leaf FROM event WHERE n=?",
    [SQL_SET_NODES] = "UPDATE event SET leaf=? WHERE n=?",
    [SQL_KEEP_CHECKPOINT] = "INSERT OR REPLACE INTO checkpoint VALUES(?,?,?)",
    [SQL_DROP_CHECKPOINT] = "DELETE FROM checkpoint WHERE size<?1 AND time/86400=?2/86400",
    [SQL_KEPT_CHECKPOINT] = "SELECT size, note FROM checkpoint WHERE size>? ORDER BY size LIMIT 1",
    [SQL_ADD_LOG_KEY] = "INSERT INTO log_key VALUES(?,?)",
    [SQL_NEXT_LOG_KEY] = "SELECT n, proof FROM log_key WHERE n>? ORDER BY n LIMIT 1",
    [SQL_TRIES] = "SELECT tries, tried_at FROM tries WHERE id=? AND tag=?",
    [SQL_SET_TRIES] = "INSERT OR REPLACE INTO tries VALUES(?,?,?,?)",
    [SQL_RECEIPT] = "SELECT n FROM receipt WHERE id=? AND statement_hash=?",
    [SQL_ADD_RECEIPT] = "INSERT INTO receipt VALUES(?,?,?)",
    [SQL_VALUE] = "SELECT value FROM value WHERE name=?",
    [SQL_SET_VALUE] = "INSERT OR REPLACE INTO value VALUES(?,?)",
    [SQL_DROP_VALUE] = "DELETE FROM value WHERE name=?",
    [SQL_CHARGE] = "SELECT live, bytes FROM charge WHERE payer=?",
    [SQL_SET_CHARGE] = "INSERT OR REPLACE INTO charge VALUES(?,?,?)",
    [SQL_DROP_CHARGE] = "DELETE FROM charge WHERE payer=?",
    [SQL_LIST] = "SELECT * FROM handoff WHERE created_n<? ORDER BY created_n DESC LIMIT ?",
    [SQL_LIST_OF] = "SELECT * FROM handoff WHERE created_n<? AND recipient_tag=?3"
                    " ORDER BY created_n DESC LIMIT ?2",
    [SQL_WALK] = "SELECT * FROM handoff WHERE id>? ORDER BY id LIMIT ?",
    [SQL_REWRITE] = "UPDATE handoff SET recipient_tag=?, key_id=? WHERE created_n=?",
    [SQL_NEXT_DETAILS] = "SELECT n, key_id, sealed FROM event WHERE n>? AND key_id<>?"
                         " ORDER BY n LIMIT 1",
    [SQL_REWRITE_DETAILS] = "UPDATE event SET key_id=?, sealed=? WHERE n=?",
    [SQL_TOKEN] = "SELECT * FROM token WHERE hash=?",
    [SQL_TOKEN_NAMED] = "SELECT * FROM token WHERE name_tag=?",
    [SQL_TOKEN_NEXT] = "SELECT * FROM token WHERE hash>? ORDER BY hash LIMIT 1",
    [SQL_PUT_TOKEN] = "INSERT INTO token VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(hash) DO UPDATE SET"
                      " revoked_at=excluded.revoked_at, key_id=excluded.key_id,"
                      " sealed=excluded.sealed",
    [SQL_COUNT_DUE] = "SELECT count(*) FROM (SELECT 1 FROM handoff WHERE due_at<=? LIMIT ?)",
    [SQL_CLASS] = "SELECT free, slots FROM slot_class WHERE class=?",
    [SQL_SET_CLASS] = "UPDATE slot_class SET free=?2, slots=?3 WHERE class=?1",
};

int sqlite_fail(struct store *s, int rc)
{
    s->error = s->db != NULL ? sqlite3_extended_errcode(s->db) : rc;
    s->error_text = sqlite3_errstr(s->error);
    return -1;
}

const char *store_error(const struct store *s, int *number)
{
    *number = s->error;
    return s->error_text != NULL ? s->error_text : "no error";
}

sqlite3_stmt *sqlite_prepare(struct store *s, sqlite3_stmt **statement, const char *text)
{
    int rc;

    if (*statement != NULL) {
        sqlite3_reset(*statement);
        return *statement;
    }
    rc = sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    if (rc != SQLITE_OK) {
        sqlite_fail(s, rc);
        return NULL;
    }
    return *statement;
}

sqlite3_stmt *sqlite_statement(struct store *s, enum sqlite_statement which)
{
    return sqlite_prepare(s, &s->statements[which], texts[which]);
}

int sqlite_run(struct store *s, sqlite3_stmt *statement)
{
    const int rc = sqlite3_step(statement);

    if (rc != SQLITE_DONE) {
        sqlite_fail(s, rc);
        sqlite3_reset(statement);
        return -1;
    }
    sqlite3_reset(statement);
    return 0;
}

int sqlite_row(struct store *s, sqlite3_stmt *statement)
{
    const int rc = sqlite3_step(statement);

    if (rc == SQLITE_ROW)
        return 0;
    if (rc != SQLITE_DONE)
        sqlite_fail(s, rc);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? STORE_NONE : -1;
}

static int simple(struct store *s, enum sqlite_statement which)
{
    sqlite3_stmt *statement = sqlite_statement(s, which);

    return statement == NULL ? -1 : sqlite_run(s, statement);
}

int sqlite_script(struct store *s, const char *text)
{
    const int rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc);
}

int sqlite_set_pragma(struct store *s, const char *name, int value)
{
    char text[64];

    snprintf(text, sizeof(text), "PRAGMA %s=%d", name, value);
    return sqlite_script(s, text);
}

int sqlite_number(struct store *s, const char *text, int64_t *value)
{
    sqlite3_stmt *statement = NULL;
    int rc = -1;

    if (sqlite_prepare(s, &statement, text) == NULL)
        return -1;
    if (sqlite_row(s, statement) == 0) {
        *value = sqlite3_column_int64(statement, 0);
        rc = 0;
    }
    sqlite3_finalize(statement);
    return rc;
}

static int count_log_pages(void *ctx, sqlite3 *db, const char *schema_name, int pages)
{
    struct store *s = ctx;

    (void)db;
    (void)schema_name;
    s->log_pages = pages;
    return SQLITE_OK;
}

/* Makes the file with mode 0600 before SQLite would make it with another; the log inherits it. */
static int make_file(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -1;
    return close(fd);
}

static int configure(struct store *s)
{
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    if (sqlite_script(s, every_pragmas) != 0)
        return -1;
    if (!s->writer)
        return sqlite_script(s, "PRAGMA query_only=ON") == 0
                   ? sqlite_set_pragma(s, "cache_size", -READER_CACHE_KIB)
                   : -1;
    sqlite3_wal_hook(s->db, count_log_pages, s);
    if (sqlite_script(s, writer_pragmas) != 0)
        return -1;
    return sqlite_set_pragma(s, "cache_size", -WRITER_CACHE_KIB);
}

struct store *store_open(const char *path, enum store_mode mode, char *why, size_t why_size)
{
    struct store *s = calloc(1, sizeof(*s));
    const char *reason = "out of memory";
    int rc;

    sqlite_set_up();
    if (s == NULL)
        goto fail;
    s->writer = mode != STORE_READER;
    if (s->writer) {
        s->buffer = calloc(1, sqlite_class_bytes(SQLITE_CLASSES - 1));
        s->recent = sqlite_recent_new();
        if (s->buffer == NULL || s->recent == NULL)
            goto fail;
        if (mode == STORE_WRITER && make_file(path) != 0) {
            reason = strerror(errno);
            goto fail;
        }
    }
    rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, sqlite_wal_vfs);
    if (rc != SQLITE_OK || configure(s) != 0) {
        sqlite_fail(s, rc);
        reason = s->error_text;
        goto fail;
    }
    if (s->writer && sqlite_settle_schema(s, mode == STORE_WRITER, &reason) != 0)
        goto fail;
    return s;

fail:
    snprintf(why, why_size, "%s: %s", path, reason);
    store_close(s);
    return NULL;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    for (unsigned i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    for (unsigned i = 0; i < SQLITE_CLASSES; i++)
        for (unsigned j = 0; j < SLOT_STATEMENTS; j++)
            sqlite3_finalize(s->slots[i][j]);
    sqlite3_close_v2(s->db);
    sqlite_recent_free(s->recent);
    free(s->buffer);
    free(s);
}

int store_head(struct store *s, struct store_head *head)
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_HEAD);
    const int rc = statement == NULL ? -1 : sqlite_row(s, statement);

    *head = (struct store_head){0};
    if (rc == 0) {
        head->next = sqlite3_column_int64(statement, 0) + 1;
        head->time = sqlite3_column_int64(statement, 1);
        sqlite_get_prefix(statement, 2, head->leaf, sizeof(head->leaf));
        sqlite3_reset(statement);
    }
    return rc < 0 ? -1 : 0;
}

static void forget(struct store *s)
{
    sqlite_slots_forget(s);
    s->charges_len = 0;
}

int store_begin(struct store *s, struct store_head *head)
{
    forget(s);
    if (simple(s, SQL_BEGIN) != 0)
        return -1;
    s->in_transaction = true;
    if (sqlite_recent_check(s) == 0 && store_head(s, head) == 0)
        return 0;
    store_rollback(s);
    return -1;
}

int store_commit(struct store *s)
{
    sqlite3_reset(s->statements[SQL_EVENT]); /* standing on a row, it would hold a view */
    if (sqlite_slots_flush(s) != 0 || sqlite_charges_flush(s) != 0) {
        store_rollback(s);
        return -1;
    }
    if (simple(s, SQL_COMMIT) != 0)
        return STORE_UNKNOWN;
    s->in_transaction = false;
    return 0;
}

void store_rollback(struct store *s)
{
    if (s->in_transaction)
        (void)simple(s, SQL_ROLLBACK);
    s->in_transaction = false;
    forget(s);
    sqlite_recent_forget(s->recent);
}

int store_view_begin(struct store *s)
{
    return simple(s, SQL_BEGIN_VIEW);
}

void store_view_end(struct store *s)
{
    /* A statement that still stands on a row would hold the view. */
    sqlite3_reset(s->statements[SQL_EVENT]);
    (void)simple(s, SQL_ROLLBACK);
}

int store_value(struct store *s, const char *name, uint8_t *out, size_t *len)
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_VALUE);
    size_t got;
    int rc;

    if (statement == NULL)
        return -1;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    rc = sqlite_row(s, statement);
    if (rc != 0)
        return rc;
    got = (size_t)sqlite3_column_bytes(statement, 0);
    if (got > *len)
        rc = STORE_NONE;
    else if (got > 0) /* an empty value has no bytes to point to */
        memcpy(out, sqlite3_column_blob(statement, 0), got);
    *len = got;
    sqlite3_reset(statement);
    return rc;
}

int store_set_value(struct store *s, const char *name, const uint8_t *value, size_t len)
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_SET_VALUE);

    if (statement == NULL)
        return -1;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(statement, 2, value, len, SQLITE_STATIC);
    return sqlite_run(s, statement);
}

enum { NUMBER_BYTES = 8 };

int store_number(struct store *s, const char *name, int64_t *number)
{
    uint8_t bytes[NUMBER_BYTES];
    size_t len = sizeof(bytes);
    uint64_t value = 0;
    const int rc = store_value(s, name, bytes, &len);

    for (size_t i = 0; rc == 0 && i < len; i++)
        value = value << 8 | bytes[i];
    *number = (int64_t)value;
    return rc;
}

int store_set_number(struct store *s, const char *name, int64_t number)
{
    uint8_t bytes[NUMBER_BYTES];

    for (int i = 0; i < NUMBER_BYTES; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    return store_set_value(s, name, bytes, sizeof(bytes));
}

int store_drop_value(struct store *s, const char *name)
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_DROP_VALUE);

    if (statement == NULL)
        return -1;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    return sqlite_run(s, statement);
}

int store_scrub(struct store *s, enum store_scrub how)
{
    int rc;

    if (how == STORE_SCRUB_BEGIN) {
        rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    } else {
        sqlite3_busy_timeout(s->db, SCRUB_BUSY_MS);
        rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_busy_timeout(s->db, BUSY_MS);
        if (rc == SQLITE_OK)
            s->log_pages = 0;
    }
    if (rc == SQLITE_OK)
        return 0;
    if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
        return STORE_NONE;
    return sqlite_fail(s, rc);
}

int64_t store_log_bytes(const struct store *s)
{
    enum { PAGE_AND_HEADER = 4096 + 24 };

    return s->log_pages * PAGE_AND_HEADER;
}
