// Goal: hundreds of hostile connections, slow, idle, oversized, broken off, never reading, do not keep
// an honest client from a whole handoff, and the service's memory stays within its bounds; when they
// are gone, so are their connections.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Client, Raw, deliver, done, makeHandoff, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { poll, sleep, startService } from '../support/service/service.mjs';
import { amount, figure } from '../support/run/torture.mjs';

// A connection's buffer is 32 KiB, a body in hand at most 90 KiB, and the address limit is 256: what
// twelve addresses can make it hold, and what it needs at rest, fit in here with room to spare.
const memoryMiB = 160;
const addresses = 12;
const seats = 24;

const put = (length, more = '') => `PUT /v1/handoffs/01a207a9-06ac-7cc4-bfe9-7b64f6ed5519 HTTP/1.1\r\n` +
    `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

// Sends a text a byte at a time, until the other side has had enough.
async function drip(raw, text, signal) {
    for (let i = 0; i < text.length && !raw.closed && !signal.over; i++) {
        raw.write(text[i]);
        await sleep(40);
    }
}

// What a hostile connection does once it is there. Most are ended by the service.
const attacks = {
    'a head a byte at a time': (raw, signal) => drip(raw, put(10), signal),
    'a body a byte at a time': async (raw, signal) => {
        raw.write(put(5000));
        await drip(raw, '{"envelope":"'.padEnd(5000, 'A'), signal);
    },
    'nothing at all': async (raw, signal) => {
        while (!raw.closed && !signal.over)
            await sleep(50);
    },
    'a header of 100,000 bytes': (raw) => raw.write(put(2, `X-Long: ${'x'.repeat(100000)}\r\n`)),
    'a thousand headers': (raw) =>
        raw.write(put(2, Array.from({ length: 1000 }, (_, i) => `X-${i}: y\r\n`).join(''))),
    'a body of a terabyte': (raw) => raw.write(`${put(1e12)}${'{'.repeat(60000)}`),
    'a body without an end': (raw) => raw.write(`${put(90000)}{"envelope":"${'A'.repeat(60000)}`),
    'JSON nested deeply': (raw) => raw.write(`${put(60000)}${'['.repeat(60000)}`),
    'JSON with a thousand members': (raw) => {
        const text = `{${Array.from({ length: 1000 }, (_, i) => `"m${i}":${i}`).join(',')}}`;
        raw.write(`${put(text.length)}${text}`);
    },
    'chunks': (raw) => raw.write(`${put(5, 'Transfer-Encoding: chunked\r\n')}5\r\n{"a":\r\n`),
    'five hundred requests, and no answer read': (raw) => {
        raw.socket.pause();
        raw.write('GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(500));
    },
    'a wrong token': async (raw, signal, { id }) => {
        const body = JSON.stringify({ token: newClaimant(), claimant: newClaimant() });
        raw.write(`POST /v1/handoffs/${id}/claim HTTP/1.1\r\nHost: localhost\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    },
    'a wait that nobody stays for': (raw, signal, h) => raw.write(`GET ${h.path}/events?after=999&wait=8 HTTP/1.1\r\n` +
        `Host: localhost\r\nAuthorization: Bearer ${h.manage}\r\n\r\n`),
    'TLS spoken to plain HTTP': (raw) => raw.write(Buffer.from('16030100c8010000c40303', 'hex')),
};

const memory = (pid, name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

// One hostile seat: connects from its address, attacks, is thrown out or leaves, and comes again.
async function siege(service, address, name, signal, h, counts) {
    while (!signal.over) {
        const raw = new Raw({ host: service.host, port: service.port, localAddress: address });
        counts.connections++;
        await Promise.race([raw.connected, raw.gone]);
        if (!raw.closed)
            await attacks[name](raw, signal, h);
        for (let i = 0; i < 40 && !raw.closed && !signal.over; i++)
            await sleep(50);
        raw.destroy();
        await sleep(20);
    }
}

test('an honest client among hostile ones', async (t) => {
    const service = await startService(t, {
        limits: true,
        args: ['--log-level', 'error', '--request-deadline', '3'],
    });
    // Even an honest one may make so many calls a minute only: after some it comes from elsewhere.
    const comesFrom = (n) => new Client(service, { localAddress: `127.0.0.${9 + n}` });
    let honest = comesFrom(0);
    t.after(() => honest.close());
    const watched = await sendHandoff(honest);
    const rest = memory(service.pid, 'VmRSS');
    const signal = { over: false };
    t.after(() => {
        signal.over = true;
    });
    const counts = { connections: 0 };
    const names = Object.keys(attacks);
    const sieges = Array.from({ length: addresses * seats }, (_, i) =>
        siege(service, `127.66.0.${1 + (i % addresses)}`, names[i % names.length], signal, watched, counts));
    await poll('the siege has begun', () => counts.connections > addresses * seats);

    const wanted = amount('hostile', 40, 1);
    let peak = 0;
    for (let i = 0; i < wanted; i++) {
        if (i > 0 && i % 40 === 0) {
            honest.close();
            honest = comesFrom(i / 40);
        }
        const h = await deliver(honest);
        assert.equal(done(await h.read(honest)).state, 'delivered');
        peak = Math.max(peak, memory(service.pid, 'VmRSS'));
        await sleep(100);
    }
    assert.ok(peak < memoryMiB, `${peak.toFixed(0)} MiB while under siege`);
    signal.over = true;
    await Promise.all(sieges);
    await poll('their connections are gone', () => service.connections() <= 4, 20000);
    done(await honest.call('GET', '/readyz'));
    figure('hostile', 'kinds of attack', names.length);
    figure('hostile', 'connections at once', addresses * seats);
    figure('hostile', 'connections', counts.connections);
    figure('hostile', 'honest handoffs among them', wanted);
    figure('hostile', 'memory at rest, MiB', Math.round(rest));
    figure('hostile', 'memory at most, MiB', Math.round(peak));
    figure('hostile', 'memory afterwards, MiB', Math.round(memory(service.pid, 'VmRSS')));
});

test('an attack does reach the service', async (t) => {
    const service = await startService(t, { limits: true });
    const h = await makeHandoff();
    const raw = new Raw({ host: service.host, port: service.port, localAddress: '127.66.0.1' });
    await raw.connected;
    await attacks['a wrong token'](raw, {}, h);
    assert.equal((await raw.answer()).status, 404);
    raw.destroy();
});
