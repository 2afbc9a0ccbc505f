// Goal: whoever holds a checkpoint can check the log by what the service gives: keys, checkpoints,
// proofs, tiles and entries are, byte for byte, what a small tree of the test's own makes of the
// events. Hashes are for anyone, events and details for auditors and operators alone; asking changes
// nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import sodium from '../support/protocol/sodium.mjs';

import { checkAnswer, Client, deliver, done, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { addToken, bearer, operated } from '../support/service/operator.mjs';
import { commitment } from '../support/protocol/protocol.mjs';
import { startService } from '../support/service/service.mjs';

const [plain, ndjson, binary] = ['text/plain; charset=utf-8', 'application/x-ndjson', 'application/octet-stream'];
const name = 'log.example/handoff';

// ---- RFC 6962, as it is written there ----

const sha256 = (...parts) => {
    const hash = createHash('sha256');
    parts.forEach((part) => hash.update(part));
    return hash.digest();
};
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const leafOf = (line) => sha256(Buffer.from([0]), line);

// The largest power of two below n.
const split = (n) => {
    let k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
};

function root(leaves) {
    if (leaves.length < 2)
        return leaves[0] ?? sha256();
    const k = split(leaves.length);
    return sha256(Buffer.from([1]), root(leaves.slice(0, k)), root(leaves.slice(k)));
}

function inclusion(m, leaves) {
    if (leaves.length === 1)
        return [];
    const k = split(leaves.length);
    const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
    return m < k ? [...inclusion(m, left), root(right)] : [...inclusion(m - k, right), root(left)];
}

function consistency(m, leaves, whole = true) {
    if (m === leaves.length)
        return whole ? [] : [root(leaves)];
    const k = split(leaves.length);
    const [left, right] = [leaves.slice(0, k), leaves.slice(k)];
    return m <= k
        ? [...consistency(m, left, whole), root(right)]
        : [...consistency(m - k, right, false), root(left)];
}

// What the test's own tree says about its leaves; lines without what only the service can make.
const treeText = (size, leaves, origin = name) => `${origin}\n${size}\n${base64(root(leaves.slice(0, size)))}\n`;
const proofText = (index, hashes) =>
    `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.map((hash) => `${base64(hash)}\n`).join('')}\n`;

// ---- signed notes ----

function readKey(text) {
    // Base64 may have plus signs of its own; names and key ids have none.
    const [, origin, id, rest] = /^([^+]+)\+([^+]+)\+(.+)$/.exec(text);
    const bytes = Buffer.from(rest, 'base64');
    assert.equal(bytes.length, 33);
    assert.equal(bytes[0], 1, 'Ed25519');
    assert.equal(base64(bytes), rest);
    const expected = sha256(origin, Buffer.from('\n'), bytes).subarray(0, 4);
    assert.equal(id, expected.toString('hex'), 'the key id');
    return { origin, id: expected, publicKey: bytes.subarray(1) };
}

// Checks a note to be this text, an empty line and one signature by this key.
function checkNote(note, text, key) {
    const [said, signature] = [note.slice(0, text.length), note.slice(text.length)];
    assert.equal(said, text);
    const [, origin, encoded] = /^\n\u2014 (\S+) ([A-Za-z0-9+/]+=*)\n$/.exec(signature) ?? assert.fail(signature);
    const bytes = Buffer.from(encoded, 'base64');
    assert.equal(origin, key.origin);
    assert.equal(base64(bytes), encoded);
    assert.deepEqual(bytes.subarray(0, 4), key.id);
    assert.ok(sodium.crypto_sign_verify_detached(bytes.subarray(4), text, key.publicKey), 'the signature');
}

// ---- asking ----

// One GET with its answer's bytes as they are.
function getBytes({ service, agent }, path, headers = {}) {
    return new Promise((resolve, reject) => {
        const { host, port } = service;
        http.get({ host, port, agent, path, headers }, (reply) => {
            const chunks = [];
            reply.on('data', (data) => chunks.push(data));
            reply.on('error', reject);
            reply.on('end', () => {
                const { statusCode: status, headers: got } = reply;
                resolve({ status, headers: got, bytes: Buffer.concat(chunks), text: '' });
            });
        }).on('error', reject);
    });
}

function given(reply, type) {
    assert.equal(reply.status, 200, reply.text);
    checkAnswer(reply);
    assert.equal(reply.headers['content-type'], type);
    return reply.bytes ?? reply.text;
}

const get = (client, path, token) => client.call('GET', `/v1/audit/${path}`, undefined, token ? bearer(token) : {});
const text = async (client, path) => given(await get(client, path), plain);
const bytesOf = async (client, path, token) =>
    given(await getBytes(client, `/v1/audit/${path}`, token ? bearer(token) : {}), binary);

// The lines of an answer in NDJSON, each as it stands there.
async function linesOf(client, path, token) {
    const all = given(await get(client, path, token), ndjson).split('\n');
    assert.equal(all.pop(), '', 'each line ends in LF');
    return all;
}

// A service whose log has at least `count` events, with tokens of an auditor and an operator.
async function start(t, count = 0) {
    const service = await startService(t, { args: ['--log-name', name] });
    const client = new Client(service);
    t.after(() => client.close());
    const auditor = await addToken(service.data, 'auditor', 'Carol');
    const operator = await addToken(service.data, 'operator', 'Dan');
    const handoffs = await Promise.all(
        Array.from({ length: Math.ceil(count / 4) }, (_, i) => deliver(client, { label: `label ${i}` })),
    );
    const lines = [];
    for (let page = null; page?.length !== 0; lines.push(...page))
        page = await linesOf(client, `events?start=${lines.length}`, auditor);
    return { service, client, auditor, operator, handoffs, lines, leaves: lines.map(leafOf) };
}

// ---- what anyone may ask ----

test('the key and the checkpoint of each size', async (t) => {
    const { service, client, leaves } = await start(t, 68);
    const said = await text(client, 'key');
    assert.match(said, /^log\.example\/handoff\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}\n$/);
    assert.equal((await operated(['audit', 'key', '--data', service.data])).stdout, said);
    const key = readKey(said.trim());
    assert.deepEqual(done(await get(client, 'keys')), { key: said.trim(), replaced: [] });

    assert.ok(leaves.length > 68);
    for (let size = 0; size <= leaves.length; size++)
        checkNote(await text(client, `checkpoint?size=${size}`), treeText(size, leaves), key);
    assert.equal(await text(client, 'checkpoint'), await text(client, `checkpoint?size=${leaves.length}`));
    for (const size of [leaves.length + 1, '9223372036854775807'])
        problem(await get(client, `checkpoint?size=${size}`), 404, 'not-found');
    for (const query of ['size=', 'size=x', 'size=-1', 'size=01', 'size=1&size=1', 'x=1', 'size=9223372036854775808'])
        problem(await get(client, `checkpoint?${query}`), 400, 'bad-request');
});

test('an inclusion proof for each event, in trees of every shape', async (t) => {
    const { client, leaves } = await start(t, 68);
    const n = leaves.length;
    const check = async (index, size, query) => {
        const expected = proofText(index, inclusion(index, leaves.slice(0, size)));
        const checkpoint = await text(client, `checkpoint?size=${size}`);
        assert.equal(await text(client, `proof/${index}${query}`), expected + checkpoint);
    };
    for (let index = 0; index < n; index++)
        await check(index, n, '');
    for (const size of [1, 2, 3, 7, 8, 9, 31, 64, 65])
        for (let index = 0; index < size; index++)
            await check(index, size, `?size=${size}`);
    for (const path of [`${n}`, '5?size=5', '5?size=4', '0?size=0', `0?size=${n + 1}`, '9223372036854775807', ''])
        problem(await get(client, `proof/${path}`), 404, 'not-found');
    for (const path of ['x', '01', '+1', '-1', '1.0', '0x1', '1/', '1/2', '9223372036854775808', '1?size=', '1?x=1'])
        problem(await get(client, `proof/${path}`), 400, 'bad-request');
});

test('a consistency proof between any two sizes', async (t) => {
    const { client, leaves } = await start(t, 68);
    const n = leaves.length;
    const hashes = async (query) => done(await get(client, `consistency?${query}`)).hashes;
    for (const to of [1, 2, 3, 7, 8, 31, 64, 65, n])
        for (let from = 1; from <= to; from++)
            assert.deepEqual(
                await hashes(`from=${from}&to=${to}`),
                consistency(from, leaves.slice(0, to)).map(base64),
            );
    assert.deepEqual(await hashes('from=7'), consistency(7, leaves).map(base64));
    for (const query of ['from=0', 'from=0&to=0', 'from=0&to=5', 'from=5&to=5', `from=${n}`])
        assert.deepEqual(await hashes(query), [], query);
    for (const query of [`from=${n + 1}`, `from=1&to=${n + 1}`, `from=${n + 1}&to=${n + 1}`])
        problem(await get(client, `consistency?${query}`), 404, 'not-found');
    for (const query of ['', 'to=5', 'from=6&to=5', 'from=&to=5', 'from=x', 'from=1&from=1', 'from=1&x=1', 'from=-1'])
        problem(await get(client, `consistency?${query}`), 400, 'bad-request');
});

// ---- tiles ----

test('tiles of each width, and none beyond the log', async (t) => {
    const { client, lines, leaves, auditor } = await start(t, 68);
    const n = leaves.length;
    for (let width = 1; width <= n; width++)
        assert.deepEqual(
            await bytesOf(client, `tile/0/000.p/${width}`),
            Buffer.concat(leaves.slice(0, width)),
        );
    for (const width of [1, 2, n])
        assert.deepEqual(unbundle(await bytesOf(client, `tile/entries/000.p/${width}`, auditor)), lines.slice(0, width));
    for (const path of ['000', `000.p/${n + 1}`, '001', '001.p/1', 'x001/000', 'x001/000.p/1']) {
        problem(await get(client, `tile/0/${path}`), 404, 'not-found');
        problem(await get(client, `tile/entries/${path}`, auditor), 404, 'not-found');
    }
    for (const level of [1, 2, 7, 8, 63])
        problem(await get(client, `tile/${level}/000.p/1`), 404, 'not-found');
});

// The lines of an entry bundle, each after its length in two bytes.
function unbundle(bytes) {
    const lines = [];
    for (let at = 0; at < bytes.length; ) {
        const end = at + 2 + bytes.readUInt16BE(at);
        assert.ok(end <= bytes.length, 'the bundle is whole');
        lines.push(bytes.toString('utf8', at + 2, end));
        at = end;
    }
    return lines;
}

test('a log of more than one tile: full tiles, and the level above', async (t) => {
    const { client, lines, leaves, auditor } = await start(t, 520);
    const n = leaves.length;
    assert.deepEqual(await bytesOf(client, 'tile/0/001'), Buffer.concat(leaves.slice(256, 512)));
    assert.deepEqual(await bytesOf(client, 'tile/0/000.p/255'), Buffer.concat(leaves.slice(0, 255)));
    assert.deepEqual(await bytesOf(client, `tile/0/002.p/${n - 512}`), Buffer.concat(leaves.slice(512)));
    const above = [root(leaves.slice(0, 256)), root(leaves.slice(256, 512))];
    assert.deepEqual(await bytesOf(client, 'tile/1/000.p/2'), Buffer.concat(above));
    assert.deepEqual(await bytesOf(client, 'tile/1/000.p/1'), above[0]);
    for (const path of ['1/000', '1/000.p/3', '1/001.p/1', '2/000.p/1', '0/002'])
        problem(await get(client, `tile/${path}`), 404, 'not-found');

    assert.deepEqual(unbundle(await bytesOf(client, 'tile/entries/001', auditor)), lines.slice(256, 512));
    assert.deepEqual(unbundle(await bytesOf(client, 'tile/entries/002.p/1', auditor)), [lines[512]]);
    problem(await get(client, 'tile/entries/002', auditor), 404, 'not-found');
    assert.deepEqual(await linesOf(client, 'events?limit=1000', auditor), lines);
    assert.equal(await text(client, `checkpoint?size=${n}`), await text(client, 'checkpoint'));
});

test('paths that are no tile', async (t) => {
    const { client, auditor } = await start(t, 4);
    const indices = [
        '', '0', '00', '0000', '0001', '1', 'x000', 'x001', 'x000/001', 'x000/000', '000/001', '001/x002',
        'x001/', 'x001/2', 'x001/x002', 'x001/0002', 'X001/002', 'x001//002', '/000', '000/', '00a', '-01', '+01',
        '000.p', '000.p/', '000.p/0', '000.p/00', '000.p/01', '000.p/256', '000.p/257', '000.p/1/', '000.p/1/2',
        '000.p/-1', '000.p/x', '000.p/1.p/1', '000.P/1', '000p/1', '000.p/99999999999999999999', '000.p//1',
        'x999/x999/x999/x999/x999/x999/999', 'x999/x999/x999/x999/x999/999',
        'x009/x223/x372/x036/x854/x775/807', 'x036/x028/x797/x018/x963/967', 'x036/x028/x797/x018/x963/968.p/1',
        'x072/x057/x594/x037/x927/935.p/1', 'x072/x057/x594/x037/x927/936.p/1',
        `${'x001/'.repeat(7)}001`, `${'x001/'.repeat(11)}001`, `${'x001/'.repeat(20)}001`,
    ];
    for (const index of indices)
        for (const level of ['0', '1', '7', 'entries'])
            problem(await get(client, `tile/${level}/${index}`, auditor), 404, 'not-found');
    for (const level of ['64', '01', '00', '-1', '+0', 'x', '', '0x0', '256', '18446744073709551616', 'Entries', 'entrie'])
        problem(await get(client, `tile/${level}/000.p/1`, auditor), 404, 'not-found');
    for (const path of ['tile/0/%30%30%30', 'tile/0/000%2ep/1', 'tile/0%2f000', 'proof/%30'])
        problem(await get(client, path, auditor), 400, 'bad-request');
    for (const path of ['tile', 'tile/', 'tile/0', 'tile/000', 'tile/entries', ''])
        problem(await get(client, path, auditor), 404, 'not-found');
});

// ---- events and details ----

test('who may read what', async (t) => {
    const { service, client, auditor, operator, handoffs } = await start(t, 4);
    const data = service.data;
    const sender = await addToken(data, 'sender', 'Contoso');
    const actors = {
        nobody: null,
        sender,
        team: await addToken(data, 'team', 'Ada', ['--team', 'onboarding']),
        'manage key': handoffs[0].manage,
        malformed: 'hof_auditor_tooshort',
        unknown: sender.replace('hof_sender_', 'hof_auditor_'),
        revoked: await addToken(data, 'auditor', 'dismissed'),
        auditor,
        operator,
    };
    await operated(['token', 'revoke', 'dismissed', '--data', data]);
    const open = ['checkpoint', 'key', 'keys', 'proof/0', 'consistency?from=1', 'tile/0/000.p/1'];
    const closed = ['events', 'details', 'tile/entries/000.p/1', 'events?limit=0', 'tile/entries/009'];
    for (const [actor, token] of Object.entries(actors)) {
        for (const path of open)
            assert.equal((await get(client, path, token)).status, 200, `${path} by ${actor}`);
        for (const path of closed) {
            const reply = await get(client, path, token);
            if (['auditor', 'operator'].includes(actor))
                assert.equal(reply.status, { [closed[3]]: 400, [closed[4]]: 404 }[path] ?? 200, `${path} by ${actor}`);
            else if (['sender', 'team'].includes(actor))
                problem(reply, 403, 'forbidden');
            else
                problem(reply, 401, 'unauthorized');
        }
    }
});

test("events: lines whose hashes are the tree's, and which the handoffs' own events show", async (t) => {
    const { client, auditor, operator, handoffs, lines } = await start(t, 68);
    const hashes = await bytesOf(client, `tile/0/000.p/${lines.length}`);
    lines.forEach((line, i) => {
        assert.equal(JSON.parse(line).n, i);
        assert.deepEqual(leafOf(line), hashes.subarray(32 * i, 32 * i + 32));
    });
    for (const h of handoffs)
        for (const { index, line } of await h.log(client))
            assert.equal(lines[index], line);
    const kinds = lines.slice(0, 3).map((line) => JSON.parse(line).kind);
    assert.deepEqual(kinds, ['vault.opened', 'token.added', 'token.added']);

    for (const [query, expected] of [
        ['', lines.slice(0, 100)], ['?start=3', lines.slice(3)], ['?limit=7', lines.slice(0, 7)],
        ['?start=5&limit=1', [lines[5]]], ['?limit=9&start=60', lines.slice(60, 69)],
        [`?start=${lines.length}`, []], ['?start=9223372036854775807', []],
    ])
        assert.deepEqual(await linesOf(client, `events${query}`, operator), expected, query);
    for (const path of ['events', 'details'])
        for (const query of ['start=-1', 'start=x', 'start=', 'limit=0', 'limit=1001', 'limit=', 'start=1&start=1', 'x=1',
            'start=01', 'start=9223372036854775808'])
            problem(await get(client, `${path}?${query}`, auditor), 400, 'bad-request');
});

test('details: what the lines commit to, without what could be tried against; until it is erased', async (t) => {
    const { service, client, auditor, handoffs } = await start(t, 12);
    const [h, erased] = handoffs;
    done(await h.receipt(client, { details: '{"by":"Priya"}' }), 201);
    const lines = await linesOf(client, 'events', auditor);
    const details = (await linesOf(client, 'details', auditor)).map((line) => JSON.parse(line));
    const hidden = ['opened_hash', 'receipt_key'];
    details.forEach(({ index, details: disclosed }, i) => {
        assert.equal(index, i);
        const committed = JSON.parse(lines[i]).details;
        assert.deepEqual(Object.keys(disclosed), Object.keys(committed).filter((field) => !hidden.includes(field)));
        for (const [field, { salt, value }] of Object.entries(disclosed)) {
            const expected = commitment(field, Buffer.from(salt, 'base64url'), value);
            assert.equal(Buffer.from(expected).toString('base64url'), committed[field], `${field} of ${i}`);
        }
    });
    assert.equal(details.length, lines.length);
    assert.equal(details[1].details.name.value, 'Carol');
    const own = await h.log(client);
    assert.ok(own[0].details.opened_hash && own[0].details.receipt_key, 'its sender sees them by now');
    assert.equal(details[own[0].index].details.label.value, 'label 0');
    assert.equal(details[own.at(-1).index].details.details.value, '{"by":"Priya"}');
    assert.deepEqual(await linesOf(client, 'details?start=4&limit=2', auditor), details.slice(4, 6).map((d) => JSON.stringify(d)));

    await operated(['audit', 'erase', erased.id, '--data', service.data]);
    assert.deepEqual((await linesOf(client, 'events', auditor)).slice(0, lines.length), lines);
    const after = (await linesOf(client, 'details', auditor)).map((line) => JSON.parse(line).details);
    lines.forEach((line, i) => assert.deepEqual(after[i], JSON.parse(line).id === erased.id ? {} : details[i].details));
});

test('an event that was taken out of the database is missed', async (t) => {
    const { service, client, auditor, lines } = await start(t, 8);
    await service.stop();
    execFileSync('sqlite3', [join(service.data, 'handoff.db'), 'DELETE FROM event WHERE n=4']);
    await service.start();
    assert.deepEqual(await linesOf(client, 'events', auditor), lines.slice(0, 4));
    assert.equal((await linesOf(client, 'events?start=5', auditor))[0], lines[5]);
    for (const path of ['events?start=4', 'details?start=4&limit=1', 'tile/entries/000.p/5'])
        problem(await get(client, path, auditor), 404, 'not-found');
    assert.deepEqual(unbundle(await bytesOf(client, 'tile/entries/000.p/4', auditor)), lines.slice(0, 4));
});

// ---- answers that tell of their events, and keys that were replaced ----

test('each answer shows its event, a receipt also proves it', async (t) => {
    const { client, auditor } = await start(t);
    const key = readKey((await text(client, 'key')).trim());
    const h = await sendHandoff(client);
    const claimant = newClaimant();
    const put = done(await h.put(client)).event;
    assert.deepEqual(Object.keys(done(await h.claim(client, claimant)).event), ['index']);
    const opened = done(await h.opened(client, claimant)).event;
    const body = { at: Math.floor(Date.now() / 1000) };
    const first = done(await h.receipt(client, body), 201).event;
    const revoked = done(await (await sendHandoff(client)).revoke(client)).event;
    const again = done(await h.receipt(client, body)).event;

    const lines = await linesOf(client, 'events', auditor);
    const leaves = lines.map(leafOf);
    const kinds = [[put, 'handoff.created'], [opened, 'handoff.opened'], [first, 'receipt.confirmed'],
        [revoked, 'handoff.burned'], [again, 'receipt.confirmed']];
    for (const [event, kind] of kinds) {
        assert.equal(event.line, lines[event.index]);
        assert.equal(JSON.parse(event.line).kind, kind);
        assert.deepEqual(Object.keys(event), ['index', 'line', ...(kind.startsWith('receipt') ? ['proof'] : [])]);
    }
    assert.equal(again.index, first.index);
    for (const [event, size] of [[first, first.index + 1], [again, lines.length]]) {
        const expected = proofText(event.index, inclusion(event.index, leaves.slice(0, size)));
        assert.equal(event.proof.slice(0, expected.length), expected);
        checkNote(event.proof.slice(expected.length), treeText(size, leaves), key);
    }
    assert.equal(again.proof, await text(client, `proof/${again.index}`));
});

test('a key that is replaced signs for the next one; where it was lost, nothing does', async (t) => {
    const { service, client, auditor } = await start(t, 4);
    const rotate = (...args) => operated(['key', 'rotate-log', '--data', service.data, ...args]);
    const keys = [(await text(client, 'key')).trim()];
    keys.push((await rotate()).stdout.trim());
    assert.equal((await text(client, 'key')).trim(), keys[1]);
    checkNote(await text(client, 'checkpoint'), ...(await now(client, auditor, keys[1])));
    await service.stop();
    rmSync(join(service.data, 'log.key'));
    keys.push((await rotate('--lost', '--name', 'log.example/new')).stdout.trim());
    service.options.args = ['--log-name', 'log.example/new'];
    await service.start();

    const lines = await linesOf(client, 'events', auditor);
    const leaves = lines.map(leafOf);
    const rotations = lines.flatMap((line, i) => (JSON.parse(line).kind === 'log-key.rotated' ? [i] : []));
    const { key, replaced } = done(await get(client, 'keys'));
    assert.equal(key, keys[2]);
    assert.deepEqual(replaced.map(({ index, line }) => [index, line]), rotations.map((i) => [i, lines[i]]));
    const [i] = rotations;
    const expected = proofText(i, inclusion(i, leaves.slice(0, i + 1)));
    assert.equal(replaced[0].proof.slice(0, expected.length), expected);
    checkNote(replaced[0].proof.slice(expected.length), treeText(i + 1, leaves), readKey(keys[0]));
    assert.equal(replaced[1].proof, '');
    checkNote(await text(client, 'checkpoint'), ...(await now(client, auditor, keys[2])));
});

// The newest checkpoint's text and who must have signed it.
async function now(client, auditor, text) {
    const key = readKey(text);
    const lines = await linesOf(client, 'events', auditor);
    return [treeText(lines.length, lines.map(leafOf), key.origin), key];
}

// ---- methods ----

test('HEAD answers as GET, no other method is there, and asking changes nothing', async (t) => {
    const { client, auditor, lines } = await start(t, 8);
    const before = await text(client, 'checkpoint');
    const paths = ['checkpoint', 'key', 'keys', 'proof/0', 'consistency?from=1', 'tile/0/000.p/2',
        'tile/entries/000.p/2', 'events', 'details', 'checkpoint?size=999', 'proof/x', 'tile/0/000'];
    const shown = ['content-type', 'content-length', 'cache-control'];
    for (const path of paths)
        for (const headers of [{}, bearer(auditor)]) {
            const got = await getBytes(client, `/v1/audit/${path}`, headers);
            const head = await client.call('HEAD', `/v1/audit/${path}`, undefined, headers);
            checkAnswer(head);
            assert.equal(head.status, got.status, path);
            assert.equal(head.text, '');
            // A problem names its request in nothing but a header, so that its length is the same.
            assert.deepEqual(shown.map((field) => head.headers[field]), shown.map((field) => got.headers[field]), path);
            assert.equal(Number(got.headers['content-length']), got.bytes.length);
        }
    for (const path of paths)
        for (const method of ['PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS']) {
            const reply = await client.call(method, `/v1/audit/${path}`, undefined, bearer(auditor));
            problem(reply, 405, 'method-not-allowed');
            assert.equal(reply.headers.allow, 'GET, HEAD');
        }
    assert.equal(await text(client, 'checkpoint'), before);
    assert.deepEqual(await linesOf(client, 'events', auditor), lines);
});
