// Sealing and sending. What was sealed once is sent, the very same, until the service has answered:
// a repeat makes nothing new there, whatever became of the tries before.

import { makeCode } from '../protocol/code.mjs';
import { b64u, newId, wipe } from '../protocol/encoding.mjs';
import { formatLink } from '../protocol/link.mjs';
import { ready } from '../protocol/sodium.mjs';
import { stretchInWorker } from '../protocol/stretching.mjs';
import { makeSubmission } from '../protocol/submission.mjs';
import { base, revoke, submit } from '../service.mjs';

let prepared = null; // sealed, but not answered yet: { made, code, perhaps }
const abandoned = []; // sealed of what was typed before, and perhaps stored: [{ id, manage }]

function forgetPrepared() {
    if (prepared)
        wipe(prepared.made.key, prepared.made.manageKey);
    prepared = null;
}

// What was typed is another than before. What was sealed of it is withdrawn where the service may
// have it, once something else has been sent; its key is gone by now.
export function dropPrepared() {
    if (prepared?.perhaps)
        abandoned.push({ id: prepared.made.id, manage: b64u(prepared.made.manageKey) });
    forgetPrepared();
}

function withdrawAbandoned() {
    for (const { id, manage } of abandoned.splice(0))
        revoke(id, manage, { patienceMs: 0 }).catch(() => {}); // most never arrived
}

async function seal({ withCode, ownCode, ...wanted }, step) {
    await ready;
    const id = newId();
    const code = withCode ? ownCode || makeCode() : null;
    let stretched;
    if (code !== null) {
        step('submit.sealing.code');
        stretched = await stretchInWorker(code, id);
    }
    step('submit.sealing.seal');
    return { made: makeSubmission({ ...wanted, id, stretched }), code, perhaps: false };
}

async function put(token, onTrouble) {
    try {
        return await submit(prepared.made.id, prepared.made.body, token, { onTrouble });
    } catch (error) {
        prepared.perhaps ||= error.perhaps ?? false;
        throw error;
    }
}

// Another handoff under the same id (it is random: next to impossible) gets a new id, once.
async function sealAndPut(wanted, token, { step, onTrouble }) {
    for (let again = true; ; again = false) {
        prepared ??= await seal(wanted, step);
        step('submit.sealing.send');
        try {
            return await put(token, onTrouble);
        } catch (error) {
            if (error.code === 'conflict')
                prepared = null;
            if (error.code !== 'conflict' || !again)
                throw error;
        }
    }
}

// Hands over what readForm gave. tell: { step(key), onTrouble }. Gives what the sender needs from
// now on: { id, link, code, ownCode, manage, follow, label, at, expiresAt, envelopeHash,
// receiptKey, event }.
export async function handOver(wanted, token, tell) {
    const { body } = await sealAndPut(wanted, token, tell);
    const { made, code } = prepared;
    const manage = b64u(made.manageKey);
    const result = {
        id: made.id,
        link: formatLink(base, made.id, made.key),
        code,
        ownCode: code !== null && wanted.ownCode !== '',
        manage,
        follow: `${base}/s/${made.id}#${manage}`,
        label: wanted.label ?? wanted.shownLabel ?? null,
        at: body.created_at,
        expiresAt: body.expires_at,
        envelopeHash: b64u(made.envelopeHash),
        receiptKey: made.body.receipt_key,
        event: { index: body.event.index, line: body.event.line },
    };
    forgetPrepared();
    withdrawAbandoned();
    return result;
}
