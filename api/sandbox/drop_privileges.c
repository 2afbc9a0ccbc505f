#include "api/sandbox/drop_privileges.h"

#include "vault/protocol/encoding/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the directory, which the user may have no right to make there. Whatever else is wrong with
   it is said by who opens it. */
static int make_data(const char *data, const struct passwd *user)
{
    int fd, rc;

    if (mkdir(data, 0700) != 0)
        return errno == EEXIST || errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    fd = open(data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rc = fchown(fd, user->pw_uid, user->pw_gid);
    close(fd);
    return rc;
}

/* Whether this is the user, and there is no way back. */
static bool took(const struct passwd *user)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;

    return getresuid(&real, &effective, &saved) == 0 && real == user->pw_uid && effective == real &&
           saved == real && getresgid(&real_group, &effective_group, &saved_group) == 0 &&
           real_group == user->pw_gid && effective_group == real_group &&
           saved_group == real_group && (real == 0 || setuid(0) != 0);
}

int drop_privileges_to(const char *name, const char *data, char *why, size_t why_size)
{
    const struct passwd *user;

    if (name == NULL)
        return 0;
    errno = 0;
    user = getpwnam(name);
    if (user == NULL) {
        snprintf(why, why_size,
                 "there is no user %s%s%s: make it (useradd --system), or name another with --user",
                 name, errno != 0 ? ", or it cannot be looked up: " : "",
                 errno != 0 ? strerror(errno) : "");
        return -1;
    }
    if (geteuid() == user->pw_uid && getuid() == user->pw_uid)
        return 0;
    if (geteuid() != 0) {
        snprintf(why, why_size,
                 "only root can become %s: start the service as root or as %s, or leave --user out",
                 name, name);
        return -1;
    }
    if (make_data(data, user) != 0) {
        snprintf(why, why_size, "%s: cannot be made for %s: %s", data, name, strerror(errno));
        return -1;
    }
    if (initgroups(name, user->pw_gid) != 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 || !took(user)) {
        snprintf(why, why_size, "this process cannot become %s: %s", name, strerror(errno));
        return -1;
    }
    /* With the user the kernel sets anew whether the process may be dumped (fs.suid_dumpable). */
    if (secret_forbid_dumps() == 0)
        return 0;
    snprintf(why, why_size, "this process cannot be protected from dumps");
    return -1;
}
