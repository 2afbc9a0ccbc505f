/* The service's configuration, from the command line and a file. api/config/option.h has the table.
 */
#ifndef HANDOFF_API_CONFIG_CONFIG_H
#define HANDOFF_API_CONFIG_CONFIG_H

#include "api/base/log.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/* Where to listen: a TCP address, or a unix socket. */
struct config_listen {
    struct sockaddr_storage address; /* of TCP; ss_family AF_UNSPEC: none */
    const char *path;                /* of a unix socket; NULL: TCP */
};

/* A proxy whose X-Forwarded-For counts: a network, or whoever comes by the unix socket. */
struct config_network {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;        /* that must match, of 128 */
};

enum { CONFIG_PROXIES_MAX = 32, CONFIG_OPTIONS = 29, CONFIG_WARNINGS = 4, CONFIG_THREADS_MAX = 64 };

struct config_proxies {
    struct config_network networks[CONFIG_PROXIES_MAX];
    size_t count;
    bool unix_socket;
};

/* What one client can make the service do and hold. 0: no limit. */
struct config_limits {
    unsigned address_rate; /* calls a minute from one address (IPv6: one /64) */
    unsigned token_rate;   /* with one token */
    unsigned handoff_rate; /* for one handoff, that proved the link or the manage key */
    unsigned address_connections;
    unsigned address_waits; /* long-polls */
    unsigned address_live;  /* handoffs not burned yet, where submissions are open */
    unsigned token_live;    /* the same with one sender token */
    unsigned live;          /* the same in all */
    uint64_t address_bytes; /* of their envelopes */
    uint64_t token_bytes;
    uint64_t live_bytes;
};

/* What to do where the kernel cannot do all that the sandbox is made of. */
enum config_sandbox {
    CONFIG_SANDBOX_ON,       /* do what it can, and warn */
    CONFIG_SANDBOX_REQUIRED, /* do not start */
    CONFIG_SANDBOX_OFF       /* there is none to be */
};

struct config {
    const char *file;       /* the configuration file, there or not; NULL: none */
    const char *data;       /* the data directory */
    const char *master_key; /* a file instead of DIR/master.key; NULL: none */
    struct config_listen listen;
    struct config_listen metrics;   /* of the metrics; address AF_UNSPEC and no path: none */
    const char *base_url;           /* NULL: none was given */
    const char *tls_cert, *tls_key; /* PEM files; NULL: no TLS */
    struct config_proxies proxies;
    bool submissions_open; /* as given, or as follows from listen, base_url and proxies */
    struct config_limits limits;
    const char *log_name; /* of the audit log; NULL: as its key says, or as follows */
    char log_name_usual[512];
    int64_t erase_after_s; /* personal details older than this are erased; 0: never */
    size_t envelope_max;   /* bytes */
    unsigned request_deadline_s;
    unsigned threads;
    enum config_sandbox sandbox;
    const char *user; /* to become once the ports are open; NULL: stay who it is */
    struct log log;
    const char *warnings[CONFIG_WARNINGS]; /* what an operator should think about again */

    /* ---- how it came to be ---- */
    bool open_given, rates_off, token_rate_given, handoff_rate_given;
    const char *given[CONFIG_OPTIONS]; /* each option's value as it was written; NULL: it was not */
    void *memory;                      /* what the file's texts lie in; config_free's */
};

enum config_result { CONFIG_RUN, CONFIG_DONE, CONFIG_WRONG };

/* Reads the command line and the configuration file that it names (or the usual one, where it is
   there); what the command line says wins. CONFIG_DONE: --help or --version was printed to out.
   CONFIG_WRONG: why (of why_size bytes) says what is wrong, with file and line where it stands in
   the file. Whatever comes of it, config_free. */
enum config_result config_read(struct config *c, int argc, char **argv, FILE *out, char *why,
                               size_t why_size) __attribute__((nonnull, warn_unused_result));

/* The options, by name, in which two configurations differ and for which SIGHUP is not enough.
   Returns how many of names (CONFIG_OPTIONS of them) were filled. */
size_t config_differences(const struct config *running, const struct config *wanted,
                          const char *names[CONFIG_OPTIONS]) __attribute__((nonnull));

/* Frees the texts; a zeroed one is nothing. */
void config_free(struct config *c) __attribute__((nonnull));

/* Prints a listening place: host:port, with [] around IPv6, or unix:PATH. */
void config_listen_text(const struct config_listen *listen, char *out, size_t size)
    __attribute__((nonnull));

#endif
