#include "vault/maintenance/log_verify.h"

#include "vault/log/ledger.h"
#include "vault/protocol/encoding/encoding.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 64, VIEW_EVENTS = 256 };

/* Under way through the log. */
struct walk {
    struct store *store;
    struct merkle_frontier tree;
    struct note_key keys[KEYS_MAX]; /* that have ever signed; the first signs now */
    size_t keys_len;
    int64_t size;      /* of the log */
    int64_t fits;      /* the largest checkpoint so far that did */
    int64_t next_size; /* of the checkpoint to come; -1: none */
    bool unbuilt;      /* a log from before the tree: no nodes yet */
    /* Checkpoints up to this size may be by a key that nobody has any more. */
    int64_t keyless_to;
    char note[NOTE_BYTES];
    size_t note_len;
    unsigned checkpoints;
    char *why;
    size_t why_size;
};

static int wrong(struct walk *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct walk *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->why, w->why_size, format, args);
    va_end(args);
    return STORE_NONE;
}

/* ---- keys ---- */

/* Takes the key that an event replaced. A log's name has nothing that a line would escape. */
static int take_key(struct walk *w, int64_t n)
{
    static const char member[] = ",\"from\":\"", lost[] = ",\"lost\":true,";
    struct store_event e;
    const char *from = NULL, *end = NULL;
    const int rc = store_event(w->store, n, &e);

    if (rc == 0)
        from = memmem(e.line, e.line_len, member, sizeof(member) - 1);
    if (rc == 0 && memmem(e.line, e.line_len, lost, sizeof(lost) - 1) != NULL && n > w->keyless_to)
        w->keyless_to = n;
    if (from != NULL) {
        from += sizeof(member) - 1;
        end = memchr(from, '"', (size_t)(e.line + e.line_len - from));
    }
    if (end != NULL && w->keys_len < KEYS_MAX &&
        note_key_parse(&w->keys[w->keys_len], from, (size_t)(end - from)) == 0)
        w->keys_len++;
    return rc < 0 ? -1 : 0;
}

static int take_keys(struct walk *w, struct logkey *logkey)
{
    char *proof = malloc(CHECKPOINT_PROOF_MAX);
    size_t len = CHECKPOINT_PROOF_MAX;
    int64_t n = -1;
    int rc = proof != NULL ? 0 : -1;

    if (rc == 0 && logkey != NULL && logkey_current(logkey, w->store, &w->keys[0]) == 0)
        w->keys_len = 1;
    else
        w->keyless_to = INT64_MAX;
    while (rc == 0 && (rc = store_next_log_key(w->store, n, &n, proof, &len)) == 0) {
        rc = take_key(w, n);
        len = CHECKPOINT_PROOF_MAX;
    }
    free(proof);
    return rc < 0 ? -1 : 0;
}

/* ---- checkpoints ---- */

static int next_checkpoint(struct walk *w, int64_t after)
{
    int rc;

    w->note_len = sizeof(w->note);
    rc = store_kept_checkpoint(w->store, after, &w->next_size, w->note, &w->note_len);
    if (rc == STORE_NONE)
        w->next_size = -1;
    return rc < 0 ? -1 : 0;
}

/* Holds the tree, as it is at the checkpoint's size, against it. */
static int check_checkpoint(struct walk *w)
{
    enum note_verdict verdict = NOTE_UNSIGNED;
    struct checkpoint c;

    for (size_t i = 0; i < w->keys_len && verdict != NOTE_GOOD; i++)
        verdict = checkpoint_open(&c, w->note, w->note_len, &w->keys[i]);
    if (verdict == NOTE_UNSIGNED && w->next_size <= w->keyless_to &&
        checkpoint_read(&c, w->note, w->note_len) == 0)
        verdict = NOTE_GOOD;
    if (verdict != NOTE_GOOD)
        return wrong(
            w, "the checkpoint that was kept at %" PRId64 " events is not signed by the log's key",
            w->next_size);
    if (!checkpoint_fits(&c, &w->tree))
        return wrong(w,
                     "the log was rewritten: its first %" PRId64
                     " events are not those that were signed; its first %" PRId64 " are",
                     w->next_size, w->fits);
    w->fits = w->next_size;
    w->checkpoints++;
    return next_checkpoint(w, w->next_size);
}

/* ---- events ---- */

/* Whether a line begins with its own index and time, as all do. */
static bool line_fits(const struct store_event *e)
{
    char start[80];
    const int len = snprintf(start, sizeof(start), "{\"v\":1,\"n\":%" PRId64 ",\"t\":%" PRId64 ",",
                             e->n, e->time);

    return len > 0 && (size_t)len < e->line_len && memcmp(e->line, start, (size_t)len) == 0;
}

/* What stands in the place of event n. */
static int misplaced(struct walk *w, int64_t n, const struct store_event *e)
{
    static const char start[] = "{\"v\":1,\"n\":";
    const size_t start_len = sizeof(start) - 1;
    uint64_t other = (uint64_t)n;

    if (e->line_len > start_len && memcmp(e->line, start, start_len) == 0) {
        const char *number = e->line + start_len;
        const char *comma = memchr(number, ',', e->line_len - start_len);

        if (comma != NULL)
            (void)!encoding_u64(&other, number, (size_t)(comma - number), INT64_MAX);
    }
    if (other == (uint64_t)n)
        return wrong(w, "event %" PRId64 " of the log was changed: its index or time", n);
    return wrong(w, "event %" PRId64 " of the log: event %" PRIu64 " stands in its place", n,
                 other);
}

static int check_event(struct walk *w, int64_t n, int64_t *time)
{
    uint8_t leaf[MERKLE_HASH_BYTES], nodes[MERKLE_LEVELS][MERKLE_HASH_BYTES];
    struct store_event e;
    const int rc = store_event(w->store, n, &e);
    size_t nodes_len;

    if (rc < 0)
        return -1;
    if (rc == STORE_NONE)
        return wrong(w, "event %" PRId64 " of the log is missing", n);
    if (!line_fits(&e))
        return misplaced(w, n, &e);
    merkle_leaf(leaf, e.line, e.line_len);
    if (memcmp(leaf, e.leaf, sizeof(leaf)) != 0)
        return wrong(w, "event %" PRId64 " of the log was changed", n);
    if (e.time < *time)
        return wrong(w, "event %" PRId64 " of the log is older than the one before it", n);
    *time = e.time;
    nodes_len = merkle_append(&w->tree, leaf, nodes) * (size_t)MERKLE_HASH_BYTES;
    if (!w->unbuilt &&
        (nodes_len != e.nodes_len || (nodes_len > 0 && memcmp(nodes, e.nodes, nodes_len) != 0)))
        return wrong(w,
                     "the tree's hashes at event %" PRId64
                     " of the log do not fit: an event up to there was changed",
                     n);
    return 0;
}

/* In views of a bounded number of events, so that a service's scrubs are not held up. */
static int check_events(struct walk *w)
{
    int64_t n = 0, time = 0;
    int rc = 0;

    while (rc == 0 && n < w->size) {
        if (store_view_begin(w->store) != 0)
            return -1;
        for (unsigned i = 0; i < VIEW_EVENTS && rc == 0 && n < w->size; i++) {
            rc = check_event(w, n++, &time);
            if (rc == 0 && n == w->next_size)
                rc = check_checkpoint(w);
        }
        store_view_end(w->store);
    }
    return rc;
}

int log_verify(struct store *store, struct logkey *logkey, struct log_verify_count *out, char *why,
               size_t why_size)
{
    struct walk *w = calloc(1, sizeof(*w));
    struct store_head head;
    uint8_t value[STORE_VALUE_MAX];
    size_t len = sizeof(value);
    int rc = -1;

    if (w == NULL)
        return -1;
    w->unbuilt = store_value(store, store_unbuilt, value, &len) == 0;
    w->store = store;
    w->why = why;
    w->why_size = why_size;
    /* The head first: what a service appends meanwhile is its own affair. */
    if (take_keys(w, logkey) == 0 && store_head(store, &head) == 0 && next_checkpoint(w, -1) == 0) {
        w->size = head.next;
        rc = check_events(w);
    }
    if (rc == 0 && w->next_size >= 0 && w->next_size > w->size && store_head(store, &head) == 0 &&
        head.next < w->next_size)
        rc = wrong(w, "the log was cut: it has %" PRId64 " events, and %" PRId64 " were signed",
                   head.next, w->next_size);
    out->events = w->tree.size;
    out->checkpoints = w->checkpoints;
    free(w);
    return rc;
}
