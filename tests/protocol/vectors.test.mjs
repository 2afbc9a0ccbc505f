// Goal: the vectors, the C code and the independent implementation agree: the committed files are what
// the generator makes, each opens what the other sealed, and a changed envelope opens for neither.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import sodium from '../support/protocol/sodium.mjs';

import * as p from '../support/protocol/protocol.mjs';

const vectors = join(dirname(fileURLToPath(import.meta.url)), '../vectors');
const tool = join(process.env.HANDOFF_BUILD ?? 'build', 'tests', 'protocol-tool');

await p.ready;

const load = (name) => JSON.parse(readFileSync(join(vectors, name), 'utf8'));

function askC(requests) {
    const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
    const run = spawnSync(tool, { input, maxBuffer: 1 << 27 });
    assert.equal(run.status, 0, String(run.stderr));
    return String(run.stdout).trim().split('\n').map((line) => JSON.parse(line));
}

test('the committed vectors are what the generator makes', (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'handoff-vectors-'));
    t.after(() => rmSync(dir, { recursive: true }));
    const run = spawnSync(process.execPath, [join(vectors, 'make.mjs'), dir]);
    assert.equal(run.status, 0, String(run.stderr));
    const made = readdirSync(dir).sort();
    assert.deepEqual(made, readdirSync(vectors).filter((name) => name.endsWith('.json')).sort());
    for (const name of made)
        assert.ok(readFileSync(join(dir, name)).equals(readFileSync(join(vectors, name))), name);
});

const keysOf = (h) => p.deriveKeys(p.unb64u(h.link_key), h.id, h.code);

const from = ({ id, link_key, code }) => ({ id, link_key, code });

test('the independent implementation agrees with what the committed vectors say', () => {
    const { good, refused } = load('envelopes.json');
    for (const v of good.filter((one) => one.envelope))
        assert.equal(p.b64u(p.open(keysOf(v), v.id, p.unb64u(v.envelope))), v.plaintext);
    for (const v of refused)
        assert.throws(() => p.open(keysOf(v), v.id, p.unb64u(v.envelope)), undefined, v.why);
    for (const v of load('receipts.json').good)
        assert.ok(p.verifyReceipt(p.unb64u(v.signature), v.statement, p.unb64u(v.receipt_key)));
    for (const { payload, json } of load('credentials.json').good)
        assert.deepEqual(p.decodePayload(Buffer.from(json)), payload);
});

// crypto_kdf is BLAKE2b with the number as salt and the context as personalisation: said so in
// docs/protocol.md for those who have no libsodium.
test('the derivation is BLAKE2b as docs/protocol.md spells it out', () => {
    const key = randomBytes(32);
    const keys = p.deriveKeys(key, p.newId());
    for (const [number, name] of [
        [1, 'contentKey'],
        [2, 'claimToken'],
        [3, 'receiptSeed'],
        [4, 'openedToken'],
    ]) {
        const salt = Buffer.alloc(16);
        salt.writeUInt8(number);
        const personal = Buffer.concat([Buffer.from('handoff1'), Buffer.alloc(8)]);
        const made = sodium.crypto_generichash_blake2b_salt_personal(32, key, salt, personal);
        assert.equal(p.b64u(made), p.b64u(keys[name]), name);
    }
});

test('the C code opens each vector and refuses each that it must', () => {
    const { good, refused } = load('envelopes.json');
    const whole = good.filter((v) => v.envelope);
    const ask = (list) => askC(list.map((v) => ({ op: 'open', ...from(v), envelope: v.envelope })));
    ask(whole).forEach((answer, i) => assert.equal(answer.plaintext, whole[i].plaintext));
    ask(refused).forEach((answer, i) => assert.deepEqual(answer, { error: true }, refused[i].why));
});

test('docs/protocol.md shows the values of its example', () => {
    const page = readFileSync(join(vectors, '../../docs/protocol.md'), 'utf8').replaceAll('\n', '');
    const { event, detail, claim, opened, put, receipt, nonce, ...values } = load('example.json');
    const { leaf, line } = event;
    for (const body of [put, claim, opened])
        assert.ok(page.includes(JSON.stringify(body)), JSON.stringify(body));
    for (const text of [...Object.values(values), line, receipt.details, receipt.signature, nonce])
        assert.ok(page.includes(text.replaceAll('\n', '')), text);
    assert.ok(page.includes(detail.salt) && page.includes(detail.value));
    const drawn = Object.entries(values).filter(([, text]) => /^[\w-]{43}$/.test(text));
    const hex = drawn.filter(([name]) => !['claimant', 'envelope_hash'].includes(name));
    assert.equal(hex.length, 10);
    for (const text of [put.envelope, leaf, nonce, put.claim_hash, ...hex.map(([, text]) => text)])
        assert.ok(page.includes(p.unb64u(text).toString('hex')), text);
});

// ---- fresh ones, both ways ----

// Every length around the blocks, some with a code.
function fresh() {
    return [0, 1, 100, 254, 255, 256, 257, 300, 511, 512, 1000, 65279, 1048319].map((length, i) => ({
        id: p.newId(),
        link_key: p.b64u(p.linkKey()),
        code: i % 4 === 3 ? `code ${i} äöü` : null,
        plaintext: p.b64u(randomBytes(length)),
    }));
}

test('what C seals opens in JavaScript, and changed does not', () => {
    const handoffs = fresh();
    const answers = askC(handoffs.map((h) => ({ op: 'seal', ...h })));
    handoffs.forEach((h, i) => {
        const envelope = p.unb64u(answers[i].envelope);
        assert.equal(p.b64u(p.open(keysOf(h), h.id, envelope)), h.plaintext);
        envelope[envelope.length >> 1] ^= 1;
        assert.throws(() => p.open(keysOf(h), h.id, envelope));
    });
    const again = askC(handoffs.map((h) => ({ op: 'seal', ...h })));
    again.forEach(({ envelope }, i) => assert.notEqual(envelope, answers[i].envelope));
});

test('what JavaScript seals opens in C, and changed does not', () => {
    const handoffs = fresh();
    const requests = handoffs.map((h) => {
        const envelope = p.seal(keysOf(h), h.id, p.unb64u(h.plaintext));
        return { op: 'open', ...from(h), envelope: p.b64u(envelope) };
    });
    askC(requests).forEach((answer, i) => assert.equal(answer.plaintext, handoffs[i].plaintext));
    const changed = requests.map((request) => {
        const envelope = p.unb64u(request.envelope);
        envelope[envelope.length - 1] ^= 0x80;
        return { ...request, envelope: p.b64u(envelope) };
    });
    const elsewhere = requests.map((request) => ({ ...request, id: p.newId() }));
    const withCode = requests.map((request) => ({ ...request, code: 'another code' }));
    for (const answer of askC([...changed, ...elsewhere, ...withCode]))
        assert.deepEqual(answer, { error: true });
});

// Texts of all kinds of characters: controls, what JSON escapes, several bytes, pairs.
function anyText(length) {
    const ranges = [0x20, 0x80, 0x800, 0xd800, 0x110000];
    return Array.from({ length }, () => {
        const below = ranges[randomInt(ranges.length)];
        const c = randomInt(below);
        return String.fromCodePoint(c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }).join('');
}

function anyPayload() {
    const kind = randomInt(3);
    if (kind === 0)
        return { type: 'text', text: anyText(1 + randomInt(600)) };
    if (kind === 1)
        return { type: 'file', name: anyText(3), data: p.b64u(randomBytes(randomInt(700))) };
    const payload = { type: 'credential', password: anyText(1 + randomInt(60)) };
    for (const name of ['username', 'url', 'note'])
        if (randomInt(2))
            payload[name] = anyText(randomInt(60));
    return payload;
}

test('payloads of any characters arrive whole, both ways, in the same bytes', () => {
    const handoffs = Array.from({ length: 300 }, () => ({
        id: p.newId(),
        link_key: p.b64u(p.linkKey()),
        code: null,
        payload: anyPayload(),
    }));
    const sealed = askC(handoffs.map((h) => ({ op: 'seal', ...h })));
    handoffs.forEach((h, i) => {
        const plain = p.open(keysOf(h), h.id, p.unb64u(sealed[i].envelope));
        assert.equal(plain.toString('utf8'), p.encodePayload(h.payload).toString('utf8'));
        assert.deepEqual(p.decodePayload(plain), h.payload);
    });
    const opened = askC(
        handoffs.map((h) => {
            // Spelled otherwise, as another sender may: members in another order, all escaped.
            const json = JSON.stringify(Object.fromEntries(Object.entries(h.payload).reverse()));
            const spelled = json.replace(
                /[^\x20-\x7e]/g,
                (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
            );
            const envelope = p.seal(keysOf(h), h.id, Buffer.from(spelled));
            return { op: 'open', ...from(h), envelope: p.b64u(envelope) };
        }),
    );
    handoffs.forEach((h, i) => assert.deepEqual(opened[i].payload, h.payload));
});

test('keys and receipts are the same from either side', () => {
    const handoffs = ['ABCDEF', 'abc-def ', `x${anyText(20)}123456`, null, null, null].map((code) => ({
        id: p.newId(),
        link_key: p.b64u(p.linkKey()),
        code,
    }));
    const derived = askC(handoffs.map((h) => ({ op: 'derive', ...h })));
    const own = (i) => ({
        outcome: i % 2 ? 'confirmed' : 'rejected',
        at: randomInt(2 ** 47),
        envelope_hash: p.b64u(randomBytes(32)),
        ...(i % 3 ? { details: JSON.stringify({ by: anyText(20) }) } : {}),
    });
    const receipts = handoffs.map((h, i) => ({ op: 'sign', ...h, ...own(i) }));
    const signed = askC(receipts);
    handoffs.forEach((h, i) => {
        const keys = keysOf(h);
        assert.deepEqual(derived[i], {
            content_key: p.b64u(keys.contentKey),
            claim_token: p.b64u(keys.claimToken),
            receipt_seed: p.b64u(keys.receiptSeed),
            opened_token: p.b64u(keys.openedToken),
            link_token: keys.linkToken && p.b64u(keys.linkToken),
            receipt_key: p.b64u(keys.receiptKey),
        });
        const { envelope_hash: hash, ...rest } = receipts[i];
        const statement = p.receiptStatement({ ...rest, envelopeHash: p.unb64u(hash) });
        assert.equal(signed[i].statement, statement);
        assert.equal(signed[i].signature, p.b64u(p.signReceipt(statement, keys.receiptSeed)));
    });
});

test('neither side takes a signature that the other refuses', () => {
    const { good, refused } = load('receipts.json');
    const ask = (list) =>
        askC(
            list.map(({ statement, signature, receipt_key }) => ({
                op: 'verify',
                statement,
                signature,
                receipt_key,
            })),
        );
    for (const answer of ask(good))
        assert.deepEqual(answer, { valid: true });
    ask(refused).forEach((answer, i) => assert.deepEqual(answer, { valid: false }, refused[i].why));
});
