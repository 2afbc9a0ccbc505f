// The protocol of docs/protocol.md a second time, independent of the C code: what a client makes and
// derives, on libsodium as npm has it. The vectors come from here, and the tests' own clients use it.

import { randomBytes } from 'node:crypto';

import sodium from './sodium.mjs';

const context = 'handoff1';
const block = 256;

export const ready = sodium.ready;

export const b64u = (bytes) => Buffer.from(bytes).toString('base64url');

// Strict: only what b64u would have written.
export function unb64u(text) {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.toString('base64url') !== text)
        throw new Error('not canonical base64url');
    return bytes;
}

// The bytes of a text; half a surrogate pair has none.
function utf8(text) {
    const bytes = Buffer.from(text, 'utf8');
    if (bytes.toString('utf8') !== text)
        throw new Error('not a text of Unicode');
    return bytes;
}

// ---- names and hashes ----

// A UUIDv7 (RFC 9562) as text.
export function newId(now = Date.now()) {
    const bytes = randomBytes(16);
    bytes.writeUIntBE(now, 0, 6);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const canonicalId = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function idBytes(id) {
    if (!canonicalId.test(id))
        throw new Error('not a UUIDv7 in its canonical form');
    return Buffer.from(id.replaceAll('-', ''), 'hex');
}

export const linkKey = () => randomBytes(32);

// BLAKE2b-256, unkeyed: of tokens.
export const hash = (bytes) => Buffer.from(sodium.crypto_generichash(32, bytes));

export const sha256 = (bytes) => Buffer.from(sodium.crypto_hash_sha256(bytes));

export const merkleLeaf = (data) => sha256(Buffer.concat([Buffer.from([0]), Buffer.from(data)]));

// What an event's line holds of a detail: BLAKE2b-256(key = salt, field, 0x00, value).
export function commitment(field, salt, value) {
    const data = Buffer.concat([Buffer.from(field), Buffer.from([0]), Buffer.from(value)]);
    return Buffer.from(sodium.crypto_generichash(32, data, salt));
}

// ---- keys ----

// The code as it goes into the key.
export function normaliseCode(code) {
    const text = code.replace(/[ -]/g, '').replace(/[a-z]/g, (c) => c.toUpperCase());
    const bytes = utf8(text);
    if ([...text].length < 6)
        throw new Error('code too short');
    if (bytes.length > 128)
        throw new Error('code too long');
    return bytes;
}

// Argon2id over the code, salted with the id.
export const stretch = (code, id) =>
    sodium.crypto_pwhash(
        32,
        normaliseCode(code),
        idBytes(id),
        2,
        64 * 1024 * 1024,
        sodium.crypto_pwhash_ALG_ARGON2ID13,
    );

// S, from which all but the link token is derived.
export function seedOf(key, id, code) {
    if (code === undefined || code === null)
        return key;
    return sodium.crypto_generichash(32, stretch(code, id), key);
}

const derive = (seed, subkey) =>
    Buffer.from(sodium.crypto_kdf_derive_from_key(32, BigInt(subkey), context, seed));

// Everything that follows from a link key, an id (text) and perhaps a code.
export function deriveKeys(key, id, code) {
    const seed = seedOf(key, id, code);
    const withCode = code !== undefined && code !== null;
    const receiptSeed = derive(seed, 3);
    return {
        contentKey: derive(seed, 1),
        claimToken: derive(seed, 2),
        receiptSeed,
        openedToken: derive(seed, 4),
        linkToken: withCode ? derive(key, 5) : null,
        receiptKey: Buffer.from(sodium.crypto_sign_seed_keypair(receiptSeed).publicKey),
        code: withCode,
    };
}

// ---- the envelope ----

const additional = (keys, id) =>
    Buffer.concat([Buffer.from('handoff/1'), idBytes(id), Buffer.from([keys.code ? 1 : 0])]);

export function seal(keys, id, plaintext, nonce = randomBytes(24)) {
    const padded = sodium.pad(plaintext, block);
    const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        padded,
        additional(keys, id),
        null,
        nonce,
        keys.contentKey,
    );
    return Buffer.concat([Buffer.from([1]), nonce, sealed]);
}

// Throws when the envelope is not authentic.
export function open(keys, id, envelope) {
    if (envelope[0] !== 1 || envelope.length < 297 || envelope.length % block !== 41)
        throw new Error('not an envelope');
    const padded = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        null,
        envelope.subarray(25),
        additional(keys, id),
        envelope.subarray(1, 25),
        keys.contentKey,
    );
    return Buffer.from(sodium.unpad(padded, block));
}

// ---- what is in it ----

const types = {
    credential: { members: ['username', 'password', 'url', 'note'], needed: ['password'] },
    text: { members: ['text'], needed: ['text'] },
    file: { members: ['name', 'data'], needed: ['name', 'data'] },
};

// Throws unless this is an object that may be handed off.
function checkPayload(payload) {
    const type = Object.hasOwn(types, payload.type) ? types[payload.type] : null;
    if (!type)
        throw new Error('no known type');
    for (const [name, value] of Object.entries(payload)) {
        if (name !== 'type' && !type.members.includes(name))
            throw new Error(`${name} is not known`);
        utf8(value);
    }
    for (const name of type.needed)
        if (payload[name] === undefined || (payload[name] === '' && name !== 'data'))
            throw new Error(`${name} is missing`);
    if (payload.data !== undefined)
        unb64u(payload.data);
}

// As the C code writes it, byte for byte: members in their order, U+007F escaped too.
export function encodePayload(payload) {
    checkPayload(payload);
    const ordered = { type: payload.type };
    for (const name of types[payload.type].members)
        if (payload[name] !== undefined)
            ordered[name] = payload[name];
    return utf8(JSON.stringify(ordered).replaceAll('\u007f', '\\u007f'));
}

// Reads a flat object of strings by itself, since JSON.parse would let a doubled member through.
export function decodePayload(bytes) {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const string = '"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"';
    const space = '[ \\t\\r\\n]*';
    const pair = `${space}(${string})${space}:${space}(${string})${space}`;
    if (!new RegExp(`^${space}\\{${pair}(?:,${pair})*\\}${space}$`, 's').test(text))
        throw new Error('not a flat object of strings');
    const members = new Map();
    for (const [, name, value] of text.matchAll(new RegExp(pair, 'gs'))) {
        const key = JSON.parse(name);
        if (members.has(key))
            throw new Error(`${key} stands twice`);
        members.set(key, JSON.parse(value));
    }
    const payload = Object.fromEntries(members);
    checkPayload(payload);
    return payload;
}

// ---- receipts ----

export function receiptStatement({ id, outcome, envelopeHash, at, details }) {
    const detailsHash = details === undefined ? '-' : b64u(sha256(Buffer.from(details, 'utf8')));
    const lines = ['handoff/1 receipt', id, outcome, b64u(envelopeHash), String(at), detailsHash];
    return lines.map((line) => `${line}\n`).join('');
}

export function signReceipt(statement, receiptSeed) {
    const { privateKey } = sodium.crypto_sign_seed_keypair(receiptSeed);
    return Buffer.from(sodium.crypto_sign_detached(Buffer.from(statement, 'utf8'), privateKey));
}

export const verifyReceipt = (signature, statement, receiptKey) =>
    sodium.crypto_sign_verify_detached(signature, Buffer.from(statement, 'utf8'), receiptKey);

// ---- a whole submission ----

export const link = (base, id, key) =>
    `${base}/h/${id}#${b64u(Buffer.concat([Buffer.from([1]), key]))}`;

const optional = ['expires_in', 'lease', 'burn', 'label', 'shown_label', 'recipient', 'ref'];

// What a sender makes of a payload (an object, or bytes as they are): the body of the PUT, the keys
// of who will hold the link, and the manage key. The optional members of the body (expires_in, lease,
// burn, the texts) are taken from `own`; `body` overrides or adds any.
export function makeSubmission(own = {}) {
    const { id = newId(), key = linkKey(), manageKey = randomBytes(32), code } = own;
    const payload = own.payload ?? { type: 'credential', username: 'u', password: 'geheim' };
    const plaintext = Buffer.isBuffer(payload) ? payload : encodePayload(payload);
    const keys = deriveKeys(key, id, code);
    const body = {
        envelope: b64u(seal(keys, id, plaintext, own.nonce)),
        claim_hash: b64u(hash(keys.claimToken)),
        opened_hash: b64u(hash(keys.openedToken)),
        receipt_key: b64u(keys.receiptKey),
        manage_hash: b64u(hash(manageKey)),
        code: keys.code,
        ...(keys.code ? { link_hash: b64u(hash(keys.linkToken)) } : {}),
    };
    for (const name of optional)
        if (own[name] !== undefined)
            body[name] = own[name];
    Object.assign(body, own.body);
    return { id, key, body, keys, manageKey, plaintext, link: (base) => link(base, id, key) };
}
