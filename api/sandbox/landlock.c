#include "api/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the kernel's headers of the distribution do not know yet, under names of our own. */
#define FS_TRUNCATE  (1ULL << 14)                /* version 3 */
#define FS_IOCTL_DEV (1ULL << 15)                /* version 5 */
#define NET_ALL      ((1ULL << 0) | (1ULL << 1)) /* binding and connecting, of TCP; version 4 */
#define SCOPE_ALL    ((1ULL << 0) | (1ULL << 1)) /* abstract sockets, signals; version 6 */

enum { PATH_BYTES = 4096 };

/* landlock_ruleset_attr of version 6. An older kernel takes it as long as what it does not know is
   0. */
struct ruleset {
    uint64_t fs, net, scoped;
};

static const uint64_t read_only = LANDLOCK_ACCESS_FS_READ_FILE;
static const uint64_t own_files = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                  LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE;
static const uint64_t of_a_file =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;

/* All that a version can forbid: it is forbidden where no rule allows it. */
static struct ruleset all_of(int version)
{
    struct ruleset r = {.fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};

    if (version >= 2)
        r.fs |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3)
        r.fs |= FS_TRUNCATE;
    if (version >= 4)
        r.net = NET_ALL;
    if (version >= 5)
        r.fs |= FS_IOCTL_DEV;
    if (version >= 6)
        r.scoped = SCOPE_ALL;
    return r;
}

struct rules {
    int fd;
    uint64_t known;
};

/* Allows it for what is open at fd, and beneath. */
static int allow_open(const struct rules *r, int fd, uint64_t rights)
{
    struct landlock_path_beneath_attr beneath = {.parent_fd = fd};
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -1;
    beneath.allowed_access = rights & r->known & (S_ISDIR(st.st_mode) ? ~0ULL : of_a_file);
    return (int)syscall(SYS_landlock_add_rule, r->fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0U);
}

static int allow(const struct rules *r, const char *path, uint64_t rights)
{
    const int fd = open(path, O_PATH | O_CLOEXEC);
    int rc, error;

    if (fd < 0)
        return -1;
    rc = allow_open(r, fd, rights);
    error = errno;
    close(fd);
    errno = error;
    return rc;
}

/* The folder of a file; the file alone where its folder would be all there is. */
static void allow_folder(const struct rules *r, const char *path, uint64_t rights)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    const size_t len = slash != NULL ? (size_t)(slash - path) : 0;

    if (slash == NULL) {
        (void)allow(r, ".", rights);
    } else if (len == 0 || len >= sizeof(folder)) {
        (void)allow(r, path, rights);
    } else {
        memcpy(folder, path, len);
        folder[len] = '\0';
        (void)allow(r, folder, rights);
    }
}

/* A file to be read, now and when another one has taken its name; that may be a symbolic link into
   another folder, as certbot makes them. What is not there yet is told by who opens it. */
static void allow_reading(const struct rules *r, const char *path)
{
    char *real;

    if (path == NULL)
        return;
    allow_folder(r, path, read_only);
    real = realpath(path, NULL);
    if (real != NULL)
        allow_folder(r, real, read_only);
    free(real);
}

/* A unix socket is there already; what is left to do is to remove it. */
static void allow_removal(const struct rules *r, const struct netaddr_listen *at)
{
    if (at->path != NULL)
        allow_folder(r, at->path, LANDLOCK_ACCESS_FS_REMOVE_FILE);
}

/* What the metrics tell of this process. Both descriptors stay open: a rule holds for an inode, and
   that of a file in /proc would be another one once nobody holds it. */
static void allow_looking_at_itself(const struct rules *r)
{
    const int memory = open("/proc/self/statm", O_PATH | O_CLOEXEC);
    const int files = open("/proc/self/fd", O_PATH | O_CLOEXEC);

    if (memory >= 0)
        (void)allow_open(r, memory, LANDLOCK_ACCESS_FS_READ_FILE);
    if (files >= 0)
        (void)allow_open(r, files, LANDLOCK_ACCESS_FS_READ_DIR);
}

static int allow_all(const struct rules *r, const struct config *config)
{
    const struct netaddr_listen *metrics = &config->metrics;

    if (allow(r, config->data, own_files) != 0)
        return -1;
    allow_reading(r, config->file);
    allow_reading(r, config->master_key);
    allow_reading(r, config->tls_cert);
    allow_reading(r, config->tls_key);
    allow_removal(r, &config->listen);
    allow_removal(r, metrics);
    if (metrics->path != NULL || metrics->address.ss_family != AF_UNSPEC)
        allow_looking_at_itself(r);
    (void)allow(r, "/dev/urandom", read_only); /* SQLite's; without it, it takes the time */
    return 0;
}

int landlock_enter(const struct config *config)
{
    const int version =
        (int)syscall(SYS_landlock_create_ruleset, NULL, 0U, LANDLOCK_CREATE_RULESET_VERSION);
    const struct ruleset all = all_of(version);
    struct rules r = {.fd = -1, .known = all.fs};
    int rc, error;

    if (version < 1)
        return -1;
    r.fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0U);
    if (r.fd < 0)
        return -1;
    rc = allow_all(&r, config) == 0 && syscall(SYS_landlock_restrict_self, r.fd, 0U) == 0 ? 0 : -1;
    error = errno;
    close(r.fd);
    errno = error;
    return rc == 0 ? version : -1;
}
