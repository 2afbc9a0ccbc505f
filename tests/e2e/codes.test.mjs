// Goal: wrong codes are counted, limited and told to the sender, but only from who proved the link;
// refusals are alarms, the first ten singly and later ones with a count; restarts forget nothing.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { checkTimeline } from '../support/http/events.mjs';
import {
    Client,
    b64u,
    done,
    makeHandoff,
    newClaimant,
    problem,
    sendHandoff,
} from '../support/http/http.mjs';
import { poll, startService } from '../support/service/service.mjs';

const code = 'ABCD-2345';

async function start(t) {
    const service = await startService(t, { clock: true });
    const clients = new Map();
    t.after(() => clients.forEach((client) => client.close()));
    // A client that comes from 127.0.0.N.
    const from = (n) => {
        const localAddress = `127.0.0.${n}`;
        if (!clients.has(n))
            clients.set(n, new Client(service, { localAddress }));
        return clients.get(n);
    };
    return { service, from, client: from(1) };
}

const body = (h, own = {}) => ({
    token: h.token,
    claimant: newClaimant(),
    link_token: b64u(h.keys.linkToken),
    ...own,
});
const claim = (h, client, own) => client.call('POST', `${h.path}/claim`, body(h, own));
const wrong = (h, client) => claim(h, client, { token: b64u(randomBytes(32)) });
const sumOf = (log, kind) =>
    log.filter(({ is }) => is.kind === kind).reduce((sum, { is }) => sum + is.count, 0);

test('the right code opens; the link alone, the code alone and neither do not', async (t) => {
    const { client } = await start(t);
    const h = await sendHandoff(client, { code });
    assert.equal(done(await h.read(client)).code, true);
    const withoutCode = (await makeHandoff({ id: h.id, key: h.made.key })).keys;
    assert.equal(
        problem(await claim(h, client, { token: b64u(withoutCode.claimToken) }), 403, 'wrong-code')
            .tries_left,
        4,
    );
    problem(await claim(h, client, { link_token: undefined }), 403, 'wrong-token');
    problem(await claim(h, client, { link_token: newClaimant() }), 403, 'wrong-token');
    problem(
        await claim(h, client, { token: newClaimant(), link_token: newClaimant() }),
        403,
        'wrong-token',
    );
    assert.equal(done(await claim(h, client)).envelope, h.body.envelope);
    const log = await h.log(client);
    await checkTimeline(log, h.id, ['opened_hash', 'receipt_key']);
    assert.deepEqual(
        log.map(({ is }) => is.kind),
        ['handoff.created', 'claim.wrong-code', 'claim.accepted'],
        'a stranger without the link makes no event',
    );
});

test('a code that was never registered is no code: a link token is refused', async (t) => {
    const { client } = await start(t);
    const h = await sendHandoff(client);
    const reply = await claim(
        { ...h, token: h.token, path: h.path, keys: { linkToken: randomBytes(32) } },
        client,
    );
    problem(reply, 403, 'wrong-token');
    done(await h.claim(client, newClaimant()));
});

test('five per address, then one per five minutes, also for the right code', async (t) => {
    const { service, from, client } = await start(t);
    const h = await sendHandoff(client, { code });
    for (let left = 4; left >= 0; left--)
        assert.equal(problem(await wrong(h, from(2)), 403, 'wrong-code').tries_left, left);
    const locked = await wrong(h, from(2));
    const { retry_after: wait } = problem(locked, 429, 'too-many-tries');
    assert.ok(wait > 290 && wait <= 300, `retry_after ${wait}`);
    assert.equal(locked.headers['retry-after'], String(wait));
    problem(await claim(h, from(2)), 429, 'too-many-tries');

    await service.restart();
    problem(await claim(h, from(2)), 429, 'too-many-tries');
    assert.equal(problem(await wrong(h, from(3)), 403, 'wrong-code').tries_left, 4);
    service.clock.advance(301);
    assert.equal(problem(await wrong(h, from(2)), 403, 'wrong-code').tries_left, 0);
    problem(await claim(h, from(2)), 429, 'too-many-tries');
    service.clock.advance(301);
    assert.equal(done(await claim(h, from(2))).envelope, h.body.envelope);
});

test('twenty in all lock the handoff for every address; strangers cannot', async (t) => {
    const { service, from, client } = await start(t);
    const h = await sendHandoff(client, { code });
    for (let i = 0; i < 40; i++)
        problem(await claim(h, from(9), { link_token: newClaimant() }), 403, 'wrong-token');
    for (let i = 0; i < 20; i++)
        problem(await wrong(h, from(10 + Math.floor(i / 5))), 403, 'wrong-code');
    problem(await claim(h, from(60)), 429, 'too-many-tries');
    await service.restart();
    problem(await claim(h, from(61)), 429, 'too-many-tries');
    service.clock.advance(301);
    problem(await wrong(h, from(62)), 403, 'wrong-code');
    problem(await claim(h, from(63)), 429, 'too-many-tries');
    service.clock.advance(301);
    done(await claim(h, from(64)));
    const log = await poll('late counts are written', async () => {
        const seen = await h.log(client);
        return sumOf(seen, 'claim.wrong-code') === 21 ? seen : null;
    });
    await checkTimeline(log, h.id, ['opened_hash', 'receipt_key']);
    const tries = log.filter(({ is }) => is.kind === 'claim.wrong-code');
    assert.ok(tries.length < 21, 'later ones are coalesced');
    assert.deepEqual(tries.slice(0, 10).map(({ is }) => is.count), Array(10).fill(1));
});

test('refused claims: ten singly, then coalesced after a window, none forgotten', async (t) => {
    const { service, from, client } = await start(t);
    const h = await sendHandoff(client);
    const claimant = newClaimant();
    done(await h.claim(client, claimant));
    const refuse = async (n) => {
        for (let i = 0; i < n; i++)
            problem(await h.claim(from(20 + i), newClaimant()), 410, 'taken');
    };
    const refusals = async () =>
        (await h.log(client)).filter(({ is }) => is.kind === 'claim.refused');
    await refuse(25);
    assert.equal((await refusals()).length, 10);
    service.clock.advance(11);
    await poll('the fifteen are written', async () => (await refusals()).length === 11);
    assert.equal((await refusals()).at(-1).is.count, 15);
    assert.deepEqual((await refusals()).at(-1).is.details, {}, 'no address for many');
    assert.equal((await refusals())[3].details.address.value, '127.0.0.23');

    await refuse(3);
    service.clock.advance(11);
    problem(await h.claim(client, newClaimant()), 410, 'taken');
    assert.equal((await refusals()).length, 11, 'the second window is twice as long');
    await service.restart();
    service.clock.advance(11);
    await poll('the next are written', async () => (await refusals()).length === 12);
    assert.equal(sumOf(await h.log(client), 'claim.refused'), 29);
    await checkTimeline(await h.log(client), h.id, ['opened_hash', 'receipt_key']);
});

test('a claim after a confirmation is an alarm too', async (t) => {
    const { service, client } = await start(t);
    const h = await sendHandoff(client);
    const claimant = newClaimant();
    done(await h.claim(client, claimant));
    done(await h.opened(client, claimant));
    done(await h.receipt(client, { at: service.clock.now(), claimant }), 201);
    problem(await h.claim(client, newClaimant()), 410, 'delivered');
    problem(await h.claim(client, claimant), 410, 'delivered');
    const last = (await h.log(client)).slice(-2).map(({ is }) => [is.kind, is.state, is.claimant]);
    assert.deepEqual(last, [
        ['claim.refused', 'confirmed', false],
        ['claim.refused', 'confirmed', true],
    ]);
});
