/* What a request's line and fields say, as text: paths, queries, X-Forwarded-For, Accept fields.
   Each is taken or refused, and what is taken keeps within its bounds. The first byte chooses. */
#include "api/http/query.h"
#include "api/endpoints/routes.h"
#include "api/http/accept.h"
#include "api/http/router.h"
#include "api/net/client.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                     MHD_KeyValueIterator each, void *ctx);

static char *query;

/* In the library's place: splits the text as it would. */
int __wrap_MHD_get_connection_values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                                     MHD_KeyValueIterator each, void *ctx)
{
    int count = 0;
    char *rest = query, *pair;

    (void)connection;
    while ((pair = strsep(&rest, "&")) != NULL) {
        char *value = strchr(pair, '=');

        if (value != NULL)
            *value++ = '\0';
        count++;
        if (each(ctx, kind, pair, value) != MHD_YES)
            break;
    }
    return count;
}

static void check_query(char *text)
{
    static struct request r;
    uint64_t after = 7, wait = 7;
    const char *state = NULL;
    const struct query_argument arguments[] = {
        {.name = "after", .number = &after, .max = INT64_MAX},
        {.name = "wait", .number = &wait, .min = 1, .max = 60},
        {.name = "state", .text = &state},
    };

    query = text;
    if (query_read(&r, arguments, 3, "wrong") == NULL &&
        (after > INT64_MAX || wait < 1 || wait > 60))
        abort();
}

static void check_forwarded(const char *text, size_t len)
{
    static const struct config_proxies proxies = {
        .networks = {{.address = {[10] = 0xff, [11] = 0xff, [12] = 10}, .bits = 104}},
        .count = 1,
    };
    struct client_forwarded f = {.proxies = &proxies};
    char payer[CLIENT_PAYER_MAX];
    uint8_t address[16];

    client_forwarded(&f, text, len);
    client_payer(&f.client, payer, sizeof(payer));
    if (strncmp(payer, "address:", 8) != 0)
        abort();
    /* A named proxy is never taken for the client, and a client's text is an address. */
    if (f.client.known && (strncmp(f.client.text, "10.", 3) == 0 ||
                           (inet_pton(AF_INET, f.client.text, address) != 1 &&
                            inet_pton(AF_INET6, f.client.text, address) != 1)))
        abort();
}

static void check_accept(const char *text)
{
    static const char *const names[] = {"gzip", "br", "de", "en"};

    for (size_t i = 0; i < 4; i++) {
        const int weight = accept_weight(text, names[i]);

        if (weight < ACCEPT_UNNAMED || weight > ACCEPT_BEST)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct router_match m;
    char *text;

    if (size == 0)
        return 0;
    text = malloc(size);
    if (text == NULL)
        abort();
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 'f') {
        check_forwarded(text, size - 1);
    } else if (data[0] == 'a') {
        check_accept(text);
    } else if (data[0] == 'q') {
        check_query(text);
    } else {
        router_find(&m, &routes, "GET", text);
        router_find(&m, &routes, "POST", text);
    }
    free(text);
    return 0;
}
