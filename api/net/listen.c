#include "api/net/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int fill_unix(struct sockaddr_un *un, const char *path)
{
    const size_t len = strlen(path);

    memset(un, 0, sizeof(*un));
    un->sun_family = AF_UNIX;
    if (len >= sizeof(un->sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(un->sun_path, path, len);
    return 0;
}

/* Whether the file is a socket that nobody listens at. */
static bool is_stale(const struct sockaddr_un *un)
{
    struct stat st;
    int fd, rc;

    if (lstat(un->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    rc = connect(fd, (const struct sockaddr *)(const void *)un, sizeof(*un));
    rc = rc != 0 && errno == ECONNREFUSED;
    close(fd);
    return rc != 0;
}

/* The mode is set by the mask, so that there is no moment at which it is another. */
static int bind_unix(int fd, const struct sockaddr_un *un)
{
    const mode_t before = umask(0117);
    int rc = bind(fd, (const struct sockaddr *)(const void *)un, sizeof(*un));

    if (rc != 0 && errno == EADDRINUSE) {
        if (is_stale(un) && unlink(un->sun_path) == 0)
            rc = bind(fd, (const struct sockaddr *)(const void *)un, sizeof(*un));
        else
            errno = EADDRINUSE;
    }
    umask(before);
    return rc;
}

static int bind_tcp(int fd, const struct sockaddr_storage *address)
{
    const socklen_t len =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    const int yes = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0)
        return -1;
    return bind(fd, (const struct sockaddr *)(const void *)address, len);
}

int listen_open(const struct netaddr_listen *at, const char *option, char *why, size_t why_size)
{
    const int family = at->path != NULL ? AF_UNIX : at->address.ss_family;
    char words[256];
    struct sockaddr_un un;
    int error, fd = -1;

    if (at->path != NULL && fill_unix(&un, at->path) != 0)
        goto fail;
    fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        goto fail;
    if ((at->path != NULL ? bind_unix(fd, &un) : bind_tcp(fd, &at->address)) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
fail:
    error = errno;
    if (fd >= 0)
        close(fd);
    netaddr_text(at, words, sizeof(words));
    snprintf(why, why_size, "cannot listen at %s: %s; name another --%s", words,
             at->path != NULL && error == EADDRINUSE
                 ? "another service listens there, or the file is no socket"
                 : strerror(error),
             option);
    return -1;
}

/* Whether it is a place at all, and one of those that are meant. */
static bool is_meant(const struct netaddr_listen *at, bool in_files)
{
    return in_files ? at->path != NULL : at->path == NULL && at->address.ss_family != AF_UNSPEC;
}

int listen_open_all(struct listen_opened *opened, const struct config *config, bool in_files,
                    char *why, size_t why_size)
{
    if (is_meant(&config->listen, in_files)) {
        opened->service = listen_open(&config->listen, "listen", why, why_size);
        if (opened->service < 0)
            return -1;
    }
    if (is_meant(&config->metrics, in_files)) {
        opened->metrics = listen_open(&config->metrics, "metrics-listen", why, why_size);
        if (opened->metrics < 0)
            return -1;
    }
    return 0;
}

static void close_one(int *fd, const struct netaddr_listen *at)
{
    if (*fd < 0)
        return;
    close(*fd);
    *fd = -1;
    listen_remove(at);
}

void listen_close_all(struct listen_opened *opened, const struct config *config)
{
    close_one(&opened->service, &config->listen);
    close_one(&opened->metrics, &config->metrics);
}

void listen_remove(const struct netaddr_listen *at)
{
    if (at->path != NULL)
        (void)unlink(at->path);
}
