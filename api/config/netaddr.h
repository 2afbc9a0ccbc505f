/* Places on the network as an operator writes them. Each returns 0, or -1 when the text is none. */
#ifndef HANDOFF_API_CONFIG_NETADDR_H
#define HANDOFF_API_CONFIG_NETADDR_H

#include "api/config/config.h"

/* Where to listen: "127.0.0.1:8088", "[::1]:8088" or "unix:/path". */
int netaddr_listen(struct config_listen *listen, const char *value)
    __attribute__((nonnull, warn_unused_result));

/* An address or a network of len characters: "10.0.0.0/8", "::1". */
int netaddr_network(struct config_network *n, const char *text, size_t len)
    __attribute__((nonnull, warn_unused_result));

#endif
