#include "vault/protocol/tlog/merkle.h"

#include "vault/protocol/encoding/sha256.h"

#include <sodium.h>
#include <string.h>

static const uint64_t size_max = (uint64_t)1 << (MERKLE_LEVELS - 1);

void merkle_leaf(uint8_t hash[MERKLE_HASH_BYTES], const void *data, size_t len)
{
    sha256_prefixed(hash, 0x00, data, len);
}

void merkle_node(uint8_t hash[MERKLE_HASH_BYTES], const uint8_t left[MERKLE_HASH_BYTES],
                 const uint8_t right[MERKLE_HASH_BYTES])
{
    uint8_t both[2 * MERKLE_HASH_BYTES];

    memcpy(both, left, MERKLE_HASH_BYTES);
    memcpy(both + MERKLE_HASH_BYTES, right, MERKLE_HASH_BYTES);
    sha256_prefixed(hash, 0x01, both, sizeof(both));
}

unsigned merkle_completed(uint64_t n)
{
    return (unsigned)__builtin_ctzll(n);
}

/* ---- growing ---- */

unsigned merkle_append(struct merkle_frontier *f, const uint8_t leaf[MERKLE_HASH_BYTES],
                       uint8_t nodes[MERKLE_LEVELS][MERKLE_HASH_BYTES])
{
    uint8_t hash[MERKLE_HASH_BYTES];
    unsigned level = 0;

    memcpy(hash, leaf, sizeof(hash));
    for (; (f->size >> level & 1) != 0; level++) {
        merkle_node(hash, f->hash[level], hash);
        memcpy(nodes[level], hash, sizeof(hash));
    }
    memcpy(f->hash[level], hash, sizeof(hash));
    f->size++;
    return level;
}

void merkle_root(uint8_t root[MERKLE_HASH_BYTES], const struct merkle_frontier *f)
{
    bool begun = false;

    sha256(root, NULL, 0);
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if ((f->size >> level & 1) == 0)
            continue;
        if (begun)
            merkle_node(root, f->hash[level], root);
        else
            memcpy(root, f->hash[level], MERKLE_HASH_BYTES);
        begun = true;
    }
}

/* ---- proving ---- */

/* The largest power of two below n; n > 1. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* MTH(D[begin:end]), where begin is a multiple of a power of two that is not below end - begin. */
static int range(uint8_t hash[MERKLE_HASH_BYTES], const struct merkle_source *s, uint64_t begin,
                 uint64_t end)
{
    struct merkle_frontier f = {.size = end - begin};

    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if ((f.size >> level & 1) == 0)
            continue;
        if (s->node(s->ctx, level, begin >> level, f.hash[level]) != 0)
            return -1;
        begin += (uint64_t)1 << level;
    }
    merkle_root(hash, &f);
    return 0;
}

static int add_range(struct merkle_proof *p, const struct merkle_source *s, uint64_t begin,
                     uint64_t end)
{
    if (p->count == MERKLE_PROOF_MAX)
        return -1;
    return range(p->hash[p->count++], s, begin, end);
}

/* One step down: takes the side that is left behind into the proof, and goes into the other. */
static int descend(struct merkle_proof *p, const struct merkle_source *s, uint64_t *begin,
                   uint64_t *end, uint64_t middle, bool left)
{
    const int rc = left ? add_range(p, s, middle, *end) : add_range(p, s, *begin, middle);

    if (left)
        *end = middle;
    else
        *begin = middle;
    return rc;
}

/* Proofs are found from the root down, and written from the leaf up. */
static void reverse(struct merkle_proof *p)
{
    uint8_t hash[MERKLE_HASH_BYTES];

    for (size_t i = 0, j = p->count; i + 1 < j; i++) {
        j--;
        memcpy(hash, p->hash[i], sizeof(hash));
        memcpy(p->hash[i], p->hash[j], sizeof(hash));
        memcpy(p->hash[j], hash, sizeof(hash));
    }
}

int merkle_frontier_read(struct merkle_frontier *f, const struct merkle_source *s, uint64_t size)
{
    uint64_t begin = 0;

    if (size > size_max)
        return -1;
    f->size = size;
    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        if (s->node(s->ctx, level, begin >> level, f->hash[level]) != 0)
            return -1;
        begin += (uint64_t)1 << level;
    }
    return 0;
}

int merkle_prove_inclusion(struct merkle_proof *p, const struct merkle_source *s, uint64_t index,
                           uint64_t size)
{
    uint64_t begin = 0, end = size;

    p->count = 0;
    if (index >= size || size > size_max)
        return -1;
    while (end - begin > 1) {
        const uint64_t middle = begin + split(end - begin);

        if (descend(p, s, &begin, &end, middle, index < middle) != 0)
            return -1;
    }
    reverse(p);
    return 0;
}

int merkle_prove_consistency(struct merkle_proof *p, const struct merkle_source *s, uint64_t from,
                             uint64_t to)
{
    uint64_t begin = 0, end = to;

    p->count = 0;
    if (from > to || to > size_max)
        return -1;
    if (from == 0)
        return 0;
    while (from != end) {
        const uint64_t middle = begin + split(end - begin);

        if (descend(p, s, &begin, &end, middle, from <= middle) != 0)
            return -1;
    }
    /* Where the old tree is the perfect subtree that is left, its root is known already. */
    if (begin != 0 && add_range(p, s, begin, end) != 0)
        return -1;
    reverse(p);
    return 0;
}

/* ---- checking ---- */

static bool same(const uint8_t a[MERKLE_HASH_BYTES], const uint8_t b[MERKLE_HASH_BYTES])
{
    return memcmp(a, b, MERKLE_HASH_BYTES) == 0;
}

bool merkle_check_inclusion(const struct merkle_proof *p, const uint8_t leaf[MERKLE_HASH_BYTES],
                            uint64_t index, uint64_t size, const uint8_t root[MERKLE_HASH_BYTES])
{
    uint64_t at = index, last = size - 1;
    uint8_t hash[MERKLE_HASH_BYTES];

    if (index >= size)
        return false;
    memcpy(hash, leaf, sizeof(hash));
    for (size_t i = 0; i < p->count; i++, at >>= 1, last >>= 1) {
        if (last == 0)
            return false;
        if ((at & 1) == 0 && at != last) {
            merkle_node(hash, hash, p->hash[i]);
            continue;
        }
        merkle_node(hash, p->hash[i], hash);
        for (; (at & 1) == 0 && at != 0; last >>= 1)
            at >>= 1;
    }
    return last == 0 && same(hash, root);
}

bool merkle_check_consistency(const struct merkle_proof *p, uint64_t from,
                              const uint8_t from_root[MERKLE_HASH_BYTES], uint64_t to,
                              const uint8_t to_root[MERKLE_HASH_BYTES])
{
    uint8_t old_hash[MERKLE_HASH_BYTES], new_hash[MERKLE_HASH_BYTES];
    uint64_t at = from - 1, last = to - 1;
    size_t i = 0;

    if (from > to)
        return false;
    if (from == 0) {
        sha256(old_hash, NULL, 0);
        return p->count == 0 && same(from_root, old_hash) && (to > 0 || same(to_root, old_hash));
    }
    if (from == to)
        return p->count == 0 && same(from_root, to_root);
    for (; (at & 1) != 0; last >>= 1)
        at >>= 1;
    if (at != 0 && p->count == 0)
        return false;
    memcpy(old_hash, at == 0 ? from_root : p->hash[i++], sizeof(old_hash));
    memcpy(new_hash, old_hash, sizeof(new_hash));
    for (; i < p->count; i++, at >>= 1, last >>= 1) {
        if (last == 0)
            return false;
        if ((at & 1) == 0 && at != last) {
            merkle_node(new_hash, new_hash, p->hash[i]);
            continue;
        }
        merkle_node(old_hash, p->hash[i], old_hash);
        merkle_node(new_hash, p->hash[i], new_hash);
        for (; (at & 1) == 0 && at != 0; last >>= 1)
            at >>= 1;
    }
    return last == 0 && same(old_hash, from_root) && same(new_hash, to_root);
}
