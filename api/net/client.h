/*
 * Whom a request comes from: the TCP peer, or, where the peer is a proxy that the operator named,
 * the rightmost address of X-Forwarded-For that is no such proxy. What strangers write there counts
 * for nothing.
 */
#ifndef HANDOFF_API_NET_CLIENT_H
#define HANDOFF_API_NET_CLIENT_H

#include "api/config/settings.h"
#include "vault/vault.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct client {
    char text[VAULT_ADDRESS_MAX]; /* the address as people write it; empty: not known */
    uint8_t network[16];          /* IPv4 as ::ffff:a.b.c.d; of IPv6 the /64, the rest zero */
    bool known;
};

enum { CLIENT_PAYER_MAX = 64 };

/* The address of a socket's other end; NULL or a unix socket's: not known. */
void client_of_peer(struct client *c, const struct sockaddr *peer) __attribute__((nonnull(1)));

/* Whether a peer is a named proxy; NULL is one that came by the unix socket. */
bool client_is_proxy(const struct config_proxies *proxies, const struct sockaddr *peer)
    __attribute__((nonnull(1)));

/* What X-Forwarded-For says, fed field by field in the order in which they came. */
struct client_forwarded {
    const struct config_proxies *proxies;
    struct client client; /* the rightmost that is no proxy, so far */
    bool malformed;       /* that one is no address */
};

/* Takes a field's value, of len bytes. */
void client_forwarded(struct client_forwarded *f, const char *value, size_t len)
    __attribute__((nonnull));

/* Finds the client of a request whose header fields are there. */
void client_find(struct client *c, struct MHD_Connection *connection,
                 const struct config_proxies *proxies) __attribute__((nonnull));

/* At whose charge it stores: "address:192.0.2.1", "address:2001:db8:1:2::/64", or "address:local"
   for one that came by the unix socket with no word of a proxy. */
void client_payer(const struct client *c, char *out, size_t size) __attribute__((nonnull));

#endif
