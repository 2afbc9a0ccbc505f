/* What the service can be told: one table makes the flags and the help. */
#ifndef HANDOFF_API_CONFIG_H
#define HANDOFF_API_CONFIG_H

#include "api/log.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

struct config {
    const char *data;                /* the data directory */
    struct sockaddr_storage address; /* to listen at */
    const char *base_url;            /* NULL: none was given */
    bool submissions_open;           /* as given, or as follows from the two above */
    size_t envelope_max;             /* bytes */
    unsigned request_deadline_s;
    unsigned threads;
    struct log log;
};

enum config_result { CONFIG_RUN, CONFIG_DONE, CONFIG_WRONG };

/* Reads the command line. CONFIG_DONE: --help or --version was printed to out. CONFIG_WRONG: why
   (of why_size bytes) says what is wrong. */
enum config_result config_read(struct config *c, int argc, char **argv, FILE *out, char *why,
                               size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Prints the address as host:port, with [] around IPv6, into out. */
void config_address_text(const struct sockaddr_storage *address, char *out, size_t size)
    __attribute__((nonnull));

#endif
