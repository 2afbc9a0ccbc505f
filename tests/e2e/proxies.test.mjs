// Goal: X-Forwarded-For counts from proxies that the operator named, and from nobody else; the
// configurations of nginx and Caddy in docs/proxy work as they stand there, but for the service's address
// and Caddy's certificate; a proxy may come by a unix socket.

import assert from 'node:assert/strict';
import { chownSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { makePair } from '../support/service/certificates.mjs';
import { Person } from '../support/service/cli.mjs';
import { Client, deliver, done, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { testNetwork } from '../support/roots/network.mjs';
import { testRoot, webServers } from '../support/roots/roots.mjs';
import { operate } from '../support/service/operator.mjs';
import { scratch, startService } from '../support/service/service.mjs';

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

// ---- real proxies, in a test root ----

const hostname = 'handoff.example.com';
const certificates = `/etc/letsencrypt/live/${hostname}`;

// The file with another address of the service, or a certificate of the test's: each must be there.
function adapt(file, changes) {
    let text = readFileSync(join(root, 'docs', 'proxy', file), 'utf8');
    for (const [from, to] of changes) {
        assert.ok(text.includes(from), `${file} holds ${from}`);
        text = text.replaceAll(from, to);
    }
    return text;
}

// A service and a network with the place of a proxy, which it trusts.
async function before(t) {
    const network = await testNetwork(t);
    const address = network.reserve('proxy');
    const { service } = await start(t, ['--trusted-proxies', address, '--log-level', 'debug'], {
        host: network.host,
    });
    return { network, address, service, upstream: `${service.host}:${service.port}` };
}

// What the proxy reads: its configuration, and a certificate where the file asks for it.
function filesOf(t, text, to) {
    const dir = scratch(t);
    const pair = makePair(dir, 'proxy', 30, hostname);
    writeFileSync(join(dir, 'site'), text);
    const binds = [
        { from: join(dir, 'site'), to },
        { from: pair.cert, to: `${certificates}/fullchain.pem` },
        { from: pair.key, to: `${certificates}/privkey.pem` },
    ];
    return { binds, ca: pair.ca };
}

// Debian's own nginx.conf, which includes what is in sites-enabled.
const nginx = {
    argv: ['nginx', '-e', 'stderr', '-g', 'daemon off;'],
    site: '/etc/nginx/sites-enabled/handoff',
};

const caddy = {
    argv: ['caddy', 'run', '--adapter', 'caddyfile', '--config', '/etc/caddy/Caddyfile'],
    site: '/etc/caddy/Caddyfile',
};

// Through the proxy, under its public name.
function clientOf(t, proxy, ca) {
    const front = { url: `https://${hostname}`, host: proxy.address, port: 443 };
    const client = new Client(front, { ca, name: hostname });
    t.after(() => client.close());
    return client;
}

// What must work through a proxy: everything, with the client's own address, and long-polls.
async function exercise(client, service, own) {
    const h = await deliver(client, { payload: Buffer.alloc(40000, 0x20) });
    const log = await h.log(client);
    assert.equal(log[0].details.address.value, own);
    assert.match(service.log, /request \d+ PUT .* 201/);
    const spoofed = await addressSeen(client, { 'x-forwarded-for': '203.0.113.9' });
    assert.equal(spoofed, own, 'a client cannot choose its address');
    const next = await sendHandoff(client);
    const [created] = await next.log(client);
    const waiting = next.events(client, `?after=${created.index}&wait=30`);
    done(await next.claim(client, newClaimant()));
    assert.equal(JSON.parse(done(await waiting).events[0].line).kind, 'claim.accepted');
}

test('nginx in front, as docs/proxy/nginx.conf has it', async (t) => {
    const { network, address, service, upstream } = await before(t);
    const site = adapt('nginx.conf', [['127.0.0.1:8088;', `${upstream};`]]);
    const { binds, ca } = filesOf(t, site, nginx.site);
    const web = await testRoot(webServers);
    const proxy = await web.run(t, { argv: nginx.argv, network, address, binds, ready: 443 });
    await exercise(clientOf(t, proxy, ca), service, network.host);
});

test('nginx in front, by a unix socket', async (t) => {
    const { service } = await start(t, ['--trusted-proxies', 'unix', '--log-level', 'debug'], {
        socket: true,
    });
    chownSync(service.socketPath, 0, 33); // Debian's www-data, as whom nginx works
    const site = adapt('nginx.conf', [['127.0.0.1:8088;', 'unix:/run/handoff/handoffd.sock;']]);
    const { binds, ca } = filesOf(t, site, nginx.site);
    binds.push({ from: service.socketPath, to: '/run/handoff/handoffd.sock' });
    const web = await testRoot(webServers);
    const proxy = await web.run(t, { argv: nginx.argv, binds, ready: 443 });
    await exercise(clientOf(t, proxy, ca), service, proxy.network.host);
});

const siteOf = (upstream, head) => adapt('Caddyfile', [
    ['reverse_proxy 127.0.0.1:8088 {', `reverse_proxy ${upstream} {`],
    [`${hostname} {`, head],
]);

test('Caddy in front, as docs/proxy/Caddyfile has it', async (t) => {
    const { network, address, service, upstream } = await before(t);
    const own = `tls ${certificates}/fullchain.pem ${certificates}/privkey.pem`;
    const { binds, ca } = filesOf(t, siteOf(upstream, `${hostname} {\n\t${own}`), caddy.site);
    const web = await testRoot(webServers);
    const proxy = await web.run(t, { argv: caddy.argv, network, address, binds, ready: 443 });
    await exercise(clientOf(t, proxy, ca), service, network.host);
});

function freePort() {
    return new Promise((resolve) => {
        const server = net.createServer().listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

// Without TLS the command line speaks to this machine only: this proxy listens on the machine's own loopback.
test('the command line through a proxy on this machine', async (t) => {
    const { service } = await start(t, ['--trusted-proxies', '127.0.0.1', '--log-level', 'debug']);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const site = siteOf(`${service.host}:${service.port}`, `${url} {\n\tbind 127.0.0.1`);
    const { binds } = filesOf(t, `{\n\tadmin off\n}\n${site}`, caddy.site);
    const web = await testRoot(webServers);
    await web.run(t, { argv: caddy.argv, network: 'machine', binds, ready: port });
    const sent = await new Person(t, url).run(['send'], { stdin: 'a password\n' });
    assert.equal(sent.status, 0, sent.said);
    const redeemed = await new Person(t, url).run(['redeem', sent.out.trim(), '--field', 'password']);
    assert.equal(redeemed.out, 'a password\n', redeemed.said);
});
