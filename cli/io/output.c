#include "cli/io/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int output_all(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len > 0) {
        const ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A full disk may only show when the bytes have to go there. */
static int settle(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -1;
    return S_ISREG(st.st_mode) ? fsync(fd) : 0;
}

int output_stdout(const void *data, size_t len)
{
    return output_all(STDOUT_FILENO, data, len) == 0 ? settle(STDOUT_FILENO) : -1;
}

int output_flush(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return -1;
    return settle(STDOUT_FILENO);
}

static int open_dir_of(const char *path)
{
    char copy[PATH_MAX];

    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int sync_dir_of(const char *path)
{
    const int dir = open_dir_of(path);
    int rc;

    if (dir < 0)
        return -1;
    rc = fsync(dir);
    close(dir);
    /* Some file systems cannot do this for directories and need it not. */
    return rc != 0 && errno == EINVAL ? 0 : rc;
}

int output_file_begin(struct output_file *f, const char *path)
{
    memset(f, 0, sizeof *f);
    if (snprintf(f->path, sizeof f->path, "%s", path) >= (int)sizeof f->path ||
        snprintf(f->temp, sizeof f->temp, "%s.XXXXXX", path) >= (int)sizeof f->temp) {
        errno = ENAMETOOLONG;
        goto fail;
    }
    f->fd = mkostemp(f->temp, O_CLOEXEC);
    if (f->fd < 0)
        goto fail;
    return 0;
fail:
    f->temp[0] = '\0';
    return -1;
}

/* Not every file system knows how to rename without replacing; a second name does the same. */
static int name_it(const struct output_file *f, bool replace)
{
    if (replace)
        return rename(f->temp, f->path);
    if (renameat2(AT_FDCWD, f->temp, AT_FDCWD, f->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (link(f->temp, f->path) != 0)
        return -1;
    (void)unlink(f->temp);
    return 0;
}

int output_file_finish(struct output_file *f, const void *data, size_t len, bool replace)
{
    int saved;

    if (output_all(f->fd, data, len) != 0 || fsync(f->fd) != 0 || name_it(f, replace) != 0)
        goto fail;
    f->temp[0] = '\0';
    (void)close(f->fd);
    return sync_dir_of(f->path);
fail:
    saved = errno;
    output_file_drop(f);
    errno = saved;
    return -1;
}

void output_file_drop(struct output_file *f)
{
    if (f->temp[0] == '\0')
        return;
    (void)unlink(f->temp);
    (void)close(f->fd);
    f->temp[0] = '\0';
}

int output_file_write(const char *path, const void *data, size_t len, bool replace)
{
    struct output_file f;

    if (output_file_begin(&f, path) != 0)
        return -1;
    return output_file_finish(&f, data, len, replace);
}
