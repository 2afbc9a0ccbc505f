#include "api/config.h"

#include "vault/protocol/encoding.h"
#include "vault/protocol/envelope.h"
#include "vault/protocol/link.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS_MAX = 64, DEADLINE_MAX_S = 600 };

/* What has been read besides the configuration itself. */
struct reading {
    struct config *c;
    enum { UNSAID, YES, NO } open;
};

struct option_row {
    const char *name, *argument, *help;
    const char *wrong; /* what the value must be */
    int (*set)(struct reading *r, const char *value);
};

static int set_data(struct reading *r, const char *value)
{
    r->c->data = value;
    return value[0] != '\0' ? 0 : -1;
}

/* "127.0.0.1:8088" or "[::1]:8088"; numbers only: a service listens where it was told, not where a
   name happens to point. */
static int set_listen(struct reading *r, const char *value)
{
    struct sockaddr_in *in = (struct sockaddr_in *)(void *)&r->c->listen.address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&r->c->listen.address;
    const char *colon = strrchr(value, ':');
    const bool six = value[0] == '[';
    const char *host = value + six;
    size_t host_len;
    uint64_t port;
    char text[INET6_ADDRSTRLEN];

    if (colon == NULL || encoding_u64(&port, colon + 1, strlen(colon + 1), 65535) != 0)
        return -1;
    host_len = (size_t)(colon - host);
    if (six && (host_len == 0 || host[--host_len] != ']'))
        return -1;
    if (host_len >= sizeof(text))
        return -1;
    memcpy(text, host, host_len);
    text[host_len] = '\0';
    memset(&r->c->listen.address, 0, sizeof(r->c->listen.address));
    if (six) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1 ? 0 : -1;
    }
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, text, &in->sin_addr) == 1 ? 0 : -1;
}

static int set_base_url(struct reading *r, const char *value)
{
    char base[LINK_BASE_MAX];

    r->c->base_url = value;
    return link_base(base, value);
}

static int set_open(struct reading *r, const char *value)
{
    r->open = strcmp(value, "yes") == 0 ? YES : NO;
    return r->open == YES || strcmp(value, "no") == 0 ? 0 : -1;
}

static int set_number(const char *value, uint64_t min, uint64_t max, uint64_t *out)
{
    return encoding_u64(out, value, strlen(value), max) == 0 && *out >= min ? 0 : -1;
}

static int set_envelope_max(struct reading *r, const char *value)
{
    uint64_t number = 0;
    const int rc = set_number(value, ENVELOPE_MIN, ENVELOPE_MAX, &number);

    r->c->envelope_max = (size_t)number;
    return rc;
}

static int set_deadline(struct reading *r, const char *value)
{
    uint64_t number = 0;
    const int rc = set_number(value, 1, DEADLINE_MAX_S, &number);

    r->c->request_deadline_s = (unsigned)number;
    return rc;
}

static int set_threads(struct reading *r, const char *value)
{
    uint64_t number = 0;
    const int rc = set_number(value, 1, THREADS_MAX, &number);

    r->c->threads = (unsigned)number;
    return rc;
}

static int set_log_level(struct reading *r, const char *value)
{
    return log_level_parse(value, &r->c->log.threshold);
}

static const struct option_row rows[] = {
    {"data", "DIR", "the data directory ($STATE_DIRECTORY, or /var/lib/handoff)",
     "the path of a directory", set_data},
    {"listen", "ADDRESS:PORT", "where to listen (127.0.0.1:8088); port 0 takes a free one",
     "an IPv4 address, or an IPv6 one in [], then : and a port", set_listen},
    {"base-url", "URL", "what links begin with, as people reach the service",
     "http:// or https:// and a host", set_base_url},
    {"open-submissions", "yes|no",
     "whether anyone may submit (only where address and base URL are loopback)", "yes or no",
     set_open},
    {"max-envelope", "BYTES", "the largest envelope taken (65536)", "a number from 297 to 1048576",
     set_envelope_max},
    {"request-deadline", "SECONDS", "in which a request must have arrived (20)",
     "a number from 1 to 600", set_deadline},
    {"threads", "N", "that read requests and answer (one per core)", "a number from 1 to 64",
     set_threads},
    {"log-level", "LEVEL", "error, warning, info or debug (info)", "error, warning, info or debug",
     set_log_level},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), OPTION_HELP = ROWS, OPTION_VERSION };

static void print_help(FILE *out)
{
    fprintf(out, "Usage: handoffd [OPTION]...\n"
                 "Keeps credentials that are handed off once, and the log of it.\n\n");
    for (size_t i = 0; i < ROWS; i++) {
        char left[48];

        snprintf(left, sizeof(left), "--%s %s", rows[i].name, rows[i].argument);
        fprintf(out, "  %-32s %s\n", left, rows[i].help);
    }
    fprintf(out, "  %-32s %s\n  %-32s %s\n", "--help", "print this", "--version",
            "print the version");
}

static void set_defaults(struct reading *r)
{
    const char *state = getenv("STATE_DIRECTORY"); /* systemd's */
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *r->c = (struct config){.data = state != NULL ? state : "/var/lib/handoff",
                            .envelope_max = ENVELOPE_MAX_DEFAULT,
                            .request_deadline_s = 20,
                            .threads = cores < 1             ? 1
                                       : cores > THREADS_MAX ? THREADS_MAX
                                                             : (unsigned)cores,
                            .log = {.threshold = LOG_LEVEL_INFO}};
    (void)set_listen(r, "127.0.0.1:8088");
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;

    if (address->ss_family == AF_INET)
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* Open only where nobody but this machine can come: behind a proxy it would be a relay for all. */
static void settle_open(struct reading *r)
{
    struct config *c = r->c;

    c->submissions_open = r->open == YES;
    if (r->open == UNSAID)
        c->submissions_open = is_loopback(&c->listen.address) &&
                              (c->base_url == NULL || link_base_is_loopback(c->base_url));
}

enum config_result config_read(struct config *c, int argc, char **argv, FILE *out, char *why,
                               size_t why_size)
{
    struct option options[ROWS + 3] = {0};
    struct reading r = {.c = c};
    int which;

    for (size_t i = 0; i < ROWS; i++)
        options[i] = (struct option){rows[i].name, required_argument, NULL, (int)i};
    options[OPTION_HELP] = (struct option){"help", no_argument, NULL, OPTION_HELP};
    options[OPTION_VERSION] = (struct option){"version", no_argument, NULL, OPTION_VERSION};
    set_defaults(&r);
    optind = 0; /* glibc: start anew */
    opterr = 0;
    while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (which == OPTION_HELP) {
            print_help(out);
            return CONFIG_DONE;
        }
        if (which == OPTION_VERSION) {
            fprintf(out, "handoffd %s\n", HANDOFF_VERSION);
            return CONFIG_DONE;
        }
        if (which == '?') {
            snprintf(why, why_size, "%s is no option, or lacks its value; see --help",
                     argv[optind - 1]);
            return CONFIG_WRONG;
        }
        if (rows[which].set(&r, optarg) != 0) {
            snprintf(why, why_size, "--%s must be %s", rows[which].name, rows[which].wrong);
            return CONFIG_WRONG;
        }
    }
    if (optind < argc) {
        snprintf(why, why_size, "%s is not understood; see --help", argv[optind]);
        return CONFIG_WRONG;
    }
    settle_open(&r);
    return CONFIG_RUN;
}

void config_free(struct config *c)
{
    free(c->memory);
    *c = (struct config){0};
}

void config_listen_text(const struct config_listen *listen, char *out, size_t size)
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
