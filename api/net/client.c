#include "api/net/client.h"

#include "vault/protocol/encoding/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

enum { NETWORK_BYTES = 8 }; /* an IPv6 client is charged by its /64 */

static bool is_v4(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof(mapped)) == 0;
}

/* The 16 bytes of a socket's address. Returns false for one that has none. */
static bool bytes_of(const struct sockaddr *peer, uint8_t address[16])
{
    if (peer != NULL && peer->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)peer;

        memcpy(address, mapped, sizeof(mapped));
        memcpy(address + sizeof(mapped), &in->sin_addr, 4);
        return true;
    }
    if (peer != NULL && peer->sa_family == AF_INET6) {
        memcpy(address, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16);
        return true;
    }
    return false;
}

/* inet_ntop's text, without its printf: it is made for every request. */
static void write_v4(char *out, size_t size, const uint8_t address[4])
{
    struct text t = text_into(out, size - 1);

    for (int i = 0; i < 4; i++) {
        text_add(&t, i > 0 ? "." : "");
        text_i64(&t, address[i]);
    }
    out[t.len] = '\0';
}

static void set(struct client *c, const uint8_t address[16])
{
    memset(c, 0, sizeof(*c));
    c->known = true;
    if (is_v4(address)) {
        memcpy(c->network, address, 16);
        write_v4(c->text, sizeof(c->text), address + sizeof(mapped));
    } else {
        memcpy(c->network, address, NETWORK_BYTES);
        (void)inet_ntop(AF_INET6, address, c->text, sizeof(c->text));
    }
}

void client_of_peer(struct client *c, const struct sockaddr *peer)
{
    uint8_t address[16];

    memset(c, 0, sizeof(*c));
    if (bytes_of(peer, address))
        set(c, address);
}

static bool within(const struct netaddr_network *n, const uint8_t address[16])
{
    const size_t whole = n->bits / 8, rest = n->bits % 8;

    if (whole > 16 || memcmp(n->address, address, whole) != 0)
        return false;
    return rest == 0 || (n->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool is_named(const struct config_proxies *proxies, const uint8_t address[16])
{
    for (size_t i = 0; i < proxies->count; i++)
        if (within(&proxies->networks[i], address))
            return true;
    return false;
}

bool client_is_proxy(const struct config_proxies *proxies, const struct sockaddr *peer)
{
    uint8_t address[16];

    return bytes_of(peer, address) ? is_named(proxies, address) : proxies->unix_socket;
}

/* An address as it stands in a list: no port, no brackets, no zone. Returns whether it is one. */
static bool parse(const char *text, size_t len, uint8_t address[16])
{
    char copy[INET6_ADDRSTRLEN];

    if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    memcpy(address, mapped, sizeof(mapped));
    return inet_pton(AF_INET, copy, address + sizeof(mapped)) == 1 ||
           inet_pton(AF_INET6, copy, address) == 1;
}

static void take(struct client_forwarded *f, const char *text, size_t len)
{
    uint8_t address[16];

    while (len > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        len--;
    }
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    if (!parse(text, len, address)) {
        f->malformed = true;
    } else if (!is_named(f->proxies, address)) {
        f->malformed = false;
        set(&f->client, address);
    }
}

void client_forwarded(struct client_forwarded *f, const char *value, size_t len)
{
    const char *const end = value + len;

    for (;;) {
        const char *comma = memchr(value, ',', (size_t)(end - value));

        take(f, value, (size_t)((comma != NULL ? comma : end) - value));
        if (comma == NULL)
            return;
        value = comma + 1;
    }
}

static enum MHD_Result each_field(void *ctx, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    static const char forwarded_for[] = "X-Forwarded-For";

    (void)kind;
    if (value != NULL && name_len == sizeof(forwarded_for) - 1 &&
        strncasecmp(name, forwarded_for, name_len) == 0)
        client_forwarded(ctx, value, value_len);
    return MHD_YES;
}

void client_find(struct client *c, struct MHD_Connection *connection,
                 const struct config_proxies *proxies)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;
    struct client_forwarded f = {.proxies = proxies};

    client_of_peer(c, peer);
    if (!client_is_proxy(proxies, peer))
        return;
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, each_field, &f);
    if (f.client.known && !f.malformed)
        *c = f.client;
}

void client_payer(const struct client *c, char *out, size_t size)
{
    char network[INET6_ADDRSTRLEN] = "";
    struct text t = text_into(out, size - 1);

    text_add(&t, "address:");
    if (!c->known) {
        text_add(&t, "local");
    } else if (is_v4(c->network)) {
        text_add(&t, c->text);
    } else {
        (void)inet_ntop(AF_INET6, c->network, network, sizeof(network));
        text_add(&t, network);
        text_add(&t, "/64");
    }
    out[t.len] = '\0';
}
