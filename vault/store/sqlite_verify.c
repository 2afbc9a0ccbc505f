#include "vault/protocol/merkle.h"
#include "vault/store/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Counts of what must not be, each with what to say of it. */
static const struct {
    const char *sql, *words;
} counts[] = {
    {"SELECT count(*) FROM handoff WHERE last_n NOT IN (SELECT n FROM event)",
     "handoffs whose newest event is missing"},
    {"SELECT count(*) FROM handoff WHERE slot<>0 AND cause<>0",
     "handoffs that were burned and still have bytes"},
    {"SELECT abs((SELECT count(*) FROM handoff WHERE slot<>0) -"
     " (SELECT live FROM charge WHERE payer=x''))",
     "handoffs more or less than are counted as living"},
    {"SELECT count(*) FROM detail WHERE n NOT IN (SELECT n FROM event)",
     "details without their event"},
};

enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };

static int check_integrity(struct store *s, char *why, size_t why_size)
{
    sqlite3_stmt *statement = NULL;
    const char *text;
    int rc = -1;

    if (sqlite_prepare(s, &statement, "PRAGMA integrity_check(1)") == NULL)
        return -1;
    if (sqlite_row(s, statement) == 0) {
        text = (const char *)sqlite3_column_text(statement, 0);
        rc = text != NULL && strcmp(text, "ok") == 0 ? 0 : STORE_NONE;
        if (rc != 0)
            snprintf(why, why_size, "the database is damaged: %s", text != NULL ? text : "?");
    }
    sqlite3_finalize(statement);
    return rc;
}

static int check_counts(struct store *s, char *why, size_t why_size)
{
    for (size_t i = 0; i < COUNTS; i++) {
        int64_t count;

        if (sqlite_number(s, counts[i].sql, &count) != 0)
            return -1;
        if (count != 0) {
            snprintf(why, why_size, "%" PRId64 " %s", count, counts[i].words);
            return STORE_NONE;
        }
    }
    return 0;
}

/* Every index is there once, and each leaf is the hash of its line. */
static int check_events(struct store *s, char *why, size_t why_size)
{
    sqlite3_stmt *row = NULL;
    int64_t expected = 0;
    int rc;

    if (sqlite_prepare(s, &row, "SELECT n, leaf, line FROM event ORDER BY n") == NULL)
        return -1;
    while ((rc = sqlite_row(s, row)) == 0) {
        const int64_t n = sqlite3_column_int64(row, 0);
        uint8_t leaf[32], kept[32];

        sqlite_get_bytes(row, 1, kept, sizeof(kept));
        merkle_leaf(leaf, sqlite3_column_text(row, 2), (size_t)sqlite3_column_bytes(row, 2));
        if (n != expected || memcmp(leaf, kept, sizeof(leaf)) != 0) {
            snprintf(why, why_size,
                     n != expected ? "event %" PRId64 " of the log is missing"
                                   : "event %" PRId64 " of the log was changed",
                     expected);
            break;
        }
        expected++;
    }
    sqlite3_finalize(row);
    return rc == STORE_NONE ? 0 : rc == 0 ? STORE_NONE : -1;
}

int store_verify(struct store *s, char *why, size_t why_size)
{
    int rc = check_integrity(s, why, why_size);

    if (rc == 0)
        rc = check_events(s, why, why_size);
    if (rc == 0)
        rc = check_counts(s, why, why_size);
    return rc;
}
