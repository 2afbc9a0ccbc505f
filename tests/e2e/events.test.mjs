// Goal: the events of a handoff are exact lines that commit to what is beside them, hide what could
// help an attacker until it was used, and carry receipts that anyone can check.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import sodium from '../support/protocol/sodium.mjs';

import { checkTimeline } from '../support/http/events.mjs';
import { Client, b64u, deliver, done, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { hash, sha256 } from '../support/protocol/protocol.mjs';
import { startService } from '../support/service/service.mjs';

const day = 86400;

async function start(t, options) {
    const service = await startService(t, options);
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

const hashOf = (text) => b64u(hash(Buffer.from(text, 'base64url')));

test('a whole life: kinds, members, commitments, disclosure at the first use', async (t) => {
    const { client } = await start(t);
    const texts = {
        label: 'onboarding account',
        shown_label: 'Contoso',
        recipient: 'team-a',
        ref: 'CHG-4711 \u00e4\u{1f511}',
    };
    const h = await sendHandoff(client, { ...texts, expires_in: 3600, lease: 90 });
    const hidden = ['opened_hash', 'receipt_key'];

    let log = await h.log(client);
    await checkTimeline(log, h.id, hidden);
    const created = log[0];
    assert.equal(created.is.envelope_hash, b64u(sha256(h.envelope)));
    assert.equal(created.is.size, h.envelope.length);
    assert.equal(created.is.code, false);
    assert.equal(created.is.lease, 90);
    assert.equal(created.is.expires_at - created.is.t, 3600);
    assert.equal(created.is.burn, 'on-opened');
    for (const [field, value] of Object.entries(texts))
        assert.equal(created.details[field].value, value);
    assert.equal(created.details.address.value, '127.0.0.1');
    assert.ok(!created.line.includes(h.body.claim_hash), 'the claim hash is in no event');

    const claimant = newClaimant();
    const claim = done(await h.claim(client, claimant));
    log = await h.log(client);
    await checkTimeline(log, h.id, hidden);
    assert.equal(log[1].index, claim.event.index);
    assert.equal(log[1].is.kind, 'claim.accepted');
    assert.equal(log[1].is.claimant_hash, hashOf(claimant));
    assert.equal(log[1].is.lease_until, claim.lease_until);
    assert.equal(claim.lease_until - log[1].is.t, 90);

    problem(await h.claim(client, newClaimant()), 410, 'taken');
    const opened = done(await h.opened(client, claimant));
    log = await h.log(client);
    await checkTimeline(log, h.id, ['receipt_key']);
    assert.deepEqual(
        log.slice(2).map((event) => event.is.kind),
        ['claim.refused', 'handoff.opened', 'handoff.burned'],
    );
    const [refused, open, burned] = log.slice(2);
    assert.deepEqual([refused.is.state, refused.is.claimant, refused.is.count], ['claimed', false, 1]);
    assert.equal(open.index, opened.event.index);
    assert.equal(open.is.late, false);
    assert.equal(burned.is.cause, 'opened');
    assert.equal(log[0].details.opened_hash.value, h.body.opened_hash);
    assert.equal(hashOf(open.is.opened_token), h.body.opened_hash, 'the proof of opening');

    const details = JSON.stringify({ by: 'Priya Raman', note: 'signed in, works', salt: 'c2FsdA' });
    const kept = done(await h.receipt(client, { details, claimant }), 201);
    log = await h.log(client);
    await checkTimeline(log, h.id);
    const receipt = log.at(-1);
    assert.equal(receipt.index, kept.event.index);
    assert.deepEqual([receipt.is.kind, receipt.is.claimant], ['receipt.confirmed', true]);
    assert.equal(receipt.details.details.value, details);
    assert.ok(
        sodium.crypto_sign_verify_detached(
            Buffer.from(receipt.details.signature.value, 'base64url'),
            receipt.details.statement.value,
            Buffer.from(log[0].details.receipt_key.value, 'base64url'),
        ),
        'the receipt verifies by the key in the log',
    );
    assert.equal(
        receipt.details.statement.value,
        `handoff/1 receipt\n${h.id}\nconfirmed\n${log[0].is.envelope_hash}\n${receipt.is.at}\n` +
            `${b64u(sha256(Buffer.from(details)))}\n`,
    );
});

test('a check of a commitment can fail', async (t) => {
    const { client } = await start(t);
    const h = await sendHandoff(client, { label: 'one label' });
    const log = await h.log(client);
    log[0].details.label.value = 'one labem';
    await assert.rejects(checkTimeline(log, h.id, ['opened_hash', 'receipt_key']), /committed/);
});

test('burned on the claim: both events at once, opened later has nothing to burn', async (t) => {
    const { client } = await start(t);
    const h = await deliver(client, { burn: 'on-claim' });
    const log = await h.log(client);
    await checkTimeline(log, h.id, ['receipt_key']);
    assert.deepEqual(
        log.map((event) => event.is.kind),
        ['handoff.created', 'claim.accepted', 'handoff.burned', 'handoff.opened'],
    );
    assert.equal(log[0].is.burn, 'on-claim');
    assert.equal(log[2].is.cause, 'on-claim');
});

test('who asks for events needs the manage key, and may ask from an index on', async (t) => {
    const { client } = await start(t);
    const h = await deliver(client);
    const other = await sendHandoff(client);
    problem(await client.call('GET', `${h.path}/events`), 401, 'unauthorized');
    problem(await h.events(client, '', h.manage.slice(1)), 401, 'unauthorized');
    problem(await h.events(client, '', other.manage), 403, 'forbidden');
    for (const query of ['after=x', 'after=-2', 'after=', 'wait=61', 'wait=-1', 'wait=1.5', 'x=1'])
        problem(await h.events(client, `?${query}`), 400, 'bad-request');
    const all = done(await h.events(client)).events;
    assert.equal(all.length, 4);
    for (const [i, { index }] of all.entries()) {
        const rest = done(await h.events(client, `?after=${index}`));
        assert.deepEqual(rest.events, all.slice(i + 1));
        assert.equal(rest.next, rest.events.at(-1)?.index ?? index);
    }
});

test('receipts: rank, repeats, sixteen of them, the window of their time', async (t) => {
    const { service, client } = await start(t, { clock: true });
    const h = await deliver(client);
    const now = () => service.clock.now();
    const state = async () => done(await h.read(client)).state;
    const give = async (own, status = 201) => done(await h.receipt(client, own), status);

    for (const at of [now() - day - 60, now() + day + 60])
        assert.equal(problem(await h.receipt(client, { at }), 400, 'bad-request').member, 'at');

    const first = await give({ at: now() - day + 60, outcome: 'rejected' });
    assert.equal(await state(), 'rejected');
    await give({ at: now() - 2 * 3600 });
    assert.equal(await state(), 'confirmed', "among equals the log's order decides, not the time");
    await give({ at: now() + day - 60, outcome: 'rejected', claimant: h.claimant });
    assert.equal(await state(), 'rejected');
    await give({ at: now() + 2 });
    assert.equal(await state(), 'rejected', 'one without the claimant does not outrank one with');
    const again = await give({ at: now() - 100, claimant: h.claimant });
    assert.equal(await state(), 'confirmed', 'the claimant may change its word');
    assert.ok(again.event.index > first.event.index);

    for (let n = 5; n < 16; n++)
        await give({ at: now() - 1000 + n });
    problem(await h.receipt(client, { at: now() - 2000 }), 409, 'too-many-receipts');
    await give({ at: now() - 1000 + 7 }, 200);
    await checkTimeline(await h.log(client), h.id);
});

test('receipts are taken until 90 days after the claim', async (t) => {
    const { service, client } = await start(t, { clock: true });
    const h = await deliver(client);
    service.clock.advance(90 * day - 60);
    done(await h.receipt(client, { at: service.clock.now() }), 201);
    service.clock.advance(120);
    problem(await h.receipt(client, { at: service.clock.now() }), 410, 'delivered');
});

test('receipts: what is signed must be what is said', async (t) => {
    const { client } = await start(t);
    const h = await deliver(client);
    const details = '{"by":"Priya"}';
    const good = h.receiptBody({ details });
    const spoiled = {
        outcome: { ...good, outcome: 'rejected' },
        at: { ...good, at: good.at + 1 },
        details: { ...good, details: '{"by":"Mallory"}' },
        'no details': { ...good, details: undefined },
        signature: { ...good, signature: h.receiptBody({ details, at: good.at - 1 }).signature },
    };
    const events = await h.kinds(client);
    for (const [name, body] of Object.entries(spoiled))
        await t.test(name, async () => {
            problem(await client.call('POST', `${h.path}/receipts`, body), 403, 'bad-proof');
            assert.deepEqual(await h.kinds(client), events);
        });
    done(await client.call('POST', `${h.path}/receipts`, good), 201);
});
