// Goal: the pages believe the service nothing that is not proven: each wrong proof, note, key and
// line is refused; and the worker that stretches a code gives what the main thread gives.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { test } from 'node:test';

// First: it gives Node 18 the crypto object that browsers have.
import '../support/protocol/sodium.mjs';

import { ProtocolError, b64u, newId } from '../../api/web/protocol/encoding.mjs';
import { stretch } from '../../api/web/protocol/keys.mjs';
import * as log from '../../api/web/protocol/log.mjs';
import sodium, { hasWasm, ready } from '../../api/web/protocol/sodium.mjs';
import { stretchInWorker } from '../../api/web/protocol/stretching.mjs';

await ready;

const sha256 = (...parts) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

const refused = (action, expected, why) =>
    assert.throws(action, (e) => e instanceof ProtocolError && e.code === expected, why);

// ---- the tree, by its definition alone ----

const most = 70;
const lines = Array.from({ length: most }, (_, i) => `event ${i}`);
const leaves = lines.map((line) => sha256(Buffer.of(0), line));
const half = (n) => 2 ** Math.floor(Math.log2(n - 1));

function rootOf(list) {
    if (list.length <= 1)
        return list[0] ?? sha256();
    const k = half(list.length);
    return sha256(Buffer.of(1), rootOf(list.slice(0, k)), rootOf(list.slice(k)));
}

function path(m, list) {
    if (list.length <= 1)
        return [];
    const [k, m2] = [half(list.length), m - half(list.length)];
    return m < k
        ? [...path(m, list.slice(0, k)), rootOf(list.slice(k))]
        : [...path(m2, list.slice(k)), rootOf(list.slice(0, k))];
}

function subproof(m, list, isWhole) {
    if (m === list.length)
        return isWhole ? [] : [rootOf(list)];
    const k = half(list.length);
    return m <= k
        ? [...subproof(m, list.slice(0, k), isWhole), rootOf(list.slice(k))]
        : [...subproof(m - k, list.slice(k), false), rootOf(list.slice(0, k))];
}

const roots = Array.from({ length: most + 1 }, (_, n) => rootOf(leaves.slice(0, n)));

function spliced(list, ...args) {
    const copy = [...list];
    copy.splice(...args);
    return copy;
}

// Everything near a proof that is none.
function* wrongProofs(proof) {
    for (let i = 0; i < proof.length; i++) {
        yield spliced(proof, i, 1);
        yield spliced(proof, i, 0, proof[i]);
        const changed = Buffer.from(proof[i]);
        changed[i % 32] ^= 1;
        yield spliced(proof, i, 1, changed);
    }
    yield [...proof, randomBytes(32)];
    yield [randomBytes(32), ...proof];
}

test('each leaf of each tree is found at its place, and nowhere else', () => {
    for (let size = 1; size <= most; size++)
        for (let index = 0; index < size; index++) {
            const proof = path(index, leaves.slice(0, size));
            const check = (at, of, hashes = proof, root = roots[of]) =>
                log.checkInclusion(log.leafHash(lines[index]), at, of, hashes, root);
            assert.ok(check(index, size), `${index} of ${size}`);
            assert.ok(!check(index, size, proof, roots[size - 1]));
            for (let at = -1; at <= size; at++)
                assert.equal(check(at, size), at === index, `${index} of ${size} at ${at}`);
            if (size % 9 === 0 || size < 9)
                for (const wrong of wrongProofs(proof))
                    assert.ok(!check(index, size, wrong), `${index} of ${size}`);
        }
    const one = leaves[0];
    for (const [index, size] of [[0, 0], [-1, 1], [0.5, 1], [0, 2 ** 53], [NaN, 1], [0, NaN]])
        assert.ok(!log.checkInclusion(one, index, size, [], one));
});

test('each tree is the beginning of each larger one, and of no other', () => {
    for (let to = 0; to <= most; to++)
        for (let from = 0; from <= to; from++) {
            const proof = from === 0 ? [] : subproof(from, leaves.slice(0, to), true);
            const check = (a, b, hashes = proof, [x, y] = [roots[a], roots[b]]) =>
                log.checkConsistency(a, x, b, y, hashes);
            assert.ok(check(from, to), `${from} in ${to}`);
            if (from > 0)
                assert.ok(!check(from, to, proof, [randomBytes(32), roots[to]]));
            if (from > 0 || to === 0)
                assert.ok(!check(from, to, proof, [roots[from], randomBytes(32)]));
            if (from > 1)
                assert.ok(!check(from - 1, to), `${from} in ${to}, as one fewer`);
            if (to % 9 === 0 || to < 9)
                for (const wrong of wrongProofs(proof))
                    assert.ok(!check(from, to, wrong), `${from} in ${to}`);
        }
    assert.ok(!log.checkConsistency(2, roots[2], 1, roots[1], []));
    assert.ok(!log.checkConsistency(0, roots[1], 1, roots[1], []));
});

// ---- notes and keys ----

const known = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';

function makeSigner(name) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const typed = Buffer.concat([Buffer.of(1), raw]);
    const id = sha256(`${name}\n`, typed).subarray(0, 4);
    const key = `${name}+${id.toString('hex')}+${typed.toString('base64')}`;
    const line = (text) => {
        const bytes = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]);
        return `\u2014 ${name} ${bytes.toString('base64')}\n`;
    };
    const note = (text) => `${text}\n${line(text)}`;
    const checkpoint = (size) => note(`${name}\n${size}\n${roots[size].toString('base64')}\n`);
    return { key, line, note, checkpoint };
}

test('the note of the specification verifies; a key has one text', () => {
    const text = 'This is an example message.\n';
    const signature = 'Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuw'
        + 'HjG1Yu72IneyaQM=';
    const key = log.parseKey(known);
    assert.equal(log.openNote(`${text}\n\u2014 example.com/foo ${signature}\n`, key), text);
    const [name, id, encoded] = known.split('+');
    for (const wrong of [
        `${name}+530d903b+${encoded}`, `${name}+530D903A+${encoded}`, `other+${id}+${encoded}`,
        `${name}+${id}+${encoded}\n`, `${name}+${id}+Aukye${encoded.slice(5)}`, `+${id}+${encoded}`,
        `${name}+${id}`, '', undefined, `a b+${id}+${encoded}`, `${name}+${id}+${encoded.slice(4)}`,
    ])
        refused(() => log.parseKey(wrong), 'key-malformed', wrong);
});

test('notes: foreign signatures are passed over, false ones and other shapes refused', () => {
    const [own, foreign] = [makeSigner('log.example'), makeSigner('log.example')];
    const key = log.parseKey(own.key);
    const text = 'log.example\nmore\n';
    const open = (note) => log.openNote(note, key);
    assert.equal(open(own.note(text)), text);
    assert.equal(open(`${text}\n${foreign.line(text)}${own.line(text)}`), text);
    assert.equal(open(own.note('a\n\nb\n')), 'a\n\nb\n', 'the last empty line counts');
    refused(() => open(foreign.note(text)), 'note-unsigned');
    refused(() => open(own.note(text).replace('more', 'less')), 'note-forged');
    refused(() => open(`${own.note(text)}${own.line('x\n')}`), 'note-forged');
    const note = own.note(text);
    for (const wrong of [
        '', 'x', text, `${text}\n`, note.slice(0, -1), note.replace('\u2014', '-'), `${note}x\n`,
        note.replace('more', 'm\tre'), note.replace('more', 'm\rre'), `${'x'.repeat(8192)}${note}`,
        `${text}\n${own.line(text).repeat(17)}`, note.replace(' log.example', ' log+example'),
        note.replace(/=+\n$/, '\n'), null,
    ])
        refused(() => open(wrong), 'note-malformed', wrong);
});

test('checkpoints: three lines of this log', () => {
    const own = makeSigner('log.example');
    const key = log.parseKey(own.key);
    const open = (text) => log.openCheckpoint(own.note(text), key);
    const root = roots[7].toString('base64');
    const { size, root: found } = log.openCheckpoint(own.checkpoint(7), key);
    assert.deepEqual([size, Buffer.from(found)], [7, roots[7]]);
    for (const wrong of [
        `other.example\n7\n${root}\n`, `log.example\n07\n${root}\n`, `log.example\n-7\n${root}\n`,
        `log.example\n9007199254740993\n${root}\n`, `log.example\n7\n${root.slice(4)}\n`,
        `log.example\n7\n${root}\nmore\n`, `log.example\n7\n`, `log.example\n7\n${root}\n\n`,
    ])
        refused(() => open(wrong), 'checkpoint-malformed', wrong);
});

// A proof's text, as the service writes it.
const proofText = (index, size, note) => {
    const hashes = path(index, leaves.slice(0, size)).map((hash) => `${hash.toString('base64')}\n`);
    return `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.join('')}\n${note}`;
};

test('proofs: their text, and nothing near it', () => {
    const text = proofText(3, 7, 'note\n');
    const { index, hashes, note } = log.parseProof(text);
    assert.deepEqual([index, note], [3, 'note\n']);
    assert.ok(log.checkInclusion(leaves[3], index, 7, hashes, roots[7]));
    assert.equal(log.parseProof(text.replace('index', 'extra AAAA\nindex')).index, 3);
    assert.deepEqual(log.parseProof('c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n').hashes, []);
    for (const wrong of [
        '', null, text.replace('@v1', '@v2'), text.replace('index 3', 'index 03'),
        text.replace('index', 'Index'), text.replace('index 3\n', ''), text.replace('=', ''),
        text.replace('index', 'extra A\nindex'), text.slice(0, text.indexOf('\n\n') + 1),
        text.slice(0, text.indexOf('\n\n') + 2), text.replaceAll('\n', '\r\n'),
        text.replace('index', 'extra AAAA\nextra AAAA\nindex'),
    ])
        refused(() => log.parseProof(wrong), 'proof-malformed', wrong);
    refused(() => log.parseHashes(Array(65).fill(roots[1].toString('base64'))), 'proof-malformed');
    refused(() => log.parseHashes('x'), 'proof-malformed');
});

test('lines: as the service writes them, each member once', () => {
    const line = '{"v":1,"n":0,"kind":"x \\u007f\\u0000\\n","details":{}}';
    assert.equal(log.parseLine(line).kind, 'x \x7f\0\n');
    for (const wrong of [
        '', '[]', 'null', '1', '{"v":1,"v":1}', '{"v": 1}', '{"v":1}\n', '{"v":1.0}', '{',
        '{"n":9007199254740993}', '{"a":"\\u0041"}', undefined,
    ])
        refused(() => log.parseLine(wrong), 'line-malformed', wrong);
});

// One replacement of a key: the line, its place in a tree of its own, signed by the old key.
function makeStep(from, to, more = {}) {
    const line = JSON.stringify({ v: 1, n: 0, t: 1, kind: 'log-key.rotated', from: from.key,
        to: to.key, lost: false, details: {}, ...more });
    const root = Buffer.from(log.leafHash(line)).toString('base64');
    const note = from.note(`${from.key.split('+')[0]}\n1\n${root}\n`);
    return { index: 0, line, proof: `c2sp.org/tlog-proof@v1\nindex 0\n\n${note}` };
}

test('a key is taken on only by the word of the one before it', () => {
    const [a, b, c, x] = Array.from({ length: 4 }, () => makeSigner('log.example'));
    const steps = [makeStep(a, b), makeStep(b, c)];
    const check = (list, key, trusted) => () => log.checkKeys(list, key.key, trusted?.key);
    for (const [list, key, trusted] of [
        [steps, c], [steps, c, a], [steps, c, b], [steps, c, c], [[], a], [[], a, a],
        [steps.slice(1), c, b],
    ])
        check(list, key, trusted)();
    for (const [list, key, trusted] of [[steps, c, x], [[], a, b], [steps.slice(1), c, a]])
        refused(check(list, key, trusted), 'keys-unknown');
    for (const list of [
        [steps[0]], [steps[1], steps[0]], [makeStep(a, b), makeStep(x, c)],
        [makeStep(a, c, { kind: 'vault.opened' })], [makeStep(a, c, { n: 1 })],
        [{ ...makeStep(a, c), index: 1 }], [{ ...makeStep(a, c), proof: '' }],
        [{ ...makeStep(a, c), proof: makeStep(x, c).proof }], [null],
        [{ ...makeStep(a, c), line: makeStep(x, c).line }], [makeStep(a, c, { from: x.key })],
    ])
        refused(check(list, c), 'keys-broken');
    const lost = { ...makeStep(a, x), proof: '' };
    assert.deepEqual(log.unbrokenKeys([steps[0], lost, steps[1]]), [steps[1]]);
    assert.deepEqual(log.unbrokenKeys(steps), steps);
    assert.deepEqual(log.unbrokenKeys([steps[0], lost]), []);
});

// ---- where there is no WebAssembly ----

test('without WebAssembly it is said, and nothing hangs', async () => {
    const kept = globalThis.WebAssembly;
    try {
        globalThis.WebAssembly = undefined;
        assert.equal(hasWasm(), false);
        const again = await import('../../api/web/protocol/sodium.mjs?without');
        await assert.rejects(again.ready, { code: 'no-wasm' });
        globalThis.WebAssembly = { Module: class { constructor() { throw new Error('CSP'); } } };
        assert.equal(hasWasm(), false);
    } finally {
        globalThis.WebAssembly = kept;
    }
    assert.ok(hasWasm());
});

// ---- the worker ----

// What a page has around a worker: here the worker's module runs in this very process.
class FakeWorker extends EventTarget {
    static made = [];

    constructor(url, options) {
        super();
        FakeWorker.made.push({ url: String(url), options, worker: this });
    }

    tell(type, data) {
        this.dispatchEvent(Object.assign(new Event(type), { data }));
    }

    // Moves what is to be moved, as a real one does.
    postMessage(message, transfer) {
        globalThis.postMessage = (answer, moved) =>
            this.tell('message', structuredClone(answer, { transfer: moved }));
        this.message = structuredClone(message, { transfer });
        globalThis.listener({ data: this.message });
    }

    terminate() {
        this.ended = true;
    }
}

function put(t, name, value) {
    const kept = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (kept ? Object.defineProperty(globalThis, name, kept) : delete globalThis[name]));
}

test('the worker stretches, wipes, is ended; its address comes from the one policy', async (t) => {
    put(t, 'addEventListener', (type, listener) => {
        globalThis.listener = listener;
    });
    await import('../../api/web/protocol/stretch-worker.mjs');
    put(t, 'Worker', FakeWorker);
    const id = newId();
    const expected = b64u(stretch('abc-def-1', id));
    assert.equal(b64u(await stretchInWorker('ABCDEF1', id)), expected);
    const [{ url, options, worker }] = FakeWorker.made;
    assert.match(url, /\/api\/web\/protocol\/stretch-worker\.mjs$/);
    assert.deepEqual(options, { type: 'module' });
    assert.ok(worker.ended && worker.message.code.every((byte) => byte === 0));

    // A worker that fails, in each way it can: then it is done here.
    for (const way of [
        (one) => one.tell('error'), (one) => one.tell('messageerror'),
        (one) => one.tell('message', { failed: true }),
    ]) {
        const failing = class extends FakeWorker {
            postMessage(message, transfer) {
                structuredClone(message, { transfer });
                setTimeout(way, 0, this);
            }
        };
        put(t, 'Worker', failing);
        assert.equal(b64u(await stretchInWorker('ABCDEF1', id)), expected);
    }
    put(t, 'Worker', class {
        constructor() {
            throw new TypeError('no trusted type');
        }
    });
    assert.equal(b64u(await stretchInWorker('ABCDEF1', id)), expected);
    await assert.rejects(stretchInWorker('ABCDE', id), { code: 'code-short' });
    put(t, 'trustedTypes', {
        createPolicy: (name, { createScriptURL }) => ({
            createScriptURL: (text) => ({ name, is: createScriptURL(text) }),
        }),
    });
    put(t, 'Worker', class extends FakeWorker {
        constructor(trusted, how) {
            super(trusted.is ?? trusted, how);
            this.name = trusted.name;
        }
    });
    const fresh = await import('../../api/web/protocol/stretching.mjs?trusted');
    assert.equal(b64u(await fresh.stretchInWorker('ABCDEF1', id)), expected);
    const last = FakeWorker.made.at(-1);
    assert.equal(last.worker.name, 'handoff');
    assert.match(last.url, /stretch-worker\.mjs/);
});

test('without workers it is done here', async () => {
    const id = newId();
    assert.equal(b64u(await stretchInWorker('ABC DEF', id)), b64u(stretch('abcdef', id)));
    assert.equal(sodium.crypto_hash_sha256(new Uint8Array(0)).length, 32);
});
