/*
 * The write-ahead log's file, in one write a transaction, and wiped where it lies.
 *
 * SQLite writes each page into its log by two calls, and empties the log by cutting the file: the
 * next transactions then have to make it grow again, which costs each of their syncs the file's own
 * record, and what was cut away stays on the disk. Here the pages are gathered up to the one that
 * commits (or until somebody reads them), and a log that is to be emptied is overwritten by zeros
 * and used again.
 *
 * Zeros are an empty log to SQLite. So that a power cut leaves no half of an old one: the header
 * goes first, and is synced before anything else changes; all that the log held is in the database,
 * and synced, by then (https://www.sqlite.org/walformat.html, sections 2.1 and 4.4).
 */
#include "vault/protocol/encoding/secret.h"
#include "vault/store/sqlite.h"

#include <string.h>

enum {
    GATHER_BYTES = 30 * (4096 + 24), /* SQLite writes less than 128 KiB at once */
    KEEP_BYTES = 64 * 1024 * 1024,   /* of a file that once was larger, no more are kept */
    HEADER_BYTES = 4096,             /* the header's, and all of its sectors' */
    FRAME_BYTES = 24                 /* of what stands before each page */
};

struct wal {
    sqlite3_file file;   /* SQLite's handle; must be first */
    sqlite3_file *inner; /* the real one, right behind this */
    uint8_t *gathered;   /* GATHER_BYTES, made at the first write */
    size_t len;          /* bytes in it */
    sqlite3_int64 at;    /* where they belong in the file */
    bool commits;        /* the next page is a transaction's last */
    sqlite3_int64 used;  /* the end of what was written since the file was last emptied */
};

static struct wal *wal_of(sqlite3_file *file)
{
    return (struct wal *)(void *)file;
}

/* Writes what was gathered, and wipes it, also on failure: pages of envelopes are among it. */
static int flush(struct wal *w)
{
    const size_t len = w->len;
    int rc;

    if (len == 0)
        return SQLITE_OK;
    rc = w->inner->pMethods->xWrite(w->inner, w->gathered, (int)len, w->at);
    explicit_bzero(w->gathered, len);
    w->len = 0;
    return rc;
}

/* Whether this stands before a transaction's last page: its second word is the database's size
   then, and zero before any other. */
static bool is_commit(const uint8_t *data, int len)
{
    static const uint8_t none[4];

    return len == FRAME_BYTES && memcmp(data + 4, none, sizeof(none)) != 0;
}

static int wal_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    struct wal *w = wal_of(file);
    int rc = SQLITE_OK;

    if (w->gathered == NULL)
        w->gathered = secret_heap_alloc(GATHER_BYTES);
    if (w->len > 0 && (at != w->at + (sqlite3_int64)w->len || w->len + (size_t)len > GATHER_BYTES))
        rc = flush(w);
    if (rc != SQLITE_OK)
        return rc;
    if (at + len > w->used)
        w->used = at + len;
    if (w->gathered == NULL || len > GATHER_BYTES)
        return w->inner->pMethods->xWrite(w->inner, data, len, at);
    if (w->len == 0)
        w->at = at;
    memcpy(w->gathered + w->len, data, (size_t)len);
    w->len += (size_t)len;
    if (w->commits)
        rc = flush(w);
    w->commits = is_commit(data, len);
    return rc;
}

static int wal_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
    struct wal *w = wal_of(file);
    const int rc = flush(w);

    return rc == SQLITE_OK ? w->inner->pMethods->xRead(w->inner, out, len, at) : rc;
}

static int wal_sync(sqlite3_file *file, int flags)
{
    struct wal *w = wal_of(file);
    const int rc = flush(w);

    return rc == SQLITE_OK ? w->inner->pMethods->xSync(w->inner, flags) : rc;
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct wal *w = wal_of(file);
    const int rc = flush(w);

    return rc == SQLITE_OK ? w->inner->pMethods->xFileSize(w->inner, size) : rc;
}

static int write_zeros(struct wal *w, sqlite3_int64 from, sqlite3_int64 end)
{
    static const uint8_t zeros[64 * 1024];
    int rc = SQLITE_OK;

    while (from < end && rc == SQLITE_OK) {
        const sqlite3_int64 left = end - from;
        const int len = left < (sqlite3_int64)sizeof(zeros) ? (int)left : (int)sizeof(zeros);

        rc = w->inner->pMethods->xWrite(w->inner, zeros, len, from);
        from += len;
    }
    return rc;
}

/* Leaves zeros, as many as were in use. */
static int empty(struct wal *w)
{
    const sqlite3_io_methods *m = w->inner->pMethods;
    sqlite3_int64 size, keep;
    int rc = m->xFileSize(w->inner, &size);

    keep = w->used < size ? w->used : size;
    if (keep > KEEP_BYTES)
        keep = KEEP_BYTES;
    if (rc == SQLITE_OK)
        rc = write_zeros(w, 0, keep < HEADER_BYTES ? keep : HEADER_BYTES);
    if (rc == SQLITE_OK && keep > 0)
        rc = m->xSync(w->inner, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    if (rc == SQLITE_OK && size > keep)
        rc = m->xTruncate(w->inner, keep);
    if (rc == SQLITE_OK)
        rc = write_zeros(w, HEADER_BYTES, keep);
    if (rc == SQLITE_OK)
        w->used = 0;
    return rc;
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct wal *w = wal_of(file);
    const int rc = flush(w);

    if (rc != SQLITE_OK)
        return rc;
    return size == 0 ? empty(w) : w->inner->pMethods->xTruncate(w->inner, size);
}

static int wal_close(sqlite3_file *file)
{
    struct wal *w = wal_of(file);
    const int rc = flush(w), closed = w->inner->pMethods->xClose(w->inner);

    secret_heap_free(w->gathered);
    w->gathered = NULL;
    return rc != SQLITE_OK ? rc : closed;
}

/* A log is never locked or asked anything else. */
static int wal_lock(sqlite3_file *file, int level)
{
    struct wal *w = wal_of(file);

    return w->inner->pMethods->xLock(w->inner, level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
    struct wal *w = wal_of(file);

    return w->inner->pMethods->xUnlock(w->inner, level);
}

static int wal_reserved(sqlite3_file *file, int *out)
{
    struct wal *w = wal_of(file);

    return w->inner->pMethods->xCheckReservedLock(w->inner, out);
}

static int wal_control(sqlite3_file *file, int op, void *arg)
{
    struct wal *w = wal_of(file);

    return w->inner->pMethods->xFileControl(w->inner, op, arg);
}

static int wal_sector(sqlite3_file *file)
{
    struct wal *w = wal_of(file);

    return w->inner->pMethods->xSectorSize(w->inner);
}

static int wal_device(sqlite3_file *file)
{
    struct wal *w = wal_of(file);

    return w->inner->pMethods->xDeviceCharacteristics(w->inner);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 1,
        .xClose = wal_close,
        .xRead = wal_read,
        .xWrite = wal_write,
        .xTruncate = wal_truncate,
        .xSync = wal_sync,
        .xFileSize = wal_size,
        .xLock = wal_lock,
        .xUnlock = wal_unlock,
        .xCheckReservedLock = wal_reserved,
        .xFileControl = wal_control,
        .xSectorSize = wal_sector,
        .xDeviceCharacteristics = wal_device,
    };
    sqlite3_vfs *inner = vfs->pAppData;
    struct wal *w;
    int rc;

    if ((flags & SQLITE_OPEN_WAL) == 0)
        return inner->xOpen(inner, name, file, flags, out_flags);
    w = wal_of(file);
    *w = (struct wal){.inner = (sqlite3_file *)(void *)(w + 1)};
    rc = inner->xOpen(inner, name, w->inner, flags, out_flags);
    if (w->inner->pMethods != NULL)
        w->file.pMethods = &methods;
    return rc;
}

const char sqlite_wal_vfs[] = "handoff";

void sqlite_wal_register(void)
{
    static sqlite3_vfs vfs; /* SQLite keeps a pointer to it for as long as the program runs */
    sqlite3_vfs *inner = sqlite3_vfs_find(NULL);

    if (inner == NULL)
        return; /* memory is short: no database can be opened */
    vfs = *inner;
    vfs.zName = sqlite_wal_vfs;
    vfs.pNext = NULL;
    vfs.pAppData = inner;
    vfs.szOsFile = (int)sizeof(struct wal) + inner->szOsFile;
    vfs.xOpen = open_file;
    (void)sqlite3_vfs_register(&vfs, 0);
}
