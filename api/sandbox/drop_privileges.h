/* Whom the service runs as. */
#ifndef HANDOFF_API_SANDBOX_DROP_PRIVILEGES_H
#define HANDOFF_API_SANDBOX_DROP_PRIVILEGES_H

#include <stddef.h>

/* Becomes the user of this name, with its groups, for good, and makes the data directory data for
   it where that is absent; does nothing where name is NULL, or where this is that user already.
   Only root can become another one. Returns 0, or -1 with a sentence in why: then the process may
   be neither the one nor the other, and has to end. By the only thread: credentials are a thread's.
   Sources: credentials(7), setresuid(2), initgroups(3). */
int drop_privileges_to(const char *name, const char *data, char *why, size_t why_size)
    __attribute__((nonnull(2, 3), warn_unused_result));

#endif
