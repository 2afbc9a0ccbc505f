/* Places on the network as an operator writes them. */
#ifndef HANDOFF_API_CONFIG_NETADDR_H
#define HANDOFF_API_CONFIG_NETADDR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where to listen: a TCP address, or a unix socket. */
struct netaddr_listen {
    struct sockaddr_storage address; /* of TCP; ss_family AF_UNSPEC: none */
    const char *path;                /* of a unix socket; NULL: TCP */
};

/* A proxy whose X-Forwarded-For counts: a network, or whoever comes by the unix socket. */
struct netaddr_network {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;        /* that must match, of 128 */
};

/* Reads where to listen: "127.0.0.1:8088", "[::1]:8088" or "unix:/path"; the path is value's.
   Returns 0, or -1 when the text is no such place. */
int netaddr_listen(struct netaddr_listen *listen, const char *value)
    __attribute__((nonnull, warn_unused_result));

/* Reads an address or a network of len characters: "10.0.0.0/8", "::1". Returns 0, or -1 when the
   text is neither. */
int netaddr_network(struct netaddr_network *n, const char *text, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Prints a listening place: host:port, with [] around IPv6, or unix:PATH. */
void netaddr_text(const struct netaddr_listen *listen, char *out, size_t size)
    __attribute__((nonnull));

#endif
