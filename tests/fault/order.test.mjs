// Goal: every answer that accepts a writing call is sent after the sync that covers it. A library,
// preloaded into the service, writes down the order; without the syncs, left out of the record or
// really switched off, the same check is red.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { answeredEvents, journaled, readJournal, writtenEvents } from '../support/fault/journal.mjs';
import { startService } from '../support/service/service.mjs';

// Takes handoffs through every writing call, several at a time; returns the record and how many
// calls were accepted for the first time.
async function record(t, mode) {
    const service = await startService(t);
    await service.stop();
    const path = join(service.dir, 'journal');
    await service.start({ env: journaled(path, service.data, mode) });
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
    const records = readJournal(path);
    const syncs = records.filter(({ kind, name }) => kind === 'E' && name.endsWith('-wal')).length;
    return { records, accepted, syncs };
}

// What is wrong with a record: the events whose answers were sent before they were written and a
// sync, begun after that, had ended.
function early(records) {
    const written = new Set();
    const synced = new Set();
    const begun = new Map();
    const answered = [];
    for (const record of records) {
        const { kind, at } = record;
        const log = record.name.endsWith('-wal');
        if (kind === 'W' && log)
            writtenEvents(record).forEach((n) => written.add(n));
        if (kind === 'B' && log)
            begun.set(at, [...written].filter((n) => !synced.has(n)));
        if (kind === 'E' && log)
            begun.get(at).forEach((n) => synced.add(n));
        if (kind === 'A')
            answeredEvents(record).forEach((n) => answered.push([n, synced.has(n)]));
    }
    return { answered, early: answered.filter(([, ok]) => !ok).map(([n]) => n) };
}

test('no answer before its sync', async (t) => {
    const { records, accepted, syncs } = await record(t);
    const result = early(records);
    assert.equal(result.answered.length, accepted, 'every accepted call was seen');
    assert.ok(syncs > 10);
    assert.deepEqual(result.early, []);
});

for (const mode of ['forget-syncs', 'unsynced'])
    test(`the check is red with ${mode}`, async (t) => {
        const { records, accepted } = await record(t, mode);
        const result = early(records);
        assert.equal(result.answered.length, accepted, 'every accepted call was seen');
        assert.equal(result.early.length, accepted, 'none of them is covered');
    });
