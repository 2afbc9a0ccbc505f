// Goal: each 2xx to a writing call is sent after the sync of the write-ahead log that covers its
// event, under load. A preloaded recorder shows the order; with the syncs left out the check is red.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, newClaimant, sendHandoff } from '../support/http.mjs';
import { build, startService } from '../support/service.mjs';

const recorder = join(build, 'tests', 'fault', 'recorder.so');
const parties = 8;
const rounds = 10;

// A whole life, or one that is revoked; how many answers named an event.
async function live(client, revoked) {
    const h = await sendHandoff(client);
    if (revoked) {
        done(await h.revoke(client));
        return 2;
    }
    const claimant = newClaimant();
    done(await h.claim(client, claimant));
    done(await h.opened(client, claimant));
    done(await h.receipt(client, { claimant }), 201);
    return 4;
}

// Runs the load; gives what was recorded, by the line, and the number of answers.
async function recorded(t, env = {}) {
    const end = [];
    const service = await startService({ after: (f) => end.push(f) }, {});
    const log = join(service.dir, 'order.log');
    await service.stop();
    await service.start({ env: { LD_PRELOAD: recorder, RECORDER_LOG: log, ...env } });
    const counts = await Promise.all(
        Array.from({ length: parties }, async (_, party) => {
            const client = new Client(service);
            let count = 0;
            for (let i = 0; i < rounds; i++)
                count += await live(client, (party + i) % 4 === 0);
            client.close();
            return count;
        }),
    );
    await service.stop();
    const lines = readFileSync(log, 'latin1').trim().split('\n');
    for (const f of end.reverse())
        await f();
    return { lines, answers: counts.reduce((a, b) => a + b) };
}

// For each answer that names an event: was the event written, and the log synced after that?
function judge(lines) {
    const written = new Map();
    let lastSync = -1;
    const result = { good: 0, early: 0 };
    lines.forEach((line, at) => {
        const [kind, ...numbers] = line.split(' ');
        if (kind === 'W') {
            for (const n of numbers)
                if (!written.has(n))
                    written.set(n, at);
        } else if (kind === 'S') {
            lastSync = at;
        } else {
            const when = written.get(numbers[0]);
            const covered = when !== undefined && lastSync > when;
            result[covered ? 'good' : 'early']++;
        }
    });
    return result;
}

test('every answer comes after the sync that covers it', async (t) => {
    const { lines, answers } = await recorded(t);
    const { good, early } = judge(lines);
    assert.equal(early, 0, `${early} answers were sent before their event was synced`);
    assert.equal(good, answers, 'each answer was seen by the recorder');
    t.diagnostic(`${good} answers, ${lines.filter((l) => l === 'S').length} syncs`);
});

test('the control: without the syncs the same check is red', async (t) => {
    const { lines, answers } = await recorded(t, { RECORDER_DROP_SYNCS: '1' });
    const { good, early } = judge(lines);
    assert.equal(good, 0);
    assert.equal(early, answers);
});
