// The states in which there is nothing to open any more, or what came does not open.

import { ProtocolError, unb64u, wipe } from '../protocol/encoding.mjs';
import { wipeKeys } from '../protocol/keys.mjs';
import { readHandoff } from '../service.mjs';
import { show, trouble } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';
import { offerReceipt, signerOnDevice } from './acknowledge.mjs';
import { fault, mending } from './form.mjs';
import { makeKeys, makeSeed } from './opening.mjs';
import { copies } from './present.mjs';
import { deviceRecord } from './record.mjs';

const get = (id) => document.getElementById(id);
const section = (name) => document.querySelector(`[data-state="${name}"]`);

// ---- opened, but not here ----

const gone = {
    claimed: ['redeem.gone.claimed', 'redeem.gone.claimed.when'],
    delivered: ['redeem.gone.delivered', 'redeem.gone.delivered.when'],
    lapsed: ['redeem.gone.lapsed', 'redeem.gone.lapsed.when'],
    confirmed: ['redeem.gone.confirmed', 'redeem.gone.confirmed.when'],
    rejected: ['redeem.gone.rejected', 'redeem.gone.rejected.when'],
};

// What signs a receipt on a device that did not open it: link and code. null: something is wrong.
async function signerByLink(h) {
    if (deviceRecord(h.id).receiptSeed)
        return signerOnDevice(h);
    let seed;
    try {
        seed = await makeSeed(h, h.code ? get('gone-code').value : null);
    } catch (error) {
        if (!(error instanceof ProtocolError))
            throw error;
        const key = error.code === 'code-long' ? 'redeem.code.long' : 'redeem.code.short';
        fault('gone-code', key);
        announce(key);
        return null;
    }
    const keys = makeKeys(h, seed);
    wipe(seed);
    const receiptSeed = keys.receiptSeed.slice();
    wipeKeys(keys);
    return { receiptSeed, envelopeHash: unb64u(h.envelopeHash) };
}

export function showGone(h) {
    const [title, when] = gone[h.state];
    const values = { time: moment(h.changedAt), id: h.id };
    const { receipts } = deviceRecord(h.id);
    say(get('gone-title'), title);
    say(get('gone-when'), when, values);
    say(get('gone-sentence'), 'redeem.gone.sentence', values);
    // Whoever opened it on another device has the link here, and may have a word to say.
    const canSign = h.fragment !== null || deviceRecord(h.id).receiptSeed !== undefined;
    get('gone-confirm').hidden = h.state === 'claimed' || !canSign;
    get('gone-confirm').open = Boolean(receipts?.length);
    get('gone-code-field').hidden = !h.code || deviceRecord(h.id).receiptSeed !== undefined;
    show('gone');
    if (!get('gone-confirm').hidden)
        offerReceipt(get('gone-confirm'), h, () => signerByLink(h));
}

// ---- fetched, but never shown ----

// at: when it was handed out, where that is known.
export function showUnshown(h, at = h.state === 'claimed' ? h.changedAt : null) {
    const begun = moment(deviceRecord(h.id).begun);
    if (at === null)
        say(get('unshown-when'), 'redeem.unshown.lapsed', { begun, at: moment(h.changedAt) });
    else
        say(get('unshown-when'), 'redeem.unshown.when', { begun, at: moment(at) });
    show('unshown');
}

// ---- expired, revoked ----

const over = {
    expired: ['redeem.expired', 'redeem.expired.when'],
    revoked: ['redeem.revoked', 'redeem.revoked.when'],
};

export function showOver(h) {
    const [title, when] = over[h.state];
    say(get('over-title'), title);
    say(get('over-when'), when, { time: moment(h.changedAt) });
    show('over');
}

// ---- it does not open ----

let again = () => {};

export async function showBroken(h, retry) {
    again = retry;
    say(get('broken-left'), 'redeem.broken.looking');
    get('broken-again').hidden = true;
    show('broken');
    try {
        const { body } = await readHandoff(h.id, { onTrouble: trouble });
        get('broken-again').hidden = body.burned;
        say(get('broken-left'), body.burned ? 'redeem.broken.burned' : 'redeem.broken.there',
            { time: moment(body.lease_until) });
    } catch {
        get('broken-again').hidden = false;
        say(get('broken-left'), 'redeem.broken.unknown');
    }
}

export function prepareGone() {
    copies(get('gone-copy'), get('gone-sentence'));
    mending('gone-code');
    get('broken-again').addEventListener('click', () => again());
}
