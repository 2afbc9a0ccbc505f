// The page /h/{id}: opens a handoff once, by a person's deliberate act, and takes the receipt.

import { ProtocolError, unb64u, wipe } from './protocol/encoding.mjs';
import { wipeKeys } from './protocol/keys.mjs';
import { ready } from './protocol/sodium.mjs';
import { prepareReceipt } from './redeem/acknowledge.mjs';
import { arrive } from './redeem/arrive.mjs';
import { prepareCutOff, showCutOff } from './redeem/cutoff.mjs';
import { prepareGone, showBroken, showGone, showOver, showUnshown } from './redeem/gone.mjs';
import { keysAtHand, makeSeed, openHandoff, step, tellOpened } from './redeem/opening.mjs';
import { present } from './redeem/present.mjs';
import { forgetCode, prepareReady, showLocked, showReady, typedCode } from './redeem/ready.mjs';
import {
    deviceRecord,
    forgetClaimant,
    forgetTab,
    noteInTab,
    sweep,
    tabRecord,
} from './redeem/record.mjs';
import { acknowledge, guardScreen, showMine } from './redeem/shown.mjs';
import { holdHere, isElsewhere, onElsewhere } from './redeem/tabs.mjs';
import { ServiceError, readHandoff } from './service.mjs';
import { boot, fail, gaveUp, unexpected } from './ui/boot.mjs';
import { show, stateNow, trouble } from './ui/state.mjs';

// The handoff: {id, fragment, repaired} and, once the service was asked, what it says of it.
let h;

// ---- what the service says ----

// How many seconds the service's clock is ahead of this device's: a receipt carries a time, and the
// time of a claim tells whose it was.
const skewOf = (answer) =>
    Math.round((Date.parse(answer.headers.get('Date')) - Date.now()) / 1000) || 0;

async function look() {
    const { body, answer } = await readHandoff(h.id, { onTrouble: trouble });
    Object.assign(h, {
        code: body.code,
        state: body.state,
        burned: body.burned,
        envelopeHash: body.envelope_hash,
        expiresAt: body.expires_at,
        changedAt: body.changed_at,
        leaseUntil: body.lease_until,
        label: body.shown_label,
        skew: skewOf(answer),
    });
}

// ---- opening ----

// Opens with the seed that `making` gives. Repeating it is safe.
async function go(making) {
    const again = () => {
        show('opening');
        return go(making);
    };
    let seed = null;
    let keys;
    h.wasAsked = deviceRecord(h.id).begun !== undefined;
    try {
        if (await isElsewhere(h.id)) {
            show('elsewhere');
            return;
        }
        holdHere(h.id);
        seed = await making();
        keys = await openHandoff(h, seed, present);
    } catch (error) {
        holdHere(null);
        await refused(error, again);
        return;
    } finally {
        wipe(seed);
    }
    forgetCode();
    await acknowledge(h, keys);
}

// The deliberate act was done.
async function act() {
    const code = h.code ? typedCode() : null;
    if (h.code && code === null)
        return;
    show('opening');
    step(h.code ? 'code' : 'fetch');
    await go(() => makeSeed(h, code));
}

// It was done in this tab before, or the service holds the handoff for this browser.
async function resume() {
    const { seed } = tabRecord(h.id);
    document.getElementById('progress-code').hidden = true;
    show('opening');
    await ready;
    await go(() => (seed ? unb64u(seed) : makeSeed(h, null)));
}

const apartMax = 2; // seconds that two clocks may be apart

// Taken, but not before this browser asked for it: perhaps by a claim of its own whose answer was
// lost. The browser itself repeats some requests, and says nothing of it.
const isPerhapsOurs = ({ status, code, problem }) => status === 410
    && ['taken', 'lapsed'].includes(code)
    && problem.at >= deviceRecord(h.id).begun - apartMax;

// What an opening leads to that failed.
async function refused(error, again) {
    if (error instanceof ProtocolError)
        await showBroken(h, again);
    else if (!(error instanceof ServiceError))
        unexpected(error);
    else if (error.kind === 'gaveup' || error.code === 'rate-limited')
        gaveUp(again);
    else if (isPerhapsOurs(error))
        showUnshown(h, error.problem.at);
    else
        await refusedForGood(error);
}

// The service said no, and nothing was taken by this claim.
async function refusedForGood(error) {
    if (h.wasAsked)
        noteInTab(h.id, { seed: undefined });
    else
        forgetClaimant(h.id);
    if (error.code === 'wrong-code') {
        showReady(h, ['redeem.code.wrong', { n: error.problem.tries_left ?? 0 }]);
    } else if (error.code === 'too-many-tries') {
        showLocked(error.problem.retry_after ?? 300);
    } else if (error.code === 'wrong-token') {
        forgetTab(h.id);
        showCutOff('wrong-token');
    } else if (error.status === 410) {
        await decide();
    } else {
        fail(error, decide);
    }
}

// ---- which state it is ----

async function decideAvailable() {
    const { claimant, seed } = tabRecord(h.id);
    if (h.fragment === null)
        showCutOff('no-fragment');
    else if (claimant && (seed || !h.code))
        await resume();
    else
        showReady(h);
}

async function decideClaimed() {
    const { claimant, seed } = tabRecord(h.id);
    const isOurs = (claimant ?? deviceRecord(h.id).claimant) !== undefined;
    if (!isOurs || h.burned)
        await decideTaken();
    else if (h.fragment === null)
        showCutOff('no-fragment');
    else if (h.code && !seed)
        showReady(h);
    else
        await resume();
}

// It was shown here, but the service may not know it, and hands it out no more.
async function finishLate() {
    const keys = await keysAtHand(h);
    if (keys === null)
        return;
    try {
        await tellOpened(h, keys, {});
    } catch {
        // A receipt can be given all the same, and the claimant that is shown with it settles it.
    } finally {
        wipeKeys(keys);
    }
}

// The service hands it out no more: it was opened, here or by somebody else.
async function decideTaken() {
    const { at, begun } = deviceRecord(h.id);
    const isOpen = ['claimed', 'lapsed'].includes(h.state);
    if (at !== undefined && isOpen)
        await finishLate();
    if (at === undefined && begun !== undefined && isOpen) {
        showUnshown(h);
        return;
    }
    forgetTab(h.id);
    if (at === undefined)
        showGone(h);
    else
        showMine(h);
}

// Nobody opened it, and nobody will.
function decideOver() {
    forgetTab(h.id);
    showOver(h);
}

async function decide() {
    try {
        await look();
    } catch (error) {
        if (error.code === 'not-found')
            show('notfound');
        else
            fail(error, decide);
        return;
    }
    if (h.state === 'available')
        await decideAvailable();
    else if (await isElsewhere(h.id))
        show('elsewhere');
    else if (h.state === 'expired' || h.state === 'revoked')
        decideOver();
    else if (h.state === 'claimed')
        await decideClaimed();
    else
        await decideTaken();
}

// ---- the beginning ----

async function start() {
    sweep();
    prepareReady(act, () => showReady(h));
    prepareReceipt();
    prepareGone();
    prepareCutOff();
    guardScreen(() => h);
    document.getElementById('look-again').addEventListener('click', () => location.reload());
    h = arrive();
    if (h.wrong) {
        showCutOff(h.wrong);
        return;
    }
    onElsewhere(h.id, () => {
        if (stateNow() === 'ready')
            show('elsewhere');
    });
    await ready;
    await decide();
}

boot(start);
