/* The log as others can check it: checkpoints, proofs, tiles, entries; on the caller's thread. */
#include "vault/inside.h"
#include "vault/log/ledger.h"
#include "vault/vault.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

bool vault_log_name_valid(const char *name)
{
    return note_name_valid(name) && strpbrk(name, "\"\\") == NULL;
}

/* ---- views ---- */

/* Begins a view and tells how many events there are in it. NULL when that failed. */
static struct store *begin(struct vault *v, int64_t *next)
{
    struct store *store = readers_take(v->readers);
    struct store_head head;

    if (store_view_begin(store) == 0) {
        if (store_head(store, &head) == 0) {
            *next = head.next;
            return store;
        }
        store_view_end(store);
    }
    readers_give(v->readers, store);
    return NULL;
}

static void end(struct vault *v, struct store *store)
{
    store_view_end(store);
    readers_give(v->readers, store);
}

/* ---- signing ---- */

/* Appends the checkpoint to t, which may hold a proof's beginning. */
static enum answer add_checkpoint(struct vault *v, struct store *store, uint64_t size,
                                  struct text *t)
{
    return checkpoint_cache_add(v->checkpoints, v->logkey, store, size, t) == 0
               ? ANSWER_OK
               : ANSWER_UNAVAILABLE;
}

enum answer vault_log_key(struct vault *v, struct note_key *out)
{
    struct store *store = readers_take(v->readers);
    const int rc = logkey_current(v->logkey, store, out);

    readers_give(v->readers, store);
    return rc == 0 ? ANSWER_OK : ANSWER_UNAVAILABLE;
}

enum answer vault_checkpoint(struct vault *v, int64_t size, struct text *t)
{
    int64_t next;
    struct store *store = begin(v, &next);
    enum answer answer = ANSWER_NOT_FOUND;

    if (store == NULL)
        return ANSWER_UNAVAILABLE;
    if (size <= next)
        answer = add_checkpoint(v, store, (uint64_t)(size < 0 ? next : size), t);
    end(v, store);
    return answer;
}

/* ---- proofs ---- */

enum answer vault_proof(struct vault *v, int64_t index, int64_t size, struct text *t)
{
    int64_t next;
    struct store *store = begin(v, &next);
    enum answer answer = ANSWER_NOT_FOUND;
    struct merkle_source source;
    struct merkle_proof p;

    if (store == NULL)
        return ANSWER_UNAVAILABLE;
    if (size < 0)
        size = next;
    if (size <= next && index < size) {
        source = ledger_source(store);
        answer = ANSWER_UNAVAILABLE;
        if (merkle_prove_inclusion(&p, &source, (uint64_t)index, (uint64_t)size) == 0) {
            checkpoint_proof_format(t, (uint64_t)index, &p);
            answer = add_checkpoint(v, store, (uint64_t)size, t);
        }
    }
    end(v, store);
    return answer;
}

enum answer vault_consistency(struct vault *v, int64_t from, int64_t *to, struct merkle_proof *p)
{
    int64_t next;
    struct store *store = begin(v, &next);
    enum answer answer = ANSWER_NOT_FOUND;
    struct merkle_source source;

    if (store == NULL)
        return ANSWER_UNAVAILABLE;
    if (*to < 0)
        *to = next;
    if (*to <= next && from <= *to) {
        source = ledger_source(store);
        answer = merkle_prove_consistency(p, &source, (uint64_t)from, (uint64_t)*to) == 0
                     ? ANSWER_OK
                     : ANSWER_UNAVAILABLE;
    }
    end(v, store);
    return answer;
}

enum answer vault_tile(struct vault *v, unsigned level, uint64_t n, unsigned width,
                       uint8_t hashes[VAULT_TILE_HASHES][32])
{
    enum { TILE_HEIGHT = 8 };
    const unsigned shift = TILE_HEIGHT * level;
    const uint64_t first = n * VAULT_TILE_HASHES;
    int64_t next;
    struct store *store;
    enum answer answer = ANSWER_NOT_FOUND;

    /* Beyond these no log ever was, and the arithmetic ends. */
    if (shift >= MERKLE_LEVELS || n >> (MERKLE_LEVELS - 1 - TILE_HEIGHT) != 0 || width == 0 ||
        width > VAULT_TILE_HASHES)
        return ANSWER_NOT_FOUND;
    store = begin(v, &next);
    if (store == NULL)
        return ANSWER_UNAVAILABLE;
    if (first + width <= (uint64_t)next >> shift) {
        answer = ANSWER_OK;
        for (unsigned i = 0; i < width && answer == ANSWER_OK; i++)
            if (store_node(store, shift, first + i, hashes[i]) != 0)
                answer = ANSWER_UNAVAILABLE;
    }
    end(v, store);
    return answer;
}

/* ---- entries ---- */

/* What tells of a handoff before its time who could try codes against it. */
static bool for_auditors(const struct vault_detail *d)
{
    return strcmp(d->field, "opened_hash") != 0 && strcmp(d->field, "receipt_key") != 0;
}

/* Gives one entry to each. Returns 1 to go on, 0 to stop, -1. */
static int give_entry(struct vault *v, const struct store_event *e, bool details,
                      bool (*each)(void *ctx, const struct vault_event *event), void *ctx)
{
    struct vault_detail opened[VAULT_DETAILS_PER_EVENT];
    uint8_t buffer[LEDGER_DETAILS_BYTES];
    struct vault_event event = {
        .index = e->n, .line = e->line, .line_len = e->line_len, .details = opened};
    int rc, count = 0;

    if (details)
        count = ledger_open_details(v->keyring, e, buffer, opened, VAULT_DETAILS_PER_EVENT);
    for (int i = 0; i < count; i++)
        if (for_auditors(&opened[i]))
            opened[event.details_len++] = opened[i];
    rc = count < 0 ? -1 : each(ctx, &event) ? 1 : 0;
    if (details)
        sodium_memzero(buffer, sizeof(buffer));
    return rc;
}

enum answer vault_entries(struct vault *v, int64_t start, unsigned limit, bool details,
                          bool (*each)(void *ctx, const struct vault_event *event), void *ctx)
{
    int64_t next;
    struct store *store = begin(v, &next);
    bool missing = false;
    int rc = 1;

    if (store == NULL)
        return ANSWER_UNAVAILABLE;
    if (limit > VAULT_ENTRIES_MAX)
        limit = VAULT_ENTRIES_MAX;
    for (int64_t n = start; rc > 0 && n < next && n - start < (int64_t)limit; n++) {
        struct store_event e;

        rc = store_event(store, n, &e);
        missing = rc == STORE_NONE && n == start;
        if (rc == 0)
            rc = give_entry(v, &e, details, each, ctx);
        else if (rc == STORE_NONE)
            rc = 0; /* what came before is given; who goes on from here is told */
    }
    end(v, store);
    return rc < 0 ? ANSWER_UNAVAILABLE : missing ? ANSWER_NOT_FOUND : ANSWER_OK;
}

enum answer vault_log_keys(struct vault *v,
                           void (*each)(void *ctx, int64_t index, const char *line, size_t line_len,
                                        const char *proof, size_t proof_len),
                           void *ctx)
{
    char *proof = malloc(CHECKPOINT_PROOF_MAX);
    size_t len = CHECKPOINT_PROOF_MAX;
    int64_t n = -1, next;
    struct store *store = proof != NULL ? begin(v, &next) : NULL;
    int rc = 0;

    if (store == NULL) {
        free(proof);
        return ANSWER_UNAVAILABLE;
    }
    while ((rc = store_next_log_key(store, n, &n, proof, &len)) == 0) {
        struct store_event e;

        rc = store_event(store, n, &e);
        if (rc != 0)
            break;
        each(ctx, n, e.line, e.line_len, proof, len);
        len = CHECKPOINT_PROOF_MAX;
    }
    end(v, store);
    free(proof);
    return rc == STORE_NONE ? ANSWER_OK : ANSWER_UNAVAILABLE;
}
