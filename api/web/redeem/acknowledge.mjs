// The receipt: a person's word that it works, or what is wrong, and the evidence of having said so.

import { ProtocolError, b64u, unb64u, wipe } from '../protocol/encoding.mjs';
import { makeReceipt } from '../protocol/receipt.mjs';
import { ServiceError, sendReceipt } from '../service.mjs';
import { keep, recall } from '../store.mjs';
import { trouble } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';
import { saveEvidence } from './evidence.mjs';
import { fault, mending } from './form.mjs';
import { deviceRecord, noteEvent, noteOnDevice, nowSeconds } from './record.mjs';

const get = (id) => document.getElementById(id);
const byMax = 200;
const noteMax = 1000;

let h = null; // the handoff
let signer = null; // gives {receiptSeed, envelopeHash}, bytes, or null after saying what is wrong
let done = () => {};
let typed = false; // the name, by a person

// ---- what was said ----

function paintResult(receipt) {
    const { by = '', note = '' } = JSON.parse(receipt.details ?? '{}');
    const confirmed = receipt.outcome === 'confirmed';
    say(get('receipt-said'), confirmed ? 'redeem.said.confirmed' : 'redeem.said.rejected');
    say(get('receipt-next'),
        confirmed ? 'redeem.said.confirmed.next' : 'redeem.said.rejected.next');
    say(get('said-when'), 'redeem.time', { time: moment(receipt.t) });
    get('said-by').textContent = by;
    get('said-note').textContent = note;
    get('said-id').textContent = h.id;
    for (const element of document.querySelectorAll('.said-note'))
        element.hidden = note === '';
}

function paint() {
    const { receipts = [] } = deviceRecord(h.id);
    const last = receipts.at(-1);
    get('receipt-form').hidden = last !== undefined;
    get('receipt-result').hidden = last === undefined;
    if (last)
        paintResult(last);
}

// ---- saying it ----

const length = (text) => new TextEncoder().encode(text).length;

// Whether name and note can be sent so; says what is wrong.
function isFine(outcome, by, note) {
    fault('by', null);
    fault('note', null);
    if (by === '')
        fault('by', 'redeem.by.missing');
    else if (length(by) > byMax)
        fault('by', 'redeem.by.long');
    else if (outcome === 'rejected' && note === '')
        fault('note', 'redeem.note.missing');
    else if (length(note) > noteMax)
        fault('note', 'redeem.note.long');
    else
        return true;
    return false;
}

// The receipt; the very same again where it was made before, so that it counts once.
async function make(outcome, by, note) {
    const { pending } = deviceRecord(h.id);
    const same = { outcome, by, note };
    if (pending && Object.entries(same).every(([name, value]) => pending[name] === value))
        return pending;
    const found = await signer();
    if (found === null)
        return null;
    try {
        const at = nowSeconds() + h.skew;
        const made = makeReceipt({ id: h.id, ...same, at, ...found });
        const own = { by, note, receiptSeed: b64u(found.receiptSeed) };
        return { ...made, ...own, envelopeHash: b64u(found.envelopeHash) };
    } finally {
        wipe(found.receiptSeed);
    }
}

const refusals = {
    'bad-proof': 'redeem.receipt.unfit',
    'not-opened': 'redeem.receipt.early',
    'not-claimed': 'redeem.receipt.early',
    'too-many-receipts': 'redeem.receipt.many',
    delivered: 'redeem.receipt.late',
    confirmed: 'redeem.receipt.late',
    rejected: 'redeem.receipt.late',
    lapsed: 'redeem.receipt.late',
};

function complain(error) {
    const box = get('receipt-error');
    const sayIt = (key, values = {}) => {
        box.hidden = false;
        say(box, key, values);
        announce(key, values);
    };
    if (error instanceof ProtocolError) {
        fault('note', 'redeem.note.long');
    } else if (!(error instanceof ServiceError)) {
        sayIt('redeem.receipt.broken');
    } else if (error.kind === 'gaveup' || error.code === 'rate-limited') {
        sayIt('redeem.receipt.unknown');
    } else {
        noteOnDevice(h.id, { pending: undefined });
        sayIt(refusals[error.code] ?? 'redeem.receipt.refused',
            { detail: error.problem.detail ?? `HTTP ${error.status}` });
    }
}

async function send(receipt) {
    noteOnDevice(h.id, { pending: receipt });
    const { claimant } = deviceRecord(h.id);
    const { outcome, at, details, signature, statement, receiptSeed, envelopeHash } = receipt;
    const body = { outcome, at, details, signature, ...(claimant ? { claimant } : {}) };
    const { body: { event } } = await sendReceipt(h.id, body, { onTrouble: trouble });
    const { receipts = [] } = deviceRecord(h.id);
    const { t } = JSON.parse(event.line);
    noteEvent(h.id, event);
    if (!receipts.some((one) => one.signature === signature))
        receipts.push({ outcome, t, details, signature, statement });
    noteOnDevice(h.id, { receiptSeed, envelopeHash, receipts, pending: undefined });
}

const busy = (is) => {
    for (const id of ['confirm', 'reject'])
        get(id).disabled = is;
};

// Sends what make gives; true once the service has it.
async function deliver(making) {
    busy(true);
    get('receipt-error').hidden = true;
    try {
        const receipt = await making();
        if (receipt === null)
            return false;
        await send(receipt);
        return true;
    } catch (error) {
        complain(error);
        return false;
    } finally {
        busy(false);
    }
}

async function give(outcome, event) {
    const by = typed || get('by').value === recall('name') ? get('by').value.trim() : '';
    const note = get('note').value.trim();
    if (!event.isTrusted || !isFine(outcome, by, note))
        return;
    keep('name', by);
    if (!await deliver(() => make(outcome, by, note)))
        return;
    paint();
    get('receipt-said').focus();
    done();
}

// A receipt whose answer never came, before a reload.
async function goOn() {
    const { pending } = deviceRecord(h.id);
    if (!pending)
        return;
    get('by').value = pending.by;
    get('note').value = pending.note;
    typed = true;
    if (await deliver(async () => pending)) {
        paint();
        announce('redeem.said.sent');
        done();
    }
}

// ---- the panel ----

// By what this device keeps.
export async function signerOnDevice({ id }) {
    const { receiptSeed, envelopeHash } = deviceRecord(id);
    return { receiptSeed: unb64u(receiptSeed), envelopeHash: unb64u(envelopeHash) };
}

// Puts form or result at the end of `place`. onDone: called once a receipt was given.
export function offerReceipt(place, handoff, by, onDone = () => {}) {
    h = handoff;
    signer = by;
    done = onDone;
    place.append(get('receipt'));
    get('receipt').hidden = false;
    paint();
    return goOn();
}

export function prepareReceipt() {
    get('by').value = recall('name') ?? '';
    get('by').addEventListener('input', (event) => {
        typed = event.isTrusted;
    });
    mending('by', 'note');
    get('confirm').addEventListener('click', (event) => give('confirmed', event));
    get('reject').addEventListener('click', (event) => give('rejected', event));
    get('change').addEventListener('click', () => {
        get('receipt-form').hidden = false;
        get('receipt-result').hidden = true;
        get('note').value = '';
        get('by').focus();
    });
    get('print').addEventListener('click', () => print());
    get('evidence').addEventListener('click', async () => {
        const button = get('evidence');
        if (h === null)
            return; // pressed by a script, before there is any
        button.disabled = true;
        await saveEvidence(h.id);
        button.disabled = false;
    });
}
