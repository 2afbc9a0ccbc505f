#include "vault/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 0x48616e64, /* "Hand" */
    SCHEMA_VERSION = 1,
    BUSY_MS = 5000,     /* another process may write for a while */
    SCRUB_BUSY_MS = 50, /* the committer must not wait long for a reader */
    WRITER_CACHE_KIB = 4096,
    READER_CACHE_KIB = 256
};

static const char *const schema =
    "CREATE TABLE handoff("
    /* what never changes */
    " id BLOB PRIMARY KEY NOT NULL, code INTEGER NOT NULL, burn_on_claim INTEGER NOT NULL,"
    " shown_label INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
    " lease_s INTEGER NOT NULL, claim_hash BLOB NOT NULL, opened_hash BLOB NOT NULL,"
    " receipt_key BLOB NOT NULL, manage_hash BLOB NOT NULL, link_hash BLOB,"
    " body_hash BLOB NOT NULL, envelope_hash BLOB NOT NULL, key_id INTEGER NOT NULL,"
    " sealed_len INTEGER NOT NULL, created_n INTEGER NOT NULL,"
    /* what does */
    " state INTEGER NOT NULL, cause INTEGER NOT NULL, claimed_at INTEGER NOT NULL,"
    " lease_until INTEGER NOT NULL, changed_at INTEGER NOT NULL, due_at INTEGER,"
    " claimant_hash BLOB, slot INTEGER NOT NULL, claimed_n INTEGER NOT NULL,"
    " opened_n INTEGER NOT NULL, revoked_n INTEGER NOT NULL, last_n INTEGER NOT NULL,"
    " receipts INTEGER NOT NULL, receipt_by_claimant INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " tried_at INTEGER NOT NULL, refused_events INTEGER NOT NULL,"
    " refused_pending INTEGER NOT NULL, refused_flush_at INTEGER NOT NULL,"
    " wrong_events INTEGER NOT NULL, wrong_pending INTEGER NOT NULL,"
    " wrong_flush_at INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX handoff_due ON handoff(due_at) WHERE due_at IS NOT NULL;"
    "CREATE TABLE event("
    " n INTEGER PRIMARY KEY, time INTEGER NOT NULL, prev INTEGER NOT NULL,"
    " leaf BLOB NOT NULL, line TEXT NOT NULL);"
    "CREATE TABLE detail(n INTEGER PRIMARY KEY, key_id INTEGER NOT NULL, sealed BLOB NOT NULL);"
    "CREATE TABLE tries("
    " id BLOB NOT NULL, tag BLOB NOT NULL, tries INTEGER NOT NULL, tried_at INTEGER NOT NULL,"
    " PRIMARY KEY(id, tag)) WITHOUT ROWID;"
    "CREATE TABLE receipt("
    " id BLOB NOT NULL, statement_hash BLOB NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(id, statement_hash)) WITHOUT ROWID;"
    "CREATE TABLE value(name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE slot_class("
    " class INTEGER PRIMARY KEY, free INTEGER NOT NULL, slots INTEGER NOT NULL);";

/* In this order: nothing may be written before secure_delete is on, whatever the library's default.
 */
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
    [SQL_HEAD] = "SELECT n, time FROM event ORDER BY n DESC LIMIT 1",
    [SQL_FIND] = "SELECT * FROM handoff WHERE id=?",
    [SQL_INSERT] = "INSERT INTO handoff VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
                   "?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [SQL_UPDATE] =
        "UPDATE handoff SET state=?, cause=?, claimed_at=?, lease_until=?, changed_at=?, due_at=?,"
        " claimant_hash=?, slot=?, claimed_n=?, opened_n=?, revoked_n=?, last_n=?, receipts=?,"
        " receipt_by_claimant=?, tries=?, tried_at=?, refused_events=?, refused_pending=?,"
        " refused_flush_at=?, wrong_events=?, wrong_pending=?, wrong_flush_at=? WHERE id=?",
    [SQL_DUE] = "SELECT id FROM handoff WHERE due_at<=? ORDER BY due_at LIMIT ?",
    [SQL_APPEND] = "INSERT INTO event VALUES(?,?,?,?,?)",
    [SQL_APPEND_DETAILS] = "INSERT INTO detail VALUES(?,?,?)",
    [SQL_EVENT] = "SELECT event.n, time, prev, leaf, line, key_id, sealed FROM event"
                  " LEFT JOIN detail ON detail.n=event.n WHERE event.n=?",
    [SQL_EVENT_PREV] = "SELECT prev FROM event WHERE n=?",
    [SQL_TRIES] = "SELECT tries, tried_at FROM tries WHERE id=? AND tag=?",
    [SQL_SET_TRIES] = "INSERT OR REPLACE INTO tries VALUES(?,?,?,?)",
    [SQL_RECEIPT] = "SELECT n FROM receipt WHERE id=? AND statement_hash=?",
    [SQL_ADD_RECEIPT] = "INSERT INTO receipt VALUES(?,?,?)",
    [SQL_VALUE] = "SELECT value FROM value WHERE name=?",
    [SQL_SET_VALUE] = "INSERT OR REPLACE INTO value VALUES(?,?)",
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

static int script(struct store *s, const char *text)
{
    const int rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc);
}

static int set_pragma(struct store *s, const char *name, int value)
{
    char text[64];

    snprintf(text, sizeof(text), "PRAGMA %s=%d", name, value);
    return script(s, text);
}

static int read_pragma(struct store *s, const char *text, int64_t *value)
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

/* Makes the schema in one transaction, or checks that it is the one we know. */
static int settle_schema(struct store *s, const char **why)
{
    int64_t version = 0, application = 0, objects = 0;

    *why = "the database cannot be read or written";
    if (simple(s, SQL_BEGIN) != 0)
        return -1;
    if (read_pragma(s, "PRAGMA user_version", &version) != 0 ||
        read_pragma(s, "PRAGMA application_id", &application) != 0 ||
        read_pragma(s, "SELECT count(*) FROM sqlite_schema", &objects) != 0)
        goto fail;
    if (objects != 0 && application != APPLICATION_ID) {
        *why = "the file is another program's database; name another data directory";
        goto fail;
    }
    if (objects != 0 && version != SCHEMA_VERSION) {
        *why = "the database was made by another version of handoffd; use that one or a newer one";
        goto fail;
    }
    if (objects == 0 && (script(s, schema) != 0 || sqlite_slots_create(s) != 0 ||
                         set_pragma(s, "application_id", APPLICATION_ID) != 0 ||
                         set_pragma(s, "user_version", SCHEMA_VERSION) != 0))
        goto fail;
    if (simple(s, SQL_COMMIT) != 0)
        goto fail;
    return 0;

fail:
    (void)simple(s, SQL_ROLLBACK);
    return -1;
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
    if (script(s, every_pragmas) != 0)
        return -1;
    if (!s->writer)
        return script(s, "PRAGMA query_only=ON") == 0
                   ? set_pragma(s, "cache_size", -READER_CACHE_KIB)
                   : -1;
    sqlite3_wal_hook(s->db, count_log_pages, s);
    if (script(s, writer_pragmas) != 0)
        return -1;
    return set_pragma(s, "cache_size", -WRITER_CACHE_KIB);
}

struct store *store_open(const char *path, enum store_mode mode, char *why, size_t why_size)
{
    struct store *s = calloc(1, sizeof(*s));
    const char *reason = "out of memory";
    int rc;

    if (s == NULL)
        goto fail;
    s->writer = mode == STORE_WRITER;
    if (s->writer) {
        s->buffer = calloc(1, sqlite_class_bytes(SQLITE_CLASSES - 1));
        if (s->buffer == NULL)
            goto fail;
        if (make_file(path) != 0) {
            reason = strerror(errno);
            goto fail;
        }
    }
    rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK || configure(s) != 0) {
        sqlite_fail(s, rc);
        reason = s->error_text;
        goto fail;
    }
    if (s->writer && settle_schema(s, &reason) != 0)
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
    free(s->buffer);
    free(s);
}

int store_begin(struct store *s, struct store_head *head)
{
    sqlite3_stmt *statement;
    int rc;

    sqlite_slots_forget(s);
    if (simple(s, SQL_BEGIN) != 0)
        return -1;
    s->in_transaction = true;
    statement = sqlite_statement(s, SQL_HEAD);
    rc = statement == NULL ? -1 : sqlite_row(s, statement);
    *head = (struct store_head){0};
    if (rc == 0) {
        head->next = sqlite3_column_int64(statement, 0) + 1;
        head->time = sqlite3_column_int64(statement, 1);
        sqlite3_reset(statement);
    }
    if (rc < 0) {
        store_rollback(s);
        return -1;
    }
    return 0;
}

int store_commit(struct store *s)
{
    if (sqlite_slots_flush(s) != 0) {
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
    sqlite_slots_forget(s);
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

int store_value(struct store *s, const char *name, uint8_t out[32])
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_VALUE);
    int rc;

    if (statement == NULL)
        return -1;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    rc = sqlite_row(s, statement);
    if (rc != 0)
        return rc;
    if (sqlite3_column_bytes(statement, 0) == 32)
        memcpy(out, sqlite3_column_blob(statement, 0), 32);
    else
        rc = STORE_NONE;
    sqlite3_reset(statement);
    return rc;
}

int store_set_value(struct store *s, const char *name, const uint8_t value[32])
{
    sqlite3_stmt *statement = sqlite_statement(s, SQL_SET_VALUE);

    if (statement == NULL)
        return -1;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, value, 32, SQLITE_STATIC);
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
