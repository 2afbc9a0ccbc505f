// Goal: the description is valid OpenAPI 3.1 to a validator that is not ours, is what the service hands
// out, and lists the calls that the service has; each refusal that any call can meet is met by each.
// (The level openapi runs the end-to-end tests behind a tap that holds every answer against it.)

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Validator } from '@seriousme/openapi-schema-validator';

import { Client, Raw, deliver, done, makeHandoff, newClaimant, problem, sendHandoff, uncoded } from '../support/http/http.mjs';
import { description, descriptionPath, judge, pathOf } from '../support/openapi/openapi.mjs';
import { poll, sleep, startService } from '../support/service/service.mjs';

const operations = Object.entries(description.paths).flatMap(([path, item]) =>
    Object.entries(item)
        .filter(([method]) => method !== 'parameters')
        .map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);
const withBody = operations.filter(({ operation }) => operation.requestBody);

// A path of this template, on this handoff or anything in the log.
const pathTo = (template, id) => pathOf(template, { id, index: 0, level: 0, tile: '000.p/1', file: 'x' });

async function start(t, args = []) {
    const service = await startService(t, { args });
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

// Every operation as a request line on a handoff of its own.
async function lines(client) {
    const { id } = client ? await sendHandoff(client) : await makeHandoff();
    return operations.map(({ path, method }) => ({
        method,
        path,
        line: `${method} ${pathTo(path, id)} HTTP/1.1\r\n`,
        length: ['PUT', 'POST'].includes(method) ? 'Content-Length: 2\r\nContent-Type: application/json\r\n' : '',
    }));
}

test('an unrelated validator accepts the document', async () => {
    const { valid, errors } = await new Validator().validate(descriptionPath);
    assert.ok(valid, JSON.stringify(errors));
    const broken = { ...description, paths: { 'no-slash': {} } };
    assert.equal((await new Validator().validate(broken)).valid, false, 'and refuses a broken one');
});

test('the service hands it out as it is', async (t) => {
    const { client } = await start(t);
    const reply = await client.call('GET', '/openapi.json');
    assert.deepEqual(done(reply), description);
    assert.equal(reply.text, readFileSync(descriptionPath, 'utf8'));
    done(await client.call('GET', '/readyz'));
});

test('the calls that it lists are those that the service has', async (t) => {
    const { client } = await start(t);
    const { id } = await makeHandoff();
    for (const [path, item] of Object.entries(description.paths)) {
        const reply = await client.call('OPTIONS', pathTo(path, id));
        problem(reply, 405, 'method-not-allowed');
        const listed = Object.keys(item).filter((m) => m !== 'parameters').map((m) => m.toUpperCase());
        if (listed.includes('GET'))
            listed.push('HEAD');
        assert.deepEqual(reply.headers.allow.split(', ').sort(), listed.sort(), path);
    }
});

test('what is not declared is found', () => {
    const headers = {
        'x-request-id': '1', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer', 'content-security-policy': "frame-ancestors 'none'",
        'content-type': 'application/json',
    };
    const live = { method: 'GET', path: '/livez' };
    const answer = (own = {}) => {
        const body = own.body ?? { status: 'alive' };
        return { status: 200, headers, text: JSON.stringify(body), ...own, body };
    };
    assert.equal(judge(live, answer()).violation, null);
    assert.match(judge(live, answer({ status: 204 })).violation, /204 is not declared/);
    assert.match(judge(live, answer({ body: { status: 'dead' } })).violation, /must be equal to constant/);
    assert.match(judge(live, answer({ body: { status: 'alive', x: 1 } })).violation, /additional/);
    assert.match(judge(live, answer({ headers: { ...headers, 'cache-control': undefined } })).violation, /Cache-Control is missing/);
    assert.match(judge(live, answer({ headers: { ...headers, 'content-type': 'text/plain' } })).violation, /type text\/plain/);
    assert.match(judge({ method: 'GET', path: '/x' }, answer()).violation, /is not among/);
    assert.match(judge({ method: 'PUT', path: '/livez' }, answer()).violation, /is not among/);
});

test('a coded body is judged by what it stands for, a path too long for its parameter as no path', () => {
    const headers = { 'content-encoding': 'gzip' };
    const body = { type: 'text', of: 'pages' };
    assert.deepEqual(uncoded(headers, gzipSync(JSON.stringify(body))).body, body);
    assert.deepEqual(uncoded({ 'content-encoding': 'br' }, brotliCompressSync(JSON.stringify(body))).body, body);
    assert.equal(uncoded(headers, Buffer.alloc(0)).text, ''); // as HEAD is answered
    assert.throws(() => uncoded(headers, Buffer.from(JSON.stringify(body))));

    const missing = { status: 404, headers: {}, text: '', body: { code: 'not-found' } };
    const judged = (length) => judge({ method: 'GET', path: `/h/${'x'.repeat(length)}` }, missing).violation;
    assert.equal(judged(63), '404 is not declared');
    assert.doesNotMatch(judged(64) ?? '', /not declared|not among/);
});

test('text, lines and bytes are judged by what they are, paths by what they name', () => {
    const headers = {
        'x-request-id': '1', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer', 'content-security-policy': "frame-ancestors 'none'",
    };
    const seen = (path, type, content, status = 200) => {
        const bytes = Buffer.from(content);
        const text = bytes.toString();
        const body = type.endsWith('json') && !type.endsWith('ndjson') ? JSON.parse(text) : null;
        const reply = { status, headers: { ...headers, 'content-type': type }, bytes, text, body };
        return judge({ method: 'GET', path: `/v1/audit/${path}` }, reply);
    };
    const good = (...args) => {
        const { violation, name } = seen(...args);
        assert.equal(violation, null);
        return name;
    };
    const [plain, lines, binary] = ['text/plain; charset=utf-8', 'application/x-ndjson', 'application/octet-stream'];
    const hash = `${'A'.repeat(43)}=`;
    const key = `handoff.example+0123abcd+${'A'.repeat(44)}`;
    const checkpoint = `handoff.example\n7\n${hash}\n\n\u2014 handoff.example AAAA\n`;

    good('key', plain, `${key}\n`);
    assert.match(seen('key', plain, key).violation, /must match pattern/);
    assert.match(seen('key', 'application/json', JSON.stringify(key)).violation, /is not declared/);
    good('checkpoint', plain, checkpoint);
    assert.match(seen('checkpoint', plain, `${checkpoint}\n`).violation, /must match pattern/);
    assert.match(seen('checkpoint', plain, checkpoint.replace('\n7', '\n07')).violation, /must match/);
    good('proof/3', plain, `c2sp.org/tlog-proof@v1\nindex 3\n${hash}\n\n${checkpoint}`);
    assert.match(seen('proof/x', plain, `c2sp.org/tlog-proof@v1\nindex 3\n\n${checkpoint}`).violation, /accepted though index/);

    good('details', lines, '');
    good('details', lines, '{"index":0,"details":{}}\n{"index":1,"details":{}}\n');
    for (const broken of ['{"index":0,"details":{}}', '\n', '{"index":0}\n', '{"index":0,"details":{}}\n{\n'])
        assert.notEqual(seen('details', lines, broken).violation, null, broken);

    const hashes = Buffer.alloc(32, 0xff);
    assert.equal(good('tile/0/x001/x234/067', binary, hashes), 'GET /v1/audit/tile/{level}/{tile} 200');
    assert.equal(good('tile/entries/x001/067.p/9', binary, hashes), 'GET /v1/audit/tile/entries/{tile} 200');
    assert.match(seen('tile/0/000', binary, hashes.subarray(1)).violation, /fewer than 32 characters/);
    for (const path of ['tile/64/000', 'tile/0/000/', 'tile/0/x01', 'tile/0/000.p/0', 'tile/x/000', 'tile/0'])
        assert.notEqual(seen(path, binary, hashes).violation, null, path);
});

test('400: a malformed field, by every call', async (t) => {
    const { service, client } = await start(t);
    for (const { line, length } of await lines(client)) {
        const raw = new Raw(service).write(`${line}Host: x\r\nX : y\r\n${length}\r\n`);
        problem(await raw.answer(), 400, 'bad-request');
        raw.destroy();
    }
});

test('408: a head that does not end, by every call', async (t) => {
    const { service, client } = await start(t, ['--request-deadline', '1']);
    const raws = (await lines(client)).map(({ line, length }) => {
        // The head is whole but for its end for calls without a body, and the body is missing for others.
        const head = length ? `${line}Host: x\r\n${length}\r\n` : `${line}Host: x\r\n`;
        return new Raw(service).write(head);
    });
    for (const raw of raws) {
        problem(await raw.answer(), 408, 'deadline');
        raw.destroy();
    }
});

test('413 and 415, by every call with a body', async (t) => {
    const { service, client } = await start(t);
    const { id } = await sendHandoff(client);
    for (const { path, method } of withBody) {
        const line = `${method} ${pathTo(path, id)} HTTP/1.1\r\nHost: x\r\n`;
        const large = new Raw(service).write(
            `${line}Content-Type: application/json\r\nContent-Length: 10000000\r\n\r\n`,
        );
        problem(await large.answer(), 413, 'too-large');
        large.destroy();
        const text = new Raw(service).write(`${line}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}`);
        problem(await text.answer(), 415, 'media-type');
        text.destroy();
    }
});

test('429: too many calls, by every call that is counted', async (t) => {
    const { service } = await start(t, ['--rate-limit', '1']);
    const client = new Client(service);
    t.after(() => client.close());
    await client.call('GET', '/openapi.json');
    const all = await lines();
    for (const { method, path, line } of all.filter((o) => !['/livez', '/readyz', '/assets/{file}'].includes(o.path))) {
        const target = line.split(' ')[1];
        const body = ['PUT', 'POST'].includes(method) ? {} : undefined;
        problem(await client.call(method, target, body), 429, 'rate-limited', path);
    }
});

test('503: a service that is ending refuses what was begun before, by every call', async (t) => {
    const { service, client } = await start(t);
    const begun = (await lines(client)).map(({ line, length }) => ({
        raw: new Raw(service).write(`${line}Host: x\r\n`),
        rest: `${length}\r\n`,
    }));
    await Promise.all(begun.map(({ raw }) => raw.connected));
    await poll('all are there', () => service.connections() >= begun.length);
    await sleep(100); // until the service has read what was sent
    service.signal('SIGTERM');
    await poll('it is ending', () => /ending: the requests in hand/.test(service.log));
    for (const { raw, rest } of begun) {
        raw.write(rest);
        problem(await raw.answer(), 503, 'unavailable');
        raw.destroy();
    }
    await service.end();
});

test('503 outcome-unknown: the disk refuses in the middle of a commit, and repeating is safe', async (t) => {
    const { service, client } = await start(t);
    const many = (how) => Promise.all(Array.from({ length: 12 }, () => how(client)));
    const made = {
        claim: await many(sendHandoff),
        revoke: await many(sendHandoff),
        opened: await many(async (c) => {
            const h = await sendHandoff(c);
            h.claimant = newClaimant();
            done(await h.claim(c, h.claimant));
            return h;
        }),
        receipt: await many(deliver),
        submit: await many(() => makeHandoff()),
    };
    const calls = {
        submit: (h, c) => h.put(c),
        claim: (h, c) => h.claim(c, (h.claimant ??= newClaimant())),
        revoke: (h, c) => h.revoke(c),
        opened: (h, c) => h.opened(c, h.claimant),
        receipt: (h, c) => h.receipt(c, { at: (h.at ??= Math.floor(Date.now() / 1000)) }),
    };
    await service.stop();
    // No file may grow beyond 64 KiB from now on: the write-ahead log soon cannot take a commit.
    const limited = ['bash', '-c', 'trap "" XFSZ; ulimit -f 64; exec "$@"', 'limited'];
    await service.start({ wrapper: limited });
    for (const [name, call] of Object.entries(calls)) {
        const unknown = [];
        for (const h of made[name]) {
            const reply = await call(h, client);
            if (reply.status === 503) {
                problem(reply, 503, 'outcome-unknown');
                unknown.push(h);
            }
        }
        assert.ok(unknown.length > 0, `${name}: met`);
        made[name] = unknown;
    }
    await service.kill(); // as a power failure would end it: what was answered so may be there or not
    await service.start({ wrapper: [] });
    for (const [name, call] of Object.entries(calls))
        for (const h of made[name])
            assert.ok([200, 201].includes((await call(h, client)).status), `${name}: repeated`);
});
