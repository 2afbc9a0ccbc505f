// Goal: the service speaks TLS by itself, 1.2 and later; its certificate is replaced while it works
// without one failed request; a pair that is wrong is told and changes nothing; what the guard
// refuses is refused under TLS too.

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import https from 'node:https';
import tls from 'node:tls';

import { makePair } from '../support/service/certificates.mjs';
import { Client, checkAnswer, deliver, done, parseAnswer, sendHandoff } from '../support/http/http.mjs';
import { operate } from '../support/service/operator.mjs';
import { poll, scratch, startService } from '../support/service/service.mjs';

// A service with TLS; its pair lies under names of its own, so that a test can replace it.
async function start(t, options = {}) {
    const dir = scratch(t);
    const pairs = [makePair(dir, 'first'), makePair(dir, 'second')];
    const cert = join(dir, 'used.crt');
    const key = join(dir, 'used.key');
    const use = (pair) => {
        copyFileSync(pair.cert, cert);
        copyFileSync(pair.key, key);
        chmodSync(key, 0o600);
    };
    use(pairs[0]);
    const service = await startService(t, {
        ...options,
        args: ['--tls-cert', cert, '--tls-key', key, ...(options.args ?? [])],
    });
    const ca = pairs.map((pair) => pair.ca);
    return { service, pairs, use, ca, cert, key };
}

// The fingerprint of the certificate that a new handshake is shown.
function shown(service, options = {}) {
    return new Promise((resolve, reject) => {
        const socket = tls.connect(
            { host: service.host, port: service.port, rejectUnauthorized: false, ...options },
            () => {
                resolve(socket.getPeerCertificate().fingerprint256);
                socket.destroy();
            },
        );
        socket.on('error', reject);
    });
}

const count = (service, words) => service.log.split(words).length - 1;

async function hangUp(service, words = 'were read again') {
    const before = count(service, words);
    service.signal('SIGHUP');
    await poll(words, () => count(service, words) > before);
}

test('a whole handoff under TLS, with the fields that go with it', async (t) => {
    const { service, ca } = await start(t);
    assert.match(service.url, /^https:/);
    const client = new Client(service, { ca });
    t.after(() => client.close());
    await deliver(client);
    const reply = await client.call('GET', '/livez');
    checkAnswer(reply);
    assert.equal(reply.headers['strict-transport-security'], 'max-age=63072000');
});

test('versions before 1.2 are refused', async (t) => {
    const { service } = await start(t);
    await shown(service, { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
    await shown(service, { minVersion: 'TLSv1.3' });
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await assert.rejects(shown(service, old));
});

test('replaced under load: no failed request, and both certificates are seen', async (t) => {
    const { service, pairs, use, ca } = await start(t);
    let going = true;
    let lives = 0;
    const seen = new Set();
    const worker = async (keepAlive) => {
        const client = new Client(service, { ca, agent: new https.Agent({ keepAlive }) });
        while (going) {
            await deliver(client);
            lives++;
        }
        client.close();
    };
    const workers = [true, true, false, false].map(worker);
    for (let i = 1; i <= 20; i++) {
        const before = lives;
        use(pairs[i % 2]);
        await hangUp(service);
        assert.equal(await shown(service), pairs[i % 2].fingerprint);
        seen.add(await shown(service));
        await poll('the load goes on', () => lives > before + 2);
    }
    going = false;
    await Promise.all(workers);
    assert.equal(seen.size, 2);
    t.diagnostic(`${lives} whole handoffs during 20 replacements, none failed`);
});

test('a wrong pair at SIGHUP is told, and the old one stays', async (t) => {
    const { service, pairs, cert, key } = await start(t);
    copyFileSync(pairs[1].key, key);
    await hangUp(service, 'nothing was changed');
    assert.match(service.log, /used\.key is not the key of the certificate/);
    assert.equal(await shown(service), pairs[0].fingerprint);
    copyFileSync(pairs[1].cert, cert);
    chmodSync(key, 0o644);
    await hangUp(service, 'nothing was changed');
    assert.match(service.log, /others may read this key: chmod 600/);
    chmodSync(key, 0o600);
    await hangUp(service);
    assert.equal(await shown(service), pairs[1].fingerprint);
});

test('a pair that cannot be used ends the start with the reason', async (t) => {
    const dir = scratch(t);
    const [a, b] = [makePair(dir, 'a'), makePair(dir, 'b')];
    const attempts = [
        [[a.cert, b.key], /is not the key of the certificate/],
        [[join(dir, 'none'), a.key], /none: No such file/],
        [[a.key, a.key], /not a certificate/],
        [[a.cert, a.cert], /others may read this key|not a private key/],
    ];
    for (const [[cert, key], words] of attempts) {
        const { status, stderr } = await operate([
            '--data', join(dir, 'data'), '--listen', '127.0.0.1:0', '--tls-cert', cert, '--tls-key', key,
        ]);
        assert.equal(status, 1, stderr);
        assert.match(stderr, words);
    }
});

test('what the guard refuses is refused under TLS too', async (t) => {
    const { service, ca } = await start(t);
    const client = new Client(service, { ca });
    t.after(() => client.close());
    const h = await sendHandoff(client);
    const requests = [
        'GET /livez HTTP/1.1\r\n\r\n',
        'GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
        'GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        `POST ${h.path}/claim HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
        'GET /live%7a HTTP/1.1\r\nHost: a\r\n\r\n',
        'GET /livez HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n',
    ];
    for (const request of requests) {
        const bytes = await new Promise((resolve, reject) => {
            const chunks = [];
            const socket = tls.connect(
                { host: service.host, port: service.port, ca, servername: 'localhost' },
                () => socket.write(request),
            );
            socket.on('data', (data) => chunks.push(data));
            socket.on('end', () => resolve(Buffer.concat(chunks)));
            socket.on('error', reject);
        });
        const answer = parseAnswer(bytes);
        assert.equal(answer.status, 400, request);
        assert.equal(answer.body.code, 'bad-request', request);
    }
    assert.equal(done(await h.read(client)).state, 'available');
});
