/* Which system calls the service may make. */
#ifndef HANDOFF_API_SANDBOX_SECCOMP_H
#define HANDOFF_API_SANDBOX_SECCOMP_H

#include <linux/filter.h>

/* The kernel's program, made by filter_rules.c when the service is built. */
extern const struct sock_filter filter_rules[];
extern const unsigned short filter_rules_len;

/* Forbids to all threads what the serving service never does: the call fails with EPERM, since a
   library that asks, and does without, must live. no_new_privs must be set. Returns 0, or -1 with
   errno. Source: seccomp(2). */
int seccomp_enter(void) __attribute__((warn_unused_result));

#endif
