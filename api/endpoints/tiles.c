/*
 * The log as C2SP tlog-tiles, below the prefix <base>/v1/audit: /tile/<L>/<N>[.p/<W>] for everyone,
 * /tile/entries/<N>[.p/<W>] for auditors.
 */
#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "vault/protocol/encoding/encoding.h"

#include <string.h>

enum { LEVEL_MAX = 63, GROUP_DIGITS = 3, GROUPS_MAX = 7 };

/* What a path asks for. */
struct tile {
    bool entries;
    uint64_t level, n;
    unsigned width; /* 256: the whole tile */
};

static const char binary[] = "application/octet-stream";

/* Reads what is in front of the first slash; *path moves behind it. Returns 0 or -1. */
static int take_level(struct tile *t, const char **path)
{
    const size_t len = strcspn(*path, "/");
    const char *text = *path;

    if (text[len] != '/')
        return -1;
    *path += len + 1;
    t->entries = len == strlen("entries") && strncmp(text, "entries", len) == 0;
    return t->entries ? 0 : encoding_u64(&t->level, text, len, LEVEL_MAX);
}

/* Reads three digits. Returns them, or -1. */
static int take_group(const char *text)
{
    int value = 0;

    for (int i = 0; i < GROUP_DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + text[i] - '0';
    }
    return value;
}

/* Reads "x001/x234/067" of len bytes: all groups but the last begin with an x, and no group is one
   too many. */
static int take_index(struct tile *t, const char *text, size_t len)
{
    bool first = true;

    t->n = 0;
    for (unsigned i = 0; i < GROUPS_MAX; i++) {
        const bool more = len > GROUP_DIGITS;
        int group;

        if (more && *text != 'x')
            return -1;
        text += more;
        len -= more;
        group = len >= GROUP_DIGITS ? take_group(text) : -1;
        if (group < 0 || (first && more && group == 0))
            return -1;
        first = false;
        t->n = t->n * 1000 + (uint64_t)group;
        text += GROUP_DIGITS;
        len -= GROUP_DIGITS;
        if (!more)
            return len == 0 ? 0 : -1;
        if (len == 0 || *text != '/')
            return -1;
        text++;
        len--;
    }
    return -1;
}

static int parse(struct tile *t, const char *path)
{
    const char *partial;
    uint64_t width = VAULT_TILE_HASHES;

    if (take_level(t, &path) != 0)
        return -1;
    partial = strstr(path, ".p/");
    if (partial != NULL &&
        (encoding_u64(&width, partial + 3, strlen(partial + 3), VAULT_TILE_HASHES - 1) != 0 ||
         width == 0))
        return -1;
    t->width = (unsigned)width;
    return take_index(t, path, partial != NULL ? (size_t)(partial - path) : strlen(path));
}

static void not_there(struct request *r)
{
    request_drop_reply(r);
    request_refuse(r, PROBLEM_NOT_FOUND, "The log has no such tile (yet).");
}

static void give_hashes(struct request *r, const struct tile *tile)
{
    uint8_t hashes[VAULT_TILE_HASHES][32];
    const enum answer answer =
        vault_tile(r->service->vault, (unsigned)tile->level, tile->n, tile->width, hashes);
    struct text t;

    if (answer == ANSWER_NOT_FOUND) {
        not_there(r);
        return;
    }
    if (request_refused(r, answer))
        return;
    t = request_json(r, sizeof(hashes));
    text_bytes(&t, (const char *)hashes[0], tile->width * sizeof(hashes[0]));
    r->reply.type = binary;
    request_reply(r, MHD_HTTP_OK, &t);
}

struct bundle {
    struct text t;
    unsigned count;
};

static bool add_entry(void *ctx, const struct vault_event *e)
{
    struct bundle *b = ctx;
    const char length[2] = {(char)(e->line_len >> 8), (char)e->line_len};

    text_bytes(&b->t, length, sizeof(length));
    text_bytes(&b->t, e->line, e->line_len);
    b->count++;
    return true;
}

static void give_entries(struct request *r, const struct tile *tile)
{
    struct bundle b = {.count = 0};
    enum answer answer;

    if (entries_allowed(r) != 0)
        return;
    if (tile->n >= INT64_MAX / VAULT_TILE_HASHES) {
        not_there(r);
        return;
    }
    b.t = request_json(r, tile->width * (size_t)(VAULT_EVENT_LINE_MAX + 2));
    answer = vault_entries(r->service->vault, (int64_t)(tile->n * VAULT_TILE_HASHES), tile->width,
                           false, add_entry, &b);
    if (answer == ANSWER_OK && b.count < tile->width) {
        not_there(r);
    } else if (answer != ANSWER_OK) {
        request_drop_reply(r);
        (void)request_refused(r, answer);
    } else {
        r->reply.type = binary;
        request_reply(r, MHD_HTTP_OK, &b.t);
    }
}

void tiles_get(struct request *r)
{
    struct tile tile = {0};

    if (parse(&tile, r->rest) != 0)
        request_refuse(r, PROBLEM_NOT_FOUND,
                       "There is no such tile: <level or entries>/<index>[.p/<width>], the index "
                       "in groups of three digits (x001/x234/067).");
    else if (tile.entries)
        give_entries(r, &tile);
    else
        give_hashes(r, &tile);
}
