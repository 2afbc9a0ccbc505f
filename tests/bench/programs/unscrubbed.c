/*
 * Preloaded into handoffd: SQLite's checkpoints say that they were done and are not, so that a run
 * can be measured without what taking burned bytes out of the write-ahead log costs. The log grows
 * until the database is closed.
 */
#include <sqlite3.h>
#include <stddef.h>

int sqlite3_wal_checkpoint_v2(sqlite3 *db, const char *name, int mode, int *log, int *done)
{
    (void)db;
    (void)name;
    (void)mode;
    if (log != NULL)
        *log = 0;
    if (done != NULL)
        *done = 0;
    return SQLITE_OK;
}
