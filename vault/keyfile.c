#include "vault/keyfile.h"

#include "vault/protocol/encoding.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 96, TEXT_MAX = KEYRING_KEYS * LINE_MAX_BYTES };

static const char usual_name[] = "master.key";
static const char new_name[] = "master.key.new";
static const char magic[] = "handoff-master-key-1 ";
static const char damaged[] = "is damaged: restore it from where it is kept safe";

static const char *name_of(const struct keyring_file *file)
{
    return file->path != NULL ? file->path : usual_name;
}

struct secret *keyfile_new(void)
{
    struct secret *s = secret_new(sizeof(struct keyfile));

    if (s == NULL || secret_resize(s, sizeof(struct keyfile)) == 0)
        return s;
    secret_free(s);
    return NULL;
}

struct keyfile *keyfile_of(struct secret *s)
{
    return (struct keyfile *)(void *)secret_data(s);
}

/* ---- reading ---- */

/* Reads the id and the key out of one line, without its LF. */
static int parse_line(struct keyfile_key *key, const char *line, size_t len)
{
    const size_t magic_len = sizeof(magic) - 1;
    const char *number = line + magic_len, *space;
    uint64_t id;

    if (len < magic_len || memcmp(line, magic, magic_len) != 0)
        return -1;
    space = memchr(number, ' ', len - magic_len);
    if (space == NULL || encoding_u64(&id, number, (size_t)(space - number), UINT32_MAX) != 0 ||
        id == 0)
        return -1;
    key->id = (uint32_t)id;
    return encoding_base64url_exact(key->bytes, KEYFILE_KEY_BYTES, space + 1,
                                    (size_t)(line + len - (space + 1)));
}

/* Reads all lines; their ids must rise. */
static int parse(struct keyfile *f, const char *text, size_t len)
{
    f->count = 0;
    while (len > 0) {
        const char *end = memchr(text, '\n', len);

        if (end == NULL || f->count == KEYRING_KEYS ||
            parse_line(&f->keys[f->count], text, (size_t)(end - text)) != 0)
            return -1;
        if (f->count > 0 && f->keys[f->count].id <= f->keys[f->count - 1].id)
            return -1;
        f->count++;
        len -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return f->count > 0 ? 0 : -1;
}

static void note_identity(struct keyfile *f, const struct stat *st)
{
    f->device = st->st_dev;
    f->inode = st->st_ino;
    f->modified = st->st_mtim;
}

/* Why a file's kind, owner or mode does not do; NULL when they do. */
static const char *objection(const struct keyring_file *file, const struct stat *st)
{
    const bool given = file->path != NULL;
    const mode_t forbidden = given ? 037 : 077;

    if (!S_ISREG(st->st_mode) || (st->st_mode & forbidden) != 0)
        return "must be a regular file that only its owner can read (chmod 600)";
    if (st->st_uid != geteuid() && !(given && st->st_uid == 0))
        return "must belong to the user that runs the service";
    return NULL;
}

int keyfile_read(const struct keyring_file *file, struct keyfile *out, char *why, size_t why_size)
{
    const char *name = name_of(file), *reason = "cannot be read";
    const int follow = file->path != NULL ? 0 : O_NOFOLLOW;
    const int fd = openat(file->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow);
    const int error = errno;
    struct secret *text = NULL;
    struct stat st;
    ssize_t n;

    if (fd < 0) {
        snprintf(why, why_size, "%s %s: %s", name, reason, strerror(error));
        return error == ENOENT ? 1 : -1;
    }
    if (fstat(fd, &st) != 0)
        goto fail;
    reason = objection(file, &st);
    if (reason != NULL)
        goto fail;
    reason = "out of memory";
    text = secret_new(TEXT_MAX + 1);
    if (text == NULL)
        goto fail;
    reason = damaged;
    n = read(fd, secret_data(text), secret_capacity(text));
    if (n <= 0 || n > TEXT_MAX || parse(out, (const char *)secret_data(text), (size_t)n) != 0)
        goto fail;
    note_identity(out, &st);
    secret_free(text);
    close(fd);
    return 0;

fail:
    snprintf(why, why_size, "%s %s", name, reason);
    secret_free(text);
    close(fd);
    return -1;
}

bool keyfile_same(const struct keyring_file *file, const struct keyfile *read)
{
    struct stat st;

    return fstatat(file->dir_fd, name_of(file), &st, 0) == 0 && st.st_dev == read->device &&
           st.st_ino == read->inode && st.st_mtim.tv_sec == read->modified.tv_sec &&
           st.st_mtim.tv_nsec == read->modified.tv_nsec;
}

/* ---- writing ---- */

int keyfile_add(struct keyfile *f)
{
    struct keyfile_key *key;

    if (f->count == KEYRING_KEYS)
        return -1;
    key = &f->keys[f->count];
    key->id = f->count > 0 ? f->keys[f->count - 1].id + 1 : 1;
    if (key->id == 0)
        return -1;
    randombytes_buf(key->bytes, sizeof(key->bytes));
    f->count++;
    return 0;
}

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

static int write_keys(int fd, const struct keyfile *f)
{
    struct secret *text = secret_new(TEXT_MAX);
    char *line;
    size_t len = 0;
    int rc = -1;

    if (text == NULL)
        return -1;
    for (size_t i = 0; i < f->count; i++) {
        line = (char *)secret_data(text) + len;
        len += (size_t)snprintf(line, LINE_MAX_BYTES, "%s%u ", magic, f->keys[i].id);
        line = (char *)secret_data(text) + len;
        encoding_base64url(line, f->keys[i].bytes, KEYFILE_KEY_BYTES);
        len += ENCODING_BASE64URL_LEN(KEYFILE_KEY_BYTES);
        secret_data(text)[len++] = '\n';
    }
    if (write_all(fd, secret_data(text), len) == 0 && fsync(fd) == 0)
        rc = 0;
    secret_free(text);
    return rc;
}

/* Overwrites what old_fd holds, which has no name any more, or is about to lose it. */
static void blank(int old_fd)
{
    const uint8_t zeros[TEXT_MAX] = {0};
    struct stat st;

    if (fstat(old_fd, &st) == 0 && st.st_size <= TEXT_MAX &&
        write_all(old_fd, zeros, (size_t)st.st_size) == 0)
        (void)fsync(old_fd);
}

/* The new file gets its name before the old one is overwritten: there is always a whole one. */
int keyfile_write(const struct keyring_file *file, const struct keyfile *f, char *why,
                  size_t why_size)
{
    int fd, old;

    if (file->path != NULL) {
        snprintf(why, why_size, "%s is not the service's own to write", file->path);
        return -1;
    }
    (void)unlinkat(file->dir_fd, new_name, 0);
    fd = openat(file->dir_fd, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    old = openat(file->dir_fd, usual_name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || write_keys(fd, f) != 0 ||
        renameat(file->dir_fd, new_name, file->dir_fd, usual_name) != 0 ||
        fsync(file->dir_fd) != 0) {
        snprintf(why, why_size, "%s cannot be written: %s", usual_name, strerror(errno));
        (void)unlinkat(file->dir_fd, new_name, 0);
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
