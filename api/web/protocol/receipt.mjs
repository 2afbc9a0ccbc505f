// The receipt: a person's word, bound to the envelope (docs/protocol.md section 6).

import { ProtocolError, b64u, isId, unb64u, utf8, wipe } from './encoding.mjs';
import sodium from './sodium.mjs';

const byMax = 200;
const noteMax = 1000;
const detailsMax = 4096;
const saltBytes = 16;

// ---- details ----

// A text of at most so many bytes, or undefined for none.
function words(text, max, code) {
    if (text === undefined || text === null || text === '')
        return undefined;
    if (utf8(text).length > max)
        throw new ProtocolError(code);
    return text;
}

// The JSON text of who says so and what, salted so that a name that was erased later cannot be
// guessed back from its hash; undefined when nothing is said.
export function detailsOf(by, note) {
    const said = { by: words(by, byMax, 'by-long'), note: words(note, noteMax, 'note-long') };
    if (said.by === undefined && said.note === undefined)
        return undefined;
    if (/\p{Control}/u.test(said.by ?? ''))
        throw new ProtocolError('by-control', 'a name holds no control characters');
    if (said.note?.includes('\0'))
        throw new ProtocolError('note-control', 'the service takes no U+0000');
    const details = JSON.stringify({ ...said, salt: b64u(sodium.randombytes_buf(saltBytes)) });
    if (utf8(details).length > detailsMax)
        throw new ProtocolError('note-long');
    return details;
}

// ---- the statement ----

const detailsHash = (details) =>
    details === undefined ? '-' : b64u(sodium.crypto_hash_sha256(utf8(details)));

export function statementOf({ id, outcome, envelopeHash, at, details }) {
    if (!isId(id) || !['confirmed', 'rejected'].includes(outcome))
        throw new ProtocolError('receipt-malformed');
    if (!Number.isSafeInteger(at) || at < 0 || envelopeHash.length !== 32)
        throw new ProtocolError('receipt-malformed');
    const lines = ['handoff/1 receipt', id, outcome, b64u(envelopeHash), at, detailsHash(details)];
    return lines.map((line) => `${line}\n`).join('');
}

// Signs what it says; gives the members of the call's body, and the statement.
export function makeReceipt({ id, outcome, by, note, at, envelopeHash, receiptSeed }) {
    const details = detailsOf(by, note);
    const statement = statementOf({ id, outcome, envelopeHash, at, details });
    const { privateKey } = sodium.crypto_sign_seed_keypair(receiptSeed);
    const signature = b64u(sodium.crypto_sign_detached(utf8(statement), privateKey));
    wipe(privateKey);
    return { outcome, at, ...(details === undefined ? {} : { details }), signature, statement };
}

// Whether this signature (text) is one of the statement by this key (bytes).
export function verifyReceipt(statement, signature, receiptKey) {
    try {
        const bytes = unb64u(signature);
        return sodium.crypto_sign_verify_detached(bytes, utf8(statement), receiptKey);
    } catch {
        return false; // of another length, or no text at all
    }
}
