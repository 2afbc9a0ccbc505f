// Goal: X-Forwarded-For counts from proxies that the operator named, and from nobody else; the
// configurations of nginx and Caddy in docs/proxy work as they stand there, but for names, ports and
// certificates; a proxy may come by a unix socket.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { makePair } from '../support/service/certificates.mjs';
import { Person } from '../support/service/cli.mjs';
import { Client, deliver, done, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { operate } from '../support/service/operator.mjs';
import { poll, scratch, startService } from '../support/service/service.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

async function start(t, args, options = {}) {
    const service = await startService(t, {
        ...options,
        args: ['--open-submissions', 'yes', ...args],
    });
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

// The address that the service took for the sender's.
async function addressSeen(client, headers) {
    const h = await sendHandoff({
        call: (method, path, body, more) => client.call(method, path, body, { ...headers, ...more }),
    });
    return (await h.log(client))[0].details.address?.value;
}

test('a forwarded address counts only from a named proxy', async (t) => {
    const forwarded = { 'x-forwarded-for': '203.0.113.9' };
    const stranger = await start(t, []);
    assert.equal(await addressSeen(stranger.client, forwarded), '127.0.0.1');
    const other = await start(t, ['--trusted-proxies', '127.0.0.2']);
    assert.equal(await addressSeen(other.client, forwarded), '127.0.0.1');

    const { client } = await start(t, ['--trusted-proxies', '127.0.0.1, 10.0.0.0/8, 2001:db8::/32']);
    const seen = (value) => addressSeen(client, { 'x-forwarded-for': value });
    assert.equal(await seen('203.0.113.9'), '203.0.113.9');
    assert.equal(await seen('198.51.100.1, 203.0.113.9'), '203.0.113.9', 'the rightmost');
    assert.equal(await seen('203.0.113.9, 10.1.2.3'), '203.0.113.9', 'but for proxies');
    assert.equal(await seen('203.0.113.9,2001:db8::7 ,10.1.2.3'), '203.0.113.9');
    assert.equal(await seen('2001:0DB9::1'), '2001:db9::1');
    assert.equal(await seen('::ffff:203.0.113.9'), '203.0.113.9');
    assert.equal(await seen(['198.51.100.1', '203.0.113.9']), '203.0.113.9', 'two fields');
    for (const wrong of ['unknown', '203.0.113.9, nonsense', '1.2.3.4:80', '203.0.113', '<script>'])
        assert.equal(await seen(wrong), '127.0.0.1', wrong);
    assert.equal(await addressSeen(client, {}), '127.0.0.1');
});

test('limits hold for the forwarded address, an IPv6 one by its /64', async (t) => {
    const { client } = await start(t, ['--trusted-proxies', '127.0.0.1', '--rate-limit', '10']);
    const read = (address) =>
        client.call('GET', `/v1/handoffs/x`, undefined, { 'x-forwarded-for': address });
    for (let i = 0; i < 10; i++)
        problem(await read(`2001:db8:1:2::${i + 1}`), 400, 'bad-id');
    problem(await read('2001:db8:1:2:ffff::1'), 429, 'rate-limited');
    problem(await read('2001:db8:1:3::1'), 400, 'bad-id');
    problem(await read('203.0.113.9'), 400, 'bad-id');
});

test('a unix socket: its mode, its clients, its end', async (t) => {
    const { service, client } = await start(t, ['--trusted-proxies', 'unix'], { socket: true });
    const path = service.socketPath;
    assert.equal(statSync(path).mode & 0o777, 0o660);
    await deliver(client);
    assert.equal(await addressSeen(client, { 'x-forwarded-for': '203.0.113.9' }), '203.0.113.9');
    const second = await operate(['--data', join(service.dir, 'other'), '--listen', `unix:${path}`]);
    assert.equal(second.status, 1);
    assert.match(second.stderr, /another service listens there/);
    await service.kill();
    assert.ok(existsSync(path), 'killed, it leaves its socket');
    await service.start();
    await deliver(client);
    await service.stop();
    assert.ok(!existsSync(path));
    writeFileSync(path, 'not a socket');
    const occupied = await operate(['--data', service.data, '--listen', `unix:${path}`]);
    assert.equal(occupied.status, 1);
    assert.equal(readFileSync(path, 'utf8'), 'not a socket');
});

test('a unix socket without a word about proxies: what is forwarded counts for nothing', async (t) => {
    const { client } = await start(t, [], { socket: true });
    assert.equal(await addressSeen(client, { 'x-forwarded-for': '203.0.113.9' }), undefined);
});

// ---- real proxies ----

function freePort() {
    return new Promise((resolve) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

// Runs a proxy until the test ends.
async function run(t, argv, port, env = {}) {
    const child = spawn(argv[0], argv.slice(1), {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
    });
    let words = '';
    child.stdout.on('data', (data) => (words += data));
    child.stderr.on('data', (data) => (words += data));
    const ended = new Promise((resolve) => child.on('close', resolve));
    t.after(async () => {
        child.kill('SIGTERM');
        await ended;
    });
    await poll(`${argv[0]} listens: ${words}`, () => {
        assert.equal(child.exitCode, null, words);
        return new Promise((resolve) => {
            const socket = net.connect({ host: '127.0.0.1', port });
            socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
            socket.on('connect', () => socket.destroy());
        });
    });
}

// The file with other names, ports and certificates: each must be there.
function adapt(file, changes) {
    let text = readFileSync(join(root, 'docs', 'proxy', file), 'utf8');
    for (const [from, to] of changes) {
        assert.ok(text.includes(from), `${file} holds ${from}`);
        text = text.replaceAll(from, to);
    }
    return text;
}

// What must work through a proxy: everything, with the client's own address, and long-polls.
async function exercise(t, service, front) {
    const client = new Client(front, { ca: front.ca });
    t.after(() => client.close());
    const h = await deliver(client, { payload: Buffer.alloc(40000, 0x20) });
    const log = await h.log(client);
    assert.equal(log[0].details.address.value, '127.0.0.1');
    assert.match(service.log, /request \d+ PUT .* 201/);
    const spoofed = await addressSeen(client, { 'x-forwarded-for': '203.0.113.9' });
    assert.equal(spoofed, '127.0.0.1', 'a client cannot choose its address');
    const next = await sendHandoff(client);
    const [created] = await next.log(client);
    const waiting = next.events(client, `?after=${created.index}&wait=30`);
    done(await next.claim(client, newClaimant()));
    assert.equal(JSON.parse(done(await waiting).events[0].line).kind, 'claim.accepted');
}

const behind = ['--trusted-proxies', '127.0.0.1', '--log-level', 'debug'];

test('nginx in front, as docs/proxy/nginx.conf has it', async (t) => {
    const { service } = await start(t, behind);
    const dir = scratch(t);
    const pair = makePair(dir, 'nginx');
    const port = await freePort();
    mkdirSync(join(dir, 'tmp'));
    const site = adapt('nginx.conf', [
        ['127.0.0.1:8088;', `${service.host}:${service.port};`],
        ['listen 443 ssl http2;', `listen 127.0.0.1:${port} ssl http2;`],
        ['server_name handoff.example.com;', 'server_name localhost;'],
        ['/etc/letsencrypt/live/handoff.example.com/fullchain.pem', pair.cert],
        ['/etc/letsencrypt/live/handoff.example.com/privkey.pem', pair.key],
    ]);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((name) => `${name}_temp_path ${join(dir, 'tmp')};`)
        .join('\n');
    writeFileSync(
        join(dir, 'nginx.conf'),
        `daemon off;\nmaster_process off;\npid ${join(dir, 'pid')};\nerror_log stderr;\n` +
            `events {}\nhttp {\n${temporary}\n${site}\n}\n`,
    );
    await run(t, ['/usr/sbin/nginx', '-e', 'stderr', '-p', dir, '-c', join(dir, 'nginx.conf')], port);
    await exercise(t, service, { url: `https://127.0.0.1:${port}`, host: '127.0.0.1', port, ca: pair.ca });
});

test('Caddy in front, as docs/proxy/Caddyfile has it', async (t) => {
    const { service } = await start(t, behind);
    const dir = scratch(t);
    const pair = makePair(dir, 'caddy');
    const port = await freePort();
    const site = adapt('Caddyfile', [
        ['reverse_proxy 127.0.0.1:8088 {', `reverse_proxy ${service.host}:${service.port} {`],
        ['handoff.example.com {', `https://localhost:${port}, https://127.0.0.1:${port} {\n\ttls ${pair.cert} ${pair.key}\n\tbind 127.0.0.1`],
    ]);
    writeFileSync(join(dir, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`);
    await run(t, ['/usr/bin/caddy', 'run', '--adapter', 'caddyfile', '--config', join(dir, 'Caddyfile')],
        port, { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir });
    await exercise(t, service, { url: `https://127.0.0.1:${port}`, host: '127.0.0.1', port, ca: pair.ca });
});

test('the command line through a proxy on this machine', async (t) => {
    const { service } = await start(t, behind);
    const dir = scratch(t);
    const port = await freePort();
    const site = adapt('Caddyfile', [
        ['reverse_proxy 127.0.0.1:8088 {', `reverse_proxy ${service.host}:${service.port} {`],
        ['handoff.example.com {', `http://127.0.0.1:${port} {\n\tbind 127.0.0.1`],
    ]);
    writeFileSync(join(dir, 'Caddyfile'), `{\n\tadmin off\n}\n${site}`);
    await run(t, ['/usr/bin/caddy', 'run', '--adapter', 'caddyfile', '--config', join(dir, 'Caddyfile')],
        port, { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir });
    const url = `http://127.0.0.1:${port}`;
    const sent = await new Person(t, url).run(['send'], { stdin: 'a password\n' });
    assert.equal(sent.status, 0, sent.said);
    const redeemed = await new Person(t, url).run(['redeem', sent.out.trim(), '--field', 'password']);
    assert.equal(redeemed.out, 'a password\n', redeemed.said);
});
