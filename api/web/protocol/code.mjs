// The access code: making one, and the form in which it goes into the key. A code that was typed is
// a string, which no program can wipe: only the bytes that are made of it can be.

import { ProtocolError, utf8, wipe } from './encoding.mjs';
import sodium from './sodium.mjs';

// Crockford's base32: without I, L, O and U.
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const pointsMin = 6;
const bytesMax = 128;

// 'XXXX-XXXX', 40 random bits.
export function makeCode() {
    const drawn = sodium.randombytes_buf(8);
    const code = Array.from(drawn, (byte) => digits[byte % digits.length]).join('');
    wipe(drawn);
    return `${code.slice(0, 4)}-${code.slice(4)}`;
}

// Bytes, without spaces and hyphens, in capitals; only ASCII is touched.
export function normaliseCode(text) {
    const code = text.replace(/[ -]/g, '').replace(/[a-z]/g, (letter) => letter.toUpperCase());
    if ([...code].length < pointsMin)
        throw new ProtocolError('code-short');
    const bytes = utf8(code);
    if (bytes.length <= bytesMax)
        return bytes;
    wipe(bytes);
    throw new ProtocolError('code-long');
}
