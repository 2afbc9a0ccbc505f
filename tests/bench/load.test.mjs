// Goal: the load generator's figures can be believed. It accepts right answers, notices each wrong
// one, from the bare responder and from handoffd, of each kind and by TLS, and really does what the
// kind says.

import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { makePair } from '../support/service/certificates.mjs';
import { build, scratch } from '../support/service/service.mjs';
import { load, run, start, unlimited } from './run/service.mjs';

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

test('by TLS: right answers, wrong ones, and another certificate', async (t) => {
    const dir = scratch(t);
    const [own, other] = ['own', 'other'].map((name) => makePair(dir, name));
    const files = ['--tls-cert', own.cert, '--tls-key', own.key];
    await withBare(files, async ({ port }) => {
        const result = await load(build, { port, ...bareOptions, tls: own.cert });
        assert.equal(result.status, 0, result.words);
        assert.ok(result.requests > 50, `${result.requests} requests`);
        for (const tls of [other.cert, undefined]) {
            const refused = await load(build, { port, ...bareOptions, tls });
            assert.equal(refused.status, 1);
            assert.equal(refused.requests, 0);
        }
    });
    await withBare([...files, '--wrong-every', '20'], async ({ port }) => {
        const result = await load(build, { port, ...bareOptions, tls: own.cert });
        assert.equal(result.status, 1);
        assert.ok(result.wrong > 0, result.words);
    });
});

// ---- handoffd, and a proxy before it that lies ----

const whole = 'put claim opened'.split(' ');

function stepOf({ method, url }) {
    const last = url.split('/').pop();
    if (last.includes('wait='))
        return 'wait';
    return method === 'PUT' ? 'put' : ['claim', 'opened', 'events'].includes(last) ? last : 'status';
}

// A proxy that lets change(step, text, count) replace what an answer holds, or with an object also
// its status; null: it hangs up. early(step) may give an answer that the service is not asked for.
async function tamper(target, change, early = () => null) {
    const counts = {};
    const agent = new http.Agent({ keepAlive: true });
    const send = (reply, status, text) => {
        reply.writeHead(status, { 'content-length': Buffer.byteLength(text) });
        reply.end(text);
    };
    const server = http.createServer(async (request, reply) => {
        const chunks = [];
        for await (const chunk of request)
            chunks.push(chunk);
        const step = stepOf(request);
        const made = early(step, request);
        if (made)
            return send(reply, 200, made);
        const onward = http.request(
            target + request.url,
            { method: request.method, headers: request.headers, agent },
            async (answer) => {
                const parts = [];
                for await (const part of answer)
                    parts.push(part);
                counts[step] = (counts[step] ?? 0) + 1;
                const changed = change(step, Buffer.concat(parts).toString(), counts[step]);
                if (changed === null)
                    return reply.destroy();
                const { text, status } = typeof changed === 'string' ? { text: changed } : changed;
                return send(reply, status ?? answer.statusCode, text);
            },
        );
        onward.on('error', () => reply.destroy());
        return onward.end(Buffer.concat(chunks));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = () =>
        new Promise((resolve) => {
            agent.destroy();
            server.close(resolve);
            server.closeAllConnections();
        });
    return { port: server.address().port, close };
}

const swap = (text, from, to) => {
    assert.ok(text.includes(from), `${from} is in ${text}`);
    return text.replaceAll(from, to);
};

const otherId = (t) => t.replace(/("id":".{35})(.)/, (m, start, c) => start + (c === 'f' ? '0' : 'f'));

// What may be wrong: [kind, step, change].
const flips = {
    'another status of the first answer': ['handoffs', 'put', (text) => ({ text, status: 200 })],
    'another status of the claim': ['handoffs', 'claim', (text) => ({ text, status: 201 })],
    'another envelope': ['handoffs', 'claim', (t) => t.replace(/("envelope":"[\w-]{40})./, (m, p) => p + (m.endsWith('A') ? 'B' : 'A'))],
    'a shorter envelope': ['handoffs', 'claim', (t) => t.replace(/("envelope":"[^"]*)[^"]"/, '$1"')],
    'another id': ['handoffs', 'put', otherId],
    'another state at the start': ['handoffs', 'put', (t) => swap(t, '"available"', '"claimed"')],
    'another state at the end': ['handoffs', 'opened', (t) => swap(t, '"delivered"', '"available"')],
    'no event': ['handoffs', 'opened', (t) => swap(t, '"event"', '"events"')],
    'another status of a submission alone': ['create', 'put', (text) => ({ text, status: 503 })],
    'no event of a submission alone': ['create', 'put', (t) => swap(t, '"event"', '"events"')],
    'another status of a reading': ['status', 'status', (text) => ({ text, status: 404 })],
    'another id read': ['status', 'status', otherId],
    'another state read': ['status', 'status', (t) => swap(t, '"available"', '"claimed"')],
    'another envelope\'s hash': ['status', 'status', (t) => t.replace(/("envelope_hash":"[\w-]{20})./, (m, p) => p + (m.endsWith('A') ? 'B' : 'A'))],
    'another envelope of a filled one': ['redeem', 'claim', (t) => t.replace(/("envelope":"[\w-]{40})./, (m, p) => p + (m.endsWith('A') ? 'B' : 'A'))],
    'another state at the end of a filled one': ['redeem', 'opened', (t) => swap(t, '"delivered"', '"claimed"')],
};

// A service on handoffs that fill made; ends with the test.
async function startFilled(t, count) {
    let service;
    const data = join(scratch(t, () => service?.stop()), 'data');
    const filled = await run(`${build}/tests/bench/fill`, ['--data', data, '--seed', '5', '--count', `${count}`]);
    assert.equal(filled.status, 0, filled.words);
    assert.equal(JSON.parse(filled.out).live, count);
    service = await start(`${build}/api/handoffd`, ['--data', data, '--listen', '127.0.0.1:0', ...unlimited]);
    let taken = 0;
    const take = (wanted) => ({ seed: 5, filled: count, from: (taken += wanted) - wanted });
    return { ...service, take };
}

test('against handoffd', async (t) => {
    const count = 800;
    const service = await startFilled(t, count);
    const { port } = service;

    await t.test('whole handoffs are run, and every one ends as delivered', async () => {
        const handoffs = 600;
        const result = await load(build, { port, connections: 16, handoffs });
        assert.equal(result.status, 0, result.words);
        assert.equal(result.wrong + result.broken, 0);
        assert.equal(result.handoffs, handoffs);
        assert.deepEqual(result.steps.map((step) => [step.name, step.requests]), whole.map((name) => [name, handoffs]));
    });

    await t.test('submissions alone, and readings of what is there', async () => {
        const created = await load(build, { port, kind: 'create', connections: 8, handoffs: 100 });
        assert.equal(created.status, 0, created.words);
        assert.deepEqual(created.steps.map((step) => [step.name, step.requests]), [['put', 100]]);
        const read = await load(build, { port, kind: 'status', connections: 8, handoffs: 50, milliseconds: 300,
            seed: 5, filled: count });
        assert.equal(read.status, 0, read.words);
        assert.ok(read.requests > 100, 'it begins anew');
    });

    for (const [name, [kind, where, change]] of Object.entries(flips))
        await t.test(`every tenth answer with ${name} is noticed`, async () => {
            const handoffs = 40;
            const proxy = await tamper(service.url, (step, text, n) =>
                step === where && n % 10 === 0 ? change(text) : text,
            );
            const result = await load(build, {
                port: proxy.port, kind, connections: 4, handoffs,
                ...(kind === 'redeem' && service.take(handoffs)),
                ...(kind === 'status' && { seed: 5, filled: count, milliseconds: 300 }),
            });
            await proxy.close();
            assert.equal(result.status, 1);
            if (kind === 'status') { // goes on until its time is over
                assert.ok(result.wrong > 0 && Math.abs(result.wrong - result.requests / 10) <= 1, result.words);
                return;
            }
            assert.equal(result.wrong, handoffs / 10, result.words);
            assert.equal(result.handoffs, handoffs - handoffs / 10);
        });

    await t.test('what is not there, or was made from another seed, is noticed', async () => {
        const options = { port, kind: 'redeem', connections: 4, handoffs: 20 };
        const other = await load(build, { ...options, ...service.take(20), seed: 6 });
        assert.equal(other.wrong, 20, other.words);
    });
});

test('redeemed at random, each once: all of them, and none is left', async (t) => {
    const count = 500;
    const service = await startFilled(t, count);
    const options = { port: service.port, kind: 'redeem', connections: 8 };
    for (const handoffs of [200, 300]) {
        const result = await load(build, { ...options, handoffs, ...service.take(handoffs) });
        assert.equal(result.status, 0, result.words);
        assert.equal(result.handoffs, handoffs);
    }
    const again = await load(build, { ...options, handoffs: 8, seed: 5, filled: count });
    assert.equal(again.wrong, 8, 'they are gone');
});

describe('long-polls', () => {
    const held = 20;
    const options = { kind: 'handoffs', connections: 4, handoffs: 20, hold: held };
    const unchanged = (step, text) => text;

    async function throughProxy(t, change, early) {
        const service = await startFilled(t, held);
        const proxy = await tamper(service.url, change, early);
        const result = await load(build, { port: proxy.port, ...options, ...service.take(held) });
        await proxy.close();
        return result;
    }

    test('each is answered once its handoff was claimed', async (t) => {
        const result = await throughProxy(t, unchanged);
        assert.equal(result.status, 0, result.words);
        assert.equal(result.woken.requests, held);
        assert.equal(result.handoffs, 20, 'others wrote meanwhile');
    });

    for (const [name, where, change] of [
        ['another status', 'wait', (text) => ({ text, status: 503 })],
        ['another state', 'wait', (t) => swap(t, '"claimed"', '"available"')],
        ['no event', 'wait', (t) => t.replace(/"events":\[.*\]/, '"events":[]')],
        ['another event', 'wait', (t) => swap(t, 'claim.accepted', 'claim.refused')],
        ['another handoff\'s event', 'wait', (t) => t.replace(/\\"id\\":\\"[^"]*\\"/, '\\"id\\":\\"0190d5c5-8f6e-7cc0-8000-000000000000\\"')],
        ['no event of the submission', 'events', (t) => swap(t, 'handoff.created', 'handoff.burned')],
        ['a claim with another envelope', 'claim', (t) => t.replace(/("envelope":"[\w-]{40})./, (m, p) => p + (m.endsWith('A') ? 'B' : 'A'))],
    ])
        test(`every tenth with ${name} is noticed`, async (t) => {
            // The handoffs that are written meanwhile claim too: their claims come first.
            const result = await throughProxy(t, (step, text, n) =>
                step === where && n % 10 === 0 ? change(text) : text);
            assert.equal(result.status, 1);
            assert.equal(result.wrong, where === 'claim' ? (held + 20) / 10 : held / 10, result.words);
        });

    test('one that is answered before anything happened is noticed', async (t) => {
        let n = 0;
        const early = (step, { url }) => {
            const id = url.split('/')[3];
            return step === 'wait' && ++n % 10 === 0
                && JSON.stringify({ state: 'claimed', next: 9, events: [
                    { index: 9, line: JSON.stringify({ kind: 'claim.accepted', id }) }] });
        };
        const result = await throughProxy(t, unchanged, early);
        assert.equal(result.status, 1);
        assert.match(result.words, /before anything happened/);
        assert.equal(result.wrong, 2);
        assert.equal(result.woken.requests, held - 2);
    });

    test('one whose connection is closed is noticed', async (t) => {
        const result = await throughProxy(t, (step, text, n) => (step === 'wait' && n === 3 ? null : text));
        assert.equal(result.status, 1);
        assert.equal(result.broken, 1, result.words);
    });
});
