#include "api/config/option.h"

#include "api/config/netaddr.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/protocol/handoff/link.h"
#include "vault/vault.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

enum { DEADLINE_MAX_S = 600, NUMBER_MAX = 1000000000 };

static const char *const none = NULL;

/* ---- texts ---- */

static int set_data(struct config *c, const char *value)
{
    c->data = value;
    return value[0] != '\0' ? 0 : -1;
}

static int set_absolute(const char **out, const char *value)
{
    *out = value;
    return value[0] == '/' ? 0 : -1;
}

static int set_master_key(struct config *c, const char *value)
{
    return set_absolute(&c->master_key, value);
}

static int set_tls_cert(struct config *c, const char *value)
{
    return set_absolute(&c->tls_cert, value);
}

static int set_tls_key(struct config *c, const char *value)
{
    return set_absolute(&c->tls_key, value);
}

static int set_base_url(struct config *c, const char *value)
{
    char base[LINK_BASE_MAX];

    c->base_url = value;
    return link_base(base, value);
}

static int set_open(struct config *c, const char *value)
{
    c->open_given = true;
    c->submissions_open = strcmp(value, "yes") == 0;
    return c->submissions_open || strcmp(value, "no") == 0 ? 0 : -1;
}

static int set_log_level(struct config *c, const char *value)
{
    return log_level_parse(value, &c->log.threshold);
}

static int set_log_format(struct config *c, const char *value)
{
    return log_format_parse(value, &c->log.json);
}

static int set_log_name(struct config *c, const char *value)
{
    c->log_name = value;
    return vault_log_name_valid(value) ? 0 : -1;
}

/* A handoff lives for 30 days at most, and may be confirmed until 90 days after it was taken. */
static int set_erase_after(struct config *c, const char *value)
{
    enum { DAYS_MIN = 130, DAYS_MAX = 36500, DAY_S = 86400 };
    uint64_t days = 0;

    c->erase_after_s = 0;
    if (strcmp(value, "off") == 0)
        return 0;
    if (encoding_u64(&days, value, strlen(value), DAYS_MAX) != 0 || days < DAYS_MIN)
        return -1;
    c->erase_after_s = (int64_t)days * DAY_S;
    return 0;
}

static int set_sandbox(struct config *c, const char *value)
{
    static const char *const names[] = {[CONFIG_SANDBOX_ON] = "on",
                                        [CONFIG_SANDBOX_REQUIRED] = "required",
                                        [CONFIG_SANDBOX_OFF] = "off"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(value, names[i]) == 0) {
            c->sandbox = (enum config_sandbox)i;
            return 0;
        }
    return -1;
}

static int set_user(struct config *c, const char *value)
{
    c->user = value;
    return value[0] != '\0' ? 0 : -1;
}

/* ---- places ---- */

static int set_listen(struct config *c, const char *value)
{
    return netaddr_listen(&c->listen, value);
}

static int set_metrics(struct config *c, const char *value)
{
    if (strcmp(value, "off") != 0)
        return netaddr_listen(&c->metrics, value);
    c->metrics = (struct netaddr_listen){.path = none};
    return 0;
}

/* ---- proxies ---- */

static int set_proxies(struct config *c, const char *value)
{
    struct config_proxies *p = &c->proxies;

    *p = (struct config_proxies){0};
    for (;;) {
        size_t len;

        value += strspn(value, " ");
        len = strcspn(value, ", ");
        if (len == strlen("unix") && strncmp(value, "unix", len) == 0)
            p->unix_socket = true;
        else if (p->count == CONFIG_PROXIES_MAX ||
                 netaddr_network(&p->networks[p->count++], value, len) != 0)
            return -1;
        value += len;
        value += strspn(value, " ");
        if (*value == '\0')
            return 0;
        if (*value++ != ',')
            return -1;
    }
}

/* ---- numbers ---- */

static int parse_number(uint64_t *out, const char *value, uint64_t min, uint64_t max)
{
    return encoding_u64(out, value, strlen(value), max) == 0 && *out >= min ? 0 : -1;
}

static int set_envelope_max(struct config *c, const char *value)
{
    uint64_t number = 0;
    const int rc = parse_number(&number, value, ENVELOPE_MIN, ENVELOPE_MAX);

    c->envelope_max = (size_t)number;
    return rc;
}

static int set_deadline(struct config *c, const char *value)
{
    uint64_t number = 0;
    const int rc = parse_number(&number, value, 1, DEADLINE_MAX_S);

    c->request_deadline_s = (unsigned)number;
    return rc;
}

static int set_threads(struct config *c, const char *value)
{
    uint64_t number = 0;
    const int rc = parse_number(&number, value, 1, CONFIG_THREADS_MAX);

    c->threads = (unsigned)number;
    return rc;
}

/* A limit: a number, or "off", which is 0. */
static int set_limit(unsigned *out, const char *value)
{
    uint64_t number = 0;
    const int rc = strcmp(value, "off") == 0 ? 0 : parse_number(&number, value, 1, NUMBER_MAX);

    *out = (unsigned)number;
    return rc;
}

/* The same for bytes: with K, M or G behind the number they are so many powers of 1024. */
static int set_bytes(uint64_t *out, const char *value)
{
    static const char units[] = "KMG";
    const size_t len = strlen(value);
    const char *unit = len > 1 ? strchr(units, value[len - 1]) : NULL;
    const unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;

    *out = 0;
    if (strcmp(value, "off") == 0)
        return 0;
    if (encoding_u64(out, value, len - (unit != NULL), (uint64_t)INT64_MAX >> shift) != 0)
        return -1;
    *out <<= shift;
    return *out > 0 ? 0 : -1;
}

static int set_rate(struct config *c, const char *value)
{
    c->rates_off = strcmp(value, "off") == 0;
    return set_limit(&c->limits.address_rate, value);
}

static int set_token_rate(struct config *c, const char *value)
{
    c->token_rate_given = true;
    return set_limit(&c->limits.token_rate, value);
}

static int set_handoff_rate(struct config *c, const char *value)
{
    c->handoff_rate_given = true;
    return set_limit(&c->limits.handoff_rate, value);
}

static int set_address_connections(struct config *c, const char *value)
{
    return set_limit(&c->limits.address_connections, value);
}

static int set_address_waits(struct config *c, const char *value)
{
    return set_limit(&c->limits.address_waits, value);
}

static int set_address_live(struct config *c, const char *value)
{
    return set_limit(&c->limits.address_live, value);
}

static int set_token_live(struct config *c, const char *value)
{
    return set_limit(&c->limits.token_live, value);
}

static int set_live(struct config *c, const char *value)
{
    return set_limit(&c->limits.live, value);
}

static int set_address_bytes(struct config *c, const char *value)
{
    return set_bytes(&c->limits.address_bytes, value);
}

static int set_token_bytes(struct config *c, const char *value)
{
    return set_bytes(&c->limits.token_bytes, value);
}

static int set_live_bytes(struct config *c, const char *value)
{
    return set_bytes(&c->limits.live_bytes, value);
}

/* ---- the table ---- */

#define PLACE                                                                                      \
    "an IPv4 address, or an IPv6 one in [], then : and a port; or unix: and an absolute path"
#define LIMIT "a number from 1 to 1000000000, or off"
#define BYTES "a number of bytes, perhaps with K, M or G behind it, or off"
#define PATH  "an absolute path"

const struct option_row option_rows[CONFIG_OPTIONS] = {
    {"data", "DIR", "$STATE_DIRECTORY, or /var/lib/handoff", "the path of a directory",
     "the data directory; made with mode 0700 when absent", false, set_data},
    {"master-key", "FILE", "the credential handoff-master-key, or DIR/master.key", PATH,
     "the master key's file, where it is not the service's own", false, set_master_key},
    {"listen", "PLACE", "127.0.0.1:8088", PLACE,
     "where to listen: ADDRESS:PORT (port 0 takes a free one) or unix:PATH", false, set_listen},
    {"metrics-listen", "PLACE", "off", PLACE ", or off",
     "where the metrics are served, for Prometheus alone; they have no password", false,
     set_metrics},
    {"base-url", "URL", "none", "http:// or https:// and a host",
     "what links begin with, as people reach the service", false, set_base_url},
    {"tls-cert", "FILE", "none", PATH,
     "PEM file of the certificate and what leads to its root; with it the service speaks TLS",
     false, set_tls_cert},
    {"tls-key", "FILE", "none", PATH, "PEM file of the certificate's key", false, set_tls_key},
    {"trusted-proxies", "LIST", "none",
     "addresses, networks (10.0.0.0/8) or the word unix, with commas between, at most 32",
     "whose X-Forwarded-For counts; unix: who comes by the unix socket", true, set_proxies},
    {"open-submissions", "yes|no",
     "yes only while listen and base-url are loopback and no proxy is named", "yes or no",
     "whether anyone may submit, without a sender's token", true, set_open},
    {"rate-limit", "N|off", "600", LIMIT,
     "calls a minute from one address (of IPv6 a /64); submitting counts 5; off ends the next two "
     "too, where they are not given",
     true, set_rate},
    {"token-rate-limit", "N|off", "6000", LIMIT, "calls a minute with one token", true,
     set_token_rate},
    {"handoff-rate-limit", "N|off", "300", LIMIT,
     "calls a minute for one handoff by those who proved the link, the manage key or a token", true,
     set_handoff_rate},
    {"address-connections", "N|off", "256", LIMIT, "connections at once from one address", true,
     set_address_connections},
    {"address-waits", "N|off", "256", LIMIT, "long-polls at once from one address", true,
     set_address_waits},
    {"address-live", "N|off", "1000", LIMIT,
     "handoffs that wait to be taken, submitted from one address without a token", true,
     set_address_live},
    {"address-bytes", "BYTES|off", "64M", BYTES, "their envelopes' bytes", true, set_address_bytes},
    {"token-live", "N|off", "100000", LIMIT,
     "handoffs that wait to be taken, submitted with one token", true, set_token_live},
    {"token-bytes", "BYTES|off", "1G", BYTES, "their envelopes' bytes", true, set_token_bytes},
    {"live", "N|off", "1000000", LIMIT, "handoffs that wait to be taken, in all", false, set_live},
    {"live-bytes", "BYTES|off", "8G", BYTES, "their envelopes' bytes", false, set_live_bytes},
    {"log-name", "NAME", "host and path of the base URL",
     "1 to 200 bytes of UTF-8 without spaces, quotes, backslashes and +",
     "of the audit log, in its key and its checkpoints; changed with handoffd key rotate-log",
     false, set_log_name},
    {"erase-details-after", "DAYS|off", "off", "off, or a number from 130 to 36500",
     "names, notes, labels and addresses that are older are erased; the log still verifies", false,
     set_erase_after},
    {"max-envelope", "BYTES", "65536", "a number from 297 to 1048576", "the largest envelope taken",
     false, set_envelope_max},
    {"request-deadline", "SECONDS", "20", "a number from 1 to 600",
     "in which a request must have arrived whole", false, set_deadline},
    {"threads", "N", "one per core", "a number from 1 to 64", "that read requests and answer",
     false, set_threads},
    {"user", "NAME", "who starts it", "the name of a user",
     "whom a service started as root becomes, once its ports are open", false, set_user},
    {"sandbox", "on|required|off", "on", "on, required or off",
     "the service takes from itself what it does not need; with required it does not start where "
     "the kernel cannot do all of it",
     false, set_sandbox},
    {"log-level", "LEVEL", "info", "error, warning, info or debug",
     "info tells refused requests too, debug every one", true, set_log_level},
    {"log-format", "FORMAT", "text", "text or json", "lines for people, or a JSON object each",
     true, set_log_format},
};

size_t option_find(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < CONFIG_OPTIONS; i++)
        if (strlen(option_rows[i].name) == len && strncmp(option_rows[i].name, name, len) == 0)
            break;
    return i;
}

void option_defaults(struct config *c)
{
    const char *state = getenv("STATE_DIRECTORY"); /* systemd's; one directory */
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *c = (struct config){.data = state != NULL ? state : "/var/lib/handoff",
                         .envelope_max = ENVELOPE_MAX_DEFAULT,
                         .request_deadline_s = 20,
                         .threads = cores < 1                    ? 1
                                    : cores > CONFIG_THREADS_MAX ? CONFIG_THREADS_MAX
                                                                 : (unsigned)cores,
                         .limits = {.address_rate = 600,
                                    .token_rate = 6000,
                                    .handoff_rate = 300,
                                    .address_connections = 256,
                                    .address_waits = 256,
                                    .address_live = 1000,
                                    .token_live = 100000,
                                    .live = 1000000,
                                    .address_bytes = UINT64_C(64) << 20,
                                    .token_bytes = UINT64_C(1) << 30,
                                    .live_bytes = UINT64_C(8) << 30},
                         .log = {.threshold = LOG_LEVEL_INFO}};
    (void)set_listen(c, "127.0.0.1:8088");
}

/* ---- what follows ---- */

static bool is_loopback(const struct netaddr_listen *listen)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)&listen->address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)&listen->address;

    if (listen->path != NULL)
        return false;
    if (listen->address.ss_family == AF_INET)
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static void warn(struct config *c, const char *words)
{
    for (size_t i = 0; i < CONFIG_WARNINGS; i++)
        if (c->warnings[i] == NULL) {
            c->warnings[i] = words;
            return;
        }
}

static void settle_warnings(struct config *c, bool proxied)
{
    if (c->listen.path == NULL && !is_loopback(&c->listen) && c->tls_cert == NULL && !proxied)
        warn(c,
             "the service listens beyond this machine without TLS, and no proxy is named: whoever "
             "is on the network can read and change what passes");
    if (c->base_url != NULL && strncmp(c->base_url, "http://", 7) == 0 &&
        !link_base_is_loopback(c->base_url))
        warn(c, "base-url is http: links would be opened without TLS, and the command line refuses "
                "them");
}

/* What a log is called unless it is said: where it is, without the scheme (C2SP tlog-checkpoint).
 */
static void settle_log_name(struct config *c)
{
    char name[LINK_BASE_MAX];

    if (c->base_url != NULL && link_base(name, c->base_url) == 0)
        snprintf(c->log_name_usual, sizeof(c->log_name_usual), "%s", strstr(name, "://") + 3);
    else
        netaddr_text(&c->listen, c->log_name_usual, sizeof(c->log_name_usual));
    if (!vault_log_name_valid(c->log_name_usual))
        snprintf(c->log_name_usual, sizeof(c->log_name_usual), "handoff");
}

const char *option_settle(struct config *c)
{
    const bool proxied = c->proxies.count > 0 || c->proxies.unix_socket;

    if ((c->tls_cert == NULL) != (c->tls_key == NULL))
        return "tls-cert and tls-key go together: give both or none";
    if (c->rates_off && !c->token_rate_given)
        c->limits.token_rate = 0;
    if (c->rates_off && !c->handoff_rate_given)
        c->limits.handoff_rate = 0;
    /* Open only where nobody but this machine can come: behind a proxy it would be a relay for all.
     */
    if (!c->open_given)
        c->submissions_open = is_loopback(&c->listen) && !proxied &&
                              (c->base_url == NULL || link_base_is_loopback(c->base_url));
    settle_log_name(c);
    settle_warnings(c, proxied);
    return NULL;
}
