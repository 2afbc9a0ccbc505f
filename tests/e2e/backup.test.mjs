// Goal: a backup made under load is whole, holds no envelope, and restored into a new directory hands
// out nothing again: what was burned or taken before or after it stays so, and what lived comes back
// burned, so that its sender is told. Older databases are brought forward, newer ones refused.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, deliver, done, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { addToken, bearer, operate, operated } from '../support/service/operator.mjs';
import { poll, startService } from '../support/service/service.mjs';

const fixtures = join(dirname(dirname(fileURLToPath(import.meta.url))), 'fixtures');

const sql = (file, query) =>
    execFileSync('sqlite3', ['-readonly', file, query], { encoding: 'utf8' }).trim().split('\n');

const lines = (file) => sql(file, 'SELECT line FROM event ORDER BY n');

async function start(t, options) {
    const service = await startService(t, options);
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

// A second service on a directory made from a backup, with the key of the first.
async function restore(t, service, backup) {
    const other = await startService(t);
    await other.stop();
    const data = join(other.dir, 'restored');
    mkdirSync(data, { mode: 0o700 });
    await operated(['restore', backup, '--data', data]);
    for (const key of ['master.key', 'log.key'])
        copyFileSync(join(service.data, key), join(data, key));
    other.data = data;
    await other.start();
    const client = new Client(other);
    t.after(() => client.close());
    return { service: other, client };
}

test('a backup under load, restored: the log goes on, nothing is handed out again', async (t) => {
    const { service, client } = await start(t);
    const token = await addToken(service.data, 'auditor', 'Carol');
    const fate = {
        waiting: await sendHandoff(client, { label: 'waits' }),
        'claimed after': await sendHandoff(client),
        'claimed before': await sendHandoff(client),
        'opened after': await sendHandoff(client),
        revoked: await sendHandoff(client),
        opened: await deliver(client),
    };
    const holder = newClaimant();
    done(await fate['claimed before'].claim(client, holder));
    done(await fate.revoked.revoke(client));

    let going = true;
    let lives = 0;
    const workers = Array.from({ length: 4 }, async () => {
        while (going) {
            await deliver(client, { payload: Buffer.alloc(2000, 0x20) });
            lives++;
        }
    });
    await poll('the load has begun', () => lives > 50);
    const backup = join(service.dir, 'backup');
    const { stderr } = await operated(['backup', backup, '--data', service.data]);
    const during = lives;
    await poll('the load goes on', () => lives > during + 20);
    going = false;
    await Promise.all(workers);
    t.diagnostic(stderr.trim());
    done(await fate['claimed after'].claim(client, newClaimant()));
    const late = newClaimant();
    done(await fate['opened after'].claim(client, late));
    done(await fate['opened after'].opened(client, late));

    // What the backup is: mode 600, one file, the log as far as it went, no slot, no envelope.
    assert.equal(statSync(backup).mode & 0o777, 0o600);
    for (const more of ['-wal', '-journal', '.part', '.part-wal', '.part-journal'])
        assert.ok(!existsSync(`${backup}${more}`), more);
    const kept = lines(backup);
    assert.deepEqual(kept, lines(join(service.data, 'handoff.db')).slice(0, kept.length));
    assert.match(kept.join('\n'), /vault\.backed-up/);
    for (let k = 0; k < 13; k++)
        assert.deepEqual(sql(backup, `SELECT count(*) FROM slot_${k}`), ['0']);
    assert.deepEqual(sql(backup, 'SELECT count(*) FROM handoff WHERE slot<>0'), ['0']);

    const restored = await restore(t, service, backup);
    const after = lines(join(restored.service.data, 'handoff.db'));
    assert.deepEqual(after.slice(0, kept.length), kept, 'the log goes on from where it was');
    const expected = {
        waiting: 'lapsed',
        'claimed after': 'lapsed',
        'claimed before': 'lapsed',
        'opened after': 'lapsed',
        revoked: 'revoked',
        opened: 'delivered',
    };
    for (const [name, state] of Object.entries(expected)) {
        const h = fate[name];
        const view = done(await h.read(restored.client));
        assert.equal(view.state, state, name);
        assert.equal(view.burned, true, name);
        for (const claimant of [newClaimant(), holder])
            problem(await h.claim(restored.client, claimant), 410, state);
    }
    // Even its own recipient's word comes too late now: the service does not know who took it.
    problem(await fate['claimed after'].opened(restored.client, newClaimant()), 410, 'lapsed');
    problem(await fate['claimed after'].receipt(restored.client), 410, 'lapsed');
    const [created, ...rest] = await fate.waiting.log(restored.client);
    assert.equal(created.details.label.value, 'waits');
    assert.deepEqual(
        rest.slice(0, 2).map(({ is }) => [is.kind, is.cause]),
        [['handoff.lapsed', 'restored'], ['handoff.burned', 'restored']],
    );
    done(await restored.client.call('GET', '/v1/handoffs', undefined, bearer(token)));
    await deliver(restored.client);
    const { stdout } = await operated(['check', '--json', '--data', restored.service.data]);
    assert.ok(JSON.parse(stdout).every(({ found }) => found === 'ok'), stdout);
    const burned = after.filter((line) => /"kind":"vault\.restored"/.test(line));
    assert.equal(JSON.parse(burned[0]).burned, after.filter((l) => /burned","id.*restored/.test(l)).length);
    await restored.service.restart();
    assert.equal(
        lines(join(restored.service.data, 'handoff.db')).filter((l) => /vault\.restored/.test(l)).length,
        1,
        'burned once, not at every start',
    );
});

test('backup and restore refuse what would lose or open something', async (t) => {
    const { service, client } = await start(t);
    await sendHandoff(client);
    const backup = join(service.dir, 'backup');
    await operated(['backup', backup, '--data', service.data]);

    const twice = await operate(['backup', backup, '--data', service.data]);
    assert.equal(twice.status, 1);
    assert.match(twice.stderr, /is there already, and is not overwritten/);
    const nowhere = await operate(['backup', join(service.dir, 'no', 'b'), '--data', service.data]);
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.stderr, /No such file or directory/);
    const running = await operate(['restore', backup, '--data', service.data]);
    assert.equal(running.status, 1);
    assert.match(running.stderr, /a service runs on it/);
    await service.stop();
    const occupied = await operate(['restore', backup, '--data', service.data]);
    assert.equal(occupied.status, 1);
    assert.match(occupied.stderr, /is there already, and is not overwritten/);

    // A plain copy of the database is no backup: it holds envelopes and could hand them out again.
    const fresh = join(service.dir, 'fresh');
    mkdirSync(fresh, { mode: 0o700 });
    const attempts = {
        'handoff.db': [join(service.data, 'handoff.db'), /this is no backup/],
        text: [join(service.dir, 'text'), /not a database/],
        cut: [join(service.dir, 'cut'), /damaged|malformed/],
    };
    writeFileSync(join(service.dir, 'text'), 'x'.repeat(8192));
    writeFileSync(join(service.dir, 'cut'), readFileSync(backup).subarray(0, 40960));
    for (const [file, words] of Object.values(attempts)) {
        const { status, stderr } = await operate(['restore', file, '--data', fresh]);
        assert.equal(status, 1);
        assert.match(stderr, words);
        assert.ok(!existsSync(join(fresh, 'handoff.db')), 'nothing is left behind');
        assert.ok(!existsSync(join(fresh, 'handoff.db.new')), 'nothing is left behind');
    }
});

// tests/fixtures/version1: a data directory as the first version of the schema left it, with handoffs
// in several states, one of them addressed to a team.
function copyVersion1(dir) {
    mkdirSync(dir, { mode: 0o700 });
    const file = join(dir, 'handoff.db');
    execFileSync('sqlite3', [file], { input: readFileSync(join(fixtures, 'version1.sql')) });
    execFileSync('chmod', ['600', file]);
    copyFileSync(join(fixtures, 'version1.key'), join(dir, 'master.key'));
    execFileSync('chmod', ['600', join(dir, 'master.key')]);
    return JSON.parse(readFileSync(join(fixtures, 'version1.json'), 'utf8'));
}

test('a database of the first version is brought forward, also after being killed at it', async (t) => {
    const { service } = await start(t);
    await service.stop();
    const data = join(service.dir, 'version1');
    const { handoffs, now } = copyVersion1(data);
    const before = lines(join(data, 'handoff.db'));
    const alarms = sql(join(data, 'handoff.db'), 'SELECT tries FROM handoff ORDER BY created_n DESC');
    assert.ok(alarms.some((tries) => tries !== '0'));
    service.data = data;

    // Killed at moments spread over the start; whatever was done by then, the next goes on.
    for (const ms of [1, 5, 10, 20, 40]) {
        const child = operate(['--data', data, '--listen', '127.0.0.1:0'], {}).catch(() => null);
        await new Promise((resolve) => setTimeout(resolve, ms));
        execFileSync('pkill', ['-KILL', '-f', `handoffd --data ${data} `], { stdio: 'ignore' });
        await child;
    }
    await service.start();
    const client = new Client(service);
    t.after(() => client.close());
    assert.deepEqual(lines(join(data, 'handoff.db')).slice(0, before.length), before);
    const team = bearer(await addToken(data, 'team', 'Ada', ['--team', 'onboarding']));
    const listed = done(await client.call('GET', '/v1/handoffs', undefined, team)).handoffs;
    assert.deepEqual(
        listed.map(({ id }) => id),
        handoffs.filter(({ recipient }) => recipient === 'onboarding').map(({ id }) => id),
    );
    const auditor = bearer(await addToken(data, 'auditor', 'Grace'));
    const all = done(await client.call('GET', '/v1/handoffs', undefined, auditor)).handoffs;
    assert.deepEqual(all.map((handoff) => String(handoff.wrong_codes)), alarms);
    for (const { id, state, label } of handoffs) {
        const view = done(await client.call('GET', `/v1/handoffs/${id}`));
        const due = state === 'available' && now + 30 * 86400 < Date.now() / 1000;
        assert.equal(view.state, due ? 'expired' : state);
        assert.equal(view.shown_label, label);
    }
    const { stdout } = await operated(['check', '--json', '--data', data]);
    assert.ok(JSON.parse(stdout).every(({ found }) => found === 'ok'), stdout);
});

test('a database of a newer version is refused and left as it is', async (t) => {
    const { service } = await start(t);
    await service.stop();
    const file = join(service.data, 'handoff.db');
    execFileSync('sqlite3', [file, 'PRAGMA user_version=99']);
    const bytes = readFileSync(file);
    const { status, stderr } = await operate(['--data', service.data, '--listen', '127.0.0.1:0']);
    assert.equal(status, 1);
    assert.match(stderr, /made by a newer handoffd.*nothing was changed/);
    assert.ok(readFileSync(file).equals(bytes));
    const check = await operate(['check', '--data', service.data]);
    assert.equal(check.status, 1);
    assert.match(check.stdout, /FAULT.*newer handoffd/);
});
