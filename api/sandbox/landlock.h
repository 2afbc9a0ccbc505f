/* Which files the service may reach from now on, whatever its user may. */
#ifndef HANDOFF_API_SANDBOX_LANDLOCK_H
#define HANDOFF_API_SANDBOX_LANDLOCK_H

#include "api/config/settings.h"

/* Leaves to this thread and those that it starts: in the data directory files to be read, written,
   made and removed; to be read only, the folders of configuration, certificate and keys (folders,
   since a new certificate is another file of the same name); the socket's own end. As much of that
   as the kernel knows, and beyond files: no TCP connection, no listening at another port, no
   signals and no abstract sockets to others. no_new_privs must be set. Returns the kernel's version
   of Landlock, or -1 with errno: ENOSYS (has none), EOPNOTSUPP (is switched off).
   Source: landlock(7), Documentation/userspace-api/landlock.rst of Linux. */
int landlock_enter(const struct config *config) __attribute__((nonnull, warn_unused_result));

#endif
