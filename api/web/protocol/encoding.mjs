// Texts of bytes: base64 in both alphabets, UTF-8, ids. There is one text for each value, and all
// else is refused. All but newId works before libsodium is there, so a link can be judged at once.

import sodium from './sodium.mjs';

// What is refused anywhere in this folder. Decide by `code`; the message is for developers, and
// never holds a secret.
export class ProtocolError extends Error {
    constructor(code, message = code) {
        super(message);
        this.name = 'ProtocolError';
        this.code = code;
    }
}

// ---- base64 ----

const ascii = new TextDecoder();

function alphabet(last) {
    const letters = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`;
    const codes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const values = new Int8Array(128).fill(-1);
    codes.forEach((code, value) => {
        values[code] = value;
    });
    return { codes, values };
}

const url = alphabet('-_');
const plain = alphabet('+/');

// Without padding.
function encode(bytes, { codes }) {
    const text = new Uint8Array(Math.ceil((bytes.length * 4) / 3));
    let [bits, held, at] = [0, 0, 0];
    for (const byte of bytes) {
        bits = ((bits << 8) | byte) & 0xffff;
        for (held += 8; held >= 6; text[at++] = codes[(bits >> held) & 63])
            held -= 6;
    }
    if (held > 0)
        text[at] = codes[(bits << (6 - held)) & 63];
    return ascii.decode(text);
}

// Without padding; null for what encode would not have written.
function decode(text, { values }) {
    if (typeof text !== 'string' || text.length % 4 === 1)
        return null;
    const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
    let [bits, held, at] = [0, 0, 0];
    for (let i = 0; i < text.length; i++) {
        const value = values[text.charCodeAt(i)] ?? -1;
        if (value < 0)
            return null;
        bits = ((bits << 6) | value) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[at++] = bits >> held;
        }
    }
    return (bits & ((1 << held) - 1)) === 0 ? bytes : null;
}

export const b64u = (bytes) => encode(bytes, url);

export function unb64u(text) {
    const bytes = decode(text, url);
    if (bytes === null)
        throw new ProtocolError('not-base64url');
    return bytes;
}

const padding = (length) => '='.repeat((3 - (length % 3)) % 3);

export const b64 = (bytes) => encode(bytes, plain) + padding(bytes.length);

export function unb64(text) {
    const bytes = decode(String(text).replace(/={1,2}$/, ''), plain);
    if (bytes === null || b64(bytes) !== text)
        throw new ProtocolError('not-base64');
    return bytes;
}

// base64url of just this many bytes.
export function unb64uExact(text, size) {
    const bytes = unb64u(text);
    if (bytes.length !== size)
        throw new ProtocolError('not-base64url', `not ${size} bytes`);
    return bytes;
}

// ---- texts ----

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// The bytes of a text. Half a surrogate pair has none.
export function utf8(text) {
    if (typeof text !== 'string' || /\p{Surrogate}/u.test(text))
        throw new ProtocolError('not-text', 'no text of Unicode');
    return encoder.encode(text);
}

// The text of bytes. A byte order mark is a character like others.
export function unutf8(bytes) {
    try {
        return decoder.decode(bytes);
    } catch {
        throw new ProtocolError('not-text', 'no well-formed UTF-8');
    }
}

// ---- ids ----

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

// A UUIDv7 (RFC 9562) in its canonical form.
export function newId(nowMs = Date.now()) {
    const bytes = sodium.randombytes_buf(16);
    for (let i = 0; i < 6; i++)
        bytes[i] = Math.floor(nowMs / 2 ** (40 - 8 * i)) % 256;
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    return [[0, 4], [4, 6], [6, 8], [8, 10], [10, 16]]
        .map(([from, to]) => hex(bytes.subarray(from, to)))
        .join('-');
}

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export const isId = (text) => typeof text === 'string' && canonical.test(text);

export function idBytes(id) {
    if (!isId(id))
        throw new ProtocolError('bad-id');
    return Uint8Array.from(id.replaceAll('-', '').match(/../g), (pair) => parseInt(pair, 16));
}

// ---- bytes ----

export function concat(...parts) {
    const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
    }
    return bytes;
}

// Takes the same time wherever they differ.
export function equal(a, b) {
    let different = a.length ^ b.length;
    for (let i = 0; i < a.length; i++)
        different |= a[i] ^ b[i];
    return different === 0;
}

// Overwrites secrets that are no longer needed. More a page cannot do: the engine, and libsodium in
// its own memory, may have copied them before, and strings cannot be overwritten at all. null is
// passed over, and so is what was moved to a worker.
export function wipe(...secrets) {
    for (const bytes of secrets)
        if (bytes?.length > 0)
            bytes.fill(0);
}
