/*
 * The room of HTTP: what a request may look like (guard), which call it is (router), what its body
 * and query hold (fields, json_scan, query, accept), the request while it lives (request, longpoll)
 * and its answer (reply, problem). What is asked, and who may ask it, is decided above.
 *
 * The router finds a request's row in a table of calls. 404 and 405 are decided here, once.
 */
#ifndef HANDOFF_API_HTTP_ROUTER_H
#define HANDOFF_API_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct request;

struct route {
    const char *method;  /* HEAD finds GET's row */
    const char *pattern; /* "{id}" stands for a handoff's identifier, "{rest}" for what is left of
                            the path: at least one character, and any slashes */
    /* What it counts as against the limit of calls by address; 0: it is not counted. */
    unsigned cost;
    /* The most bytes of a JSON body; NULL: the call takes none. */
    size_t (*body_max)(const struct config *config);
    /* The limit that a client is told instead, where one can be acted on; NULL: body_max. */
    size_t (*limit)(const struct config *config);
    /* Reads what was asked; fills the reply, or posts a job, or waits. */
    void (*handle)(struct request *r);
    /* Fills the reply from what came of it, or waits on; NULL where handle always replies. */
    void (*finish)(struct request *r);
};

/* All rows; the first that fits counts. */
struct router_table {
    const struct route *rows;
    size_t len;
};

enum { ROUTER_REST_MAX = 64 }; /* with NUL; what is longer is no path */

enum router_result { ROUTER_FOUND, ROUTER_NO_PATH, ROUTER_NO_METHOD, ROUTER_BAD_ID };

struct router_match {
    enum router_result result;
    const struct route *route; /* with ROUTER_FOUND */
    uint8_t id[16];
    bool has_id; /* whether the pattern has one */
    char rest[ROUTER_REST_MAX];
    char allow[64]; /* with ROUTER_NO_METHOD: what the path does take */
};

/* Finds the row for a method and a path (without query). */
void router_find(struct router_match *m, const struct router_table *table, const char *method,
                 const char *path) __attribute__((nonnull));

#endif
