// Goal: over HTTP, every cell of the table of states and calls is what the design says: answer,
// state afterwards and the events written, for the first call, its repeat, and another party.

import assert from 'node:assert/strict';
import { before, after, test } from 'node:test';

import { checkTimeline } from '../support/http/events.mjs';
import { Client, done, makeHandoff, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { poll, startService } from '../support/service/service.mjs';

const lease = 60;
let service;
let client;
const endings = [];

before(async () => {
    service = await startService({ after: (end) => endings.push(end) }, { clock: true });
    client = new Client(service);
});

after(async () => {
    client?.close();
    for (const end of endings.reverse())
        await end();
});

const now = () => service.clock.now();
const receipt = (h, own = {}) => h.receipt(client, { at: now(), ...own });

async function passTime(h, seconds) {
    service.clock.advance(seconds);
    await poll('the sweeper comes by', async () =>
        (await h.kinds(client)).includes('handoff.burned'),
    );
}

async function taken(own = {}) {
    const h = await sendHandoff(client, { expires_in: 3600, lease, ...own });
    h.claimant = newClaimant();
    const claim = done(await h.claim(client, h.claimant));
    assert.equal(claim.envelope, h.body.envelope);
    return h;
}

async function opened(own) {
    const h = await taken(own);
    h.openedEvent = done(await h.opened(client, h.claimant)).event.index;
    return h;
}

// How a handoff comes into each state.
const bring = {
    available: () => sendHandoff(client, { expires_in: 3600, lease }),
    claimed: () => taken(),
    'claimed, burned on claim': () => taken({ burn: 'on-claim' }),
    lapsed: async () => {
        const h = await taken();
        await passTime(h, lease + 1);
        return h;
    },
    delivered: () => opened(),
    confirmed: async () => {
        const h = await opened();
        done(await receipt(h, { claimant: h.claimant }), 201);
        return h;
    },
    rejected: async () => {
        const h = await opened();
        done(await receipt(h, { claimant: h.claimant, outcome: 'rejected' }), 201);
        return h;
    },
    expired: async () => {
        const h = await sendHandoff(client, { expires_in: 60 });
        await passTime(h, 61);
        return h;
    },
    revoked: async () => {
        const h = await sendHandoff(client, { expires_in: 3600 });
        h.revokeEvent = done(await h.revoke(client)).event.index;
        return h;
    },
};
const states = Object.keys(bring);
const state = (name) => name.split(',')[0];

// Calls, each by the party that it names.
const calls = {
    'claim by its claimant': (h) => h.claim(client, h.claimant ?? newClaimant()),
    'claim by another': (h) => h.claim(client, newClaimant()),
    'claim with a wrong token': async (h) =>
        h.claim(client, h.claimant ?? newClaimant(), (await makeHandoff()).keys),
    'opened by its claimant': (h) => h.opened(client, h.claimant ?? newClaimant()),
    'opened by another': (h) => h.opened(client, newClaimant()),
    'opened with a wrong token': (h) => h.opened(client, h.claimant ?? newClaimant(), newClaimant()),
    'receipt by its claimant': (h) =>
        receipt(h, { at: now() - 60, claimant: h.claimant ?? newClaimant() }),
    'receipt by somebody with the link': (h) => receipt(h, { at: now() - 60 }),
    'receipt by a wrong claimant': (h) => receipt(h, { claimant: newClaimant() }),
    'receipt by a wrong key': (h) => receipt(h, { seed: Buffer.alloc(32, 7) }),
    revoke: (h) => h.revoke(client),
    'revoke by another': (h) => h.revoke(client, newClaimant()),
    'the same submission': (h) => h.put(client),
    'another submission': (h) => h.put(client, { ...h.body, lease: 61 }),
};

// A cell is: status and code (or null for a success), the state afterwards where it changes, and
// the kinds of the events that it writes.
const ok = (status, to, ...kinds) => ({ status, to, kinds });
const no = (status, code, ...kinds) => ({ status, code, kinds });
const late = (code) => no(410, code, 'claim.refused');

const takenStates = ['claimed', 'lapsed', 'delivered', 'confirmed', 'rejected'];
const openedStates = ['delivered', 'confirmed', 'rejected'];

function cell(name, call) {
    const at = state(name);
    const burned = name !== 'available' && name !== 'claimed';
    const gone = openedStates.includes(at) ? 'delivered' : at;
    const never = ['expired', 'revoked'].includes(at);
    switch (call) {
    case 'claim by its claimant':
        if (name === 'available')
            return ok(200, 'claimed', 'claim.accepted');
        if (name === 'claimed')
            return ok(200, 'claimed');
        return late(at === 'claimed' ? 'taken' : gone);
    case 'claim by another':
        if (at === 'available')
            return ok(200, 'claimed', 'claim.accepted');
        return late(at === 'claimed' ? 'taken' : gone);
    case 'claim with a wrong token':
        return no(403, 'wrong-token');
    case 'opened by its claimant':
        if (at === 'available')
            return no(409, 'not-claimed');
        if (never)
            return no(410, at);
        if (openedStates.includes(at))
            return ok(200, at);
        return ok(200, 'delivered', 'handoff.opened', ...(burned ? [] : ['handoff.burned']));
    case 'opened by another':
        if (at === 'available')
            return no(409, 'not-claimed');
        return never ? no(410, at) : no(403, 'bad-proof');
    case 'opened with a wrong token':
    case 'receipt by a wrong key':
        return no(403, 'bad-proof');
    case 'receipt by its claimant':
    case 'receipt by somebody with the link':
        if (at === 'available')
            return no(409, 'not-claimed');
        if (at === 'claimed')
            return no(409, 'not-opened');
        if (never)
            return no(410, at);
        if (call === 'receipt by somebody with the link' && at !== 'delivered')
            return ok(201, at, 'receipt.confirmed');
        return ok(201, 'confirmed', 'receipt.confirmed');
    case 'receipt by a wrong claimant':
        if (at === 'available')
            return no(409, 'not-claimed');
        return never ? no(410, at) : no(403, 'bad-proof');
    case 'revoke':
        if (at === 'available')
            return ok(200, 'revoked', 'handoff.burned');
        if (name === 'claimed')
            return ok(200, 'lapsed', 'handoff.lapsed', 'handoff.burned');
        if (at === 'claimed')
            return ok(200, 'lapsed', 'handoff.lapsed');
        return at === 'revoked' ? ok(200, 'revoked') : no(410, gone);
    case 'revoke by another':
        return no(403, 'forbidden');
    case 'the same submission':
        return ok(200, at);
    case 'another submission':
        return no(409, 'conflict');
    default:
        throw new Error(call);
    }
}

// When a 410 says that it happened: when it was taken, or else when it was burned.
async function timeGone(h, log) {
    const kind = takenStates.includes(state(h.name)) ? 'claim.accepted' : 'handoff.burned';
    return log.find((event) => event.is.kind === kind).is.t;
}

async function checkCell(name, call) {
    const expected = cell(name, call);
    const h = await bring[name]();
    h.name = name;
    const log = await h.log(client);
    const reply = await calls[call](h);
    if (expected.code) {
        const said = problem(reply, expected.status, expected.code);
        if (expected.status === 410) {
            assert.equal(said.state, state(name));
            assert.equal(said.at, await timeGone(h, log), 'the time of a 410');
        }
    } else {
        const said = done(reply, expected.status);
        if (said.state)
            assert.equal(said.state, expected.to);
        assert.ok(Number.isInteger(said.event.index) && said.event.index >= 0, reply.text);
    }
    const all = await h.log(client);
    const fresh = all.slice(log.length).map((event) => event.is.kind);
    assert.deepEqual(fresh, expected.kinds, 'the events written');
    const { state: to } = done(await h.read(client));
    assert.equal(to, expected.to ?? state(name), 'the state afterwards');
    return { h, reply, expected };
}

for (const name of states)
    test(`${name}: every call`, async (t) => {
        for (const call of Object.keys(calls))
            await t.test(call, () => checkCell(name, call));
    });

// Calls whose repeat has nothing new to say: the same index, no event.
const repeated = [
    ['available', 'claim by its claimant'],
    ['claimed', 'opened by its claimant'],
    ['lapsed', 'opened by its claimant'],
    ['delivered', 'receipt by its claimant'],
    ['delivered', 'receipt by somebody with the link'],
    ['available', 'revoke'],
    ['claimed', 'revoke'],
    ['claimed, burned on claim', 'revoke'],
];

for (const [name, call] of repeated)
    test(`${name}: ${call}, again`, async () => {
        const h = await bring[name]();
        h.claimant ??= newClaimant();
        const at = now();
        const again = () =>
            call.startsWith('receipt')
                ? h.receipt(client, { at, claimant: call.includes('claimant') ? h.claimant : undefined })
                : calls[call](h);
        const first = await again();
        assert.ok(first.status < 300, first.text);
        const events = await h.kinds(client);
        for (let i = 0; i < 3; i++) {
            const body = done(await again());
            assert.deepEqual(body.event, first.body.event, 'the first index');
            assert.equal(body.envelope, first.body.envelope, 'the same bytes');
            assert.equal(body.lease_until, first.body.lease_until);
        }
        assert.deepEqual(await h.kinds(client), events, 'no further event');
    });

test('a submission answers with its id, times and event, also when repeated in each state', async () => {
    const h = await makeHandoff({ expires_in: 120 });
    const first = done(await h.put(client), 201);
    assert.equal(first.id, h.id);
    assert.equal(first.state, 'available');
    assert.equal(first.expires_at - first.created_at, 120);
    assert.ok(Math.abs(first.created_at - now()) <= 5);
    for (const name of states) {
        const other = await bring[name]();
        const { created_at: made, event } = done(await other.put(client));
        const log = await other.log(client);
        assert.equal(event.index, log[0].index);
        assert.equal(made, log[0].is.t);
    }
});

test('reading tells state, times and hash, never label or envelope', async () => {
    const texts = { label: 'for the log only', shown_label: 'shown to all' };
    const h = await sendHandoff(client, { ...texts, expires_in: 3600, lease });
    const seen = async () => {
        const reply = await h.read(client);
        const body = done(reply);
        for (const hidden of [texts.label, h.body.envelope, h.body.claim_hash, h.body.opened_hash])
            assert.ok(!reply.text.includes(hidden));
        return body;
    };
    const fresh = await seen();
    assert.deepEqual(Object.keys(fresh).sort(), [
        'burned',
        'changed_at',
        'code',
        'created_at',
        'envelope_hash',
        'expires_at',
        'id',
        'shown_label',
        'state',
    ]);
    assert.equal(fresh.shown_label, texts.shown_label);
    assert.deepEqual([fresh.burned, fresh.code], [false, false]);
    h.claimant = newClaimant();
    const { lease_until: until } = done(await h.claim(client, h.claimant));
    assert.equal((await seen()).lease_until, until);
    done(await h.opened(client, h.claimant));
    assert.equal((await seen()).burned, true);
    const head = await client.call('HEAD', h.path);
    assert.deepEqual([head.status, head.text], [200, '']);
});

test('an unknown handoff is 404 to every call', async () => {
    const h = await makeHandoff();
    const none = newClaimant();
    for (const reply of [
        await h.read(client),
        await h.claim(client, none),
        await h.opened(client, none),
        await receipt(h),
        await h.revoke(client),
        await h.events(client),
    ])
        problem(reply, 404, 'not-found');
});

test('opened after the lease is late, and a receipt by the claimant of a lapsed one decides', async () => {
    const h = await bring.lapsed();
    done(await receipt(h), 201);
    assert.equal(done(await h.read(client)).state, 'lapsed', 'a stranger does not decide');
    done(await receipt(h, { claimant: h.claimant, outcome: 'rejected' }), 201);
    assert.equal(done(await h.read(client)).state, 'rejected');
    done(await h.opened(client, h.claimant));
    const log = await h.log(client);
    assert.equal(log.at(-1).is.kind, 'handoff.opened');
    assert.equal(log.at(-1).is.late, true);
    assert.equal(done(await h.read(client)).state, 'rejected', 'what was decided stays');
    await checkTimeline(log, h.id);
});

test('a due handoff is refused at once, before the sweeper came by', async () => {
    const h = await sendHandoff(client, { expires_in: 60 });
    service.clock.advance(60);
    problem(await h.claim(client, newClaimant()), 410, 'expired');
    assert.equal(done(await h.read(client)).state, 'expired');
});

test('a claim just before the expiry keeps its lease', async () => {
    const h = await sendHandoff(client, { expires_in: 60, lease: 120 });
    service.clock.advance(50);
    h.claimant = newClaimant();
    done(await h.claim(client, h.claimant));
    service.clock.advance(60);
    assert.equal(done(await h.claim(client, h.claimant)).envelope, h.body.envelope);
    service.clock.advance(60);
    problem(await h.claim(client, h.claimant), 410, 'lapsed');
});

test('what has burned stays burned when the clock is set back, also over a restart', async () => {
    const h = await sendHandoff(client, { expires_in: 60 });
    await passTime(h, 61);
    service.clock.advance(-3600);
    problem(await h.claim(client, newClaimant()), 410, 'expired');
    await service.restart();
    problem(await h.claim(client, newClaimant()), 410, 'expired');
    const other = await sendHandoff(client);
    const [{ is: created }] = await other.log(client);
    const burned = (await h.log(client)).find((event) => event.is.kind === 'handoff.burned').is;
    assert.ok(created.t >= burned.t, 'an event never precedes the one before it');
    service.clock.advance(3600);
});
