#include "cli/io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 4096 };

/* Twice the room, by a new buffer: a secret never passes through realloc. */
static struct secret *grown(struct secret *s)
{
    struct secret *bigger = secret_new(secret_capacity(s) * 2);

    if (bigger != NULL && secret_append(bigger, secret_bytes(s), secret_len(s)) != 0) {
        secret_free(bigger);
        bigger = NULL;
    }
    secret_free(s);
    return bigger;
}

static int fail(struct secret *s, int number)
{
    secret_free(s);
    errno = number;
    return -1;
}

/* One read. Returns 1 for more, 0 at the end, -1 with errno (and *s freed). */
static int step(int fd, struct secret **s, size_t limit)
{
    size_t len;
    ssize_t n;

    if (secret_len(*s) == secret_capacity(*s)) {
        *s = grown(*s);
        if (*s == NULL)
            return fail(NULL, ENOMEM);
    }
    len = secret_len(*s);
    n = read(fd, secret_data(*s) + len, secret_capacity(*s) - len);
    if (n < 0 && errno == EINTR)
        return 1;
    if (n < 0)
        return fail(*s, errno);
    if (n == 0)
        return 0;
    if (len + (size_t)n > limit)
        return fail(*s, EFBIG);
    return secret_resize(*s, len + (size_t)n) == 0 ? 1 : fail(*s, ENOMEM);
}

struct secret *input_fd(int fd, size_t limit)
{
    struct secret *s = secret_new(FIRST_CAPACITY);
    int more = 1;

    if (s == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    while (more > 0)
        more = step(fd, &s, limit);
    return more < 0 ? NULL : s;
}

struct secret *input_file(const char *path, size_t limit)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct secret *s;
    int saved;

    if (fd < 0)
        return NULL;
    s = input_fd(fd, limit);
    saved = errno;
    (void)close(fd);
    errno = saved;
    return s;
}

void input_strip_newline(struct secret *s)
{
    const uint8_t *bytes = secret_bytes(s);
    size_t len = secret_len(s);

    if (len > 0 && bytes[len - 1] == '\n')
        len--;
    if (len < secret_len(s) && len > 0 && bytes[len - 1] == '\r')
        len--;
    /* Only ever shorter, which cannot fail. */
    (void)!secret_resize(s, len);
}
