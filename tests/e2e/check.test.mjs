// Goal: handoffd check finds what is wrong with a data directory, says what to do, changes nothing, and
// ends with status 1 for a fault; on a healthy one, running or not, it ends with 0.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { makePair } from '../support/service/certificates.mjs';
import { Client, deliver, sendHandoff } from '../support/http/http.mjs';
import { operate } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

async function check(data, more = [], options) {
    const args = ['check', '--json', '--data', data, ...more];
    const { status, stdout, stderr } = await operate(args, options);
    assert.equal(stderr, '');
    const found = JSON.parse(stdout);
    for (const finding of found) {
        assert.deepEqual(Object.keys(finding), ['what', 'found', 'words', 'todo']);
        assert.ok(['ok', 'warning', 'fault'].includes(finding.found));
        assert.ok(finding.words.length > 0);
        assert.equal(finding.todo === '', finding.found === 'ok', JSON.stringify(finding));
    }
    assert.equal(status, found.some((f) => f.found === 'fault') ? 1 : 0);
    return { status, of: (what) => found.find((f) => f.what === what), found };
}

const sql = (data, statement) => execFileSync('sqlite3', [join(data, 'handoff.db'), statement]);

// A data directory with a history, its service ended.
async function made(t, options) {
    const service = await startService(t, options);
    const client = new Client(service);
    t.after(() => client.close());
    await sendHandoff(client);
    for (let i = 0; i < 5; i++)
        await deliver(client, { label: `label ${i}` });
    return service;
}

test('a healthy directory, with the service and without', async (t) => {
    const service = await made(t);
    const beside = await check(service.data);
    assert.ok(beside.found.every(({ found }) => found === 'ok'), JSON.stringify(beside.found));
    assert.match(beside.of('database').words, /sound: \d+ events.*1 handoffs live/);
    await service.stop();
    const before = readFileSync(join(service.data, 'handoff.db'));
    const alone = await check(service.data);
    assert.equal(alone.of('service').found, 'warning');
    assert.equal(alone.status, 0);
    assert.ok(readFileSync(join(service.data, 'handoff.db')).equals(before), 'nothing was changed');
    const people = await operate(['check', '--data', service.data]);
    assert.match(people.stdout, /^ok +configuration +understood$/m);
    assert.match(people.stdout, /^warning +service .*\n +→ start it$/m);
});

test('each fault is found and named', async (t) => {
    const service = await made(t);
    await service.stop();
    const faults = {
        'an event was changed': [
            (dir) => sql(dir, "UPDATE event SET line=replace(line, '\"late\":false', '\"late\":true') WHERE n=4"),
            /event \d+ of the log was changed/,
        ],
        'an event is missing': [(dir) => sql(dir, 'DELETE FROM event WHERE n=3'), /event 3 of the log is missing/],
        'the tail is cut': [
            (dir) => sql(dir, 'DELETE FROM event WHERE n=(SELECT max(n) FROM event)'),
            /^the log was cut: it has \d+ events, and \d+ were signed/,
        ],
        'a handoff lives that is not counted': [
            (dir) => sql(dir, "UPDATE charge SET live=live+1 WHERE payer=x''"),
            /handoffs more or less than are counted/,
        ],
        'the file is damaged': [
            (dir) => {
                const file = join(dir, 'handoff.db');
                const bytes = readFileSync(file);
                bytes.fill(0x41, 4096 * 3, 4096 * 3 + 2000);
                writeFileSync(file, bytes);
            },
            /damaged|malformed|cannot be read/,
        ],
        'the key is readable': [(dir) => chmodSync(join(dir, 'master.key'), 0o644), /chmod 600/],
        'the key is another': [
            (dir) =>
                writeFileSync(join(dir, 'master.key'), `handoff-master-key-1 1 ${'A'.repeat(43)}\n`),
            /not the key that the database was made under/,
        ],
    };
    for (const [name, [spoil, words]] of Object.entries(faults)) {
        const dir = join(service.dir, name.replaceAll(' ', '-'));
        cpSync(service.data, dir, { recursive: true });
        chmodSync(dir, 0o700);
        chmodSync(join(dir, 'master.key'), 0o600);
        spoil(dir);
        const { status, of } = await check(dir);
        assert.equal(status, 1, name);
        assert.match(of('database').words, words, name);
    }
    const nowhere = await check(join(service.dir, 'nowhere'));
    assert.match(nowhere.of('directory').words, /not there/);
});

test('warnings: a clock behind the log, what is due, who may look', async (t) => {
    const service = await made(t, { clock: true });
    service.clock.advance(10 * 86400);
    const client = new Client(service);
    t.after(() => client.close());
    await sendHandoff(client, { expires_in: 60 });
    await service.stop();
    const behind = await check(service.data);
    assert.equal(behind.status, 0);
    assert.match(behind.of('clock').words, /the clock is 8\d{5} s behind/);
    service.clock.advance(3600);
    const due = await check(service.data, [], { env: service.clock.env });
    assert.match(due.of('due').words, /^2 handoffs are due/);
    chmodSync(service.data, 0o755);
    assert.equal((await check(service.data)).of('directory').found, 'warning');
});

test('the certificate: one that fits, one about to expire, one that does not fit', async (t) => {
    const service = await made(t);
    const [good, soon] = [makePair(service.dir, 'good'), makePair(service.dir, 'soon', 3)];
    const of = (cert, key) => check(service.data, ['--config', config(cert, key)]);
    const config = (cert, key) => {
        const path = join(service.dir, 'conf');
        writeFileSync(path, `tls-cert = "${cert}"\ntls-key = "${key}"\n`, { mode: 0o600 });
        return path;
    };
    assert.equal((await of(good.cert, good.key)).of('certificate').found, 'ok');
    const late = await of(soon.cert, soon.key);
    assert.match(late.of('certificate').words, /expires in [23] days/);
    assert.equal(late.of('certificate').found, 'warning');
    const wrong = await of(good.cert, soon.key);
    assert.match(wrong.of('certificate').words, /is not the key of the certificate/);
    assert.equal(wrong.status, 1);
});
