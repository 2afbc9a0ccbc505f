// The log's tree: RFC 6962 with SHA-256. Its proofs are checked by the definition of the tree: n
// leaves are a left part, which has the largest power of two below n, and the rest.

import { concat, equal, utf8 } from './encoding.mjs';
import sodium from './sodium.mjs';

const sha256 = (bytes) => sodium.crypto_hash_sha256(bytes);

const node = (left, right) => sha256(concat([0x01], left, right));

export const leafHash = (line) => sha256(concat([0x00], utf8(line)));

const isCount = (value) => Number.isSafeInteger(value) && value >= 0;

// How many leaves the left part of a tree of n has; n > 1.
function split(n) {
    let k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

// A proof goes from the leaf up, so its last hash is that of the part in which the leaf is not.
// null where it has too few hashes or too many.
function rootFrom(leaf, index, size, proof) {
    if (size === 1 || proof.length === 0)
        return size === 1 && proof.length === 0 ? leaf : null;
    const k = split(size);
    const below = proof.slice(0, -1);
    const other = proof.at(-1);
    if (index < k) {
        const left = rootFrom(leaf, index, k, below);
        return left && node(left, other);
    }
    const right = rootFrom(leaf, index - k, size - k, below);
    return right && node(other, right);
}

// Whether a leaf stands at this index of the tree that has this size and root.
export function checkInclusion(leaf, index, size, proof, root) {
    if (!isCount(index) || !isCount(size) || index >= size)
        return false;
    const found = rootFrom(leaf, index, size, proof);
    return found !== null && equal(found, root);
}

// The roots of the first `from` leaves and of all `to`, by a proof in the same order. `known` is
// the old root as long as all old leaves are in hand: then the proof leaves it out.
function rootsFrom(from, to, proof, known) {
    if (from === to) {
        const root = known ?? proof[0];
        return proof.length === (known ? 0 : 1) ? [root, root] : null;
    }
    if (proof.length === 0)
        return null;
    const k = split(to);
    const below = proof.slice(0, -1);
    const other = proof.at(-1);
    if (from <= k) {
        const roots = rootsFrom(from, k, below, known);
        return roots && [roots[0], node(roots[1], other)];
    }
    const roots = rootsFrom(from - k, to - k, below, null);
    return roots && roots.map((root) => node(other, root));
}

function isEmptyRoot(root) {
    return equal(root, sha256(new Uint8Array(0)));
}

// Whether the tree of size `from` is the beginning of the tree of size `to`.
export function checkConsistency(from, fromRoot, to, toRoot, proof) {
    if (!isCount(from) || !isCount(to) || from > to)
        return false;
    if (from === 0)
        return proof.length === 0 && isEmptyRoot(fromRoot) && (to > 0 || isEmptyRoot(toRoot));
    const roots = rootsFrom(from, to, proof, fromRoot);
    return roots !== null && equal(roots[0], fromRoot) && equal(roots[1], toRoot);
}
