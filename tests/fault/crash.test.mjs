// Goal: after kill -9 under load, in several rounds on one data directory: every acknowledged create
// is there, nothing claimed is available again, acknowledged openings and receipts are in the log,
// and every leaf is the hash of its line, without a gap. A forged history turns the check red.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkTimeline, leafHash } from '../support/events.mjs';
import { Client, done, makeHandoff, newClaimant } from '../support/http.mjs';
import { operated } from '../support/operator.mjs';
import { poll, sleep, startService } from '../support/service.mjs';

const rounds = 5;
const workers = 12;

// What was sent and what was acknowledged, kept outside the service.
class History {
    entries = [];

    async call(entry, name, send, status) {
        entry.sent = name;
        const body = done(await send(), status);
        entry.acknowledged[name] = body;
        return body;
    }
}

// One client that takes handoffs through their life until the service dies under it.
async function work(service, history, seed) {
    const client = new Client(service);
    try {
        for (let i = seed; ; i++) {
            const h = await makeHandoff({ burn: i % 7 === 0 ? 'on-claim' : 'on-opened' });
            const claimant = newClaimant();
            const entry = { h, claimant, acknowledged: {} };
            history.entries.push(entry);
            await history.call(entry, 'create', () => h.put(client), 201);
            if (i % 5 === 0)
                continue;
            await history.call(entry, 'claim', () => h.claim(client, claimant), 200);
            if (i % 5 === 1)
                continue;
            await history.call(entry, 'opened', () => h.opened(client, claimant), 200);
            if (i % 5 === 2)
                continue;
            await history.call(entry, 'receipt', () => h.receipt(client, { claimant }), 201);
        }
    } catch (error) {
        if (error.code === 'ERR_ASSERTION')
            throw error;
    } finally {
        client.close();
    }
}

// What the log must hold of an entry, by what was acknowledged; an index only where it was told.
const promised = {
    create: 'handoff.created',
    claim: 'claim.accepted',
    opened: 'handoff.opened',
    receipt: 'receipt.confirmed',
};

async function checkEntry(entry, client) {
    const { h, acknowledged, sent } = entry;
    const read = await h.read(client);
    if (read.status === 404) {
        assert.ok(!acknowledged.create, `${h.id} was acknowledged and is gone`);
        return;
    }
    const { state } = done(read);
    const log = await h.log(client);
    for (const [name, { event }] of Object.entries(acknowledged)) {
        const found = log.find(({ index }) => index === event.index);
        assert.equal(found?.is.kind, promised[name], `${h.id}: the ${name} that was acknowledged`);
    }
    if (acknowledged.claim)
        assert.notEqual(state, 'available', `${h.id} is available again`);
    if (acknowledged.opened)
        assert.ok(['delivered', 'confirmed'].includes(state), `${h.id} is ${state}`);
    assert.ok(sent !== 'create' || state === 'available', `${h.id} is ${state} by itself`);
    const claims = log.filter(({ is }) => is.kind === 'claim.accepted');
    assert.ok(claims.length <= 1, `${h.id} was claimed twice`);
    const hidden = [
        ...(log.some(({ is }) => is.kind === 'handoff.opened') ? [] : ['opened_hash']),
        ...(log.some(({ is }) => is.kind.startsWith('receipt')) ? [] : ['receipt_key']),
    ];
    await checkTimeline(log, h.id, hidden);
}

// Repeating what was under way is safe and finishes it.
async function finishEntry(entry, client) {
    const { h, claimant } = entry;
    const under = entry.sent;
    entry.sent = 'opened';
    assert.ok([200, 201].includes((await h.put(client)).status), 'the create again');
    const claim = await h.claim(client, claimant);
    assert.ok(
        claim.status === 200 || (claim.status === 410 && under !== 'create'),
        `${under}: ${claim.text}`,
    );
    done(await h.opened(client, claimant));
}

// Every leaf, straight from the database; and the tree above them, as the operator's command sees it.
async function checkLog(service) {
    const query = 'SELECT n, lower(hex(substr(leaf, 1, 32))) leaf, line FROM event ORDER BY n';
    const file = join(service.data, 'handoff.db');
    const out = execFileSync('sqlite3', ['-readonly', '-json', file, query], {
        maxBuffer: 1 << 28,
    });
    const rows = JSON.parse(out);
    for (const [i, { n, line, leaf }] of rows.entries()) {
        assert.equal(n, i, 'no index is missing');
        assert.equal(JSON.parse(line).n, n);
        assert.equal(leaf, leafHash(line), `leaf ${n}`);
    }
    await operated(['check', '--data', service.data]);
    return rows.length;
}

test('kill -9 under load forgets nothing that was acknowledged', async (t) => {
    const service = await startService(t, { args: ['--log-level', 'error'] });
    const history = new History();
    let leaves = 0;
    for (let round = 0; round < rounds; round++) {
        const before = history.entries.length;
        const load = Array.from({ length: workers }, (_, i) => work(service, history, i));
        await poll('there is load', () => history.entries.length > before + 60);
        await sleep(50 + 70 * round);
        await service.kill();
        await Promise.all(load);
        await service.start();

        const client = new Client(service);
        const fresh = history.entries.slice(before);
        assert.ok(fresh.some(({ acknowledged }) => acknowledged.receipt), 'it went all the way');
        for (const entry of history.entries)
            await checkEntry(entry, client);
        for (const entry of fresh.slice(-2 * workers))
            await finishEntry(entry, client);
        client.close();
        const now = await checkLog(service);
        assert.ok(now > leaves, 'the log only grows');
        leaves = now;
    }
});

test('the check sees a create that was lost and a claim that was undone', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const lost = { h: await makeHandoff(), sent: 'create', acknowledged: {} };
    lost.acknowledged.create = { event: { index: 1 } };
    await assert.rejects(checkEntry(lost, client), /acknowledged and is gone/);
    const undone = { h: await makeHandoff(), acknowledged: {}, sent: 'claim' };
    undone.acknowledged.create = done(await undone.h.put(client), 201);
    undone.acknowledged.claim = { event: undone.acknowledged.create.event };
    await assert.rejects(checkEntry(undone, client), /the claim that was acknowledged/);
});
