#include "vault/store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

const char store_restored[] = "restored";

/* Everything but the slots: what lived has none in the copy. One transaction, so that it is all as
   of one moment; a mark tells whoever opens the copy that its living handoffs must be burned. */
static const char *const copying =
    "BEGIN;"
    "INSERT INTO main.event SELECT * FROM source.event;"
    "INSERT INTO main.handoff SELECT * FROM source.handoff;"
    "INSERT INTO main.tries SELECT * FROM source.tries;"
    "INSERT INTO main.checkpoint SELECT * FROM source.checkpoint;"
    "INSERT INTO main.log_key SELECT * FROM source.log_key;"
    "INSERT INTO main.receipt SELECT * FROM source.receipt;"
    "INSERT INTO main.token SELECT * FROM source.token;"
    "INSERT OR REPLACE INTO main.value SELECT * FROM source.value WHERE name<>'probe';"
    "INSERT OR REPLACE INTO main.value VALUES('restored', x'');";

static int attach(struct store *s, const char *path)
{
    sqlite3_stmt *statement = NULL;
    int rc;

    if (sqlite_prepare(s, &statement, "ATTACH ? AS source") == NULL)
        return -1;
    sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    rc = sqlite_run(s, statement);
    sqlite3_finalize(statement);
    return rc;
}

static int copy(struct store *s, const char *from, struct store_backup *out)
{
    if (sqlite_script(s, "PRAGMA main.journal_mode=DELETE") != 0 || attach(s, from) != 0 ||
        sqlite_script(s, copying) != 0 ||
        sqlite_number(s, "SELECT count(*) FROM main.event", &out->events) != 0 ||
        sqlite_number(s, "SELECT count(*) FROM main.handoff", &out->handoffs) != 0 ||
        sqlite_number(s, "SELECT count(*) FROM main.handoff WHERE slot<>0", &out->live) != 0)
        return -1;
    return sqlite_script(s, "UPDATE main.handoff SET slot=0 WHERE slot<>0; COMMIT;"
                            "DETACH source");
}

/* Makes the directory entry durable. */
static int sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    char dir[PATH_BYTES] = ".";
    int fd, rc;

    if (slash != NULL) {
        if ((size_t)(slash - path) >= sizeof(dir))
            return -1;
        memcpy(dir, path, (size_t)(slash - path));
        dir[slash - path] = '\0';
    }
    fd = open(slash == path ? "/" : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

/* Gives the finished file its name, unless there is one by now, and makes that durable. */
static int publish(const char *part, const char *to)
{
    return link(part, to) == 0 && sync_parent(to) == 0 ? 0 : -1;
}

int store_backup(const char *from, const char *to, struct store_backup *out, char *why,
                 size_t why_size)
{
    char part[PATH_BYTES];
    struct store *s = NULL;
    int fd, rc = -1;

    if ((size_t)snprintf(part, sizeof(part), "%s.part", to) >= sizeof(part)) {
        snprintf(why, why_size, "%s: the path is too long", to);
        return -1;
    }
    /* One that was interrupted may have left it. */
    (void)unlink(part);
    fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        snprintf(why, why_size, "%s: %s", part, strerror(errno));
        return -1;
    }
    close(fd);
    s = store_open(part, STORE_WRITER, why, why_size);
    if (s != NULL && copy(s, from, out) != 0)
        snprintf(why, why_size, "%s: %s", part, s->error_text);
    else if (s != NULL)
        rc = 0;
    store_close(s);
    if (rc == 0 && publish(part, to) != 0) {
        snprintf(why, why_size, "%s: %s", to, strerror(errno));
        rc = -1;
    }
    (void)unlink(part);
    return rc;
}
