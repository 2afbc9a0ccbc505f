/* The listening socket, of TCP or in the file system. */
#ifndef HANDOFF_API_LISTEN_H
#define HANDOFF_API_LISTEN_H

#include "api/config.h"

#include <stddef.h>

/* Opens it; a unix socket with mode 0660, in place of one that a dead service left, never of a
   living one's. Returns the descriptor, or -1 with a sentence in why, which names the option by
   which another place is given. */
int listen_open(const struct config_listen *at, const char *option, char *why, size_t why_size)
    __attribute__((nonnull, warn_unused_result));

/* Removes a unix socket's file; does nothing for TCP. */
void listen_remove(const struct config_listen *at) __attribute__((nonnull));

#endif
