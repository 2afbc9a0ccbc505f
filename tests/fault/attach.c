/*
 * Tries to look into a process from outside, as the user with the given id (0: as it is started).
 * Prints for each way its name and an errno, 0 where it was let in. With process 0 it looks into a
 * child of its own: that must be possible.
 *
 * usage: attach USER PROCESS
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *name, int rc)
{
    printf("%s %d\n", name, rc < 0 ? errno : 0);
}

static void look_into(pid_t pid, void *address)
{
    char path[64], byte;
    struct iovec here = {&byte, 1}, there = {address, 1};

    snprintf(path, sizeof(path), "/proc/%d/mem", pid);
    tell("mem", open(path, O_RDONLY | O_CLOEXEC));
    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    tell("environ", open(path, O_RDONLY | O_CLOEXEC));
    tell("vm-read", (int)process_vm_readv(pid, &here, 1, &there, 1, 0));
    tell("ptrace", (int)ptrace(PTRACE_SEIZE, pid, NULL, NULL));
}

int main(int argc, char **argv)
{
    const uid_t user = argc == 3 ? (uid_t)strtoul(argv[1], NULL, 10) : 0;
    pid_t pid = argc == 3 ? (pid_t)strtol(argv[2], NULL, 10) : -1;
    const int own = pid == 0;

    if (argc != 3 || pid < 0)
        return 2;
    if (user != 0 && (setgroups(0, NULL) != 0 || setgid(user) != 0 || setuid(user) != 0))
        return 1;
    /* With another user a process is no longer one that may be looked into; this one and its child
       are to be. */
    if (own && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0)
        pid = fork();
    if (own && pid == 0)
        for (;;)
            pause();
    look_into(pid, &errno);
    if (own) {
        kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, __WALL);
    }
    return 0;
}
