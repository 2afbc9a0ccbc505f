// Goal: however the wall clock is stepped, forth and back by hours and years, under load and across a
// restart, nothing that was taken or burned becomes available, the log's times never fall, waits end,
// and the service ends when it is told to.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { operated } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';
import { amount, figure, randomFrom, seed } from '../support/run/torture.mjs';

const hour = 3600;

// How far each state is on the way: a handoff never goes back to a smaller number.
const rank = { available: 0, claimed: 1, lapsed: 2, delivered: 3, confirmed: 4, rejected: 4, expired: 5, revoked: 5 };

// Takes each as far as its number says; those that time stops on the way stay where they are.
async function bring(client, i) {
    const h = await sendHandoff(client, { expires_in: 30 * 86400, lease: 86400 });
    const claimant = newClaimant();
    if (i % 5 === 1)
        done(await h.revoke(client));
    if (i % 5 > 1)
        done(await h.claim(client, claimant));
    if (i % 5 > 2)
        done(await h.opened(client, claimant));
    if (i % 5 > 3)
        done(await h.receipt(client, { claimant, at: done(await h.read(client)).changed_at }), 201);
    return { h, claimant, rank: 0, burned: false };
}

// No handoff has gone back, and none that was burned has bytes again.
async function checkAll(all, client) {
    for (const one of all) {
        const { state, burned } = done(await one.h.read(client));
        assert.ok(rank[state] >= one.rank, `${one.h.id} went back to ${state}`);
        assert.ok(burned || !one.burned, `${one.h.id} has its bytes again`);
        Object.assign(one, { rank: rank[state], burned });
        if (state !== 'available') {
            const stranger = await one.h.claim(client, newClaimant());
            assert.equal(stranger.status, 410, `${one.h.id} is ${state}, and was handed to a stranger`);
        }
    }
}

function timesOf(data) {
    const out = execFileSync('sqlite3', ['-readonly', join(data, 'handoff.db'), 'SELECT time FROM event ORDER BY n'],
        { encoding: 'utf8', maxBuffer: 1 << 28 });
    return out.trim().split('\n').map(Number);
}

function onlyRises(times) {
    for (const [i, time] of times.entries())
        assert.ok(i === 0 || time >= times[i - 1], `event ${i} is of ${time}, before ${times[i - 1]}`);
}

test('steps forth and back, under load and across restarts', async (t) => {
    t.diagnostic(`HANDOFF_SEED=${seed}`);
    const random = randomFrom(seed);
    const service = await startService(t, { clock: true, args: ['--log-level', 'error'] });
    const client = new Client(service);
    t.after(() => client.close());
    const all = [];
    const steps = amount('time', 24, 1);
    let moved = 0;
    for (let i = 0; i < steps; i++) {
        const making = Promise.all(Array.from({ length: 5 }, (_, k) => bring(client, k)));
        // Within the leases of a day at most, so that what is taken can be seen to stay so.
        const step = (random(9) - 4) * hour;
        service.clock.advance(step);
        moved += Math.abs(step);
        all.push(...(await making));
        await checkAll(all.slice(-40), client);
        if (i % 8 === 7)
            await service.restart();
    }
    service.clock.advance(-20 * 365 * 24 * hour);
    await checkAll(all, client);
    await service.restart();
    await checkAll(all, client);
    onlyRises(timesOf(service.data));
    await service.stop();
    await operated(['check', '--data', service.data]);
    figure('time', 'steps of the clock', steps);
    figure('time', 'hours moved', moved / hour);
    figure('time', 'handoffs watched', all.length);
});

// What a mistaken clock costs: what it made due is due, since nobody can tell it from the truth. Then
// the service's time stands still until the clock has caught up: what is handed over meanwhile can be
// taken and confirmed as ever, and lives longer than it was to, never shorter.
test('a clock that was years ahead for a while', async (t) => {
    const service = await startService(t, { clock: true });
    const client = new Client(service);
    t.after(() => client.close());
    const before = await sendHandoff(client);
    service.clock.advance(3 * 365 * 24 * hour);
    assert.equal((await before.claim(client, newClaimant())).body.code, 'expired');
    service.clock.advance(-3 * 365 * 24 * hour);
    assert.equal((await before.claim(client, newClaimant())).body.code, 'expired', 'burned stays burned');
    const after = await sendHandoff(client);
    const { created_at: created, expires_at: expires } = done(await after.read(client));
    assert.equal(expires - created, 7 * 24 * hour);
    const claimant = newClaimant();
    done(await after.claim(client, claimant));
    done(await after.opened(client, claimant));
    await service.restart();
    assert.equal(done(await after.read(client)).state, 'delivered');
    onlyRises(timesOf(service.data));
});

for (const step of [-5 * hour, 5 * hour])
    test(`waits end when the clock is stepped by ${step} s`, async (t) => {
        const service = await startService(t, { clock: true });
        const client = new Client(service);
        t.after(() => client.close());
        const h = await sendHandoff(client);
        const { next } = done(await h.events(client));
        const waiting = h.events(client, `?after=${next}&wait=2`);
        const woken = h.events(new Client(service), `?after=${next}&wait=60`);
        service.clock.advance(step);
        assert.deepEqual(done(await waiting).events, [], 'it ends in its own time');
        done(await h.revoke(client));
        assert.ok(done(await woken).events.length > 0, 'who waits is woken');
        const held = h.events(client, '?after=99&wait=60').catch(() => {});
        service.clock.advance(-step);
        await service.stop(); // within its usual time, or the test fails
        await held;
    });

test('times that fall are seen', () => {
    assert.throws(() => onlyRises([1, 2, 2, 1]), /event 3/);
});
