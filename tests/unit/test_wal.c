/*
 * Goal: the write-ahead log's file holds all of a transaction when its commit returns, is plain
 * SQLite's to anyone else, and when it is emptied lies there as zeros, as many as were in use:
 * nothing of what it held is left in it.
 */
#include "tests/unit/unit.h"
#include "vault/store/sqlite.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 128, BLOB_BYTES = 2000 };

struct database {
    char dir[PATH_BYTES / 2], path[PATH_BYTES], log[PATH_BYTES];
    sqlite3 *db;
};

static void run(sqlite3 *db, const char *text)
{
    char *why = NULL;

    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

static void open_database(struct database *d)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(d->dir, sizeof(d->dir), "%s/handoff-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(d->dir));
    snprintf(d->path, sizeof(d->path), "%s/db", d->dir);
    snprintf(d->log, sizeof(d->log), "%s/db-wal", d->dir);
    sqlite_set_up();
    assert_int_equal(sqlite3_open_v2(d->path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                                     sqlite_wal_vfs),
                     SQLITE_OK);
    run(d->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
               "CREATE TABLE t(n INTEGER PRIMARY KEY, b BLOB)");
}

static void close_database(struct database *d)
{
    char name[PATH_BYTES + 8];

    assert_int_equal(sqlite3_close(d->db), SQLITE_OK);
    assert_int_equal(access(d->log, F_OK), -1); /* the last one takes the log away */
    unlink(d->path);
    snprintf(name, sizeof(name), "%s-shm", d->path);
    unlink(name);
    assert_int_equal(rmdir(d->dir), 0);
}

static size_t log_size(const struct database *d)
{
    struct stat st;

    assert_int_equal(stat(d->log, &st), 0);
    return (size_t)st.st_size;
}

/* The log's bytes, *len of them, to be freed. */
static uint8_t *read_log(const struct database *d, size_t *len)
{
    FILE *file = fopen(d->log, "rb");
    uint8_t *bytes;

    assert_non_null(file);
    *len = log_size(d);
    bytes = malloc(*len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *len, file), *len);
    fclose(file);
    return bytes;
}

static bool log_holds(const struct database *d, const uint8_t *mark, size_t mark_len)
{
    size_t len;
    uint8_t *bytes = read_log(d, &len);
    const bool found = memmem(bytes, len, mark, mark_len) != NULL;

    free(bytes);
    return found;
}

/* Inserts a row whose value begins with the mark, for each number of [from, end). */
static void insert(const struct database *d, const uint8_t mark[16], int from, int end)
{
    uint8_t value[BLOB_BYTES] = {0};
    sqlite3_stmt *statement;

    memcpy(value, mark, 16);
    assert_int_equal(sqlite3_prepare_v2(d->db, "INSERT INTO t VALUES(?,?)", -1, &statement, NULL),
                     SQLITE_OK);
    run(d->db, "BEGIN");
    for (int i = from; i < end; i++) {
        sqlite3_bind_int(statement, 1, i);
        sqlite3_bind_blob(statement, 2, value, sizeof(value), SQLITE_STATIC);
        assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
        sqlite3_reset(statement);
    }
    run(d->db, "COMMIT");
    sqlite3_finalize(statement);
}

static int count_rows(const char *path, const char *vfs)
{
    sqlite3_stmt *statement;
    sqlite3 *db;
    int count;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, vfs), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &statement, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    count = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return count;
}

static void empty_log(const struct database *d)
{
    assert_int_equal(sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
                     SQLITE_OK);
}

static void assert_zeros(const struct database *d)
{
    size_t len;
    uint8_t *bytes = read_log(d, &len);

    assert_true(sodium_is_zero(bytes, len));
    free(bytes);
}

static void test_commit_is_in_the_file(void **state)
{
    struct database d;
    uint8_t mark[16];

    (void)state;
    open_database(&d);
    for (int i = 0; i < 5; i++) {
        randombytes_buf(mark, sizeof(mark));
        insert(&d, mark, 10 * i, 10 * i + 1 + i);
        assert_true(log_holds(&d, mark, sizeof(mark)));
        assert_int_equal(count_rows(d.path, NULL), (i + 1) * (i + 2) / 2);
    }
    close_database(&d);
}

static void test_emptied_log_is_zeros(void **state)
{
    struct database d;
    uint8_t mark[16];
    size_t used;

    (void)state;
    open_database(&d);
    randombytes_buf(mark, sizeof(mark));
    insert(&d, mark, 0, 300);
    used = log_size(&d);
    assert_true(used > 300 * BLOB_BYTES);
    empty_log(&d);
    assert_zeros(&d);
    assert_int_equal(log_size(&d), used);
    assert_int_equal(count_rows(d.path, NULL), 300);
    assert_int_equal(count_rows(d.path, sqlite_wal_vfs), 300);

    /* It is used again from its beginning, and shrinks to what was in use. */
    insert(&d, mark, 300, 310);
    assert_int_equal(log_size(&d), used);
    assert_int_equal(count_rows(d.path, NULL), 310);
    empty_log(&d);
    assert_zeros(&d);
    assert_true(log_size(&d) > 0 && log_size(&d) < used / 4);
    empty_log(&d); /* nothing was in use */
    assert_int_equal(log_size(&d), 0);
    close_database(&d);
}

/* A transaction that SQLite has to spill, looks through, and takes back. */
static void test_spilled_and_rolled_back(void **state)
{
    struct database d;
    uint8_t mark[16], other[16];

    (void)state;
    open_database(&d);
    randombytes_buf(mark, sizeof(mark));
    randombytes_buf(other, sizeof(other));
    insert(&d, other, 0, 50);
    run(d.db, "PRAGMA cache_size=10; BEGIN; DELETE FROM t WHERE n%2=0;"
              "INSERT INTO t SELECT n+1000, b FROM t; UPDATE t SET b=zeroblob(3000) WHERE n>1000");
    assert_int_equal(count_rows(d.path, NULL), 50);
    run(d.db, "ROLLBACK");
    assert_int_equal(count_rows(d.path, sqlite_wal_vfs), 50);
    run(d.db, "BEGIN; DELETE FROM t WHERE n%2=0; UPDATE t SET b=zeroblob(1000); COMMIT;"
              "PRAGMA integrity_check");
    assert_int_equal(count_rows(d.path, NULL), 25);
    insert(&d, mark, 2000, 2001);
    empty_log(&d);
    assert_zeros(&d);
    assert_int_equal(count_rows(d.path, NULL), 26);
    close_database(&d);
}

/* Another program, with SQLite's own ways, writes into the same log in turn. */
static void test_beside_plain_sqlite(void **state)
{
    struct database d;
    sqlite3 *plain;
    uint8_t mark[16];
    char text[96];

    (void)state;
    open_database(&d);
    randombytes_buf(mark, sizeof(mark));
    assert_int_equal(sqlite3_open_v2(d.path, &plain, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    for (int i = 0; i < 20; i++) {
        insert(&d, mark, i * 10, i * 10 + 3);
        snprintf(text, sizeof(text), "INSERT INTO t VALUES(%d, zeroblob(5000))", i * 10 + 5);
        run(plain, text);
        if (i % 6 == 5) {
            empty_log(&d);
            assert_zeros(&d);
        }
        assert_int_equal(count_rows(d.path, NULL), (i + 1) * 4);
    }
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
    close_database(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit_is_in_the_file),
        cmocka_unit_test(test_emptied_log_is_zeros),
        cmocka_unit_test(test_spilled_and_rolled_back),
        cmocka_unit_test(test_beside_plain_sqlite),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
