#include "cli/log/rebuild.h"

#include "cli/io/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH = MERKLE_HASH_BYTES };

void rebuild_begin(struct rebuild *a, const struct log_memory *kept)
{
    *a = (struct rebuild){.kept = kept,
                          .misnumbered = REBUILD_NONE,
                          .differs = REBUILD_NONE,
                          .departs = REBUILD_NONE,
                          .breaks = REBUILD_NONE};
}

void rebuild_end(struct rebuild *a)
{
    free(a->leaves);
    a->leaves = NULL;
}

void rebuild_resume(struct rebuild *a, const struct merkle_frontier *f)
{
    a->tree = *f;
    a->first = f->size;
    while (a->next_root < a->kept->roots_len && a->kept->roots[a->next_root].size < f->size)
        a->next_root++;
    while (a->next_leaf < a->kept->leaves_len && a->kept->leaves[a->next_leaf].index < f->size)
        a->next_leaf++;
}

static int keep_leaf(struct rebuild *a, const uint8_t leaf[HASH])
{
    const size_t at = (size_t)(a->tree.size - a->first);

    if (at == a->room) {
        const size_t room = a->room * 2 + 1024;
        void *bigger = realloc(a->leaves, room * sizeof *a->leaves);

        if (bigger == NULL)
            return -1;
        a->leaves = bigger;
        a->room = room;
    }
    memcpy(a->leaves[at], leaf, HASH);
    return 0;
}

/* Whether a line begins as the line of event n does. */
static bool numbered(uint64_t n, const char *line, size_t len)
{
    char start[64];
    const int start_len = snprintf(start, sizeof start, "{\"v\":1,\"n\":%" PRIu64 ",\"t\":", n);

    return start_len > 0 && (size_t)start_len < len && memcmp(start, line, (size_t)start_len) == 0;
}

static void compare_leaf(struct rebuild *a, uint64_t n, const uint8_t leaf[HASH])
{
    while (a->next_leaf < a->kept->leaves_len && a->kept->leaves[a->next_leaf].index == n) {
        if (memcmp(a->kept->leaves[a->next_leaf].leaf, leaf, HASH) == 0)
            a->events++;
        else if (a->differs == REBUILD_NONE)
            a->differs = (int64_t)n;
        a->next_leaf++;
    }
    if (a->departs == REBUILD_NONE && n < a->other_len && memcmp(a->other[n], leaf, HASH) != 0)
        a->departs = (int64_t)n;
}

static void compare_root(struct rebuild *a)
{
    uint8_t root[HASH];

    while (a->next_root < a->kept->roots_len && a->kept->roots[a->next_root].size <= a->tree.size) {
        const struct log_memory_root *k = &a->kept->roots[a->next_root++];

        if (k->size < a->tree.size)
            continue; /* of an empty log, or of a part that was derived before */
        merkle_root(root, &a->tree);
        if (memcmp(root, k->root, HASH) != 0) {
            if (a->breaks == REBUILD_NONE)
                a->breaks = (int64_t)k->size;
        } else if (a->breaks == REBUILD_NONE) {
            a->fits = k->size;
            a->roots++;
        }
    }
}

enum exit_code rebuild_add(struct rebuild *a, uint64_t n, const char *line, size_t len)
{
    uint8_t leaf[HASH], nodes[MERKLE_LEVELS][HASH];

    if (a->misnumbered == REBUILD_NONE && !numbered(n, line, len))
        a->misnumbered = (int64_t)n;
    merkle_leaf(leaf, line, len);
    if (keep_leaf(a, leaf) != 0) {
        terminal_say("Memory is short.");
        return EXIT_INTERNAL;
    }
    compare_leaf(a, n, leaf);
    (void)merkle_append(&a->tree, leaf, nodes);
    compare_root(a);
    return EXIT_DONE;
}

bool rebuild_say(const struct rebuild *a)
{
    if (a->misnumbered != REBUILD_NONE)
        terminal_say("EVENT %" PRId64
                     " IS NOT IN ITS PLACE: the line there names another, or none.",
                     a->misnumbered);
    if (a->departs != REBUILD_NONE)
        terminal_say("EVENT %" PRId64
                     " IS ANOTHER THAN IN THE OTHER COPY: it is the first that is.",
                     a->departs);
    if (a->differs != REBUILD_NONE)
        terminal_say("EVENT %" PRId64 " IS ANOTHER THAN THE ONE THAT WAS PROVED TO THIS MACHINE.",
                     a->differs);
    if (a->breaks != REBUILD_NONE)
        terminal_say("THE LOG WAS REWRITTEN: its first %" PRId64
                     " events are not those that the service signed to this machine; its first "
                     "%" PRIu64 " are. What was changed lies between.",
                     a->breaks, a->fits);
    return a->misnumbered != REBUILD_NONE || a->departs != REBUILD_NONE ||
           a->differs != REBUILD_NONE || a->breaks != REBUILD_NONE;
}
