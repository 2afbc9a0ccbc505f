// The link: making it, and reading it as people paste it (docs/protocol.md section 2). What mail
// programs did to it is undone where that has only one reading.

import { ProtocolError, b64u, concat, isId, unb64u, wipe } from './encoding.mjs';

const version = 0x01;
const fragmentLength = 44;
const inputMax = 8192;
const baseMax = 512;

export function formatLink(base, id, key) {
    const bytes = concat([version], key);
    const link = `${base}/h/${id}#${b64u(bytes)}`;
    wipe(bytes);
    return link;
}

// fragment: a string of bytes, see below.
function keyOf(fragment) {
    const { length } = fragment;
    if (length === 0)
        throw new ProtocolError('no-fragment');
    if (length !== fragmentLength)
        throw new ProtocolError(length < fragmentLength ? 'fragment-short' : 'fragment-long');
    let bytes;
    try {
        bytes = unb64u(fragment);
    } catch {
        throw new ProtocolError('fragment-bad');
    }
    const key = bytes.slice(1);
    const [first] = bytes;
    wipe(bytes);
    if (first === version)
        return { key };
    wipe(key);
    throw new ProtocolError('fragment-version');
}

// What stands behind '#', with or without it (as location.hash has it); gives {key}.
export function parseFragment(text) {
    return keyOf(byteString(text.startsWith('#') ? text.slice(1) : text));
}

// ---- undoing what mail programs do ----

// From here on a text is a string of bytes, a character for each byte of UTF-8: percent-encoding is
// one of bytes, and lengths are counted in them.
const byteString = (text) =>
    Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');

const byteStrings = (characters) => new Set(Array.from(characters, byteString));

// White space, and no-break and zero-width spaces, which nobody sees.
const spaces = new RegExp(
    [...' \t\r\n\f\v\u00a0\u200b\u200c\u200d\u202f\u2060\ufeff'].map(byteString).join('|'),
    'g',
);

// What people and programs put around a link.
const brackets = byteStrings('<>()[]{}"\'`«»‘’‚“”„‹›');

// What stands behind a link at the end of a sentence. A link ends in a character of base64url.
const atEnd = new Set([...brackets, ...byteStrings('.,;:!?*|\\…')]);

// How long the character of the set is that stands at one end; 0 where there is none.
const lengths = [1, 2, 3];
const frontLength = (set, text) => lengths.find((n) => set.has(text.slice(0, n))) ?? 0;
const endLength = (set, text) => lengths.find((n) => set.has(text.slice(-n))) ?? 0;

function trim(text) {
    let kept = text.replace(spaces, '');
    for (let n; (n = frontLength(brackets, kept)) > 0;)
        kept = kept.slice(n);
    for (let n; (n = endLength(atEnd, kept)) > 0;)
        kept = kept.slice(0, -n);
    return kept;
}

// A "safe link" carries the whole address as a parameter: takes it out.
function unwrap(text) {
    const at = text.search(/=https?(?:%3a|:\/\/)/i);
    return at < 0 ? text : text.slice(at + 1).split('&', 1)[0];
}

const percentDecode = (text) =>
    text.replace(/%([0-9a-f]{2})/gi, (all, digits) => String.fromCharCode(parseInt(digits, 16)));

function mend(text) {
    let mended = trim(text);
    // Wrapped by more than one program on the way.
    for (let layer = 0; layer < 3 && mended.includes('%'); layer++) {
        const whole = mended.includes('#');
        mended = trim(percentDecode(whole ? mended : unwrap(mended)));
        if (whole)
            break;
    }
    return mended;
}

// ---- reading ----

const hasHost = (url) => /^https?:\/\/[^/:?#\0]/i.test(url);

function takeBase(text) {
    const base = text.replace(/\/+$/, '').replace(/^[a-z]+/i, (scheme) => scheme.toLowerCase());
    if (!hasHost(base) || base.length >= baseMax || /[^\x21-\x7e]|[?#@\\"<>%]/.test(base))
        throw new ProtocolError('not-handoff');
    return base;
}

// Reads a link as it was pasted; gives {base, id, key, repaired}.
export function readLink(text) {
    const pasted = byteString(text);
    if (pasted.length > inputMax)
        throw new ProtocolError('too-long');
    const link = mend(pasted);
    const hash = link.indexOf('#');
    const url = hash < 0 ? link : link.slice(0, hash);
    if (link === '')
        throw new ProtocolError('empty');
    if (!hasHost(url))
        throw new ProtocolError('not-url');
    // The last one, so that a base may hold one too.
    const path = url.lastIndexOf('/h/');
    if (path < 0)
        throw new ProtocolError('not-handoff');
    const base = takeBase(url.slice(0, path));
    const id = url.slice(path + 3);
    if (!isId(id))
        throw new ProtocolError('bad-id');
    if (hash < 0)
        throw new ProtocolError('no-fragment');
    return { base, id, ...keyOf(link.slice(hash + 1)), repaired: link.length !== pasted.length };
}
