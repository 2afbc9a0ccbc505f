/*
 * The room of a server's pages, held against those of this build: their bytes, as they come for
 * this program, compressed, and for a browser, and the headers that keep a page to its own scripts.
 */
#ifndef HANDOFF_CLI_PAGES_PAGECHECK_H
#define HANDOFF_CLI_PAGES_PAGECHECK_H

#include "cli/io/exit.h"
#include "cli/net/client.h"
#include "cli/pages/pagehashes.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct pagecheck {
    struct client *client;
    uint8_t id[16];  /* of no handoff: what stands in a page's address does not change the page */
    size_t requests; /* so far */
    json_t *found; /* {"file","language"?,"what","as":["program","gzip",…]} for each difference */
    bool lost;     /* memory was too short for one of them: there is no verdict */
};

/* Returns EXIT_DONE, or EXIT_INTERNAL after having said that memory is short. End it in both
   cases. */
enum exit_code pagecheck_begin(struct pagecheck *p, struct client *c)
    __attribute__((nonnull, warn_unused_result));
void pagecheck_end(struct pagecheck *p) __attribute__((nonnull));

/* Fetches one file in every way and adds what differs to p->found. Returns EXIT_DONE, also where it
   differs; or what problem_say says of a server that does not answer. */
enum exit_code pagecheck_file(struct pagecheck *p, const struct page_hash *file)
    __attribute__((nonnull, warn_unused_result));

/* The path under which a page is served, as a person reads it ("/h/ID"); NULL for an asset. */
const char *pagecheck_place(const struct page_hash *file)
    __attribute__((nonnull, warn_unused_result));

/* Whether something of this file was found to differ. */
bool pagecheck_differs(const struct pagecheck *p, const struct page_hash *file)
    __attribute__((nonnull, warn_unused_result));

#endif
