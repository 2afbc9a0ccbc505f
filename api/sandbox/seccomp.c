#include "api/sandbox/seccomp.h"

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int seccomp_enter(void)
{
    const struct sock_fprog program = {filter_rules_len, (void *)(uintptr_t)filter_rules};

    /* With TSYNC it is for all threads, or for none. */
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0
               ? 0
               : -1;
}
