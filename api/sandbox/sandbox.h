/*
 * The room in which the service takes from itself what it does not need: privileges, files other
 * than its own, other processes, system calls. Whoever has it run code of their own can do little
 * with it then.
 *
 * Landlock and capabilities are a thread's and its later ones': all of this is done by the only
 * thread, after the ports are open and before the vault starts any.
 */
#ifndef HANDOFF_API_SANDBOX_SANDBOX_H
#define HANDOFF_API_SANDBOX_SANDBOX_H

#include "api/config/settings.h"

#include <stddef.h>

/* Gives up for good what no program started from here could be given (the bounding set of
   capabilities): before the user is changed, since later the right to do so is gone. Does nothing
   where no sandbox is wanted, and nothing where that right was never there: then there are no
   capabilities to be had, either. Source: capabilities(7). */
void sandbox_prepare(const struct config *config) __attribute__((nonnull));

/* Enters it and says in the log what is in force. What the kernel does not offer is a warning
   there, or, where config->sandbox says so, the end. The data directory must be there. Returns 0,
   or -1 with a sentence in why. Sources: prctl(2) PR_SET_NO_NEW_PRIVS, capabilities(7),
   landlock(7), seccomp(2). */
int sandbox_enter(const struct config *config, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

#endif
