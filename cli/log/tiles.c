#include "cli/log/tiles.h"

#include "cli/io/input.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/state.h"
#include "vault/protocol/encoding/secret.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WIDTH = 256,
    LEVELS = 8, /* 2^64 events */
    HASH = MERKLE_HASH_BYTES,
    LINE_MAX_BYTES = 65535,
    BUNDLE_MAX = WIDTH * (LINE_MAX_BYTES + 2),
    ENTRIES = -1 /* the level that the events' lines are at */
};

/* The last tile of a level, as far as it has come. */
struct level {
    uint64_t n; /* which tile */
    unsigned width;
    uint8_t hash[WIDTH][HASH];
};

struct tiles {
    char dir[PATH_MAX];
    enum tiles_mode mode;
    struct merkle_frontier tree;
    struct level level[LEVELS];
    char *bundle; /* the events' lines since the last whole tile */
    size_t bundle_len, bundle_size;
    uint64_t first_difference;
    bool inner_difference;
};

struct tiles *tiles_new(const char *dir, enum tiles_mode mode)
{
    struct tiles *t = calloc(1, sizeof *t);

    if (t == NULL || snprintf(t->dir, sizeof t->dir, "%s", dir) >= (int)sizeof t->dir) {
        free(t);
        return NULL;
    }
    t->mode = mode;
    t->first_difference = UINT64_MAX;
    return t;
}

void tiles_free(struct tiles *t)
{
    if (t == NULL)
        return;
    free(t->bundle);
    free(t);
}

const struct merkle_frontier *tiles_tree(const struct tiles *t)
{
    return &t->tree;
}

uint64_t tiles_first_difference(const struct tiles *t)
{
    return t->first_difference;
}

bool tiles_inner_difference(const struct tiles *t)
{
    return t->inner_difference;
}

/* ---- paths ---- */

void tiles_index(char out[TILES_INDEX_MAX], uint64_t n)
{
    (void)snprintf(out, TILES_INDEX_MAX, "%03" PRIu64, n % 1000);
    for (n /= 1000; n > 0; n /= 1000) {
        char longer[TILES_INDEX_MAX + 8];

        (void)snprintf(longer, sizeof longer, "x%03" PRIu64 "/%s", n % 1000, out);
        (void)snprintf(out, TILES_INDEX_MAX, "%.60s", longer);
    }
}

/* DIR/tile/<level>/<n in groups of three digits>. */
static int tile_path(char out[PATH_MAX], const char *dir, int level, uint64_t n, unsigned width)
{
    char index[TILES_INDEX_MAX], name[24] = "entries", partial[16] = "";

    tiles_index(index, n);
    if (level != ENTRIES)
        (void)snprintf(name, sizeof name, "%d", level);
    if (width < WIDTH)
        (void)snprintf(partial, sizeof partial, ".p/%u", width);
    return snprintf(out, PATH_MAX, "%s/tile/%s/%s%s", dir, name, index, partial) < PATH_MAX ? 0
                                                                                            : -1;
}

/* ---- writing and checking ---- */

static enum exit_code write_tile(const struct tiles *t, int level, uint64_t n, unsigned width,
                                 const void *data, size_t len)
{
    char path[PATH_MAX];

    if (tile_path(path, t->dir, level, n, width) == 0 && state_make_folders(path) == 0 &&
        output_file_write(path, data, len, true) == 0)
        return EXIT_DONE;
    terminal_say("%s cannot be written: %s.", path, strerror(errno));
    return EXIT_INTERNAL;
}

/* Holds hashes against the tile that is there. */
static enum exit_code check_tile(struct tiles *t, int level, uint64_t n, unsigned width,
                                 const uint8_t (*hash)[HASH])
{
    char path[PATH_MAX];
    struct secret *kept = NULL;
    unsigned same = 0;

    if (tile_path(path, t->dir, level, n, width) == 0)
        kept = input_file(path, WIDTH * HASH);
    if (kept == NULL) {
        terminal_say("%s cannot be read: %s.", path, strerror(errno));
        return EXIT_UNVERIFIED;
    }
    if (secret_len(kept) == (size_t)width * HASH)
        while (same < width &&
               memcmp(secret_bytes(kept) + (size_t)same * HASH, hash[same], HASH) == 0)
            same++;
    secret_free(kept);
    if (same < width && level > 0)
        t->inner_difference = true;
    else if (same < width && t->first_difference == UINT64_MAX)
        t->first_difference = n * WIDTH + same;
    return EXIT_DONE;
}

static enum exit_code put_tile(struct tiles *t, int level, unsigned width)
{
    const struct level *l = &t->level[level];

    return t->mode == TILES_WRITE
               ? write_tile(t, level, l->n, width, l->hash, (size_t)width * HASH)
               : check_tile(t, level, l->n, width, (const uint8_t(*)[HASH])l->hash);
}

static enum exit_code put_bundle(struct tiles *t, unsigned width)
{
    const enum exit_code rc = t->mode == TILES_WRITE ? write_tile(t, ENTRIES, t->level[0].n, width,
                                                                  t->bundle, t->bundle_len)
                                                     : EXIT_DONE;

    t->bundle_len = 0;
    return rc;
}

/* The root of a whole tile: a hash of the level above. */
static void tile_root(uint8_t root[HASH], const struct level *l)
{
    uint8_t nodes[MERKLE_LEVELS][HASH];
    struct merkle_frontier f = {.size = 0};

    for (unsigned i = 0; i < WIDTH; i++)
        (void)merkle_append(&f, l->hash[i], nodes);
    merkle_root(root, &f);
}

/* Adds a hash at level 0, and what follows from it above. */
static enum exit_code add_hash(struct tiles *t, const uint8_t leaf[HASH])
{
    uint8_t hash[HASH];

    memcpy(hash, leaf, HASH);
    for (int level = 0; level < LEVELS; level++) {
        struct level *l = &t->level[level];
        enum exit_code rc;

        memcpy(l->hash[l->width++], hash, HASH);
        if (l->width < WIDTH)
            return EXIT_DONE;
        rc = put_tile(t, level, WIDTH);
        if (rc == EXIT_DONE && level == 0)
            rc = put_bundle(t, WIDTH);
        if (rc != EXIT_DONE)
            return rc;
        tile_root(hash, l);
        l->width = 0;
        l->n++;
    }
    return EXIT_DONE;
}

static int keep_line(struct tiles *t, const char *line, size_t len)
{
    if (t->bundle_size - t->bundle_len < len + 2) {
        const size_t size = t->bundle_size * 2 + len + 4096;
        char *bigger = realloc(t->bundle, size);

        if (bigger == NULL)
            return -1;
        t->bundle = bigger;
        t->bundle_size = size;
    }
    t->bundle[t->bundle_len++] = (char)(len >> 8);
    t->bundle[t->bundle_len++] = (char)len;
    memcpy(t->bundle + t->bundle_len, line, len);
    t->bundle_len += len;
    return 0;
}

enum exit_code tiles_add(struct tiles *t, const char *line, size_t len)
{
    uint8_t nodes[MERKLE_LEVELS][HASH], leaf[HASH];

    if (len > LINE_MAX_BYTES || keep_line(t, line, len) != 0) {
        terminal_say(len > LINE_MAX_BYTES ? "An event of the log is too long to be one."
                                          : "Memory is short.");
        return EXIT_INTERNAL;
    }
    merkle_leaf(leaf, line, len);
    (void)merkle_append(&t->tree, leaf, nodes);
    return add_hash(t, leaf);
}

/* Removes the partial tiles beside a tile, but that of this width (0: all). */
static void remove_partial(const struct tiles *t, int level, uint64_t n, unsigned but)
{
    char path[PATH_MAX], name[24];
    const struct dirent *entry;
    DIR *dir;

    if (tile_path(path, t->dir, level, n, 1) != 0)
        return;
    path[strlen(path) - 2] = '\0'; /* without "/1" */
    dir = opendir(path);
    if (dir == NULL)
        return;
    (void)snprintf(name, sizeof name, "%u", but);
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, name) != 0)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)closedir(dir);
    (void)rmdir(path);
}

enum exit_code tiles_finish(struct tiles *t)
{
    enum exit_code rc = EXIT_DONE;

    if (t->level[0].width > 0)
        rc = put_bundle(t, t->level[0].width);
    for (int level = 0; level < LEVELS && rc == EXIT_DONE; level++)
        if (t->level[level].width > 0)
            rc = put_tile(t, level, t->level[level].width);
    if (t->mode != TILES_WRITE || rc != EXIT_DONE)
        return rc;
    for (int level = ENTRIES; level < LEVELS; level++) {
        const struct level *l = &t->level[level == ENTRIES ? 0 : level];

        remove_partial(t, level, l->n, l->width);
        if (l->n > 0)
            remove_partial(t, level, l->n - 1, 0);
    }
    return rc;
}

/* ---- reading ---- */

static enum exit_code give_bundle(const struct secret *bundle, uint64_t first, uint64_t max,
                                  enum exit_code (*each)(void *ctx, uint64_t n, const char *line,
                                                         size_t len),
                                  void *ctx, uint64_t *count)
{
    const uint8_t *at = secret_bytes(bundle), *end = at + secret_len(bundle);
    enum exit_code rc = EXIT_DONE;

    for (*count = 0; rc == EXIT_DONE && at < end && first + *count < max; ++*count) {
        const size_t len = end - at > 2 ? (size_t)at[0] << 8 | at[1] : SIZE_MAX;

        if (len > (size_t)(end - at) - 2 || *count == WIDTH)
            return EXIT_UNVERIFIED;
        rc = each(ctx, first + *count, (const char *)at + 2, len);
        at += 2 + len;
    }
    return rc == EXIT_DONE && at != end && first + *count < max ? EXIT_UNVERIFIED : rc;
}

/* Opens the bundle of a tile: the whole one, or else the largest partial one. */
static struct secret *open_bundle(char path[PATH_MAX], const char *dir, uint64_t n, bool partial,
                                  unsigned *width)
{
    struct secret *bundle = NULL;

    *width = WIDTH;
    errno = ENAMETOOLONG;
    if (tile_path(path, dir, ENTRIES, n, WIDTH) == 0)
        bundle = input_file(path, BUNDLE_MAX);
    while (bundle == NULL && errno == ENOENT && partial && --*width > 0)
        if (tile_path(path, dir, ENTRIES, n, *width) == 0)
            bundle = input_file(path, BUNDLE_MAX);
    return bundle;
}

enum exit_code tiles_read(const char *dir, uint64_t max, bool partial,
                          enum exit_code (*each)(void *ctx, uint64_t n, const char *line,
                                                 size_t len),
                          void *ctx, uint64_t *count)
{
    enum exit_code rc = EXIT_DONE;
    char path[PATH_MAX] = "";

    *count = 0;
    for (uint64_t n = 0; *count == n * WIDTH && *count < max; n++) {
        uint64_t got = 0;
        unsigned width;
        struct secret *bundle = open_bundle(path, dir, n, partial, &width);

        if (bundle == NULL && errno == ENOENT)
            return EXIT_DONE;
        if (bundle == NULL) {
            terminal_say("%s cannot be read: %s.", path, strerror(errno));
            return EXIT_INTERNAL;
        }
        rc = give_bundle(bundle, n * WIDTH, max, each, ctx, &got);
        secret_free(bundle);
        *count += got;
        if (rc == EXIT_DONE && got < width && *count < max)
            rc = EXIT_UNVERIFIED;
        if (rc != EXIT_DONE) {
            terminal_say("%s is damaged at event %" PRIu64 ".", path, n * WIDTH + got);
            return rc;
        }
    }
    return rc;
}
