// Goal: passwords, keys, codes and tokens stand in no log at any level and in no process title, also
// when they come in the wrong place; a crash leaves no core. What is planted is found.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { Person, idOf } from '../support/service/cli.mjs';
import { Client, b64u, done, makeHandoff, newClaimant } from '../support/http/http.mjs';
import { handoff, handoffd, poll, scratch, startService } from '../support/service/service.mjs';

const password = 'Zq9-Tr0ub4dor-leak';
const code = 'HJKM-NPQR';

// Every way in which bytes could have been written down.
function ways(bytes) {
    const raw = Buffer.from(bytes);
    return [raw.toString('base64url'), raw.toString('base64'), raw.toString('hex')];
}

function secretsOf(h) {
    const { contentKey, claimToken, receiptSeed, openedToken, linkToken } = h.keys;
    const keys = [contentKey, claimToken, receiptSeed, openedToken, linkToken, h.made.key];
    return [...keys.filter(Boolean).flatMap(ways), h.manage, h.body.envelope];
}

function found(text, secrets) {
    const lower = text.toLowerCase();
    return secrets.filter((secret) => lower.includes(secret.toLowerCase()));
}

const commandLine = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

// Every call with secrets in it, some where they do not belong.
async function busy(client) {
    const h = await makeHandoff({ code, payload: { type: 'credential', password } });
    const claimant = newClaimant();
    const secrets = [...secretsOf(h), claimant, password, code, code.replace('-', '')];
    const wrong = newClaimant();
    const token = b64u(h.keys.claimToken);
    done(await h.put(client), 201);
    const odd = [
        ['GET', `/h/${h.id}?key=${token}`],
        ['GET', `/${token}`],
        ['GET', `/%${token}`],
        ['PUT', `/v1/handoffs/${token}`, h.body],
        ['PUT', h.path, { ...h.body, [token]: token }],
        ['POST', `${h.path}/claim`, `{"token":"${token}`],
        ['POST', `${h.path}/claim`, { token: `${token}=`, claimant }],
        ['POST', `${h.path}/claim`, { ...h.claimBody(claimant), password }],
        ['DELETE', h.path, undefined, { authorization: `Basic ${h.manage}` }],
        ['GET', `${h.path}/events?after=${token}`, undefined, { authorization: h.manage }],
        ['GET', '/livez', undefined, { cookie: password, 'user-agent': code, [token]: 'x' }],
    ];
    for (const [method, path, body, headers] of odd)
        await client.call(method, path, body, headers);
    await h.claim(client, claimant, { ...h.keys, claimToken: Buffer.from(wrong, 'base64url') });
    done(await h.claim(client, claimant));
    done(await h.opened(client, claimant));
    done(await h.receipt(client, { claimant, details: JSON.stringify({ by: password }) }), 201);
    await h.revoke(client);
    done(await h.events(client));
    return { secrets: [...secrets, wrong], h };
}

for (const level of ['error', 'warning', 'info', 'debug'])
    test(`no secret in the log at level ${level}, nor in the title`, async (t) => {
        const service = await startService(t, { args: ['--log-level', level] });
        const client = new Client(service);
        const { secrets, h } = await busy(client);
        client.close();
        const title = commandLine(service.pid);
        await service.restart();
        if (level === 'debug')
            assert.match(service.log, /claim/, 'there is a log to look at');
        assert.deepEqual(found(service.log, secrets), []);
        assert.deepEqual(found(title, secrets), []);
        assert.deepEqual(found(service.log, [h.id]), [], 'no id of a handoff either');
    });

test('a planted secret is found', async (t) => {
    const say = ['sh', '-c', `echo 'debug: ${password}' >&2; exec "$@"`, 'sh'];
    const service = await startService(t, { wrapper: say });
    await service.stop();
    assert.deepEqual(found(service.log, [password, code]), [password]);
});

// A service that takes connections and says nothing: whoever asks it is held.
async function mute(t) {
    const server = net.createServer();
    const held = [];
    server.on('connection', (socket) => {
        socket.on('error', () => {});
        held.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        held.forEach((socket) => socket.destroy());
        server.close();
    });
    return { url: `http://127.0.0.1:${server.address().port}`, held };
}

test('the command says no secret on stderr and shows none in its title', async (t) => {
    const service = await startService(t);
    const person = new Person(t, service.url);
    const file = person.file('code', `${code}\n`);
    const sent = await person.run(['send', '--code-file', file], { stdin: password });
    assert.equal(sent.status, 0, sent.said);
    const link = sent.out.trim();
    const fragment = link.split('#')[1];
    const secrets = [password, code, fragment, ...ways(Buffer.from(fragment, 'base64url'))];
    assert.deepEqual(found(sent.err, secrets), []);

    const silent = await mute(t);
    for (const args of [
        ['redeem', link.replace(service.url, silent.url), '--code-file', file],
        ['status', link.replace(service.url, silent.url)],
        ['send', '--code-file', file, '--server', silent.url],
    ]) {
        const before = silent.held.length;
        let looked;
        const look = async (pid, child) => {
            await poll('it asks the service', () => silent.held.length > before);
            const title = commandLine(pid);
            child.kill('SIGTERM');
            return title;
        };
        const { err } = await new Person(t, service.url).run(args, {
            stdin: password,
            onStart: (pid, child) => (looked = look(pid, child)),
        });
        const title = await looked;
        assert.match(title, new RegExp(args[0]), 'the title was seen');
        assert.deepEqual(found(title + err, secrets), [], args[0]);
    }

    const opened = await person.run(['redeem', link, '--code-file', file]);
    assert.equal(opened.out, `password: ${password}\n`);
    assert.deepEqual(found(opened.err, secrets), []);
    const state = person.states('received').map((path) => readFileSync(path, 'utf8'));
    assert.deepEqual(found(state.join(''), secrets), [], 'the state keeps no key');
    assert.ok(state[0].includes(idOf(link)));
});

// ---- cores ----

const shell = `ulimit -c unlimited 2>/dev/null || ulimit -c "$(ulimit -Hc)"
cd "$1" || exit 1
shift
"$@" >/dev/null
true`;

const childOf = (pid) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) || 0;

// Runs a program where cores are welcome, has it crash once it is ready, and tells what was left.
async function crash(t, argv, ready, env = {}) {
    const dir = join(scratch(t), 'cores');
    mkdirSync(dir);
    const child = spawn('bash', ['-c', shell, 'bash', dir, ...argv], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr.on('data', (data) => (words += data));
    const closed = once(child, 'close');
    const pid = await poll('the program runs', () => childOf(child.pid));
    await ready(() => words, pid);
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    process.kill(pid, 'SIGSEGV');
    await closed;
    return {
        words,
        soft: /^Max core file size +(\S+)/m.exec(limits)[1],
        files: readdirSync(dir),
    };
}

function isCrashWithoutCore({ words, soft, files }) {
    assert.match(words, /Segmentation fault/);
    assert.doesNotMatch(words, /core dumped/);
    assert.equal(soft, '0', 'the limit of cores');
    assert.deepEqual(files, []);
}

test('the service leaves no core', async (t) => {
    const data = join(scratch(t), 'data');
    const argv = [handoffd, '--data', data, '--listen', '127.0.0.1:0', '--log-level', 'debug'];
    const ready = (words, pid) =>
        poll('the service has come up', () => readdirSync(`/proc/${pid}/task`).length > 3);
    isCrashWithoutCore(await crash(t, argv, ready));
});

test('the command leaves no core', async (t) => {
    const silent = await mute(t);
    const h = await makeHandoff();
    const argv = [handoff, 'redeem', h.made.link(silent.url)];
    const ready = () => poll('it asks the service', () => silent.held.length > 0);
    isCrashWithoutCore(await crash(t, argv, ready, { XDG_STATE_HOME: scratch(t) }));
});

test('a program that does not forbid it does dump, where the kernel lets it', async (t) => {
    const asleep = (words, pid) =>
        poll('it sleeps', () => commandLine(pid).startsWith('sleep'));
    const { words, soft, files } = await crash(t, ['sleep', '60'], asleep);
    assert.match(words, /Segmentation fault/);
    const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
    if (soft !== '0' && pattern !== '')
        assert.match(words, /core dumped/);
    if (soft !== '0' && pattern !== '' && !/^[|/]/.test(pattern))
        assert.equal(files.length, 1);
});
