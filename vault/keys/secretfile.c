#include "vault/keys/secretfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *secretfile_name(const struct secretfile *f)
{
    return f->path != NULL ? f->path : f->name;
}

/* Why a file's kind, owner or mode does not do; NULL when they do. */
static const char *objection(const struct secretfile *f, const struct stat *st)
{
    const bool given = f->path != NULL;
    const mode_t forbidden = given ? 037 : 077;

    if (!S_ISREG(st->st_mode) || (st->st_mode & forbidden) != 0)
        return "must be a regular file that only its owner can read (chmod 600)";
    if (st->st_uid != geteuid() && !(given && st->st_uid == 0))
        return "must belong to the user that runs the service";
    return NULL;
}

static struct secret *read_text(int fd)
{
    struct secret *text = secret_new(SECRETFILE_MAX + 1);
    ssize_t n = -1;

    if (text != NULL)
        n = read(fd, secret_data(text), secret_capacity(text));
    if (n >= 0 && n <= SECRETFILE_MAX && secret_resize(text, (size_t)n) == 0)
        return text;
    secret_free(text);
    return NULL;
}

int secretfile_read(const struct secretfile *f, struct secret **text,
                    struct secretfile_identity *identity, char *why, size_t why_size)
{
    const char *name = secretfile_name(f), *reason;
    const int follow = f->path != NULL ? 0 : O_NOFOLLOW;
    const int fd = openat(f->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow);
    const int error = errno;
    struct stat st;

    *text = NULL;
    if (fd < 0) {
        snprintf(why, why_size, "%s cannot be read: %s", name, strerror(error));
        return error == ENOENT ? 1 : -1;
    }
    reason = fstat(fd, &st) != 0 ? "cannot be read" : objection(f, &st);
    if (reason == NULL) {
        *text = read_text(fd);
        reason = "cannot be read, or is too long to be what it should be";
    }
    close(fd);
    if (*text == NULL) {
        snprintf(why, why_size, "%s %s", name, reason);
        return -1;
    }
    *identity = (struct secretfile_identity){st.st_dev, st.st_ino, st.st_mtim};
    return 0;
}

bool secretfile_same(const struct secretfile *f, const struct secretfile_identity *read)
{
    struct stat st;

    return fstatat(f->dir_fd, secretfile_name(f), &st, 0) == 0 && st.st_dev == read->device &&
           st.st_ino == read->inode && st.st_mtim.tv_sec == read->modified.tv_sec &&
           st.st_mtim.tv_nsec == read->modified.tv_nsec;
}

/* ---- writing ---- */

static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Overwrites what old_fd holds, which has no name any more, or is about to lose it. */
static void blank(int old_fd)
{
    const uint8_t zeros[SECRETFILE_MAX] = {0};
    struct stat st;

    if (fstat(old_fd, &st) == 0 && st.st_size <= SECRETFILE_MAX &&
        write_all(old_fd, zeros, (size_t)st.st_size) == 0)
        (void)fsync(old_fd);
}

/* The new file gets its name before the old one is overwritten: there is always a whole one. */
int secretfile_write(const struct secretfile *f, const struct secret *text, char *why,
                     size_t why_size)
{
    char new_name[64];
    int fd, old;

    if (f->path != NULL) {
        snprintf(why, why_size, "%s is not the service's own to write", f->path);
        return -1;
    }
    snprintf(new_name, sizeof(new_name), "%s.new", f->name);
    (void)unlinkat(f->dir_fd, new_name, 0);
    fd = openat(f->dir_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    old = openat(f->dir_fd, f->name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || write_all(fd, secret_bytes(text), secret_len(text)) != 0 || fsync(fd) != 0 ||
        renameat(f->dir_fd, new_name, f->dir_fd, f->name) != 0 || fsync(f->dir_fd) != 0) {
        snprintf(why, why_size, "%s cannot be written: %s", f->name, strerror(errno));
        (void)unlinkat(f->dir_fd, new_name, 0);
        if (fd >= 0)
            close(fd);
        if (old >= 0)
            close(old);
        return -1;
    }
    close(fd);
    if (old >= 0) {
        blank(old);
        close(old);
    }
    return 0;
}
