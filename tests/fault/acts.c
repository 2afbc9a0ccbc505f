/*
 * A library to be preloaded into handoffd, as if somebody had broken into it: does what it is told,
 * in the thread that answers a request, and writes down how far it came.
 *
 * Before an answer is sent it looks for $ACTS_DIR/acts: lines of an act's name, a space and its
 * argument. For each it writes "name errno" to $ACTS_DIR/done, errno being 0 where it succeeded.
 * Where a child can be made each act is done in one, so that the service stays as it is.
 *
 * ACTS_WITHOUT=landlock or =seccomp has the kernel seem not to know that, ACTS_LANDLOCK=N to know
 * that version of Landlock.
 */
#include "tests/fault/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX = 512, PAGE = 4096, X32 = 0x40000000, SOMEBODY = 12345 };

static long (*real_syscall(void))(long, ...)
{
    long (*real)(long, ...);

    NEXT(real, "syscall");
    return real;
}

/* ---- acts: each returns -1 with errno, or success ---- */

static long act_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

static long act_write(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long act_mkdir(const char *path)
{
    return mkdir(path, 0700);
}

static long act_mkfifo(const char *path)
{
    return mknod(path, S_IFIFO | 0600, 0);
}

static long act_symlink(const char *path)
{
    return symlink("/etc/passwd", path);
}

static long act_unlink(const char *path)
{
    return unlink(path);
}

static long act_truncate(const char *path)
{
    return truncate(path, 0);
}

static long act_chmod(const char *path)
{
    return chmod(path, 0666);
}

static long act_fork(const char *none)
{
    const pid_t pid = fork();

    (void)none;
    if (pid == 0)
        _exit(0);
    return pid;
}

static long act_exec(const char *path)
{
    char *const argv[] = {(char *)(uintptr_t)path, NULL};

    return execv(path, argv);
}

static long act_ptrace(const char *none)
{
    (void)none;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long act_vm_read(const char *none)
{
    char from = 1, to = 0;
    const struct iovec here = {&to, 1}, there = {&from, 1};

    (void)none;
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0);
}

static long act_vm_write(const char *none)
{
    char from = 1, to = 0;
    const struct iovec here = {&from, 1}, there = {&to, 1};

    (void)none;
    return process_vm_writev(getpid(), &here, 1, &there, 1, 0);
}

static long act_kill(const char *pid)
{
    return kill((pid_t)strtol(pid, NULL, 10), 0);
}

static long act_tgkill(const char *pid)
{
    const pid_t other = (pid_t)strtol(pid, NULL, 10);

    return tgkill(other, other, 0);
}

static long act_socket(const char *family)
{
    return socket((int)strtol(family, NULL, 10), SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* With a socket that was there before, as if the service had one to connect. */
static int early = -1;

static long act_connect(const char *port)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_addr = {htonl(INADDR_LOOPBACK)},
                                   .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};

    return connect(early, (const struct sockaddr *)(const void *)&to, sizeof(to));
}

static long act_bind(const char *port)
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
                                   .sin_addr = {htonl(INADDR_LOOPBACK)},
                                   .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};

    return bind(early, (const struct sockaddr *)(const void *)&at, sizeof(at));
}

static long act_map_code(const char *prot)
{
    void *at = mmap(NULL, PAGE, (int)strtol(prot, NULL, 10), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? -1 : 0;
}

static long act_make_code(const char *none)
{
    void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)none;
    return at == MAP_FAILED ? -1 : mprotect(at, PAGE, PROT_READ | PROT_EXEC);
}

static long act_unshare(const char *none)
{
    (void)none;
    return unshare(CLONE_FILES);
}

static long act_mount(const char *path)
{
    return mount("none", path, "tmpfs", 0, NULL);
}

static long act_chroot(const char *path)
{
    return chroot(path);
}

static long act_setuid(const char *none)
{
    (void)none;
    return setuid(SOMEBODY);
}

/* Takes a capability back: that to override rights on files. */
static long act_capability(const char *none)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {0};

    (void)none;
    sets[0].permitted = sets[0].effective = 1U << CAP_DAC_OVERRIDE;
    return real_syscall()(SYS_capset, &header, sets);
}

static long act_core(const char *none)
{
    const struct rlimit one = {1, 1};

    (void)none;
    return setrlimit(RLIMIT_CORE, &one);
}

static long act_dumpable(const char *none)
{
    (void)none;
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long act_personality(const char *none)
{
    (void)none;
    return personality(0xffffffff);
}

/* A system call by its name, with arguments that it can do nothing with. */
static long act_call(const char *name)
{
    static const struct {
        const char *name;
        long number;
    } calls[] = {
        {"bpf", SYS_bpf},
        {"io_uring_setup", SYS_io_uring_setup},
        {"keyctl", SYS_keyctl},
        {"memfd_create", SYS_memfd_create},
        {"name_to_handle_at", SYS_name_to_handle_at},
        {"perf_event_open", SYS_perf_event_open},
        {"pidfd_open", SYS_pidfd_open},
        {"setns", SYS_setns},
        {"shmat", SYS_shmat},
        {"userfaultfd", SYS_userfaultfd},
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(name, calls[i].name) == 0)
            return real_syscall()(calls[i].number, -1L, 0L, 0L, 0L, 0L, 0L);
    abort();
}

/* As the other kind of 64-bit program calls it, under another number. */
static long act_x32(const char *none)
{
    (void)none;
    return real_syscall()(X32 + SYS_getpid);
}

static const struct {
    const char *name;
    long (*act)(const char *argument);
} table[] = {
    {"read", act_read},
    {"write", act_write},
    {"mkdir", act_mkdir},
    {"mkfifo", act_mkfifo},
    {"symlink", act_symlink},
    {"unlink", act_unlink},
    {"truncate", act_truncate},
    {"chmod", act_chmod},
    {"fork", act_fork},
    {"exec", act_exec},
    {"ptrace", act_ptrace},
    {"vm-read", act_vm_read},
    {"vm-write", act_vm_write},
    {"kill", act_kill},
    {"tgkill", act_tgkill},
    {"socket", act_socket},
    {"connect", act_connect},
    {"bind", act_bind},
    {"map-code", act_map_code},
    {"make-code", act_make_code},
    {"unshare", act_unshare},
    {"mount", act_mount},
    {"chroot", act_chroot},
    {"setuid", act_setuid},
    {"capability", act_capability},
    {"core", act_core},
    {"dumpable", act_dumpable},
    {"personality", act_personality},
    {"call", act_call},
    {"x32", act_x32},
};

static int try(const char *name, const char *argument)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(name, table[i].name) == 0)
            return table[i].act(argument) < 0 ? errno : 0;
    abort();
}

/* In a child, where the service can make one. Its end tells the errno; a program that it has become
   ends with 0. */
static int try_apart(const char *name, const char *argument)
{
    const pid_t pid = fork();
    int status;

    if (pid < 0)
        return try(name, argument);
    if (pid == 0)
        _exit(try(name, argument));
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        abort();
    return WEXITSTATUS(status);
}

/* ---- where it gets in ---- */

__attribute__((constructor)) static void open_early(void)
{
    if (getenv("ACTS_DIR") != NULL)
        early = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void act_as_told(void)
{
    const char *dir = getenv("ACTS_DIR");
    char path[LINE_MAX], other[LINE_MAX], line[LINE_MAX];
    FILE *told, *done;

    if (dir == NULL)
        return;
    snprintf(path, sizeof(path), "%s/acts", dir);
    told = fopen(path, "re");
    if (told == NULL)
        return;
    (void)unlink(path);
    snprintf(path, sizeof(path), "%s/done.new", dir);
    done = fopen(path, "we");
    if (done == NULL)
        abort();
    while (fgets(line, sizeof(line), told) != NULL) {
        char *argument = strchr(line, ' ');

        line[strcspn(line, "\n")] = '\0';
        if (argument == NULL)
            abort();
        *argument = '\0';
        fflush(done);
        fprintf(done, "%s %s %d\n", line, argument + 1, try_apart(line, argument + 1));
    }
    fclose(told);
    fclose(done);
    snprintf(other, sizeof(other), "%s/done", dir);
    if (rename(path, other) != 0)
        abort();
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*real)(int, const struct msghdr *, int);

    NEXT(real, "sendmsg");
    act_as_told();
    return real(fd, message, flags);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int);

    NEXT(real, "send");
    act_as_told();
    return real(fd, data, len, flags);
}

/* ---- an older kernel ---- */

static bool is_without(const char *name)
{
    const char *without = getenv("ACTS_WITHOUT");

    return without != NULL && strcmp(without, name) == 0;
}

long syscall(long number, ...)
{
    va_list list;
    long a[6];

    va_start(list, number);
    for (size_t i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_landlock_create_ruleset && a[2] != 0 && getenv("ACTS_LANDLOCK") != NULL)
        return strtol(getenv("ACTS_LANDLOCK"), NULL, 10);
    if (number == SYS_landlock_create_ruleset && is_without("landlock")) {
        errno = ENOSYS;
        return -1;
    }
    if (number == SYS_seccomp && is_without("seccomp")) {
        errno = ENOSYS;
        return -1;
    }
    return real_syscall()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
