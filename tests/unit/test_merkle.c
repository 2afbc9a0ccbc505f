/* Goal: the tree is RFC 6962's: hashes, growth, proofs. A second, naive reading of the RFC's own
   recursive definitions is the oracle; every proof of every pair of small sizes is looked at, and
   what is altered in it is refused. */
#include "tests/unit/vectors.h"
#include "vault/protocol/tlog/merkle.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { LEAVES = 135, HASH = MERKLE_HASH_BYTES };

static uint8_t leaves[LEAVES][HASH];
/* Nodes by the leaf that completes them, as the store keeps them. */
static uint8_t nodes[LEAVES][MERKLE_LEVELS][HASH];
static uint8_t roots[LEAVES + 1][HASH];

/* ---- the RFC's definitions, word by word ---- */

static size_t largest_power_below(size_t n)
{
    size_t k = 1;

    while (2 * k < n)
        k *= 2;
    return k;
}

static void naive_root(uint8_t out[HASH], size_t begin, size_t n)
{
    uint8_t left[HASH], right[HASH];

    if (n == 0) {
        crypto_hash_sha256(out, NULL, 0);
    } else if (n == 1) {
        memcpy(out, leaves[begin], HASH);
    } else {
        const size_t k = largest_power_below(n);

        naive_root(left, begin, k);
        naive_root(right, begin + k, n - k);
        merkle_node(out, left, right);
    }
}

static void naive_path(struct merkle_proof *p, size_t m, size_t begin, size_t n)
{
    if (n > 1) {
        const size_t k = largest_power_below(n);

        if (m < k) {
            naive_path(p, m, begin, k);
            naive_root(p->hash[p->count++], begin + k, n - k);
        } else {
            naive_path(p, m - k, begin + k, n - k);
            naive_root(p->hash[p->count++], begin, k);
        }
    }
}

static void naive_subproof(struct merkle_proof *p, size_t m, size_t begin, size_t n, bool whole)
{
    if (m == n) {
        if (!whole)
            naive_root(p->hash[p->count++], begin, n);
    } else {
        const size_t k = largest_power_below(n);

        if (m <= k) {
            naive_subproof(p, m, begin, k, whole);
            naive_root(p->hash[p->count++], begin + k, n - k);
        } else {
            naive_subproof(p, m - k, begin + k, n - k, false);
            naive_root(p->hash[p->count++], begin, k);
        }
    }
}

/* ---- ours ---- */

static int kept_node(void *ctx, unsigned level, uint64_t index, uint8_t hash[HASH])
{
    const uint64_t by = ((index + 1) << level) - 1;

    assert_true(by < *(const uint64_t *)ctx);
    assert_true(level <= merkle_completed(by + 1));
    memcpy(hash, level == 0 ? leaves[by] : nodes[by][level - 1], HASH);
    return 0;
}

static int grow(void **state)
{
    struct merkle_frontier f = {0};

    (void)state;
    merkle_root(roots[0], &f);
    for (size_t i = 0; i < LEAVES; i++) {
        char text[32];
        const int len = snprintf(text, sizeof(text), "leaf %zu", i);

        merkle_leaf(leaves[i], text, (size_t)len);
        if (merkle_append(&f, leaves[i], nodes[i]) != merkle_completed(i + 1))
            return -1;
        merkle_root(roots[i + 1], &f);
    }
    return 0;
}

static void assert_same(const struct merkle_proof *a, const struct merkle_proof *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->hash, b->hash, a->count * HASH);
}

static void check_leaf(const json_t *v)
{
    const json_t *data = json_object_get(v, "data");
    uint8_t hash[32];
    char hex[65];

    merkle_leaf(hash, json_string_value(data), json_string_length(data));
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    assert_string_equal(hex, vectors_text(v, "hash"));
}

static void test_leaves(void **state)
{
    (void)state;
    vectors_each("other.json", "merkle_leaves", check_leaf, 4);
}

static void assert_hex(const uint8_t hash[HASH], const char *hex)
{
    char got[65];

    sodium_bin2hex(got, sizeof(got), hash, HASH);
    assert_string_equal(got, hex);
}

/* The tree of eight leaves by which the implementations of Certificate Transparency are tested. */
static void test_reference_tree(void **state)
{
    static const struct {
        const char *data;
        size_t len;
        const char *root;
    } tree[] = {
        {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    uint8_t completed[MERKLE_LEVELS][HASH];
    struct merkle_frontier f = {0};
    uint8_t hash[HASH];

    (void)state;
    merkle_root(hash, &f);
    assert_hex(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof(tree) / sizeof(tree[0]); i++) {
        merkle_leaf(hash, tree[i].data, tree[i].len);
        (void)merkle_append(&f, hash, completed);
        merkle_root(hash, &f);
        assert_hex(hash, tree[i].root);
    }
}

static void test_growth(void **state)
{
    uint8_t root[HASH];

    (void)state;
    for (uint64_t size = 0; size <= LEAVES; size++) {
        struct merkle_frontier f;
        struct merkle_source source = {kept_node, &size};

        naive_root(root, 0, size);
        assert_memory_equal(root, roots[size], HASH);
        assert_int_equal(merkle_frontier_read(&f, &source, size), 0);
        merkle_root(root, &f);
        assert_memory_equal(root, roots[size], HASH);
    }
}

static void test_inclusion(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= LEAVES; size++)
        for (uint64_t index = 0; index < size; index++) {
            const struct merkle_source source = {kept_node, &size};
            struct merkle_proof p, naive = {.count = 0};

            assert_int_equal(merkle_prove_inclusion(&p, &source, index, size), 0);
            naive_path(&naive, index, 0, size);
            assert_same(&p, &naive);
            assert_true(merkle_check_inclusion(&p, leaves[index], index, size, roots[size]));
        }
}

static void test_consistency(void **state)
{
    (void)state;
    for (uint64_t to = 0; to <= LEAVES; to++)
        for (uint64_t from = 0; from <= to; from++) {
            const struct merkle_source source = {kept_node, &to};
            struct merkle_proof p, naive = {.count = 0};

            assert_int_equal(merkle_prove_consistency(&p, &source, from, to), 0);
            if (from > 0)
                naive_subproof(&naive, from, 0, to, true);
            assert_same(&p, &naive);
            assert_true(merkle_check_consistency(&p, from, roots[from], to, roots[to]));
        }
}

static void test_altered_inclusion(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= 40; size++)
        for (uint64_t index = 0; index < size; index++) {
            const struct merkle_source source = {kept_node, &size};
            const uint8_t *leaf = leaves[index], *root = roots[size];
            struct merkle_proof p;

            assert_int_equal(merkle_prove_inclusion(&p, &source, index, size), 0);
            for (size_t i = 0; i < p.count; i++)
                for (size_t at = 0; at < HASH; at += 7) {
                    p.hash[i][at] ^= 0x10;
                    assert_false(merkle_check_inclusion(&p, leaf, index, size, root));
                    p.hash[i][at] ^= 0x10;
                }
            for (uint64_t other = 0; other < LEAVES; other++)
                if (other != index)
                    assert_false(merkle_check_inclusion(&p, leaf, other, size, root));
            assert_false(merkle_check_inclusion(&p, leaf, index, size, roots[size - 1]));
            assert_false(merkle_check_inclusion(&p, leaves[index + 1], index, size, root));
            assert_false(merkle_check_inclusion(&p, leaf, index, 0, root));
            p.count++;
            assert_false(merkle_check_inclusion(&p, leaf, index, size, root));
            if (p.count > 1) {
                p.count -= 2;
                assert_false(merkle_check_inclusion(&p, leaf, index, size, root));
            }
        }
}

static void test_altered_consistency(void **state)
{
    (void)state;
    for (uint64_t to = 1; to <= 40; to++)
        for (uint64_t from = 1; from <= to; from++) {
            const struct merkle_source source = {kept_node, &to};
            struct merkle_proof p;

            assert_int_equal(merkle_prove_consistency(&p, &source, from, to), 0);
            for (size_t i = 0; i < p.count; i++)
                for (size_t at = 0; at < HASH; at += 7) {
                    p.hash[i][at] ^= 0x10;
                    assert_false(merkle_check_consistency(&p, from, roots[from], to, roots[to]));
                    p.hash[i][at] ^= 0x10;
                }
            assert_false(merkle_check_consistency(&p, from, roots[from - 1], to, roots[to]));
            assert_false(merkle_check_consistency(&p, from, roots[from], to, roots[to + 1]));
            if (from < to)
                assert_false(merkle_check_consistency(&p, to, roots[to], from, roots[from]));
            p.count++;
            assert_false(merkle_check_consistency(&p, from, roots[from], to, roots[to]));
            if (p.count > 1) {
                p.count -= 2;
                assert_false(merkle_check_consistency(&p, from, roots[from], to, roots[to]));
            }
        }
}

static void test_nonsense(void **state)
{
    const uint64_t size = 5;
    const struct merkle_source source = {kept_node, (void *)(uintptr_t)&size};
    struct merkle_frontier f;
    struct merkle_proof p;

    (void)state;
    assert_int_equal(merkle_prove_inclusion(&p, &source, 5, 5), -1);
    assert_int_equal(merkle_prove_inclusion(&p, &source, 0, 0), -1);
    assert_int_equal(merkle_prove_consistency(&p, &source, 6, 5), -1);
    assert_int_equal(merkle_prove_inclusion(&p, &source, 0, UINT64_MAX), -1);
    assert_int_equal(merkle_prove_consistency(&p, &source, 1, UINT64_MAX), -1);
    assert_int_equal(merkle_frontier_read(&f, &source, UINT64_MAX), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_reference_tree),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_inclusion),
        cmocka_unit_test(test_consistency),
        cmocka_unit_test(test_altered_inclusion),
        cmocka_unit_test(test_altered_consistency),
        cmocka_unit_test(test_nonsense),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("merkle", tests, grow, NULL);
}
