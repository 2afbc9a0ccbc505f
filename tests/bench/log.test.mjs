// Goal: a log of a hundred thousand events that was written under load is accepted by an unrelated
// verifier: its checkpoint, its tree, inclusion and consistency; and each byte that is changed in it,
// or in a small one's whole, is refused. The proofs given while it grew hold too.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';

import { makeAuditor, must } from '../support/log/auditor.mjs';
import { handoffd, poll, scratch } from '../support/service/service.mjs';
import { accepted, buildSumdb } from '../support/log/sumdb.mjs';
import { load, start, unlimited } from './run/service.mjs';

const build = process.env.HANDOFF_BUILD;
const eventsEach = 4; // created, claimed, opened, burned
let sumdb;

before(() => {
    sumdb = buildSumdb(build);
});

// On the address that the load generator knows.
async function startService(t) {
    let service;
    const dir = scratch(t, () => service?.stop());
    const data = join(dir, 'data');
    service = await start(handoffd, ['--data', data, '--listen', '127.0.0.1:0', ...unlimited]);
    return { ...service, data };
}

const text = async (service, path) => {
    const answer = await fetch(`${service.url}/v1/audit/${path}`);
    assert.equal(answer.status, 200, path);
    return answer.text();
};

// Writes so many events through whole handoffs of 32 connections.
async function write(service, events) {
    const handoffs = Math.ceil(events / eventsEach);
    const result = await load(build, {
        port: service.port, connections: 32, threads: 2, handoffs, milliseconds: 600000,
    });
    assert.equal(result.wrong, 0, result.words);
    assert.ok(result.handoffs >= handoffs, JSON.stringify(result));
}

async function exported(auditor, name) {
    const dir = join(auditor.dir, name);
    await must(0, auditor, ['audit', 'export', dir]);
    return { dir, key: readFileSync(join(dir, 'key'), 'utf8').trim() };
}

test('a thousand events: each byte that is changed is refused', async (t) => {
    const service = await startService(t);
    const auditor = await makeAuditor(t, service);
    await write(service, 1000);
    const { dir, key } = await exported(auditor, 'log');
    accepted(sumdb(['tree', dir, key]));
    assert.match(accepted(sumdb(['flip', dir, key, 'all'])), /^refused all \d{6,} changes/);
    // The verifier can say no: to another key, and to a log that lacks an entry.
    const other = `${key.slice(0, -4)}AAAA`;
    assert.notEqual(sumdb(['tree', dir, other]).status, 0);
    const bundle = join(dir, 'tile', 'entries', '001');
    const bytes = readFileSync(bundle);
    writeFileSync(bundle, bytes.subarray(0, bytes.length - 1));
    assert.notEqual(sumdb(['tree', dir, key]).status, 0);
});

test('a hundred thousand, with proofs taken while they are written', async (t) => {
    const service = await startService(t);
    const auditor = await makeAuditor(t, service);
    const seen = [];
    let going = true;
    const watching = (async () => {
        while (going) {
            const note = await text(service, 'checkpoint');
            const size = Number(note.split('\n')[1]);
            const index = Math.floor(Math.random() * size);
            seen.push({ note, size, index, proof: await text(service, `proof/${index}?size=${size}`) });
        }
    })();
    await write(service, 100000);
    going = false;
    await watching;
    assert.ok(seen.length >= 10, `${seen.length} checkpoints were seen`);

    const { dir, key } = await exported(auditor, 'log');
    const size = Number(/size=(\d+)/.exec(accepted(sumdb(['tree', dir, key])))[1]);
    assert.ok(size >= 100000, `${size} events`);
    assert.match(accepted(sumdb(['flip', dir, key, '10000'])), /^refused all 10000 changes/);

    const newest = join(dir, 'checkpoint');
    const final = readFileSync(newest, 'utf8').split('\n')[1];
    const lines = readFileSync(join(dir, 'events.jsonl'), 'utf8').split('\n');
    const [old, leaf] = [join(auditor.dir, 'old'), join(auditor.dir, 'leaf')];
    for (const { note, size: then, index, proof } of seen.filter((_, i) => i % Math.ceil(seen.length / 40) === 0)) {
        writeFileSync(old, note);
        writeFileSync(leaf, lines[index]);
        accepted(sumdb(['proof', key, leaf], proof));
        const consistency = await text(service, `consistency?from=${then}&to=${final}`);
        accepted(sumdb(['consistency', key, old, newest], consistency));
        writeFileSync(leaf, lines[index].replace('"t":1', '"t":2'));
        assert.notEqual(sumdb(['proof', key, leaf], proof).status, 0, 'another line is refused');
        const other = JSON.parse(consistency);
        if (other.hashes.length > 0) {
            other.hashes[0] = Buffer.alloc(32, 1).toString('base64');
            assert.notEqual(sumdb(['consistency', key, old, newest], JSON.stringify(other)).status, 0);
        }
    }
    await must(0, auditor, ['audit', 'verify', dir]);

    // Interrupted, it goes on where it was, and says so.
    const logs = join(auditor.home, 'handoff', 'logs');
    const progress = join(logs, readdirSync(logs)[0], 'verifying');
    const killed = await auditor.run(['audit', 'verify'], {
        onStart: (pid) =>
            poll('it has come somewhere', () => existsSync(progress), 30000, 1)
                .then(() => process.kill(pid, 'SIGKILL')),
    });
    assert.equal(killed.status, 'SIGKILL');
    const resumed = await must(0, auditor, ['audit', 'verify']);
    assert.match(resumed.err, /Going on at event \d{4,}, where an earlier run was interrupted/);
    assert.ok(!existsSync(progress));
    assert.doesNotMatch((await must(0, auditor, ['audit', 'verify'])).err, /Going on/);
});
