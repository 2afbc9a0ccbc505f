/*
 * What the service may not do once it serves, as a program of the kernel's filter, for the machine
 * that this is built for: the service itself then needs no library to make one.
 *
 * usage: filter-rules > SOURCE      gives: const struct sock_filter filter_rules[]; size_t …_len;
 */
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>

/* Newer than the library of the distribution; these have one number on every machine. */
enum { NR_FCHMODAT2 = 452, NR_SETXATTRAT = 463, NR_REMOVEXATTRAT = 466, NR_OPEN_TREE_ATTR = 467 };

#ifdef __s390x__
enum { CLONE_FLAGS = 1 };
#else
enum { CLONE_FLAGS = 0 }; /* which argument of clone() holds them */
#endif

/* Forbidden whatever the arguments are. */
static const int forbidden[] = {
    /* other processes: to look into, to signal, to share memory with; programs */
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(tgkill),
    SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo),
    SCMP_SYS(shmget),
    SCMP_SYS(shmat),
    SCMP_SYS(memfd_create),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(personality),
    SCMP_SYS(uselib),
    /* the network: every socket is there before, and the service never calls anyone */
    SCMP_SYS(socket),
    SCMP_SYS(socketpair),
    SCMP_SYS(connect),
    /* what Landlock does not cover, or not in every kernel: files by their path */
    SCMP_SYS(truncate),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),
    NR_FCHMODAT2,
    SCMP_SYS(chown),
    SCMP_SYS(lchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(setxattr),
    SCMP_SYS(lsetxattr),
    NR_SETXATTRAT,
    SCMP_SYS(removexattr),
    SCMP_SYS(lremovexattr),
    NR_REMOVEXATTRAT,
    SCMP_SYS(utime),
    SCMP_SYS(utimes),
    SCMP_SYS(futimesat),
    SCMP_SYS(utimensat),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(quotactl),
    SCMP_SYS(fanotify_init),
    /* the file system's and other name spaces */
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_tree),
    NR_OPEN_TREE_ATTR,
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    /* large parts of the kernel that have been ways into it; io_uring also goes around a filter */
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(vmsplice),
    SCMP_SYS(modify_ldt),
    /* the machine */
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(syslog),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(vhangup),
    SCMP_SYS(ioperm),
    SCMP_SYS(iopl),
};

/* Forbidden where an argument has these bits, of those under the mask. */
static const struct {
    int call;
    unsigned argument;
    uint64_t mask, bits;
} forbidden_where[] = {
    /* no code but what was there at the start: neither made in memory nor mapped from a file */
    {SCMP_SYS(mmap), 2, PROT_EXEC, PROT_EXEC},
    {SCMP_SYS(mprotect), 2, PROT_EXEC, PROT_EXEC},
    {SCMP_SYS(pkey_mprotect), 2, PROT_EXEC, PROT_EXEC},
    /* no process, threads alone, and no name space */
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_THREAD, 0},
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_NEWNS, CLONE_NEWNS},
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_NEWCGROUP, CLONE_NEWCGROUP},
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_NEWUTS, CLONE_NEWUTS},
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_NEWIPC, CLONE_NEWIPC},
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_NEWUSER, CLONE_NEWUSER},
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_NEWPID, CLONE_NEWPID},
    {SCMP_SYS(clone), CLONE_FLAGS, CLONE_NEWNET, CLONE_NEWNET},
    /* what keeps dumps and tracers away stays as it is */
    {SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_DUMPABLE},
    {SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_PTRACER},
};

static int forbid(scmp_filter_ctx f)
{
    const uint32_t no = SCMP_ACT_ERRNO(EPERM);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
        rc = seccomp_rule_add(f, no, forbidden[i], 0);
    for (size_t i = 0; rc == 0 && i < sizeof(forbidden_where) / sizeof(forbidden_where[0]); i++)
        rc = seccomp_rule_add(f, no, forbidden_where[i].call, 1,
                              SCMP_CMP(forbidden_where[i].argument, SCMP_CMP_MASKED_EQ,
                                       forbidden_where[i].mask, forbidden_where[i].bits));
    /* Limits are for this process alone. */
    if (rc == 0)
        rc = seccomp_rule_add(f, no, SCMP_SYS(prlimit64), 1, SCMP_CMP(0, SCMP_CMP_NE, 0, 0));
    /* clone3's flags lie in memory, where a filter cannot look: the C library takes clone where
       there is no clone3. */
    if (rc == 0)
        rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return rc;
}

static int print(FILE *rules)
{
    struct sock_filter r;

    printf("#include \"api/sandbox/seccomp.h\"\n\nconst struct sock_filter filter_rules[] = {\n");
    rewind(rules);
    while (fread(&r, sizeof(r), 1, rules) == 1)
        printf("    {%#x, %d, %d, %#x},\n", r.code, r.jt, r.jf, r.k);
    printf("};\nconst unsigned short filter_rules_len = sizeof(filter_rules) / "
           "sizeof(filter_rules[0]);\n");
    return ferror(rules) || ferror(stdout) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    FILE *rules = tmpfile();

    /* Another architecture's numbers (32 bits, x32) are no way around. The tree makes a call that
       is looked at cost a few comparisons; most are not, since the kernel remembers that they are
       always allowed. */
    if (f == NULL || rules == NULL ||
        seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)) != 0 ||
        seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0 || forbid(f) != 0 ||
        seccomp_export_bpf(f, fileno(rules)) != 0)
        return EXIT_FAILURE;
    seccomp_release(f);
    return print(rules);
}
