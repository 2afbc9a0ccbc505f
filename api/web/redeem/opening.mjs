// Opening: keys from link and code, the claim, decryption, and the word to the service that it was
// opened. All of it may be repeated; what is repeated is what the tab's record says.

import { ProtocolError, b64u, equal, unb64u, wipe } from '../protocol/encoding.mjs';
import { envelopeHash, open } from '../protocol/envelope.mjs';
import { deriveKeys, seedOf, wipeKeys } from '../protocol/keys.mjs';
import { parseFragment } from '../protocol/link.mjs';
import { decodePayload } from '../protocol/payload.mjs';
import { ready } from '../protocol/sodium.mjs';
import { stretchInWorker } from '../protocol/stretching.mjs';
import { claim, opened } from '../service.mjs';
import { trouble } from '../ui/state.mjs';
import { announce } from '../ui/text.mjs';
import {
    deviceRecord,
    forgetTab,
    noteEvent,
    noteInTab,
    noteOnDevice,
    nowSeconds,
    tabRecord,
} from './record.mjs';

// ---- keys ----

// S of the link and, where there is one, the code as it was typed.
export async function makeSeed({ id, fragment }, code) {
    const stretched = code === null ? null : await stretchInWorker(code, id);
    await ready;
    const { key } = parseFragment(fragment);
    try {
        return seedOf(key, stretched);
    } finally {
        wipe(key, stretched);
    }
}

export function makeKeys(h, seed) {
    const { key } = parseFragment(h.fragment);
    try {
        return deriveKeys(key, seed, h.code);
    } finally {
        wipe(key);
    }
}

// The keys that this tab can make without asking for the code; null: it cannot.
export async function keysAtHand(h) {
    const { seed } = tabRecord(h.id);
    if (h.fragment === null || (h.code && !seed))
        return null;
    const bytes = seed ? unb64u(seed) : await makeSeed(h, null);
    try {
        return makeKeys(h, bytes);
    } finally {
        wipe(bytes);
    }
}

// ---- progress ----

const steps = {
    code: ['progress-code', 'redeem.opening.code'],
    fetch: ['progress-fetch', 'redeem.opening.fetch'],
    decrypt: ['progress-decrypt', 'redeem.opening.decrypt'],
};

// Which step is being done; those before it are done.
export function step(now) {
    let state = 'done';
    for (const [name, [id, key]] of Object.entries(steps)) {
        const item = document.getElementById(id);
        if (name === now) {
            announce(key);
            state = 'waiting';
        }
        item.classList.toggle('done', state === 'done');
        item.classList.toggle('waiting', state === 'waiting' && name !== now);
    }
}

// ---- the claim ----

function claimant({ id }) {
    const known = tabRecord(id).claimant ?? deviceRecord(id).claimant;
    return known ?? b64u(crypto.getRandomValues(new Uint8Array(32)));
}

// Before the claim is sent, so that whatever becomes of it, the next one is by the same claimant.
function noteClaimant(h, seed) {
    const own = claimant(h);
    noteInTab(h.id, { claimant: own, seed: h.code ? b64u(seed) : undefined });
    const begun = deviceRecord(h.id).begun ?? nowSeconds() + h.skew; // as the service's clock goes
    noteOnDevice(h.id, { claimant: own, begun });
    return own;
}

async function fetchEnvelope(h, keys, own) {
    const token = b64u(keys.claimToken);
    const link = keys.linkToken ? { link_token: b64u(keys.linkToken) } : {};
    const said = { token, claimant: own, ...link };
    const { body } = await claim(h.id, said, { onTrouble: trouble });
    h.leaseUntil = body.lease_until;
    return unb64u(body.envelope);
}

function decrypt({ id }, keys, envelope) {
    const bytes = open(keys, id, envelope);
    try {
        return decodePayload(bytes);
    } finally {
        wipe(bytes);
    }
}

// Claims and decrypts. show(payload) puts it on the screen. Gives the keys, which the caller wipes.
// Throws ServiceError for the claim, ProtocolError for what does not open.
export async function openHandoff(h, seed, show) {
    const keys = makeKeys(h, seed);
    try {
        const own = noteClaimant(h, seed);
        step('fetch');
        const envelope = await fetchEnvelope(h, keys, own);
        step('decrypt');
        const hash = envelopeHash(envelope);
        if (!equal(hash, unb64u(h.envelopeHash)))
            throw new ProtocolError('envelope-forged', 'not the envelope that was announced');
        show(decrypt(h, keys, envelope));
        noteOnDevice(h.id, {
            receiptSeed: b64u(keys.receiptSeed),
            envelopeHash: b64u(hash),
            at: deviceRecord(h.id).at ?? nowSeconds(),
        });
        return keys;
    } catch (error) {
        wipeKeys(keys);
        throw error;
    }
}

// Tells the service that it was opened, as often as it takes. Gives the state that follows.
export async function tellOpened({ id }, keys, more = { patienceMs: Infinity }) {
    const own = tabRecord(id).claimant ?? deviceRecord(id).claimant;
    const said = { opened_token: b64u(keys.openedToken), claimant: own };
    const { body } = await opened(id, said, { onTrouble: trouble, ...more });
    noteEvent(id, body.event);
    forgetTab(id);
    return body.state;
}
