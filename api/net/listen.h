/* The listening socket, of TCP or in the file system. */
#ifndef HANDOFF_API_NET_LISTEN_H
#define HANDOFF_API_NET_LISTEN_H

#include "api/config/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* The descriptors of listen and of metrics-listen; -1: not open, or handed on. */
struct listen_opened {
    int service, metrics;
};

/* Opens it; a unix socket with mode 0660, in place of one that a dead service left, never of a
   living one's. Returns the descriptor, or -1 with a sentence in why, which names the option by
   which another place is given. */
int listen_open(const struct netaddr_listen *at, const char *option, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Opens those of the service's places that lie in the file system, or those that do not. Returns 0,
   or -1 with a sentence in why; what is open by then is listen_close_all's. */
int listen_open_all(struct listen_opened *opened, const struct config *config, bool in_files,
                    char *why, size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Closes those that are open, and removes their files. */
void listen_close_all(struct listen_opened *opened, const struct config *config)
    __attribute__((nonnull));

/* Removes a unix socket's file; does nothing for TCP. */
void listen_remove(const struct netaddr_listen *at) __attribute__((nonnull));

#endif
