/*
 * A log on disk in the layout of C2SP tlog-tiles: DIR/tile/<L>/<N>[.p/<W>] with hashes,
 * DIR/tile/entries/<N>[.p/<W>] with the events' lines, each behind its length (2 bytes,
 * big-endian).
 */
#ifndef HANDOFF_CLI_LOG_TILES_H
#define HANDOFF_CLI_LOG_TILES_H

#include "cli/io/exit.h"
#include "vault/protocol/tlog/merkle.h"

#include <stdint.h>

enum tiles_mode {
    TILES_WRITE, /* writes what is added */
    TILES_CHECK  /* holds what is added against the hash tiles that are there */
};

struct tiles;

enum { TILES_INDEX_MAX = 64 };

/* A tile's index in a path: "067", "x001/x234/067". */
void tiles_index(char out[TILES_INDEX_MAX], uint64_t n) __attribute__((nonnull));

/* Begins with an empty log. NULL when memory is short. */
struct tiles *tiles_new(const char *dir, enum tiles_mode mode)
    __attribute__((nonnull, warn_unused_result));
void tiles_free(struct tiles *t);

/* Adds the next event's line, without its end. Says what is wrong. */
enum exit_code tiles_add(struct tiles *t, const char *line, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Ends with the partial tiles; of older partial ones those of this log's last tiles are removed. */
enum exit_code tiles_finish(struct tiles *t) __attribute__((nonnull, warn_unused_result));

/* The tree so far. */
const struct merkle_frontier *tiles_tree(const struct tiles *t) __attribute__((nonnull));

/* The first event whose hash is not the one in its tile, or UINT64_MAX; and the first tile above
   the events' that does not follow from those below: whether there is one. Of TILES_CHECK. */
uint64_t tiles_first_difference(const struct tiles *t) __attribute__((nonnull));
bool tiles_inner_difference(const struct tiles *t) __attribute__((nonnull));

/* Calls each for the events of the bundles in DIR, from the first on, at most max, in order;
   *count: how many there were. Ends where there is no further bundle; a partial one is taken only
   where partial is true. Says what is wrong with a bundle: EXIT_UNVERIFIED. */
enum exit_code tiles_read(const char *dir, uint64_t max, bool partial,
                          enum exit_code (*each)(void *ctx, uint64_t n, const char *line,
                                                 size_t len),
                          void *ctx, uint64_t *count)
    __attribute__((nonnull(1, 4, 6), warn_unused_result));

#endif
