// Goal: every answer that accepts a writing call is sent after the sync that covers it. A recorder,
// preloaded into the service, writes down the order; without the syncs, left out of the record or
// really switched off, the same check is red.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, newClaimant, sendHandoff } from '../support/http.mjs';
import { build, startService } from '../support/service.mjs';

const recorder = join(build, 'tests', 'fault', 'recorder.so');

// Takes handoffs through every writing call, several at a time; returns the record and how many
// calls were accepted for the first time.
async function record(t, mode = '') {
    const service = await startService(t);
    await service.stop();
    const log = join(service.dir, 'order');
    await service.start({
        env: { LD_PRELOAD: recorder, RECORDER_LOG: log, RECORDER_MODE: mode },
    });
    let accepted = 0;
    const count = (reply, status) => {
        accepted++;
        return done(reply, status);
    };
    const live = async () => {
        const client = new Client(service);
        for (let i = 0; i < 12; i++) {
            const h = await sendHandoff(client, { burn: i % 3 === 0 ? 'on-claim' : 'on-opened' });
            accepted++;
            const claimant = newClaimant();
            if (i % 4 === 3) {
                count(await h.revoke(client));
                continue;
            }
            count(await h.claim(client, claimant));
            count(await h.opened(client, claimant));
            count(await h.receipt(client, { claimant }), 201);
        }
        client.close();
    };
    await Promise.all(Array.from({ length: 16 }, live));
    await service.stop();
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    return { lines, accepted };
}

// What is wrong with a record: the events whose answers were sent before they were written and a
// sync, begun after that, had ended.
function early(lines) {
    const written = new Map();
    const synced = new Set();
    let begun = [];
    const answered = [];
    for (const line of lines) {
        const [kind, n] = line.split(' ');
        if (kind === 'W' && !written.has(n))
            written.set(n, false);
        if (kind === 'B')
            begun = [...written.keys()].filter((key) => !synced.has(key));
        if (kind === 'S')
            begun.forEach((key) => synced.add(key));
        if (kind === 'A')
            answered.push([n, synced.has(n)]);
    }
    return { answered, early: answered.filter(([, ok]) => !ok).map(([n]) => n) };
}

test('no answer before its sync', async (t) => {
    const { lines, accepted } = await record(t);
    const result = early(lines);
    assert.equal(result.answered.length, accepted, 'every accepted call was seen');
    assert.ok(lines.filter((line) => line === 'S').length > 10);
    assert.deepEqual(result.early, []);
});

for (const mode of ['forget-syncs', 'unsynced'])
    test(`the check is red with ${mode}`, async (t) => {
        const { lines, accepted } = await record(t, mode);
        const result = early(lines);
        assert.equal(result.answered.length, accepted, 'every accepted call was seen');
        assert.equal(result.early.length, accepted, 'none of them is covered');
    });
