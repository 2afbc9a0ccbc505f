// A whole submission: all that a sender makes of what was typed (docs/protocol.md section 7).

import { b64u, newId, wipe } from './encoding.mjs';
import { envelopeHash, seal } from './envelope.mjs';
import { deriveKeys, hash, seedOf, stretch, wipeKeys } from './keys.mjs';
import { encodePayload } from './payload.mjs';
import sodium from './sodium.mjs';

// The optional members of the body, and how they are called here.
const options = {
    expiresIn: 'expires_in',
    lease: 'lease',
    burn: 'burn',
    label: 'label',
    shownLabel: 'shown_label',
    recipient: 'recipient',
    ref: 'ref',
};

const isGiven = (value) => value !== undefined && value !== null && value !== '';

const keysFor = (key, stretched) => {
    const seed = seedOf(key, stretched);
    const keys = deriveKeys(key, seed, stretched !== null);
    wipe(seed);
    return keys;
};

// own: payload (an object of section 4); for a code either `code`, which is stretched here, or `id`
// and `stretched`, what a worker has made of the code and that id (wiped here); and the names of
// `options`. Gives {id, key, body, manageKey, envelopeHash}, all but id and body as bytes.
export function makeSubmission(own) {
    if (own.stretched && !own.id)
        throw new TypeError('a stretched code belongs to one id');
    const { id = newId(), code } = own;
    const stretched = own.stretched ?? (isGiven(code) ? stretch(code, id) : null);
    const key = sodium.randombytes_buf(32);
    const manageKey = sodium.randombytes_buf(32);
    const plaintext = encodePayload(own.payload);
    const keys = keysFor(key, stretched);
    const envelope = seal(keys, id, plaintext);
    const body = {
        envelope: b64u(envelope),
        claim_hash: b64u(hash(keys.claimToken)),
        opened_hash: b64u(hash(keys.openedToken)),
        receipt_key: b64u(keys.receiptKey),
        manage_hash: b64u(hash(manageKey)),
        code: keys.code,
        ...(keys.code ? { link_hash: b64u(hash(keys.linkToken)) } : {}),
    };
    for (const [name, member] of Object.entries(options))
        if (isGiven(own[name]))
            body[member] = own[name];
    wipeKeys(keys);
    wipe(plaintext, stretched);
    return { id, key, body, manageKey, envelopeHash: envelopeHash(envelope) };
}
