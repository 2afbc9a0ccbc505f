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
    {"SELECT count(*) FROM event WHERE (key_id IS NULL)<>(sealed IS NULL)",
     "events with details under no key, or a key without details"},
};

enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };

int store_verify(struct store *s, char *why, size_t why_size)
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

int store_verify_tables(struct store *s, char *why, size_t why_size)
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
