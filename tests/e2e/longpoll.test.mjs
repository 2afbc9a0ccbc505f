// Goal: who waits for events is woken by each kind of call, answered when the time is over, held
// without a thread, and answered when the service ends.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';

import { Client, done, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { poll, sleep, startService } from '../support/service/service.mjs';

async function start(t, options) {
    const service = await startService(t, options);
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

// A wait from the last event on; tells whether it is still held.
async function waiting(h, client, seconds = 30) {
    const { next } = done(await h.events(client));
    const wait = { over: false };
    wait.reply = h.events(client, `?after=${next}&wait=${seconds}`).finally(() => (wait.over = true));
    await sleep(150);
    assert.ok(!wait.over, 'it is held');
    return wait;
}

async function wokenWith(wait, ...kinds) {
    const started = Date.now();
    const body = done(await wait.reply);
    assert.ok(Date.now() - started < 5000, 'it is woken at once');
    assert.deepEqual(
        body.events.map(({ line }) => JSON.parse(line).kind),
        kinds,
    );
    return body;
}

test('each call wakes who waits, with its events', async (t) => {
    const { client } = await start(t);
    const h = await sendHandoff(client, { lease: 60 });
    const claimant = newClaimant();

    let wait = await waiting(h, client);
    done(await h.claim(client, claimant));
    assert.equal((await wokenWith(wait, 'claim.accepted')).state, 'claimed');

    wait = await waiting(h, client);
    problem(await h.claim(client, newClaimant()), 410, 'taken');
    await wokenWith(wait, 'claim.refused');

    wait = await waiting(h, client);
    done(await h.opened(client, claimant));
    assert.equal((await wokenWith(wait, 'handoff.opened', 'handoff.burned')).state, 'delivered');

    wait = await waiting(h, client);
    done(await h.receipt(client, { claimant }), 201);
    const last = await wokenWith(wait, 'receipt.confirmed');
    assert.equal(last.state, 'confirmed');

    const other = await sendHandoff(client);
    wait = await waiting(other, client);
    done(await other.revoke(client));
    await wokenWith(wait, 'handoff.burned');
});

test('time wakes too: a lease that ends', async (t) => {
    const { service, client } = await start(t, { clock: true });
    const h = await sendHandoff(client, { lease: 60 });
    done(await h.claim(client, newClaimant()));
    const wait = await waiting(h, client);
    service.clock.advance(61);
    await wokenWith(wait, 'handoff.lapsed', 'handoff.burned');
});

test('what is there already is answered at once; nothing within the time is no events', async (t) => {
    const { client } = await start(t);
    const h = await sendHandoff(client);
    assert.equal(done(await h.events(client, '?wait=30')).events.length, 1);
    const { next } = done(await h.events(client));
    const started = Date.now();
    const body = done(await h.events(client, `?after=${next}&wait=1`));
    const ms = Date.now() - started;
    assert.deepEqual([body.events, body.next], [[], next]);
    assert.ok(ms >= 900 && ms < 6000, `answered after ${ms} ms`);
});

test("another handoff's events wake nobody", async (t) => {
    const { client } = await start(t);
    const h = await sendHandoff(client);
    const wait = await waiting(h, client, 2);
    for (let i = 0; i < 5; i++)
        await sendHandoff(client);
    await sleep(200);
    assert.ok(!wait.over);
    assert.deepEqual(done(await wait.reply).events, []);
});

test('five hundred are held with few threads, and all are woken', async (t) => {
    const { service, client } = await start(t);
    const h = await sendHandoff(client);
    const threads = () => readdirSync(`/proc/${service.pid}/task`).length;
    const before = threads();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 600 });
    const many = new Client(service, { agent });
    t.after(() => many.close());
    const { next } = done(await h.events(client));
    let over = 0;
    const waits = Array.from({ length: 500 }, () =>
        h.events(many, `?after=${next}&wait=60`).finally(() => over++),
    );
    await poll('all are connected', () => service.connections() > 500);
    for (let i = 0; i < 20; i++)
        done(await client.call('GET', '/livez'));
    assert.equal(over, 0, 'all are held');
    assert.ok(threads() <= before + 2 && threads() < 32, `${threads()} threads`);
    done(await h.claim(client, newClaimant()));
    for (const reply of await Promise.all(waits))
        assert.equal(done(reply).events.length, 1);
});

test('one that hangs up is let go', async (t) => {
    const { service, client } = await start(t);
    const h = await sendHandoff(client);
    const { next } = done(await h.events(client));
    const brief = new Client(service);
    const wait = h.events(brief, `?after=${next}&wait=2`);
    wait.catch(() => {});
    await sleep(150);
    brief.close();
    const started = Date.now();
    await assert.rejects(wait);
    done(await h.claim(client, newClaimant()));
    assert.ok(Date.now() - started < 5000);
    await poll('its socket is closed', () => service.connections() === 1);
});

test('SIGTERM answers those who wait, and the service ends with status 0', async (t) => {
    const { service, client } = await start(t);
    const h = await sendHandoff(client);
    const { next } = done(await h.events(client));
    const waits = Array.from({ length: 20 }, () => h.events(client, `?after=${next}&wait=60`));
    await sleep(300);
    const started = Date.now();
    const stopped = service.stop();
    for (const wait of waits) {
        const reply = await wait;
        assert.ok([200, 503].includes(reply.status), `${reply.status} ${reply.text}`);
    }
    await stopped;
    assert.ok(Date.now() - started < 10000);
});
