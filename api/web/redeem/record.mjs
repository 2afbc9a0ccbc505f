// What this browser knows of a handoff. In the tab, until it has been opened: link, claimant and,
// where there is a code, what was made of both. On the device, from the claim on: the claimant, so
// that a second tab is no stranger, and later what a receipt needs. Never what was handed over.

import { drop, forget, held, hold, keep, recall, recallAll } from '../store.mjs';

const keptSeconds = 90 * 86400; // receipts are taken for so long

const tab = (id) => `open:${id}`;
const device = (id) => `received:${id}`;

export const nowSeconds = () => Math.floor(Date.now() / 1000);

export const tabRecord = (id) => held(tab(id)) ?? {};
export const deviceRecord = (id) => recall(device(id)) ?? {};

// Adds members; one that is undefined goes.
export const noteInTab = (id, more) => hold(tab(id), { ...tabRecord(id), ...more });
export const noteOnDevice = (id, more) => keep(device(id), { ...deviceRecord(id), ...more });

export const forgetTab = (id) => drop(tab(id));

// The claim was refused for certain: nothing was taken by this browser.
export function forgetClaimant(id) {
    if (tabRecord(id).fragment)
        noteInTab(id, { claimant: undefined, seed: undefined });
    const { claimant, begun, ...rest } = deviceRecord(id);
    if (rest.receiptSeed)
        return;
    if (Object.keys(rest).length > 0)
        keep(device(id), rest);
    else
        forget(device(id));
}

// Adds an event {index, line} of one's own, once.
export function noteEvent(id, { index, line }) {
    const { events = [] } = deviceRecord(id);
    if (line !== undefined && !events.some((event) => event.index === index))
        noteOnDevice(id, { events: [...events, { index, line }] });
}

// Records of long ago serve nothing any more.
export function sweep() {
    for (const [id, { at, begun }] of recallAll('received:'))
        if (nowSeconds() - (at ?? begun ?? 0) > keptSeconds)
            forget(device(id));
}
