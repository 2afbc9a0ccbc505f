/* Which system calls the service may make. */
#ifndef HANDOFF_API_FILTER_H
#define HANDOFF_API_FILTER_H

/* Forbids to all threads what the serving service never does: the call fails with EPERM, since a
   library that asks, and does without, must live. no_new_privs must be set. Returns 0, or -1 with
   errno. Sources: seccomp(2), libseccomp's seccomp_init(3), seccomp_rule_add(3). */
int filter_enter(void) __attribute__((warn_unused_result));

#endif
