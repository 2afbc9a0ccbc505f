/* The service's configuration as a plain struct; option.h has the table that fills it. */
#ifndef HANDOFF_API_CONFIG_SETTINGS_H
#define HANDOFF_API_CONFIG_SETTINGS_H

#include "api/base/log.h"
#include "api/config/netaddr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_PROXIES_MAX = 32, CONFIG_OPTIONS = 29, CONFIG_WARNINGS = 4, CONFIG_THREADS_MAX = 64 };

struct config_proxies {
    struct netaddr_network networks[CONFIG_PROXIES_MAX];
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
    struct netaddr_listen listen;
    struct netaddr_listen metrics;  /* of the metrics; address AF_UNSPEC and no path: none */
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

#endif
