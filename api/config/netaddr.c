#include "api/config/netaddr.h"

#include "vault/protocol/encoding/encoding.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

/* "127.0.0.1:8088" or "[::1]:8088"; numbers only: a service listens where it was told, not where a
   name happens to point. */
static int parse_address(struct sockaddr_storage *address, const char *value)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)address;
    const char *colon = strrchr(value, ':');
    const bool six = value[0] == '[';
    const char *host = value + six;
    char text[INET6_ADDRSTRLEN];
    size_t host_len;
    uint64_t port;

    if (colon == NULL || encoding_u64(&port, colon + 1, strlen(colon + 1), 65535) != 0)
        return -1;
    host_len = (size_t)(colon - host);
    if (six && (host_len == 0 || host[--host_len] != ']'))
        return -1;
    if (host_len >= sizeof(text))
        return -1;
    memcpy(text, host, host_len);
    text[host_len] = '\0';
    memset(address, 0, sizeof(*address));
    if (six) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1 ? 0 : -1;
    }
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, text, &in->sin_addr) == 1 ? 0 : -1;
}

int netaddr_listen(struct netaddr_listen *listen, const char *value)
{
    static const char scheme[] = "unix:";
    const size_t scheme_len = sizeof(scheme) - 1;
    const struct sockaddr_un *un = NULL;

    *listen = (struct netaddr_listen){.path = NULL};
    if (strncmp(value, scheme, scheme_len) != 0)
        return parse_address(&listen->address, value);
    listen->path = value + scheme_len;
    return listen->path[0] == '/' && strlen(listen->path) < sizeof(un->sun_path) ? 0 : -1;
}

/* Reads an address and how many of its bits there are. */
static int parse_ip(const char *text, uint8_t out[16], unsigned *bits)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (inet_pton(AF_INET, text, out + sizeof(mapped)) == 1) {
        memcpy(out, mapped, sizeof(mapped));
        *bits = 32;
        return 0;
    }
    *bits = 128;
    return inet_pton(AF_INET6, text, out) == 1 ? 0 : -1;
}

/* Whether all bits from the given one on are 0: "10.0.0.1/8" is a slip, not a network. */
static bool clear_from(const uint8_t address[16], unsigned bit)
{
    for (; bit < 128; bit++)
        if (address[bit / 8] >> (7 - bit % 8) & 1)
            return false;
    return true;
}

int netaddr_network(struct netaddr_network *n, const char *text, size_t len)
{
    char copy[INET6_ADDRSTRLEN + 4];
    unsigned bits;
    uint64_t prefix;
    char *slash;

    if (len >= sizeof(copy))
        return -1;
    memcpy(copy, text, len);
    copy[len] = '\0';
    slash = strchr(copy, '/');
    if (slash != NULL)
        *slash = '\0';
    if (parse_ip(copy, n->address, &bits) != 0)
        return -1;
    prefix = bits;
    if (slash != NULL && encoding_u64(&prefix, slash + 1, strlen(slash + 1), bits) != 0)
        return -1;
    n->bits = (uint8_t)(128 - bits + prefix);
    return clear_from(n->address, n->bits) ? 0 : -1;
}

void netaddr_text(const struct netaddr_listen *listen, char *out, size_t size)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&listen->address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&listen->address;
    char text[INET6_ADDRSTRLEN] = "";

    if (listen->path != NULL) {
        snprintf(out, size, "unix:%s", listen->path);
    } else if (listen->address.ss_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
        snprintf(out, size, "[%s]:%u", text, ntohs(in6->sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
        snprintf(out, size, "%s:%u", text, ntohs(in->sin_port));
    }
}
