// The log, as far as a party to a handoff checks it (docs/protocol.md section 9): signed notes,
// checkpoints, proofs, lines, commitments, and how one key came after another.

import { ProtocolError, concat, equal, unb64, unb64uExact, utf8 } from './encoding.mjs';
import sodium from './sodium.mjs';
import { checkConsistency, checkInclusion, leafHash } from './tree.mjs';

export { checkConsistency, checkInclusion, leafHash };

const hashBytes = 32;
const nameMax = 200;
const noteMax = 8192;
const signaturesMax = 16;
const hashesMax = 64;
const ed25519 = 0x01;
const keyIdBytes = 4;
const magic = 'c2sp.org/tlog-proof@v1';

const refuse = (code) => {
    throw new ProtocolError(code);
};

const sha256 = (bytes) => sodium.crypto_hash_sha256(bytes);

// A plain decimal; null for what is none, or too large to count with.
function decimal(text) {
    const value = /^(?:0|[1-9]\d*)$/.test(text ?? '') ? Number(text) : NaN;
    return Number.isSafeInteger(value) ? value : null;
}

// 32 bytes in base64; null for anything else.
function hashOf(text) {
    try {
        const bytes = unb64(text);
        return bytes.length === hashBytes ? bytes : null;
    } catch {
        return null;
    }
}

// ---- verifier keys ----

// White space, control characters and '+' would break a note's lines, or a key, apart.
const notInName = new RegExp(
    '[\\0-\\x20\\x7f+\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]',
);

function isName(name) {
    const { length } = new TextEncoder().encode(name);
    return length > 0 && length <= nameMax && !notInName.test(name);
}

const keyIdOf = (name, typed) => sha256(concat(utf8(`${name}\n`), typed)).slice(0, keyIdBytes);

// A verifier key from its text: {text, name, id, publicKey}.
export function parseKey(text) {
    const [, name, id, encoded] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text) ?? [];
    let typed;
    try {
        typed = unb64(encoded);
        utf8(name);
    } catch {
        refuse('key-malformed');
    }
    if (typed.length !== 1 + hashBytes || typed[0] !== ed25519 || !isName(name))
        refuse('key-malformed');
    const found = keyIdOf(name, typed);
    if (sodium.to_hex(found) !== id)
        refuse('key-malformed');
    return { text, name, id: found, publicKey: typed.slice(1) };
}

// ---- signed notes ----

// One signature's line without its LF: {name, id, signature}.
function parseSignature(line) {
    const [, name, encoded] = /^\u2014 ([^ ]*) (.*)$/s.exec(line) ?? [];
    let bytes;
    try {
        bytes = unb64(encoded);
    } catch {
        refuse('note-malformed');
    }
    if (!isName(name) || bytes.length <= keyIdBytes)
        refuse('note-malformed');
    return { name, id: bytes.slice(0, keyIdBytes), signature: bytes.slice(keyIdBytes) };
}

// Takes a note apart, without a judgement on its signatures: {text, signatures}.
export function parseNote(note) {
    const gap = typeof note === 'string' ? note.lastIndexOf('\n\n') : -1;
    if (gap < 0 || !note.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(note))
        refuse('note-malformed');
    const lines = note.slice(gap + 2).split('\n').slice(0, -1);
    if (utf8(note).length > noteMax || lines.length === 0 || lines.length > signaturesMax)
        refuse('note-malformed');
    return { text: note.slice(0, gap + 1), signatures: lines.map(parseSignature) };
}

function verifies(text, { signature }, key) {
    try {
        return sodium.crypto_sign_verify_detached(signature, utf8(text), key.publicKey);
    } catch {
        return false; // not as long as a signature is
    }
}

// The signed text of a note. Signatures by other keys are passed over.
export function openNote(note, key) {
    const { text, signatures } = parseNote(note);
    const own = signatures.filter(({ name, id }) => name === key.name && equal(id, key.id));
    if (own.length === 0)
        refuse('note-unsigned');
    if (!own.every((one) => verifies(text, one, key)))
        refuse('note-forged');
    return text;
}

// ---- checkpoints and proofs ----

// {size, root} of a checkpoint that this key has signed.
export function openCheckpoint(note, key) {
    const [origin, count, encoded, ...rest] = openNote(note, key).split('\n');
    const size = decimal(count);
    const root = hashOf(encoded);
    const isWhole = rest.length === 1 && rest[0] === '';
    if (origin !== key.name || size === null || root === null || !isWhole)
        refuse('checkpoint-malformed');
    return { size, root };
}

// Hashes from their texts.
export function parseHashes(texts) {
    const hashes = Array.isArray(texts) && texts.length <= hashesMax ? texts.map(hashOf) : [null];
    return hashes.includes(null) ? refuse('proof-malformed') : hashes;
}

// Extra data has no meaning here, and must only be well-formed.
function isExtra(line) {
    if (!line?.startsWith('extra '))
        return false;
    try {
        return unb64(line.slice('extra '.length)) !== null;
    } catch {
        return refuse('proof-malformed');
    }
}

// A tlog-proof: {index, hashes, note}, the note unchecked.
export function parseProof(text) {
    const gap = typeof text === 'string' ? text.indexOf('\n\n') : -1;
    if (gap < 0)
        refuse('proof-malformed');
    const lines = text.slice(0, gap).split('\n');
    const note = text.slice(gap + 2);
    if (lines.shift() !== magic || note === '')
        refuse('proof-malformed');
    if (isExtra(lines[0]))
        lines.shift();
    const first = lines.shift();
    const index = first?.startsWith('index ') ? decimal(first.slice('index '.length)) : null;
    if (index === null)
        refuse('proof-malformed');
    return { index, hashes: parseHashes(lines), note };
}

// ---- lines ----

// As the service writes a value: JSON has other ways to write the same, this log has not.
const written = (value) => JSON.stringify(value).replaceAll('\u007f', '\\u007f');

// The object that an event's line is. A line that is written otherwise, also one with a member
// that stands twice, is refused.
export function parseLine(line) {
    let value;
    try {
        value = JSON.parse(line);
    } catch {
        refuse('line-malformed');
    }
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && written(value) === line ? value : refuse('line-malformed');
}

// ---- commitments ----

export const commitment = (field, salt, value) =>
    sodium.crypto_generichash(32, concat(utf8(field), [0x00], utf8(value)), salt);

// Whether a disclosed detail {salt, value} is what a line committed to (base64url).
export function checkCommitment(field, detail, committed) {
    try {
        const salt = unb64uExact(detail.salt, 32);
        return equal(commitment(field, salt, detail.value), unb64uExact(committed, 32));
    } catch {
        return false;
    }
}

// ---- one key after another ----

// What a step {index, line, proof} says: {from, to}, keys. It must stand in the tree that the old
// key has signed.
function readStep(step) {
    const { kind, n, from, to } = parseLine(step.line);
    const { index, hashes, note } = parseProof(step.proof);
    const old = parseKey(from);
    const { size, root } = openCheckpoint(note, old);
    const isInPlace = index === step.index && index === n;
    if (kind !== 'log-key.rotated' || !isInPlace)
        refuse('keys-broken');
    if (!checkInclusion(leafHash(step.line), index, size, hashes, root))
        refuse('keys-broken');
    return { from: old.text, to: parseKey(to).text };
}

function trySteps(steps) {
    try {
        return steps.map(readStep);
    } catch {
        return refuse('keys-broken');
    }
}

// The steps of `replaced` (GET /v1/audit/keys) from behind the last key that was lost: no key
// before it could appoint one after it.
export const unbrokenKeys = (replaced) =>
    replaced.slice(replaced.findLastIndex(({ proof }) => proof === '') + 1);

// Throws unless each step is the word of the key before it and the last appoints `key`; and, where
// a key is trusted, unless it is `key` or one of those before it. All keys are texts.
export function checkKeys(steps, key, trusted = null) {
    const read = trySteps(steps);
    read.forEach(({ to }, i) => {
        const next = i + 1 < read.length ? read[i + 1].from : key;
        if (to !== next)
            refuse('keys-broken');
    });
    if (trusted !== null && trusted !== key && !read.some(({ from }) => from === trusted))
        refuse('keys-unknown');
}
