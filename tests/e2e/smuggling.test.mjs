// Goal: requests that two parsers could read in two ways are refused and their connection closed, so
// that nothing rides behind them; and slow clients are cut at an absolute deadline while honest ones
// are served.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Client, Raw, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { poll, sleep, startService } from '../support/service/service.mjs';

const endings = [];
const deadlineMs = 2000;
let service;
let client;

before(async () => {
    const t = { after: (end) => endings.push(end) };
    service = await startService(t, { args: ['--request-deadline', String(deadlineMs / 1000)] });
    client = new Client(service);
});

after(async () => {
    client?.close();
    for (const end of endings.reverse())
        await end();
});

// Each is the claim's request spoiled in one way. A second, whole request follows behind, which must
// never be answered.
const spoil = {
    'Content-Length twice, same': (r) => r.fields.push(`Content-Length: ${r.body.length}`),
    'Content-Length twice, first shorter': (r) => r.fields.unshift('Content-Length: 5'),
    'Content-Length twice, second shorter': (r) => r.fields.push('Content-Length: 5'),
    'Content-Length as a list': (r) => (r.length = `Content-Length: ${r.body.length}, 5`),
    'Content-Length with a sign': (r) => (r.length = `Content-Length: +${r.body.length}`),
    'Content-Length negative': (r) => (r.length = 'Content-Length: -1'),
    'Content-Length in hexadecimal': (r) => (r.length = `Content-Length: 0x${r.body.length}`),
    'Content-Length beyond 64 bits': (r) => (r.length = 'Content-Length: 18446744073709551621'),
    'Content-Length empty': (r) => (r.length = 'Content-Length:'),
    'no Content-Length': (r) => (r.length = null),
    'a space before the colon': (r) => (r.length = `Content-Length : ${r.body.length}`),
    'Content-Length folded': (r) => (r.length = `Content-Length:\r\n ${r.body.length}`),
    'a folded field': (r) => r.fields.push('X-A: b\r\n c: d'),
    'Content-Length and Transfer-Encoding': (r) => r.fields.push('Transfer-Encoding: chunked'),
    'Transfer-Encoding alone': (r) => {
        r.length = 'Transfer-Encoding: chunked';
        r.body = `${r.body.length.toString(16)}\r\n${r.body}\r\n0\r\n\r\n`;
    },
    'Transfer-Encoding identity': (r) => r.fields.push('Transfer-Encoding: identity'),
    'Transfer-Encoding, obscured': (r) => r.fields.push('Transfer-Encoding: xchunked'),
    'no Host': (r) => (r.host = null),
    'two Hosts': (r) => r.fields.push('Host: elsewhere.example'),
    'a field without a name': (r) => r.fields.push(': value'),
    'a space in a name': (r) => r.fields.push('X A: b'),
    'a control character in a name': (r) => r.fields.push('X\x01A: b'),
    'a tab before the colon': (r) => r.fields.push('X-A\t: b'),
    'a byte above 127 in a name': (r) => r.fields.push('X-\xc3\xa4: b'),
    'a parenthesis in a name': (r) => r.fields.push('X-(A): b'),
    'a NUL in a value': (r) => r.fields.push('X-A: b\0c'),
    'a control character in a value': (r) => r.fields.push('X-A: b\x02c'),
    'DEL in a value': (r) => r.fields.push('X-A: b\x7fc'),
    '%00 in the target': (r) => (r.target += '%00'),
    '%2f in the target': (r) => (r.target = r.target.replace('/claim', '%2fclaim')),
    'percent-encoding in the target': (r) => (r.target = r.target.replace('claim', '%63laim')),
    'a backslash in the target': (r) => (r.target = r.target.replace('/claim', '\\claim')),
    'an absolute target': (r) => (r.target = `http://elsewhere.example${r.target}`),
    'a control character in the target': (r) => (r.target += '\x01'),
    'two Content-Types': (r) => r.fields.push('Content-Type: text/plain'),
    'HTTP/2.0': (r) => (r.version = 'HTTP/2.0'),
    'HTTP/0.9': (r) => (r.version = 'HTTP/0.9'),
    'no version': (r) => (r.version = ''),
};

function request(h, claimant) {
    return {
        target: `${h.path}/claim`,
        version: 'HTTP/1.1',
        host: 'Host: localhost',
        length: undefined,
        fields: [],
        body: JSON.stringify(h.claimBody(claimant)),
    };
}

function bytesOf(r) {
    const length = r.length === undefined ? `Content-Length: ${r.body.length}` : r.length;
    const lines = [
        `POST ${r.target} ${r.version}`.trimEnd(),
        r.host,
        'Content-Type: application/json',
        length,
        ...r.fields,
    ].filter((line) => line !== null);
    return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${r.body}`, 'latin1');
}

const untouched = async (h) => assert.deepEqual(await h.kinds(client), ['handoff.created']);

test('the request is good before it is spoiled', async () => {
    const h = await sendHandoff(client);
    const connection = new Raw(service);
    connection.write(bytesOf(request(h, newClaimant())));
    assert.equal((await connection.answer()).status, 200);
    connection.destroy();
});

for (const [name, change] of Object.entries(spoil))
    test(`refused and closed: ${name}`, async () => {
        const h = await sendHandoff(client);
        const bad = request(h, newClaimant());
        change(bad);
        const behind = `GET ${h.path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
        const connection = new Raw(service);
        connection.write(Buffer.concat([bytesOf(bad), Buffer.from(behind)]));
        assert.ok(await connection.ends(deadlineMs + 8000), 'the connection is closed');
        const text = connection.bytes.toString('latin1');
        const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((m) => Number(m[1]));
        // The library refuses some by itself, and then writes its head twice.
        for (const status of statuses)
            assert.ok([400, 411, 413, 414, 501, 505].includes(status), text);
        assert.ok(!text.includes(h.id), 'nothing rides behind it');
        await untouched(h);
        done(await h.claim(client, newClaimant()));
    });

test('bare LF and obsolete line ends are read in one way only', async () => {
    const h = await sendHandoff(client);
    const body = JSON.stringify(h.claimBody(newClaimant()));
    const smuggled = `X-A: b\nContent-Length: 0\nTransfer-Encoding: chunked`;
    const connection = new Raw(service);
    connection.write(
        `POST ${h.path}/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
            `${smuggled}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    assert.ok(await connection.ends(deadlineMs + 8000));
    assert.match(connection.bytes.toString('latin1'), /^HTTP\/1\.1 400 /);
    await untouched(h);
});

test('a header that does not end is refused', async () => {
    const connection = new Raw(service);
    connection.write(`GET /livez HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(200000)}`);
    assert.ok(await connection.ends(deadlineMs + 8000));
    assert.doesNotMatch(connection.bytes.toString('latin1'), /^HTTP\/1\.1 2/);
    done(await client.call('GET', '/livez'));
});

// Writes a byte now and then until the other side has enough; returns for how long that went.
async function drip(text) {
    const started = Date.now();
    const connection = new Raw(service);
    await connection.connected;
    for (let i = 0; i < text.length && !connection.closed; i++) {
        connection.write(text[i]);
        await sleep(100);
    }
    await connection.ends(5000);
    connection.destroy();
    return { ms: Date.now() - started, text: connection.bytes.toString('latin1') };
}

for (const [what, build] of Object.entries({
    'a slow body': (h) => {
        const body = JSON.stringify(h.claimBody(newClaimant()));
        const head = `POST ${h.path}/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
        return [`${head}Content-Length: ${body.length}\r\n\r\n`, ...body];
    },
    'a slow header': (h) => [`GET ${h.path} HTTP/1.1\r\nHost: x\r\nX-A: `, ...'a'.repeat(200)],
}))
    test(`${what} is cut at the absolute deadline`, async () => {
        const h = await sendHandoff(client);
        const slow = drip(build(h));
        let served = 0;
        let over = false;
        slow.then(() => (over = true));
        while (!over) {
            done(await client.call('GET', '/livez'));
            served++;
            await sleep(50);
        }
        const { ms, text } = await slow;
        assert.ok(ms >= deadlineMs - 500 && ms <= deadlineMs + 4000, `cut after ${ms} ms`);
        assert.ok(served > 10, 'an honest client was served meanwhile');
        assert.doesNotMatch(text, /^HTTP\/1\.1 2/);
        await untouched(h);
        done(await h.claim(client, newClaimant()));
    });

test('a hundred slow clients do not keep an honest one out', async () => {
    const h = await sendHandoff(client);
    const head = `POST ${h.path}/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    const slow = Array.from({ length: 100 }, () => new Raw(service));
    for (const connection of slow)
        connection.write(`${head}Content-Length: 200\r\n\r\n{`);
    const claimant = newClaimant();
    done(await h.claim(client, claimant));
    done(await h.opened(client, claimant));
    await poll('all of them are cut', () => slow.every(({ closed }) => closed), deadlineMs + 8000);
});
