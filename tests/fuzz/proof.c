/* Inclusion and consistency proofs: the tree's own pass, also when written and read back; what the
   input makes of one passes only if it is the same. First byte: size; second: index; third: from;
   the rest is a proof's bytes, laid over the true one. */
#include "vault/protocol/tlog/checkpoint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LEAVES = 256, LEVELS = 9 };

static uint8_t nodes[LEVELS][LEAVES][32], roots[LEAVES + 1][32];

static int node(void *ctx, unsigned level, uint64_t index, uint8_t hash[32])
{
    (void)ctx;
    if (level >= LEVELS || index >= (uint64_t)LEAVES >> level)
        return -1;
    memcpy(hash, nodes[level][index], 32);
    return 0;
}

static void grow(void)
{
    struct merkle_frontier f = {0};
    uint8_t made[MERKLE_LEVELS][32];

    merkle_root(roots[0], &f);
    for (size_t i = 0; i < LEAVES; i++) {
        const uint8_t leaf = (uint8_t)i;
        unsigned count;

        merkle_leaf(nodes[0][i], &leaf, 1);
        count = merkle_append(&f, nodes[0][i], made);
        for (unsigned level = 1; level <= count; level++)
            memcpy(nodes[level][i >> level], made[level - 1], 32);
        merkle_root(roots[i + 1], &f);
    }
}

static bool same(const struct merkle_proof *a, const struct merkle_proof *b)
{
    return a->count == b->count && memcmp(a->hash, b->hash, a->count * 32) == 0;
}

/* Lays the input over a proof: its first byte is how many hashes more or fewer. */
static void distort(struct merkle_proof *p, const uint8_t *data, size_t size)
{
    uint8_t *bytes = &p->hash[0][0];

    if (size == 0)
        return;
    p->count = (p->count + data[0]) % (MERKLE_PROOF_MAX + 1);
    for (size_t i = 1; i < size && i <= sizeof(p->hash); i++)
        bytes[i - 1] ^= data[i];
}

static void written(const struct merkle_proof *p, uint64_t index)
{
    char buffer[CHECKPOINT_PROOF_MAX];
    struct text t = text_into(buffer, sizeof(buffer));
    struct merkle_proof again = {.count = 0};
    const char *note;
    uint64_t found;
    size_t len;

    checkpoint_proof_format(&t, index, p);
    text_add(&t, "log\n");
    if (t.overflow || checkpoint_proof_parse(&found, &again, &note, &len, t.data, t.len) != 0 ||
        found != index || !same(p, &again))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct merkle_source source = {node, NULL};
    struct merkle_proof p = {.count = 0}, changed;
    uint64_t to, index, from;

    if (size < 3)
        return 0;
    if (nodes[0][0][0] == 0 && nodes[0][0][1] == 0)
        grow();
    to = data[0] + 1U;
    index = data[1] % to;
    from = data[2] % (to + 1);
    if (merkle_prove_inclusion(&p, &source, index, to) != 0 ||
        !merkle_check_inclusion(&p, nodes[0][index], index, to, roots[to]))
        abort();
    written(&p, index);
    changed = p;
    distort(&changed, data + 3, size - 3);
    if (merkle_check_inclusion(&changed, nodes[0][index], index, to, roots[to]) !=
        same(&p, &changed))
        abort();
    if (merkle_prove_consistency(&p, &source, from, to) != 0 ||
        !merkle_check_consistency(&p, from, roots[from], to, roots[to]))
        abort();
    changed = p;
    distort(&changed, data + 3, size - 3);
    if (merkle_check_consistency(&changed, from, roots[from], to, roots[to]) && !same(&p, &changed))
        abort();
    return 0;
}
