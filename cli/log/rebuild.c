#include "cli/log/rebuild.h"

#include "cli/io/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH = MERKLE_HASH_BYTES };

void rebuild_begin(struct rebuild *r, const struct log_memory *memory)
{
    *r = (struct rebuild){.memory = memory,
                          .misnumbered = REBUILD_NONE,
                          .differs = REBUILD_NONE,
                          .departs = REBUILD_NONE,
                          .breaks = REBUILD_NONE};
}

void rebuild_end(struct rebuild *r)
{
    free(r->leaves);
    r->leaves = NULL;
}

void rebuild_resume(struct rebuild *r, const struct merkle_frontier *f)
{
    r->tree = *f;
    r->first = f->size;
    while (r->next_root < r->memory->roots_len && r->memory->roots[r->next_root].size < f->size)
        r->next_root++;
    while (r->next_leaf < r->memory->leaves_len && r->memory->leaves[r->next_leaf].index < f->size)
        r->next_leaf++;
}

static int keep_leaf(struct rebuild *r, const uint8_t leaf[HASH])
{
    const size_t at = (size_t)(r->tree.size - r->first);

    if (at == r->room) {
        const size_t room = r->room * 2 + 1024;
        void *bigger = realloc(r->leaves, room * sizeof *r->leaves);

        if (bigger == NULL)
            return -1;
        r->leaves = bigger;
        r->room = room;
    }
    memcpy(r->leaves[at], leaf, HASH);
    return 0;
}

/* Whether a line begins as the line of event n does. */
static bool numbered(uint64_t n, const char *line, size_t len)
{
    char start[64];
    const int start_len = snprintf(start, sizeof start, "{\"v\":1,\"n\":%" PRIu64 ",\"t\":", n);

    return start_len > 0 && (size_t)start_len < len && memcmp(start, line, (size_t)start_len) == 0;
}

static void compare_leaf(struct rebuild *r, uint64_t n, const uint8_t leaf[HASH])
{
    while (r->next_leaf < r->memory->leaves_len && r->memory->leaves[r->next_leaf].index == n) {
        if (memcmp(r->memory->leaves[r->next_leaf].leaf, leaf, HASH) == 0)
            r->events++;
        else if (r->differs == REBUILD_NONE)
            r->differs = (int64_t)n;
        r->next_leaf++;
    }
    if (r->departs == REBUILD_NONE && n < r->other_len && memcmp(r->other[n], leaf, HASH) != 0)
        r->departs = (int64_t)n;
}

static void compare_root(struct rebuild *r)
{
    uint8_t root[HASH];

    while (r->next_root < r->memory->roots_len &&
           r->memory->roots[r->next_root].size <= r->tree.size) {
        const struct log_memory_root *kept = &r->memory->roots[r->next_root++];

        if (kept->size < r->tree.size)
            continue; /* of an empty log, or of a part that was derived before */
        merkle_root(root, &r->tree);
        if (memcmp(root, kept->root, HASH) != 0) {
            if (r->breaks == REBUILD_NONE)
                r->breaks = (int64_t)kept->size;
        } else if (r->breaks == REBUILD_NONE) {
            r->fits = kept->size;
            r->roots++;
        }
    }
}

enum exit_code rebuild_add(struct rebuild *r, uint64_t n, const char *line, size_t len)
{
    uint8_t leaf[HASH], nodes[MERKLE_LEVELS][HASH];

    if (r->misnumbered == REBUILD_NONE && !numbered(n, line, len))
        r->misnumbered = (int64_t)n;
    merkle_leaf(leaf, line, len);
    if (keep_leaf(r, leaf) != 0) {
        terminal_say("Memory is short.");
        return EXIT_INTERNAL;
    }
    compare_leaf(r, n, leaf);
    (void)merkle_append(&r->tree, leaf, nodes);
    compare_root(r);
    return EXIT_DONE;
}

bool rebuild_say(const struct rebuild *r)
{
    if (r->misnumbered != REBUILD_NONE)
        terminal_say("EVENT %" PRId64
                     " IS NOT IN ITS PLACE: the line there names another, or none.",
                     r->misnumbered);
    if (r->departs != REBUILD_NONE)
        terminal_say("EVENT %" PRId64
                     " IS ANOTHER THAN IN THE OTHER COPY: it is the first that is.",
                     r->departs);
    if (r->differs != REBUILD_NONE)
        terminal_say("EVENT %" PRId64 " IS ANOTHER THAN THE ONE THAT WAS PROVED TO THIS MACHINE.",
                     r->differs);
    if (r->breaks != REBUILD_NONE)
        terminal_say("THE LOG WAS REWRITTEN: its first %" PRId64
                     " events are not those that the service signed to this machine; its first "
                     "%" PRIu64 " are. What was changed lies between.",
                     r->breaks, r->fits);
    return r->misnumbered != REBUILD_NONE || r->departs != REBUILD_NONE ||
           r->differs != REBUILD_NONE || r->breaks != REBUILD_NONE;
}
