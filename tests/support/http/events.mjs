// What every event of the log must be like: its line byte for byte, its members in their order, and
// its commitments, recomputed from what is disclosed.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import sodium from '../protocol/sodium.mjs';

const members = {
    'handoff.created': ['envelope_hash', 'size', 'code', 'expires_at', 'lease', 'burn'],
    'claim.accepted': ['claimant_hash', 'lease_until'],
    'claim.refused': ['state', 'claimant', 'count'],
    'claim.wrong-code': ['tries_left', 'count'],
    'handoff.opened': ['opened_token', 'late'],
    'handoff.lapsed': ['cause'],
    'receipt.confirmed': ['at', 'claimant'],
    'receipt.rejected': ['at', 'claimant'],
    'handoff.burned': ['cause'],
};

const details = {
    'handoff.created': [
        'label',
        'shown_label',
        'recipient',
        'ref',
        'opened_hash',
        'receipt_key',
        'address',
        'agent',
    ],
    'receipt.confirmed': ['statement', 'signature', 'details', 'address', 'agent'],
    'receipt.rejected': ['statement', 'signature', 'details', 'address', 'agent'],
};
const origin = ['address', 'agent'];

function commitment(field, salt, value) {
    const data = Buffer.concat([Buffer.from(field), Buffer.from([0]), Buffer.from(value)]);
    return Buffer.from(sodium.crypto_generichash(32, data, salt)).toString('base64url');
}

// One event as the API gives it. `hidden`: fields that must be committed to but not disclosed yet.
export async function checkEvent(event, id, hidden = []) {
    await sodium.ready;
    const { index, line, details: disclosed } = event;
    const is = JSON.parse(line);
    assert.equal(JSON.stringify(is), line, 'the line has no spaces and nothing twice');
    assert.match(line, /^[\x20-\x7e]*$/, 'the line is ASCII');
    const own = members[is.kind];
    assert.ok(own, `the kind ${is.kind} is known`);
    const order = ['v', 'n', 't', 'kind', 'id', ...own, 'details'];
    assert.deepEqual(Object.keys(is), order, `the members of ${is.kind}`);
    assert.equal(is.v, 1);
    assert.equal(is.n, index);
    assert.equal(is.id, id);

    const allowed = details[is.kind] ?? origin;
    const committed = Object.keys(is.details);
    assert.deepEqual(
        committed,
        allowed.filter((field) => committed.includes(field)),
        `the details of ${is.kind} and their order`,
    );
    assert.deepEqual(
        Object.keys(disclosed).sort(),
        committed.filter((field) => !hidden.includes(field)).sort(),
        `what is disclosed of ${is.kind}`,
    );
    for (const [field, { salt, value }] of Object.entries(disclosed)) {
        const bytes = Buffer.from(salt, 'base64url');
        assert.equal(bytes.length, 32, `the salt of ${field}`);
        assert.equal(bytes.toString('base64url'), salt, `the salt of ${field} is canonical`);
        assert.equal(commitment(field, bytes, value), is.details[field], `${field} is committed to`);
    }
    return is;
}

// A whole timeline: every event, and that times and indices only rise.
export async function checkTimeline(log, id, hidden = []) {
    let [n, t] = [-1, 0];
    for (const event of log) {
        const is = await checkEvent(event, id, hidden);
        assert.ok(is.n > n && is.t >= t, 'index and time only rise');
        [n, t] = [is.n, is.t];
    }
}

// RFC 6962's hash of a leaf.
export const leafHash = (line) =>
    createHash('sha256').update(Buffer.from([0])).update(line).digest('hex');
