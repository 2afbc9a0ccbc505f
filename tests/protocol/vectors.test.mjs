// Goal: the vectors, the C code and the independent implementation agree: the committed files are what
// the generator makes, each opens what the other sealed, and a changed envelope opens for neither.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as p from '../support/protocol.mjs';

const vectors = join(dirname(fileURLToPath(import.meta.url)), '../vectors');
const tool = join(process.env.HANDOFF_BUILD, 'tests', 'protocol-tool');

await p.ready;

const load = (name) => JSON.parse(readFileSync(join(vectors, name), 'utf8'));

function askC(requests) {
    const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
    const run = spawnSync(tool, { input, maxBuffer: 1 << 26 });
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

test('the C code opens each vector', () => {
    const sealed = load('envelopes.json').map((v) => {
        const key = p.unb64u(v.link_key);
        const envelope = p.seal(
            p.deriveKeys(key, v.id, v.code),
            v.id,
            p.unb64u(v.plaintext),
            p.unb64u(v.nonce),
        );
        assert.equal(p.b64u(p.sha256(envelope)), v.envelope_hash);
        return { op: 'open', id: v.id, link_key: v.link_key, code: v.code, envelope: p.b64u(envelope) };
    });
    const answers = askC(sealed);
    load('envelopes.json').forEach((v, i) => assert.equal(answers[i].plaintext, v.plaintext));
});

// Fresh handoffs of every length around the blocks, some with a code.
function fresh() {
    return [0, 1, 100, 255, 256, 300, 511, 1000, 40000].map((length, i) => ({
        id: p.newId(),
        link_key: p.b64u(p.linkKey()),
        code: i % 4 === 3 ? `code ${i} äöü` : null,
        plaintext: p.b64u(randomBytes(length)),
    }));
}

const keysOf = (h) => p.deriveKeys(p.unb64u(h.link_key), h.id, h.code);

test('what C seals opens in JavaScript', () => {
    const handoffs = fresh();
    const answers = askC(handoffs.map((h) => ({ op: 'seal', ...h })));
    handoffs.forEach((h, i) => {
        const envelope = p.unb64u(answers[i].envelope);
        assert.equal(p.b64u(p.open(keysOf(h), h.id, envelope)), h.plaintext);
        envelope[envelope.length >> 1] ^= 1;
        assert.throws(() => p.open(keysOf(h), h.id, envelope));
    });
});

test('what JavaScript seals opens in C, and changed does not', () => {
    const handoffs = fresh();
    const requests = handoffs.map((h) => {
        const envelope = p.seal(keysOf(h), h.id, p.unb64u(h.plaintext));
        return { op: 'open', ...h, envelope: p.b64u(envelope) };
    });
    askC(requests).forEach((answer, i) => assert.equal(answer.plaintext, handoffs[i].plaintext));
    const changed = requests.map((request) => {
        const envelope = p.unb64u(request.envelope);
        envelope[envelope.length - 1] ^= 0x80;
        return { ...request, envelope: p.b64u(envelope) };
    });
    for (const answer of askC(changed))
        assert.deepEqual(answer, { error: true });
    for (const answer of askC(requests.map((r) => ({ ...r, id: p.newId() }))))
        assert.deepEqual(answer, { error: true });
});
