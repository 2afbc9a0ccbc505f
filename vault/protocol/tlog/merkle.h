/*
 * The room protocol/tlog/ holds the formats of a transparency log, as other programs read them: the
 * tree, commitments, signed notes, checkpoints and proofs. Pure functions over bytes.
 *
 * The audit log's tree (RFC 6962 section 2.1, SHA-256): its hashes, its growth, its proofs.
 *
 * Node (level, index) is the root of the perfect subtree over the 2^level leaves from
 * index · 2^level on; level 0 are the leaves' hashes. All other hashes of a tree are made from
 * these. Sizes and indices are at most 2^62.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_TLOG_MERKLE_H
#define HANDOFF_VAULT_PROTOCOL_TLOG_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MERKLE_HASH_BYTES = 32,
    MERKLE_LEVELS = 63,
    MERKLE_PROOF_MAX = 64 /* hashes of the longest proof, and one more */
};

/* The hash of a leaf: SHA-256(0x00 ‖ data). */
void merkle_leaf(uint8_t hash[MERKLE_HASH_BYTES], const void *data, size_t len)
    __attribute__((nonnull(1)));

/* The hash of an inner node: SHA-256(0x01 ‖ left ‖ right). hash may be one of them. */
void merkle_node(uint8_t hash[MERKLE_HASH_BYTES], const uint8_t left[MERKLE_HASH_BYTES],
                 const uint8_t right[MERKLE_HASH_BYTES]) __attribute__((nonnull));

/* The largest power of two that divides n, as its exponent; n > 0. So many levels of nodes does the
   n-th leaf complete. */
unsigned merkle_completed(uint64_t n);

/* ---- growing ---- */

/* What appending needs of a tree: the roots of its perfect subtrees, at most one a level. */
struct merkle_frontier {
    uint64_t size;
    uint8_t hash[MERKLE_LEVELS][MERKLE_HASH_BYTES]; /* of level L where bit L of size is set */
};

/* Appends a leaf's hash. nodes gets the nodes that this completes, from level 1 up; returns their
   number, at most MERKLE_LEVELS. O(1) on average, O(log size) at worst. */
unsigned merkle_append(struct merkle_frontier *f, const uint8_t leaf[MERKLE_HASH_BYTES],
                       uint8_t nodes[MERKLE_LEVELS][MERKLE_HASH_BYTES]) __attribute__((nonnull));

/* The tree's root; of none, SHA-256 of nothing. */
void merkle_root(uint8_t root[MERKLE_HASH_BYTES], const struct merkle_frontier *f)
    __attribute__((nonnull));

/* ---- proving ---- */

/* Where the nodes of a tree are: node returns 0, or -1 when it cannot be read. */
struct merkle_source {
    int (*node)(void *ctx, unsigned level, uint64_t index, uint8_t hash[MERKLE_HASH_BYTES]);
    void *ctx;
};

struct merkle_proof {
    uint8_t hash[MERKLE_PROOF_MAX][MERKLE_HASH_BYTES];
    size_t count;
};

/* Reads the frontier of the tree's first size leaves. As all of these: 0, or -1 when a node cannot
   be read or the numbers make no sense. */
int merkle_frontier_read(struct merkle_frontier *f, const struct merkle_source *s, uint64_t size)
    __attribute__((nonnull, warn_unused_result));

/* PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf's sibling up; index < size. */
int merkle_prove_inclusion(struct merkle_proof *p, const struct merkle_source *s, uint64_t index,
                           uint64_t size) __attribute__((nonnull, warn_unused_result));

/* PROOF(from, D[to]) of RFC 6962 section 2.1.2; from <= to. Empty for 0 and for equal sizes. */
int merkle_prove_consistency(struct merkle_proof *p, const struct merkle_source *s, uint64_t from,
                             uint64_t to) __attribute__((nonnull, warn_unused_result));

/* ---- checking (RFC 9162 sections 2.1.3.2 and 2.1.4.2) ---- */

bool merkle_check_inclusion(const struct merkle_proof *p, const uint8_t leaf[MERKLE_HASH_BYTES],
                            uint64_t index, uint64_t size, const uint8_t root[MERKLE_HASH_BYTES])
    __attribute__((nonnull, warn_unused_result));

bool merkle_check_consistency(const struct merkle_proof *p, uint64_t from,
                              const uint8_t from_root[MERKLE_HASH_BYTES], uint64_t to,
                              const uint8_t to_root[MERKLE_HASH_BYTES])
    __attribute__((nonnull, warn_unused_result));

#endif
