// Goal: the log's key through its life: replaced, lost, missing for a while, restored with a backup; and
// the command line's side of it: a key that was named, one that is another's.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { handOff, makeAuditor, must } from '../support/log/auditor.mjs';
import { Person } from '../support/service/cli.mjs';
import { operate, operated } from '../support/service/operator.mjs';
import { poll, startService } from '../support/service/service.mjs';

async function check(data, args = []) {
    const { status, stdout } = await operate(['check', '--json', '--data', data, ...args]);
    const found = JSON.parse(stdout);
    return { status, of: (what) => found.find((f) => f.what === what) };
}

const rotate = (service, ...more) => operated(['key', 'rotate-log', '--data', service.data, ...more]);

async function made(t) {
    const service = await startService(t);
    const [sender, team] = [new Person(t, service.url), new Person(t, service.url)];
    const auditor = await makeAuditor(t, service);
    await handOff(sender, team);
    await must(0, auditor, ['audit', 'checkpoint']);
    return { service, sender, team, auditor };
}

test('a backup from after a replacement is restored, with its log.key', async (t) => {
    const { service, sender, team } = await made(t);
    await rotate(service);
    await handOff(sender, team);
    await service.restart(); // and so a checkpoint is kept that the new key has signed
    const backup = join(service.dir, 'backup');
    await operated(['backup', backup, '--data', service.data]);
    await service.stop();
    const data = join(service.dir, 'restored');
    mkdirSync(data, { mode: 0o700 });
    await operated(['restore', backup, '--data', data]);
    for (const key of ['master.key', 'log.key'])
        copyFileSync(join(service.data, key), join(data, key));
    assert.equal((await check(data)).status, 0);
    service.data = data;
    await service.start();
    assert.equal((await check(data)).status, 0);
});

test('after a key was lost, what it had signed is still held against the log', async (t) => {
    const { service } = await made(t);
    await service.stop();
    renameSync(join(service.data, 'log.key'), join(service.dir, 'away'));
    const without = await check(service.data);
    assert.equal(without.status, 1);
    assert.match(without.of('log key').words, /missing, or not the key that signs this log/);
    await rotate(service, '--lost', '--name', 'log.example');
    const { status, of } = await check(service.data);
    assert.equal(status, 0, 'the checkpoint that the lost key had signed fits');
    assert.match(of('database').words, /signed \(1 checkpoints\)/);
    await service.start();
    assert.equal((await check(service.data)).status, 0);
    for (const args of [['--lost'], ['--lost', '--name', 'x']]) {
        const refused = await operate(['key', 'rotate-log', '--data', service.data, ...args]);
        assert.equal(refused.status, 1, 'it is not lost');
        assert.match(refused.stderr, /log.key is there and signs this log/);
    }
    for (const name of ['a b', 'a+b', 'a"b', '', 'x'.repeat(201)])
        assert.equal((await operate(['key', 'rotate-log', '--data', service.data, '--name', name])).status, 2);
});

test('a key that is away for a while: recorded is everything, proved it is when it is back', async (t) => {
    const { service, auditor } = await made(t);
    const [key, away] = [join(service.data, 'log.key'), join(service.dir, 'away')];
    renameSync(key, away);
    const sender = new Person(t, service.url);
    const { out, err } = await must(0, sender, ['send'], { stdin: 'secret' });
    assert.match(out, /^http/);
    assert.match(err, /proof of this could not be kept now/);
    assert.equal((await fetch(`${service.url}/v1/audit/checkpoint`)).status, 503);
    await poll('it is told', () => /log.key is not there/.test(service.log));
    renameSync(away, key);
    await must(0, auditor, ['audit', 'verify']);
    await must(0, sender, ['evidence', /\/h\/([0-9a-f-]{36})/.exec(out)[1]]);
});

// A fixed bug: of two at once one could name the wrong old key, or destroy the other's new one.
test('many replacements at once are one after the other', async (t) => {
    const { service, sender, team, auditor } = await made(t);
    await Promise.all(Array.from({ length: 8 }, () => rotate(service)));
    await must(0, auditor, ['audit', 'verify']);
    await handOff(sender, team);
    const { replaced } = await (await fetch(`${service.url}/v1/audit/keys`)).json();
    assert.equal(replaced.length, 8);
    const steps = replaced.map(({ line }) => JSON.parse(line));
    for (const [i, { from }] of steps.entries())
        if (i > 0)
            assert.equal(from, steps[i - 1].to);
    assert.equal(readFileSync(join(service.data, 'log.key'), 'utf8').split('\n').length, 2);
    await service.restart();
    assert.equal((await check(service.data)).status, 0);
});

test('a name that is configured and is another is told at the start', async (t) => {
    const service = await startService(t, { args: ['--log-name', 'log.example'] });
    const { stdout } = await operated(['audit', 'key', '--data', service.data]);
    assert.match(stdout, /^log\.example\+/);
    await service.stop();
    const other = { args: ['--log-name', 'other.example'] };
    await assert.rejects(service.start(other), /is called log\.example, and is to be called other\.example/);
    await rotate(service, '--name', 'other.example');
    await service.start(other);
    for (const name of ['a b', 'a"b', 'a\\b', 'a+b'])
        await assert.rejects(startService(t, { args: ['--log-name', name] }), /log-name must be/);
});

// ---- the command line ----

const logOf = (person) => {
    const logs = join(person.home, 'handoff', 'logs');
    return join(logs, readdirSync(logs)[0]);
};

// A fixed bug: killed between the new key and the checkpoint under it, it called its own files damaged.
test('the new key is kept, and the checkpoint is still the old one\'s', async (t) => {
    const { service, auditor } = await made(t);
    await rotate(service);
    const { stdout } = await operated(['audit', 'key', '--data', service.data]);
    writeFileSync(join(logOf(auditor), 'key'), stdout);
    await must(0, auditor, ['audit', 'verify']);
});

test('a key that is named: taken on at the first meeting, and then the only one', async (t) => {
    const [one, two] = [await made(t), await made(t)];
    const keyOf = async ({ service }) =>
        (await operated(['audit', 'key', '--data', service.data])).stdout.trim();
    const [key, other] = [await keyOf(one), await keyOf(two)];
    const fresh = await makeAuditor(t, one.service, 'fresh');
    await must(2, fresh, ['audit', 'verify', '--key', 'nonsense']);
    const { err } = await must(7, fresh, ['audit', 'verify', '--key', other]);
    assert.match(err, /DID NOT APPOINT/);
    const again = await makeAuditor(t, one.service, 'again');
    await must(0, again, ['audit', 'verify', '--key', key]);
    assert.equal(readFileSync(join(logOf(again), 'key'), 'utf8'), `${key}\n`);
    assert.match((await must(7, again, ['audit', 'verify', '--key', other])).err, /another key than the one/);

    // A fixed bug: another service's export was held against what is kept of the usual one.
    const dir = join(two.auditor.dir, 'log');
    await must(0, two.auditor, ['audit', 'export', dir]);
    await must(0, again, ['audit', 'verify', dir, '--key', other]);
    const refused = await must(7, again, ['audit', 'verify', dir]);
    assert.match(refused.err, /not signed by this key[^]*name the key with --key/);
});
