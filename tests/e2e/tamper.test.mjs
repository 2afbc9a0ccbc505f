// Goal: a database that was edited behind the service's back is found out, and the place is named: by
// handoffd check, which has the checkpoints that were kept in it, and by the audit commands, which have
// what they were shown before. An old copy of the data directory that is put back is found out by
// everyone who has seen more.

import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Tampered, handOff, makeAuditor, must } from '../support/log/auditor.mjs';
import { Person } from '../support/service/cli.mjs';
import { operate } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

async function check(data) {
    const { status, stdout } = await operate(['check', '--json', '--data', data]);
    return { status, words: JSON.parse(stdout).find(({ what }) => what === 'database').words };
}

// A service with a history, a sender and a team who made it, an auditor with an export of it.
async function made(t) {
    const service = await startService(t);
    const [sender, team] = [new Person(t, service.url), new Person(t, service.url)];
    const auditor = await makeAuditor(t, service);
    for (let i = 0; i < 5; i++)
        await handOff(sender, team, ['--label', `label ${i}`]);
    const old = join(auditor.dir, 'old');
    await must(0, auditor, ['audit', 'export', old]);
    await must(0, auditor, ['audit', 'verify']);
    await service.stop();
    assert.equal((await check(service.data)).status, 0);
    return { service, sender, team, auditor, old, db: new Tampered(service.data) };
}

// What is done to the database; what check says; what audit verify says, by itself and with an older
// export beside it.
const edits = {
    'an event was changed': {
        edit: (db) => db.put(9, db.line(9).replace('"late":false', '"late":true'), false),
        check: /event 9 of the log was changed/,
        verify: /EVENT 9 WAS CHANGED/,
    },
    'an event was changed together with its hash': {
        edit: (db) => db.put(9, db.line(9).replace('"late":false', '"late":true'), true),
        check: /the tree's hashes at event 9 of the log do not fit: an event up to there was changed/,
        verify: /THE LOG WAS REWRITTEN: its first \d+ events are not/,
        with: /EVENT 9 IS ANOTHER THAN IN THE OTHER COPY/,
    },
    'an event was removed': {
        edit: (db) => db.sql('DELETE FROM event WHERE n=4'),
        check: /event 4 of the log is missing/,
        verify: /EVENT 4 OF THE LOG IS MISSING/,
    },
    'two events changed places': {
        edit: (db) => db.swap(6, 7),
        check: /event 6 of the log: event 7 stands in its place/,
        verify: /EVENT 6 IS NOT IN ITS PLACE/,
    },
    'the tail was cut': {
        edit: (db) => db.cut(db.count() - 7),
        check: /the log was cut: it has \d+ events, and \d+ were signed/,
        verify: /THE SERVICE'S LOG (WENT BACK|WAS REWRITTEN)/,
    },
    'a checkpoint that was kept was changed': {
        edit: (db) => db.sql("UPDATE checkpoint SET note=replace(note, char(10), char(10) || '1')"),
        check: /the checkpoint that was kept at \d+ events is not signed by the log's key/,
    },
};

for (const [name, { edit, check: said, verify, with: beside }] of Object.entries(edits))
    test(name, async (t) => {
        const { service, auditor, old, db } = await made(t);
        edit(db);
        const found = await check(service.data);
        assert.equal(found.status, 1);
        assert.match(found.words, said);
        if (!verify)
            return;
        await service.start();
        assert.match((await must(7, auditor, ['audit', 'verify'])).err, verify);
        const { err } = await must(7, auditor, ['audit', 'verify', '--with', old]);
        assert.match(err, beside ?? verify);
        const again = await auditor.run(['audit', 'export', join(auditor.dir, 'new')]);
        assert.equal(again.status, 7, again.said);
        assert.ok(!existsSync(join(auditor.dir, 'new', 'checkpoint')), 'no export that looks whole');
        await must(7, auditor, ['audit', 'report', '--out', join(auditor.dir, 'report')]);
        assert.ok(!existsSync(join(auditor.dir, 'report')));
        await must(0, auditor, ['audit', 'verify', old]);
    });

const conflicts = (person) =>
    readdirSync(join(person.home, 'handoff', 'logs'))
        .map((name) => join(person.home, 'handoff', 'logs', name))
        .flatMap((dir) => readdirSync(dir).filter((name) => name.startsWith('conflict-')));

test('an old copy of the data directory is put back: who has seen more says so', async (t) => {
    const service = await startService(t);
    const [sender, team] = [new Person(t, service.url), new Person(t, service.url)];
    const auditor = await makeAuditor(t, service);
    await handOff(sender, team);
    await service.stop();
    const copy = join(service.dir, 'copy');
    cpSync(service.data, copy, { recursive: true });
    await service.start();
    for (let i = 0; i < 4; i++)
        await handOff(sender, team);
    await must(0, auditor, ['audit', 'verify']);
    await service.stop();
    rmSync(service.data, { recursive: true });
    cpSync(copy, service.data, { recursive: true });
    await service.start();

    // The service itself sees nothing wrong with it.
    assert.equal((await check(service.data)).status, 0);
    // What was asked for is done, and the alarm is raised beside it.
    const sent = await must(0, sender, ['send'], { stdin: 'secret' });
    assert.match(sent.out, /^http.*\/h\//);
    assert.match(sent.err, /THE SERVICE'S LOG WENT BACK: it has lost events that it signed/);
    const looked = await must(7, sender, ['status', /\/h\/([0-9a-f-]{36})/.exec(sent.out)[1]]);
    assert.match(looked.err, /WENT BACK/);
    const redeemed = await must(0, team, ['redeem', sent.out.trim()]);
    assert.equal(redeemed.out, 'password: secret\n');
    assert.match(redeemed.err, /WENT BACK/);
    const id = /\/h\/([0-9a-f-]{36})/.exec(sent.out)[1];
    assert.match((await must(7, team, ['confirm', id, '--as', 'Robin'])).err, /WENT BACK/);
    for (const args of [['checkpoint'], ['verify'], ['events'], ['export', join(auditor.dir, 'x')]])
        assert.match((await must(7, auditor, ['audit', ...args])).err, /WENT BACK/, args[0]);
    assert.ok(conflicts(auditor).length > 0, 'the contradicting checkpoint is kept');

    // Once it is as long as it was, it is another log, and its length does not hide it.
    const stranger = new Person(t, service.url);
    const stranger2 = new Person(t, service.url);
    for (let i = 0; i < 6; i++)
        await handOff(stranger, stranger2);
    assert.match((await must(7, auditor, ['audit', 'checkpoint'])).err, /LOG WAS REWRITTEN/);
    assert.match((await must(7, auditor, ['audit', 'verify'])).err, /LOG WAS REWRITTEN/);
});

test('a log of another key is not taken for the known one', async (t) => {
    const service = await startService(t);
    const auditor = await makeAuditor(t, service);
    await must(0, auditor, ['audit', 'checkpoint']);
    await service.stop();
    rmSync(join(service.data, 'log.key'));
    await assert.rejects(service.start(), /log.key is missing or not the key that signs this log/);
    const lost = ['key', 'rotate-log', '--lost', '--name', 'log.example', '--data', service.data];
    const { status, stdout } = await operate(lost);
    assert.equal(status, 0);
    assert.match(stdout, /^log\.example\+[0-9a-f]{8}\+/);
    await service.start();
    const { err } = await must(7, auditor, ['audit', 'checkpoint']);
    assert.match(err, /SIGNED BY A KEY THAT THE KNOWN ONE DID NOT APPOINT/);
    const last = JSON.parse(new Tampered(service.data).line(2));
    assert.deepEqual([last.kind, last.from, last.lost], ['log-key.rotated', '', true]);
});

test('a key that the known one appointed is followed, also over several', async (t) => {
    const service = await startService(t);
    const auditor = await makeAuditor(t, service);
    const before = (await must(0, auditor, ['audit', 'checkpoint'])).out;
    const name = before.split('\n')[0];
    for (const more of [[], [], ['--name', 'log.example']])
        assert.equal((await operate(['key', 'rotate-log', '--data', service.data, ...more])).status, 0);
    const { out } = await must(0, auditor, ['audit', 'checkpoint']);
    assert.equal(out.split('\n')[0], 'log.example');
    assert.notEqual(name, 'log.example');
    await must(0, auditor, ['audit', 'verify']);
    // A fixed bug: a checkpoint that had been asked for before came again with the old key's signature.
    const one = async () => (await fetch(`${service.url}/v1/audit/checkpoint?size=1`)).text();
    const [first, rotate] = [await one(), ['key', 'rotate-log', '--data', service.data]];
    assert.equal((await operate([...rotate, '--name', 'other.example'])).status, 0);
    assert.match(first, /^log\.example\n1\n/);
    assert.match(await one(), /^other\.example\n1\n/);
    const file = readFileSync(join(service.data, 'log.key'), 'utf8');
    assert.equal(file.split('\n').length, 2, 'the old seeds are gone');
    await service.restart();
    await must(0, auditor, ['audit', 'verify']);
    assert.equal((await check(service.data)).status, 0);
});
