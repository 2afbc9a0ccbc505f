// What follows from the link key and the code (docs/protocol.md section 3).

import { normaliseCode } from './code.mjs';
import { idBytes, wipe } from './encoding.mjs';
import sodium from './sodium.mjs';

const context = 'handoff1';
const opslimit = 2;
const memlimit = 64 * 1024 * 1024;

export const hash = (bytes) => sodium.crypto_generichash(32, bytes);

// Argon2id of a code in its normalised form: slow on purpose, a tenth of a second and more.
export const stretchBytes = (code, id) =>
    sodium.crypto_pwhash(
        32,
        code,
        idBytes(id),
        opslimit,
        memlimit,
        sodium.crypto_pwhash_ALG_ARGON2ID13,
    );

// The same of a code as a person typed it.
export function stretch(text, id) {
    const code = normaliseCode(text);
    try {
        return stretchBytes(code, id);
    } finally {
        wipe(code);
    }
}

// S: the link key itself (a copy), or with a code what comes of both.
export const seedOf = (key, stretched = null) =>
    stretched === null ? key.slice() : sodium.crypto_generichash(32, stretched, key);

const subkey = (seed, number) =>
    sodium.crypto_kdf_derive_from_key(32, BigInt(number), context, seed);

// The public key of a receipt seed.
export function receiptKeyOf(receiptSeed) {
    const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(receiptSeed);
    wipe(privateKey);
    return publicKey;
}

export function deriveKeys(key, seed, withCode) {
    const receiptSeed = subkey(seed, 3);
    return {
        contentKey: subkey(seed, 1),
        claimToken: subkey(seed, 2),
        receiptSeed,
        openedToken: subkey(seed, 4),
        // From the link key alone: so the service can tell a wrong code from a stranger.
        linkToken: withCode ? subkey(key, 5) : null,
        receiptKey: receiptKeyOf(receiptSeed),
        code: Boolean(withCode),
    };
}

export function wipeKeys(keys) {
    wipe(keys.contentKey, keys.claimToken, keys.receiptSeed, keys.openedToken, keys.linkToken);
}
