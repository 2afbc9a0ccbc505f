#include "vault/maintenance/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int datadir_open(const char *dir, char *why, size_t why_size)
{
    struct stat st;
    int fd;

    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        snprintf(why, why_size, "%s: cannot be made: %s", dir, strerror(errno));
        return -1;
    }
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(why, why_size, "%s: %s", dir, strerror(errno));
        return -1;
    }
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
        return fd;
    snprintf(why, why_size,
             "%s: must be a directory of the user that runs the service, writable by nobody else",
             dir);
    close(fd);
    return -1;
}

bool datadir_lock(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

int datadir_database(char *out, size_t size, const char *dir, char *why, size_t why_size)
{
    if ((size_t)snprintf(out, size, "%s/handoff.db", dir) < size)
        return 0;
    snprintf(why, why_size, "%s: the path is too long", dir);
    return -1;
}
