// Goal: the load generator's figures can be believed. It accepts right answers, notices each wrong
// one, from the bare responder and from handoffd, and really runs whole handoffs.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { load, start, unlimited } from './service.mjs';

const build = process.env.HANDOFF_BUILD;
const bareOptions = { connections: 8, milliseconds: 300, handoffs: 200, bare: '250,560,50' };

async function withBare(args, body) {
    const bare = await start(`${build}/tests/bench/bare`, args);
    try {
        await body(bare);
    } finally {
        await bare.stop();
    }
}

test('right answers of the bare responder are accepted', () =>
    withBare([], async (bare) => {
        const result = await load(build, { port: bare.port, ...bareOptions });
        assert.equal(result.status, 0, result.words);
        assert.equal(result.wrong, 0);
        assert.ok(result.requests > 100, `${result.requests} requests`);
        assert.deepEqual(result.steps.map((step) => step.answer_bytes), [250, 560, 50]);
        assert.ok(result.p50_us > 0 && result.p50_us <= result.p99_us);
        assert.ok(result.p99_us <= result.p999_us && result.p999_us <= result.max_us);
    }));

test('each wrong answer of the bare responder is noticed', () =>
    withBare(['--wrong-every', '100'], async (bare) => {
        const result = await load(build, { port: bare.port, ...bareOptions });
        assert.equal(result.status, 1);
        assert.match(result.words, /other bytes/);
        // The answers in flight at the end were made but not judged.
        const made = Math.floor(result.requests / 100);
        assert.ok(made > 0 && Math.abs(result.wrong - made) <= 1, `${result.wrong} of ${made}`);
    }));

test('an answer of another length is noticed', () =>
    withBare([], async (bare) => {
        const proxy = await tamper(bare.url, () => 'short');
        const result = await load(build, { ...bareOptions, port: proxy.port, connections: 2 });
        await proxy.close();
        assert.equal(result.status, 1);
        assert.match(result.words, /another length/);
        assert.equal(result.wrong, result.requests);
    }));

test('a responder that is not there is an error', async () => {
    const server = http.createServer();
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const result = await load(build, { port, ...bareOptions });
    assert.equal(result.status, 1);
    assert.match(result.words, /cannot connect/);
});

// A proxy that lets change(step, text, count) replace what an answer holds, or with an object also
// its status.
async function tamper(target, change) {
    const counts = {};
    const server = http.createServer(async (request, reply) => {
        const chunks = [];
        for await (const chunk of request)
            chunks.push(chunk);
        const onward = http.request(
            target + request.url,
            { method: request.method, headers: request.headers },
            async (answer) => {
                const parts = [];
                for await (const part of answer)
                    parts.push(part);
                const step = /claim$|opened$/.exec(request.url)?.[0] ?? 'put';
                counts[step] = (counts[step] ?? 0) + 1;
                const changed = change(step, Buffer.concat(parts).toString(), counts[step]);
                const { text, status } = typeof changed === 'string' ? { text: changed } : changed;
                reply.writeHead(status ?? answer.statusCode, {
                    'content-length': Buffer.byteLength(text),
                });
                reply.end(text);
            },
        );
        onward.on('error', () => reply.destroy());
        onward.end(Buffer.concat(chunks));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () =>
        new Promise((resolve) => {
            server.close(resolve);
            server.closeAllConnections();
        });
    return { port: server.address().port, close };
}

const swap = (text, from, to) => {
    assert.ok(text.includes(from), `${from} is in ${text}`);
    return text.replace(from, to);
};

const flips = {
    'another status of the first answer': ['put', (text) => ({ text, status: 200 })],
    'another status of the claim': ['claim', (text) => ({ text, status: 201 })],
    'another envelope': ['claim', (t) => t.replace(/("envelope":"[\w-]{40})./, (m, p) => p + (m.endsWith('A') ? 'B' : 'A'))],
    'a shorter envelope': ['claim', (t) => t.replace(/("envelope":"[^"]*)[^"]"/, '$1"')],
    'another id': ['put', (t) => t.replace(/"id":"./, (m) => (m.endsWith('f') ? '"id":"0' : '"id":"f'))],
    'another state at the start': ['put', (t) => swap(t, '"available"', '"claimed"')],
    'another state at the end': ['opened', (t) => swap(t, '"delivered"', '"available"')],
    'no event': ['opened', (t) => swap(t, '"event"', '"events"')],
};

describe('against handoffd', () => {
    let service;
    let data;

    before(async () => {
        data = mkdtempSync(join(tmpdir(), 'handoff-load-'));
        service = await start(`${build}/api/handoffd`, [
            ...['--data', data, '--listen', '127.0.0.1:0'],
            ...unlimited,
        ]);
    });

    after(async () => {
        try {
            await service?.stop();
        } finally {
            rmSync(data, { recursive: true, force: true });
        }
    });

    test('whole handoffs are run, and every one ends as delivered', async () => {
        const handoffs = 600;
        const result = await load(build, { port: service.port, connections: 16, handoffs });
        assert.equal(result.status, 0, result.words);
        assert.equal(result.wrong + result.broken, 0);
        assert.equal(result.handoffs, handoffs);
        assert.deepEqual(result.steps.map((step) => step.requests), [handoffs, handoffs, handoffs]);
    });

    for (const [name, [where, change]] of Object.entries(flips))
        test(`every tenth answer with ${name} is noticed`, async () => {
            const proxy = await tamper(service.url, (step, text, count) =>
                step === where && count % 10 === 0 ? change(text) : text,
            );
            const result = await load(build, { port: proxy.port, connections: 4, handoffs: 100 });
            await proxy.close();
            assert.equal(result.status, 1);
            assert.equal(result.wrong, 10, result.words);
            assert.equal(result.handoffs, 90);
        });
});
