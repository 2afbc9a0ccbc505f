/* A data directory's database out of a backup. */
#include "vault/admin.h"
#include "vault/maintenance/datadir.h"
#include "vault/maintenance/log_verify.h"
#include "vault/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int copy_bytes(int from, int to)
{
    char buffer[65536];
    ssize_t n;

    while ((n = read(from, buffer, sizeof(buffer))) > 0)
        for (ssize_t done = 0; done < n;) {
            const ssize_t written = write(to, buffer + done, (size_t)(n - done));

            if (written <= 0)
                return -1;
            done += written;
        }
    return n == 0 && fsync(to) == 0 ? 0 : -1;
}

/* Whether the copy is a backup of ours: sound, and with the mark. */
static int check_copy(const char *path, char *why, size_t why_size)
{
    uint8_t value[STORE_VALUE_MAX];
    size_t len = sizeof(value);
    struct log_verify_count count;
    struct store *s = store_open(path, STORE_WRITER, why, why_size);
    int rc;

    if (s == NULL)
        return -1;
    rc = store_verify(s, why, why_size);
    if (rc == 0)
        rc = log_verify(s, NULL, &count, why, why_size);
    if (rc == 0)
        rc = store_verify_tables(s, why, why_size);
    if (rc < 0)
        snprintf(why, why_size, "the backup cannot be read");
    if (rc == 0 && store_value(s, store_restored, value, &len) != 0) {
        rc = -1;
        snprintf(why, why_size,
                 "this is no backup but a copy of a database: it could hand out again what was "
                 "taken; restore a file that handoffd backup made");
    }
    store_close(s);
    return rc == 0 ? 0 : -1;
}

/* Copies and checks under a name that no service opens. Takes over from. */
static int restore_into(const char *final, int from, char *why, size_t why_size)
{
    char path[4096 + 8];
    int to, rc = -1;

    snprintf(path, sizeof(path), "%s.new", final);
    (void)unlink(path);
    to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0 || copy_bytes(from, to) != 0)
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
    else
        rc = check_copy(path, why, why_size);
    if (to >= 0)
        close(to);
    close(from);
    if (rc == 0 && rename(path, final) == 0)
        return 0;
    if (rc == 0)
        snprintf(why, why_size, "%s: %s", final, strerror(errno));
    if (to >= 0)
        (void)unlink(path);
    return -1;
}

int admin_restore(const char *dir, const char *path, char *why, size_t why_size)
{
    const int dir_fd = datadir_open(dir, why, why_size);
    char final[4096];
    int from, rc = -1;

    if (dir_fd < 0)
        return -1;
    from = open(path, O_RDONLY | O_CLOEXEC);
    if (!datadir_lock(dir_fd))
        snprintf(why, why_size, "%s: a service runs on it; stop it, and name an empty directory",
                 dir);
    else if (datadir_database(final, sizeof(final), dir, why, why_size) != 0)
        ;
    else if (access(final, F_OK) == 0)
        snprintf(why, why_size,
                 "%s: is there already, and is not overwritten; name an empty "
                 "directory, or move it away",
                 final);
    else if (from < 0)
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
    else
        rc = 0;
    if (rc == 0) {
        rc = restore_into(final, from, why, why_size);
        if (rc == 0)
            (void)fsync(dir_fd);
    } else if (from >= 0) {
        close(from);
    }
    close(dir_fd);
    return rc;
}
