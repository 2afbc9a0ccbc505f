// Goal: within 2 s of the burn no file of the data directory holds the envelope, its at-rest form or
// the claim token, whatever the size, with churn and busy readers; before it, the same search finds
// the at-rest form of each; and it finds what is planted.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { Search, atRest, emptied, traces } from '../support/fault/search.mjs';
import { startService } from '../support/service/service.mjs';

const sizes = [1, 200, 255, 256, 700, 1500, 3000, 4000, 4096, 6000, 9000, 20000, 40000];

// Reads and lists without a pause until told to stop.
async function keepReading(service, handoffs, signal) {
    const client = new Client(service);
    for (let i = 0; !signal.over; i++) {
        const h = handoffs[i % handoffs.length];
        done(await h.read(client));
        done(await h.events(client));
    }
    client.close();
}

test('nothing of what was burned is left in any file within 2 s', async (t) => {
    const service = await startService(t, { args: ['--log-level', 'error'] });
    const client = new Client(service);
    t.after(() => client.close());
    const signal = { over: false };
    const kept = [await sendHandoff(client), await sendHandoff(client)];
    const readers = [1, 2, 3].map(() => keepReading(service, kept, signal));
    t.after(() => (signal.over = true));

    for (let round = 0; round < 6; round++) {
        const batch = [];
        for (let i = 0; i < 60; i++) {
            const payload = randomBytes(sizes[(i * 7 + round) % sizes.length]);
            batch.push(await sendHandoff(client, { payload }));
        }
        const forms = atRest(service);
        const [search, before] = [new Search(), new Search()];
        for (const [i, h] of batch.entries()) {
            const form = forms.get(h.id.replaceAll('-', ''));
            before.add(`at-rest form ${i}`, form);
            search.add(`at-rest form ${i}`, form);
            for (const [what, bytes] of Object.entries(traces(h)))
                search.add(`${what} ${i}`, bytes);
        }
        assert.equal(before.run(service.data).size, batch.length, 'each is found before the burn');
        // In an order of its own, so that slots and pages are freed and used anew at random.
        for (const h of batch.sort(() => Math.random() - 0.5)) {
            const claimant = newClaimant();
            done(await h.claim(client, claimant));
            done(await h.opened(client, claimant));
        }
        await emptied(search, service.data, Date.now());
    }
    signal.over = true;
    await Promise.all(readers);
});

for (const how of ['revoked', 'burned on the claim'])
    test(`the same when it is ${how}`, async (t) => {
        const service = await startService(t);
        const client = new Client(service);
        t.after(() => client.close());
        const burn = how === 'revoked' ? 'on-opened' : 'on-claim';
        const h = await sendHandoff(client, { burn, payload: randomBytes(5000) });
        const search = new Search();
        search.add('at-rest form', [...atRest(service).values()][0]);
        for (const [what, bytes] of Object.entries(traces(h)))
            search.add(what, bytes);
        assert.deepEqual([...search.run(service.data)], ['at-rest form']);
        done(await (how === 'revoked' ? h.revoke(client) : h.claim(client, newClaimant())));
        await emptied(search, service.data, Date.now());
    });

test('the search finds each trace where it is planted', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const h = await sendHandoff(client, { payload: randomBytes(900) });
    for (const [what, bytes] of Object.entries(traces(h))) {
        const search = new Search();
        search.add(what, bytes);
        assert.equal(search.run(service.data).size, 0, what);
        const at = bytes.length > 200 ? bytes.subarray(100, 200) : bytes;
        writeFileSync(join(service.data, 'planted'), Buffer.concat([randomBytes(777), at]));
        assert.deepEqual([...search.run(service.data)], [what]);
        writeFileSync(join(service.data, 'planted'), '');
    }
});
