// Goal: the master key is replaced while the service works, without one failed request; then nothing
// of the old one is in the data directory and every handoff that lived still opens. A rotation that is
// killed goes on at the next start. A lost, wrong, damaged or readable key is recognised at the start.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
    chmodSync,
    copyFileSync,
    mkdirSync,
    readFileSync,
    readdirSync,
    rmSync,
    statSync,
    writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, b64u, deliver, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { addToken, bearer, operate, operated } from '../support/service/operator.mjs';
import { poll, startService } from '../support/service/service.mjs';

const keyOf = (service) => join(service.data, 'master.key');

// Where bytes of the data directory are found: names of files.
function where(dir, ...needles) {
    return readdirSync(dir)
        .map((name) => join(dir, name))
        .filter((path) => statSync(path).isFile())
        .filter((path) => needles.some((needle) => readFileSync(path).includes(needle)));
}

function secretsIn(file) {
    const text = readFileSync(file, 'utf8').trim().split(' ')[2];
    return [Buffer.from(text, 'base64url'), Buffer.from(text)];
}

// A number of handoffs of mixed sizes, with everything that lies sealed.
function sendMany(client, count) {
    return Promise.all(
        Array.from({ length: count }, (_, i) =>
            sendHandoff(client, {
                payload: Buffer.alloc(100 + (i % 5) * 4000, 0x20),
                label: `label ${i}`,
                shown_label: `shown ${i}`,
                recipient: `team ${i % 3}`,
            }),
        ),
    );
}

async function opensAll(client, handoffs) {
    for (const h of handoffs) {
        const claimant = newClaimant();
        const { envelope } = done(await h.claim(client, claimant));
        assert.equal(envelope, h.body.envelope);
        done(await h.opened(client, claimant));
        const [created] = await h.log(client);
        assert.equal(created.details.label.value, h.body.label);
    }
}

const keyIds = (service) =>
    readFileSync(keyOf(service), 'utf8').trim().split('\n').map((line) => Number(line.split(' ')[1]));

test('rotation under load: no failure, the old key nowhere, everything still opens', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const token = await addToken(service.data, 'auditor', 'Carol');
    const waiting = await sendMany(client, 150);
    const old = secretsIn(keyOf(service));
    assert.deepEqual(where(service.data, ...old), [keyOf(service)], 'the search finds the key');

    let going = true;
    let lives = 0;
    const worker = async () => {
        while (going) {
            const h = await deliver(client, { label: 'load' });
            assert.equal((await h.kinds(client))[0], 'handoff.created');
            lives++;
        }
    };
    const workers = Array.from({ length: 6 }, worker);
    await poll('the load has begun', () => lives > 20);
    await operated(['key', 'rotate', '--data', service.data]);
    const during = lives;
    await poll('the load goes on', () => lives > during + 20);
    going = false;
    await Promise.all(workers);
    t.diagnostic(`${lives} whole handoffs while the key was replaced`);

    assert.deepEqual(keyIds(service), [2]);
    assert.deepEqual(where(service.data, ...old), []);
    await opensAll(client, waiting);
    const list = done(await client.call('GET', '/v1/handoffs', undefined, bearer(token)));
    assert.equal(list.handoffs.length, 50);
    const lines = (await waiting[0].log(client)).length;
    assert.ok(lines >= 4);
    await service.restart();
    assert.equal(done(await waiting[0].read(client)).shown_label, 'shown 0');
});

test('teams and names are found by the same tags after a rotation', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const team = bearer(await addToken(service.data, 'team', 'Ada', ['--team', 'a']));
    const before = await sendHandoff(client, { recipient: 'a' });
    await operated(['key', 'rotate', '--data', service.data]);
    const after = await sendHandoff(client, { recipient: 'a' });
    const { handoffs } = done(await client.call('GET', '/v1/handoffs', undefined, team));
    assert.deepEqual(handoffs.map(({ id }) => id), [after.id, before.id]);
    const again = await operate(['token', 'add', '--data', service.data, '--role', 'sender', '--name', 'Ada']);
    assert.match(again.stderr, /token of this name/);
});

test('killed in the middle of a rotation it goes on at the next start', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const waiting = await sendMany(client, 400);
    const old = secretsIn(keyOf(service));
    for (let round = 2; round <= 4; round++) {
        const rotating = operate(['key', 'rotate', '--data', service.data]);
        await poll('two keys', () => keyIds(service).length === 2 || keyIds(service)[0] === round);
        await service.kill();
        await service.start();
        assert.equal((await rotating).status, 0);
        await poll('one key', () => keyIds(service).length === 1);
        assert.deepEqual(keyIds(service), [round]);
    }
    assert.deepEqual(where(service.data, ...old), []);
    await opensAll(client, waiting);
    const { stdout } = await operated(['check', '--json', '--data', service.data]);
    assert.ok(JSON.parse(stdout).every(({ found }) => found === 'ok'), stdout);
});

test('rotations begun at the same time are one, and lose nothing', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const waiting = await sendMany(client, 40);
    const all = Array.from({ length: 6 }, () => operate(['key', 'rotate', '--data', service.data]));
    for (const { status, stderr } of await Promise.all(all))
        assert.equal(status, 0, stderr);
    assert.equal(keyIds(service).length, 1);
    await service.restart();
    await opensAll(client, waiting);
});

test('without the service the command does it all by itself', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const waiting = await sendMany(client, 100);
    const old = secretsIn(keyOf(service));
    await service.stop();
    await operated(['key', 'rotate', '--data', service.data]);
    assert.deepEqual(where(service.data, ...old), []);
    await service.start();
    await opensAll(client, waiting);
});

// How a start fails that must fail: its status and words.
async function refusedStart(service, args = []) {
    const result = await operate(['--data', service.data, '--listen', '127.0.0.1:0', ...args]);
    assert.equal(result.status, 1, result.stderr);
    return result.stderr;
}

test('a lost, wrong, damaged or readable key is recognised at the start', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const [h] = await sendMany(client, 1);
    const key = keyOf(service);
    const kept = join(service.dir, 'kept.key');
    await service.stop();
    copyFileSync(key, kept);
    const put = (text, mode = 0o600) => {
        rmSync(key, { force: true });
        writeFileSync(key, text, { mode });
        chmodSync(key, mode);
    };
    const whole = readFileSync(kept, 'utf8');

    rmSync(key);
    assert.match(await refusedStart(service), /master\.key is missing.*put it back/);
    put(`handoff-master-key-1 1 ${b64u(randomBytes(32))}\n`);
    assert.match(await refusedStart(service), /not the key that the database was made under/);
    for (const text of ['', 'x', whole.slice(0, -1), whole + whole, `${whole}x`, whole.replace(' 1 ', ' 0 ')]) {
        put(text);
        assert.match(await refusedStart(service), /master\.key is damaged: restore it/);
    }
    put(whole, 0o640);
    assert.match(await refusedStart(service), /only its owner can read \(chmod 600\)/);
    put(whole);
    await service.start();
    await opensAll(client, [h]);
});

test("a key in a file of the operator's own, such as a systemd credential", async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const [first] = await sendMany(client, 1);
    await service.stop();
    const credentials = join(service.dir, 'credentials');
    const file = join(service.dir, 'given.key');
    const whole = readFileSync(keyOf(service), 'utf8');
    rmSync(keyOf(service));
    writeFileSync(file, whole, { mode: 0o400 });
    await service.start({ args: ['--master-key', file] });
    const [second] = await sendMany(client, 1);

    const { status, stderr } = await operate([
        'key', 'rotate', '--data', service.data, '--master-key', file,
    ]);
    assert.equal(status, 1);
    assert.match(stderr, /not the service's own to write.*add a second line/s);

    // The operator rotates it by hand: a second line, a restart, then the first line goes.
    await service.stop();
    chmodSync(file, 0o600);
    const next = `handoff-master-key-1 2 ${b64u(randomBytes(32))}\n`;
    writeFileSync(file, whole + next);
    await service.start({ args: ['--master-key', file] });
    await poll('told that the old line may go', () => /take it out of the key file/.test(service.log));
    await service.stop();
    writeFileSync(file, next);
    await service.start({ args: ['--master-key', file] });
    await opensAll(client, [first, second]);
    await service.stop();

    // The same by systemd's directory of credentials.
    mkdirSync(credentials);
    writeFileSync(join(credentials, 'handoff-master-key'), next, { mode: 0o440 });
    await service.start({ env: { CREDENTIALS_DIRECTORY: credentials } });
    await opensAll(client, await sendMany(client, 1));
});
