// Goal: after kill -9 under load and while it starts, in many rounds on one data directory: every
// acknowledged create is there or was burned for a recorded cause, each envelope went to at most one
// claimant, nothing claimed is available again, acknowledged openings, revocations and receipts are
// in the log, and every leaf is the hash of its line, without a gap. Forged histories turn it red.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkTimeline, leafHash } from '../support/http/events.mjs';
import { Client, done, makeHandoff, newClaimant } from '../support/http/http.mjs';
import { operated } from '../support/service/operator.mjs';
import { poll, sleep, startService } from '../support/service/service.mjs';
import { amount, figure, randomFrom, seed } from '../support/run/torture.mjs';

const rounds = amount('crash', 5, 1);
const workers = 12;

// What was sent and what was acknowledged, kept outside the service.
class History {
    entries = [];
    requests = 0;

    async call(entry, name, send, status) {
        entry.sent = name;
        this.requests++;
        const body = done(await send(), status);
        entry.acknowledged[name] = body;
        return body;
    }

    // Several claimants at once, each of whom may be the one; where every answer is lost, any of
    // them. A connection that broke is told last, since another's answer counts all the same.
    async race(entry, clients) {
        entry.sent = 'claim';
        this.requests += clients.length;
        const claimants = clients.map(() => newClaimant());
        const tries = await Promise.allSettled(
            clients.map((client, i) => entry.h.claim(client, claimants[i])),
        );
        for (const [i, { value }] of tries.entries()) {
            if (value?.status === 200) {
                entry.served.push(claimants[i]);
                entry.acknowledged.claim = value.body;
            } else if (value) {
                assert.equal(value.status, 410, value.text);
            }
        }
        const broken = tries.find(({ reason }) => reason);
        const lost = claimants.filter((_, i) => tries[i].reason);
        entry.claimants = entry.served.length > 0 ? entry.served : lost;
        if (broken)
            throw broken.reason;
    }
}

// One client that takes handoffs through their life until the service dies under it.
async function work(service, history, seat) {
    const client = new Client(service);
    const rival = new Client(service);
    try {
        for (let i = seat; ; i++) {
            const h = await makeHandoff({ burn: i % 7 === 0 ? 'on-claim' : 'on-opened' });
            const entry = { h, served: [], acknowledged: {} };
            history.entries.push(entry);
            await history.call(entry, 'create', () => h.put(client), 201);
            if (i % 6 === 0)
                continue;
            if (i % 6 === 4) {
                await history.call(entry, 'revoke', () => h.revoke(client), 200);
                continue;
            }
            await history.race(entry, i % 3 === 0 ? [client, rival] : [client]);
            if (i % 6 === 1)
                continue;
            const [claimant] = entry.claimants;
            await history.call(entry, 'opened', () => h.opened(client, claimant), 200);
            if (i % 6 === 2)
                continue;
            await history.call(entry, 'receipt', () => h.receipt(client, { claimant }), 201);
        }
    } catch (error) {
        if (error.code === 'ERR_ASSERTION')
            throw error;
    } finally {
        client.close();
        rival.close();
    }
}

// What the log must hold of an entry, by what was acknowledged; an index only where it was told.
const promised = {
    create: 'handoff.created',
    claim: 'claim.accepted',
    opened: 'handoff.opened',
    receipt: 'receipt.confirmed',
    revoke: 'handoff.burned',
};

// Why the bytes of a handoff went that is in this state.
const causes = {
    claimed: ['on-claim'],
    lapsed: ['lapsed', 'on-claim'],
    delivered: ['opened', 'on-claim'],
    confirmed: ['opened', 'on-claim'],
    revoked: ['revoked'],
};

async function checkEntry(entry, client) {
    const { h, acknowledged, sent } = entry;
    const read = await h.read(client);
    if (read.status === 404) {
        assert.ok(!acknowledged.create, `${h.id} was acknowledged and is gone`);
        return;
    }
    const { state, burned } = done(read);
    const log = await h.log(client);
    assert.ok(entry.served.length <= 1, `${h.id} went to ${entry.served.length} claimants`);
    const burns = log.filter(({ is }) => is.kind === 'handoff.burned').map(({ is }) => is.cause);
    assert.equal(burns.length, burned ? 1 : 0, `${h.id} is ${state}: burned by ${burns}`);
    assert.ok(!burned || causes[state].includes(burns[0]), `${h.id} is ${state}: burned by ${burns}`);
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

// Repeating what was under way is safe and finishes it. Of several who may have been served, one was.
async function finishEntry(entry, client) {
    const { h } = entry;
    const under = entry.sent;
    entry.sent = 'opened';
    assert.ok([200, 201].includes((await h.put(client)).status), 'the create again');
    if (under === 'revoke') {
        done(await h.revoke(client));
        return;
    }
    let opened;
    for (const claimant of entry.claimants ?? [newClaimant()]) {
        const claim = await h.claim(client, claimant);
        assert.ok(
            claim.status === 200 || (claim.status === 410 && under !== 'create'),
            `${under}: ${claim.text}`,
        );
        opened = await h.opened(client, claimant);
        if (opened.status === 200)
            break;
    }
    done(opened);
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

// Starts it, and ends it while it does so, before it starts for good.
async function startRestlessly(service, random, count) {
    for (let i = 0; i < count; i++) {
        const starting = service.start().catch(() => {});
        await sleep(random(60));
        await service.kill();
        await starting;
    }
    await service.start();
}

test('kill -9 under load forgets nothing that was acknowledged', async (t) => {
    t.diagnostic(`HANDOFF_SEED=${seed}`);
    const random = randomFrom(seed);
    const service = await startService(t, { args: ['--log-level', 'error'] });
    const history = new History();
    let [leaves, kills, checked] = [0, 0, 0];
    const inspect = async (entries) => {
        const client = new Client(service);
        for (const entry of entries)
            await checkEntry(entry, client);
        checked += entries.length;
        client.close();
    };
    for (let round = 0; round < rounds; round++) {
        const before = history.entries.length;
        const load = Array.from({ length: workers }, (_, i) => work(service, history, i));
        await poll('there is load', () => history.entries.length > before + 60);
        await sleep(random(300));
        await service.kill();
        await Promise.all(load);
        const restless = round % 3 === 2 ? 1 + random(3) : 0;
        await startRestlessly(service, random, restless);
        kills += 1 + restless;

        // All that is new; of what is old some, in the end all.
        const fresh = history.entries.slice(before);
        const old = Array.from({ length: Math.min(before, 40) }, () => history.entries[random(before)]);
        assert.ok(fresh.some(({ acknowledged }) => acknowledged.receipt), 'it went all the way');
        await inspect([...fresh, ...old]);
        const client = new Client(service);
        for (const entry of fresh.slice(-2 * workers))
            await finishEntry(entry, client);
        client.close();
        if (round % 10 === 0 || round === rounds - 1) {
            const now = await checkLog(service);
            assert.ok(now > leaves, 'the log only grows');
            leaves = now;
        }
    }
    await inspect(history.entries);
    figure('crash', 'rounds', rounds);
    figure('crash', 'kills', kills);
    figure('crash', 'requests under way or answered', history.requests);
    figure('crash', 'handoffs', history.entries.length);
    figure('crash', 'histories checked', checked);
    figure('crash', 'events in the log', leaves);
});

test('the check sees a create that was lost, a claim that was undone, and two that were served', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const lost = { h: await makeHandoff(), sent: 'create', served: [], acknowledged: {} };
    lost.acknowledged.create = { event: { index: 1 } };
    await assert.rejects(checkEntry(lost, client), /acknowledged and is gone/);
    const undone = { h: await makeHandoff(), served: [], acknowledged: {}, sent: 'claim' };
    undone.acknowledged.create = done(await undone.h.put(client), 201);
    undone.acknowledged.claim = { event: undone.acknowledged.create.event };
    await assert.rejects(checkEntry(undone, client), /the claim that was acknowledged/);
    const twice = { h: undone.h, served: ['one', 'another'], acknowledged: {}, sent: 'claim' };
    await assert.rejects(checkEntry(twice, client), /went to 2 claimants/);
});
