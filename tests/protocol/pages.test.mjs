// Goal: the pages' own modules are the protocol too: they agree with every vector, with the C code
// and with the independent implementation, both ways, and refuse what must be, each by its code.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

// First: it gives Node 18 the crypto object that browsers have.
import '../support/protocol/sodium.mjs';
import * as other from '../support/protocol/protocol.mjs';

import * as code from '../../api/web/protocol/code.mjs';
import * as encoding from '../../api/web/protocol/encoding.mjs';
import * as envelope from '../../api/web/protocol/envelope.mjs';
import * as keys from '../../api/web/protocol/keys.mjs';
import * as link from '../../api/web/protocol/link.mjs';
import * as log from '../../api/web/protocol/log.mjs';
import { makePassword } from '../../api/web/protocol/password.mjs';
import * as payload from '../../api/web/protocol/payload.mjs';
import * as receipt from '../../api/web/protocol/receipt.mjs';
import { hasWasm, ready } from '../../api/web/protocol/sodium.mjs';
import { makeSubmission } from '../../api/web/protocol/submission.mjs';

const { b64u, unb64u } = encoding;
const vectors = join(dirname(fileURLToPath(import.meta.url)), '../vectors');
const tool = join(process.env.HANDOFF_BUILD ?? 'build', 'tests', 'protocol-tool');

await Promise.all([ready, other.ready]);

const load = (name) => JSON.parse(readFileSync(join(vectors, name), 'utf8'));
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const bytes = (length) => new Uint8Array(randomBytes(length));

function askC(requests) {
    const input = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
    const run = spawnSync(tool, { input, maxBuffer: 1 << 27 });
    assert.equal(run.status, 0, String(run.stderr));
    return String(run.stdout).trim().split('\n').map((line) => JSON.parse(line));
}

// Insists on a refusal by this code.
const refused = (action, expected, why) =>
    assert.throws(action, (error) => {
        assert.ok(error instanceof encoding.ProtocolError, `${why}: ${error.stack}`);
        assert.equal(error.code, expected, why);
        return true;
    }, why);

function keysOf({ id, link_key: text, code: typed }) {
    const key = unb64u(text);
    const withCode = typed !== null && typed !== undefined;
    const seed = keys.seedOf(key, withCode ? keys.stretch(typed, id) : null);
    return keys.deriveKeys(key, seed, withCode);
}

const named = (made) => ({
    content_key: b64u(made.contentKey),
    claim_token: b64u(made.claimToken),
    receipt_seed: b64u(made.receiptSeed),
    opened_token: b64u(made.openedToken),
    link_token: made.linkToken && b64u(made.linkToken),
    receipt_key: b64u(made.receiptKey),
});

// ---- the vectors ----

test('libsodium is ready, and WebAssembly is seen', () => assert.ok(hasWasm()));

test('ids and base64url: what the vectors say, and no other text for the same bytes', () => {
    const { ids, base64url } = load('encodings.json');
    for (const { text, hex: expected } of ids) {
        assert.equal(encoding.isId(text), expected !== null, text);
        if (expected === null)
            refused(() => encoding.idBytes(text), 'bad-id', text);
        else
            assert.equal(hex(encoding.idBytes(text)), expected);
    }
    for (const { text, hex: expected } of base64url) {
        if (expected === null) {
            refused(() => unb64u(text), 'not-base64url', text);
            continue;
        }
        assert.equal(hex(unb64u(text)), expected);
        assert.equal(b64u(unb64u(text)), text);
    }
    for (const value of [null, undefined, 7, {}, ['AA']])
        refused(() => unb64u(value), 'not-base64url', String(value));
});

test('both base64s are those of Node, at each length and for each last character', () => {
    for (let length = 0; length < 100; length++) {
        const some = bytes(length);
        assert.equal(b64u(some), Buffer.from(some).toString('base64url'));
        assert.equal(encoding.b64(some), Buffer.from(some).toString('base64'));
        assert.deepEqual(unb64u(b64u(some)), some);
        assert.deepEqual(encoding.unb64(encoding.b64(some)), some);
    }
    for (const text of ['A', 'AB==', 'AA', 'AAA', 'AA=', 'AAA==', 'AAAA=', '=', 'A===', 'A-AA',
        'AA==AA==', ' AA==', 'AA==\n', 'ÄA==', '\u0100AAA', undefined])
        refused(() => encoding.unb64(text), 'not-base64', text);
    for (let i = 0; i < 0x180; i++) {
        const text = `AA${String.fromCharCode(i)}`;
        let taken = true;
        try {
            unb64u(text);
        } catch {
            taken = false;
        }
        assert.equal(taken, /^[AEIMQUYcgkosw048]$/.test(text[2]), text);
    }
    refused(() => encoding.unb64uExact('AAAA', 4), 'not-base64url');
});

test('texts: UTF-8 and nothing else', () => {
    for (const text of ['', 'ä', '\u0000', '🔑', '\ufeffx'])
        assert.equal(encoding.unutf8(encoding.utf8(text)), text);
    for (const text of ['\ud800', 'a\udc00', '\udc00\ud800', 7, undefined])
        refused(() => encoding.utf8(text), 'not-text', String(text));
    for (const wrong of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]])
        refused(() => encoding.unutf8(Uint8Array.from(wrong)), 'not-text', String(wrong));
});

test('keys: codes, tokens, hashes and links', () => {
    for (const v of load('keys.json')) {
        const made = keysOf(v);
        for (const [name, value] of Object.entries(named(made)))
            assert.equal(value, v[name], name);
        assert.equal(b64u(keys.hash(made.claimToken)), v.claim_hash);
        assert.equal(b64u(keys.hash(made.openedToken)), v.opened_hash);
        assert.equal(made.linkToken && b64u(keys.hash(made.linkToken)), v.link_hash);
        assert.equal(link.formatLink(v.link.split('/h/')[0], v.id, unb64u(v.link_key)), v.link);
        if (v.code !== null)
            assert.equal(encoding.unutf8(code.normaliseCode(v.code)), v.normalised);
    }
    const { codes_refused: codes, argon2 } = load('other.json');
    for (const text of codes) {
        const expected = text.length > 60 ? 'code-long' : 'code-short';
        refused(() => code.normaliseCode(text), expected, text);
    }
    refused(() => code.normaliseCode('ABCDEF\ud800'), 'not-text');
    assert.equal(argon2.salt.length, 16); // its salt is no id: the C tests hold it
});

test('links as they are pasted: repaired, or refused by the code that applies first', () => {
    const { id, link_key: key, links } = load('links.json');
    for (const { text, error, repaired, base } of links) {
        if (error !== 'ok') {
            refused(() => link.readLink(text), error, text);
            continue;
        }
        const read = link.readLink(text);
        assert.deepEqual({ ...read, key: b64u(read.key) }, { base, id, key, repaired }, text);
    }
    assert.ok(new Set(links.map(({ error }) => error)).size >= 11);
});

test('the fragment alone, with and without its #', () => {
    const key = bytes(32);
    const [, fragment] = link.formatLink('https://x', encoding.newId(), key).split('#');
    assert.deepEqual(link.parseFragment(fragment), { key });
    assert.deepEqual(link.parseFragment(`#${fragment}`), { key });
    const version = b64u([2, ...key]);
    for (const [text, expected] of [
        ['', 'no-fragment'], ['#', 'no-fragment'], [fragment.slice(1), 'fragment-short'],
        [`${fragment}A`, 'fragment-long'], [`##${fragment}`, 'fragment-long'],
        [`${fragment.slice(1)}=`, 'fragment-bad'], [`${fragment.slice(2)}ä`, 'fragment-bad'],
        [version, 'fragment-version'],
    ])
        refused(() => link.parseFragment(text), expected, text);
});

test('credentials: written in the same bytes, read in any spelling, refused by its code', () => {
    const { good, refused: bad } = load('credentials.json');
    for (const { payload: value, json } of good) {
        assert.equal(encoding.unutf8(payload.encodePayload(value)), json);
        assert.deepEqual(payload.decodePayload(encoding.utf8(json)), value);
    }
    const codes = {
        'no type': 'payload-type', 'an unknown type': 'payload-type',
        'a type with more behind a NUL': 'payload-type', 'a type in capitals': 'payload-type',
        'no password': 'payload-missing', 'an empty password': 'payload-missing',
        'an empty text': 'payload-missing', 'an empty file name': 'payload-missing',
        'no data': 'payload-missing', 'padded data': 'payload-data',
        'data with stray bits': 'payload-data', 'an unknown member': 'payload-unknown',
        'a member of another type': 'payload-unknown', 'a doubled member': 'payload-doubled',
        'a doubled type': 'payload-doubled', 'half a surrogate pair': 'not-text',
    };
    for (const { why, json } of bad) {
        const wrong = () => payload.decodePayload(Buffer.from(json));
        refused(wrong, codes[why] ?? 'payload-malformed', why);
    }
    for (const [json, expected] of [
        ['{"type":"text","text":"a","__proto__":"b"}', 'payload-unknown'],
        ['{"type":"text","text":"a","\\u0074ext":"b"}', 'payload-doubled'],
        ['{"type":"text","text":"a",}', 'payload-malformed'],
        ['{"type":"text" "text":"a"}', 'payload-malformed'],
        ['{"type":"text","text":"a"', 'payload-malformed'],
        ['{"type":"text","text":"a\\"}', 'payload-malformed'],
        ['{"type":"text","text":"\\x"}', 'payload-malformed'],
        ['\u00a0{"type":"text","text":"a"}', 'payload-malformed'],
        ['{"type":"text","text":"a"}\v', 'payload-malformed'],
        ['{}', 'payload-malformed'],
    ])
        refused(() => payload.decodePayload(encoding.utf8(json)), expected, json);
    refused(() => payload.decodePayload(Uint8Array.of(0x7b, 0xff)), 'not-text');
    refused(() => payload.encodePayload({ type: 'text', text: 'a', more: 'b' }), 'payload-unknown');
    refused(() => payload.encodePayload({ type: 'text', text: '\ud800' }), 'not-text');
    refused(() => payload.encodePayload({ type: 'toString' }), 'payload-type');
});

test('envelopes: each vector opens, each that must be refused is', () => {
    const { good, refused: bad } = load('envelopes.json');
    for (const v of good) {
        if (!v.envelope)
            continue;
        const sealed = unb64u(v.envelope);
        assert.equal(b64u(envelope.open(keysOf(v), v.id, sealed)), v.plaintext);
        assert.equal(b64u(envelope.envelopeHash(sealed)), v.envelope_hash);
        assert.equal(sealed.length, v.size);
    }
    const shape = /^nothing|version|too (few|many)$|smallest|padding/;
    for (const v of bad) {
        const isShape = shape.test(v.why) && !/block too/.test(v.why);
        const expected = isShape ? 'envelope-malformed' : 'envelope-forged';
        refused(() => envelope.open(keysOf(v), v.id, unb64u(v.envelope)), expected, v.why);
    }
    assert.equal(envelope.payloadMax(65536), 65279);
    assert.equal(envelope.payloadMax(1048576), 1048319);
});

test('receipts: the same statement and signature; changed ones do not verify', () => {
    const { good, refused: bad } = load('receipts.json');
    for (const v of good) {
        const envelopeHash = unb64u(v.envelope_hash);
        assert.equal(receipt.statementOf({ ...v, envelopeHash }), v.statement);
        assert.ok(receipt.verifyReceipt(v.statement, v.signature, unb64u(v.receipt_key)));
        assert.equal(b64u(keys.receiptKeyOf(unb64u(v.receipt_seed))), v.receipt_key);
        const own = { id: v.id, outcome: v.outcome, at: v.at, envelopeHash };
        const made = receipt.makeReceipt({ ...own, receiptSeed: unb64u(v.receipt_seed) });
        assert.ok(receipt.verifyReceipt(made.statement, made.signature, unb64u(v.receipt_key)));
        if (v.details === undefined)
            assert.deepEqual([made.statement, made.signature], [v.statement, v.signature]);
    }
    for (const v of bad)
        assert.ok(!receipt.verifyReceipt(v.statement, v.signature, unb64u(v.receipt_key)), v.why);
});

test('the worked example: link, keys, payload, receipt, line and commitment', () => {
    const { event, detail, put, claim, opened, receipt: signed, ...v } = load('example.json');
    const made = keysOf(v);
    const key = unb64u(v.link_key);
    assert.equal(link.formatLink('https://handoff.example.com', v.id, key), v.link);
    assert.equal(b64u(made.claimToken), claim.token);
    assert.equal(b64u(made.linkToken), claim.link_token);
    assert.equal(b64u(made.openedToken), opened.opened_token);
    const sealed = unb64u(put.envelope);
    assert.equal(b64u(envelope.envelopeHash(sealed)), v.envelope_hash);
    assert.equal(payload.decodePayload(envelope.open(made, v.id, sealed)).password, 'Geheim-123!');
    assert.ok(receipt.verifyReceipt(v.statement, signed.signature, made.receiptKey));
    assert.equal(b64u(log.leafHash(event.line)), event.leaf);
    const line = log.parseLine(event.line);
    assert.ok(log.checkCommitment('address', detail, line.details.address));
    assert.ok(!log.checkCommitment('agent', detail, line.details.address));
    const changed = { ...detail, value: '192.0.2.8' };
    assert.ok(!log.checkCommitment('address', changed, line.details.address));
});

// ---- fresh ones, with C and with the independent implementation ----

function fresh() {
    return [0, 1, 100, 254, 255, 256, 257, 511, 512, 65279, 1048319].map((length, i) => ({
        id: encoding.newId(),
        link_key: b64u(bytes(32)),
        code: i % 4 === 3 ? `code ${i} äöü` : null,
        plaintext: b64u(bytes(length)),
    }));
}

test('what C seals opens here and what is sealed here opens in C; changed does neither', () => {
    const handoffs = fresh();
    askC(handoffs.map((h) => ({ op: 'seal', ...h }))).forEach((answer, i) => {
        const sealed = unb64u(answer.envelope);
        const own = keysOf(handoffs[i]);
        assert.equal(b64u(envelope.open(own, handoffs[i].id, sealed)), handoffs[i].plaintext);
        sealed[25 + randomInt(sealed.length - 25)] ^= 1;
        refused(() => envelope.open(own, handoffs[i].id, sealed), 'envelope-forged');
    });
    const requests = handoffs.map(({ plaintext, ...h }) => {
        const sealed = envelope.seal(keysOf(h), h.id, unb64u(plaintext));
        assert.equal(b64u(other.open(keysOf(h), h.id, sealed)), plaintext);
        return { op: 'open', ...h, envelope: b64u(sealed) };
    });
    askC(requests).forEach((one, i) => assert.equal(one.plaintext, handoffs[i].plaintext));
});

test('keys are the same in C', () => {
    const typed = ['ABCDEF', 'abc-def ', 'ſtraße 🔑 x', null, null].map((text) => ({
        id: encoding.newId(),
        link_key: b64u(bytes(32)),
        code: text,
    }));
    askC(typed.map((h) => ({ op: 'derive', ...h }))).forEach((answer, i) =>
        assert.deepEqual(named(keysOf(typed[i])), answer));
});

function anyText(length) {
    const ranges = [0x20, 0x80, 0x800, 0xd800, 0x110000];
    return Array.from({ length }, () => {
        const c = randomInt(ranges[randomInt(ranges.length)]);
        return String.fromCodePoint(c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
    }).join('');
}

function anyPayload() {
    const kind = randomInt(3);
    if (kind === 0)
        return { type: 'text', text: anyText(1 + randomInt(600)) };
    if (kind === 1)
        return { type: 'file', name: anyText(3), data: b64u(bytes(randomInt(700))) };
    return { type: 'credential', username: anyText(9), password: anyText(9), note: anyText(50) };
}

test('payloads of any characters, in the same bytes as in C and the other implementation', () => {
    const handoffs = Array.from({ length: 200 }, () => ({
        id: encoding.newId(),
        link_key: b64u(bytes(32)),
        code: null,
        payload: anyPayload(),
    }));
    askC(handoffs.map((h) => ({ op: 'seal', ...h }))).forEach((answer, i) => {
        const plain = envelope.open(keysOf(handoffs[i]), handoffs[i].id, unb64u(answer.envelope));
        const written = payload.encodePayload(handoffs[i].payload);
        assert.equal(encoding.unutf8(plain), encoding.unutf8(written));
        assert.deepEqual(Buffer.from(written), other.encodePayload(handoffs[i].payload));
        assert.deepEqual(payload.decodePayload(plain), handoffs[i].payload);
        const json = JSON.stringify(handoffs[i].payload, null, ' \n\t\r');
        const spelled = json.replace(
            /[^\x20-\x7e\n\r\t]/g,
            (c) => `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
        );
        assert.deepEqual(payload.decodePayload(encoding.utf8(spelled)), handoffs[i].payload);
    });
});

test('a whole submission opens in C by its link, with and without a code', () => {
    const value = { type: 'credential', username: 'u', password: 'p' };
    const id = encoding.newId();
    const stretched = keys.stretch('worker-1', id);
    for (const [own, typed] of [
        [{ payload: value }, null],
        [{ payload: value, code: '' }, null],
        [{ payload: value, code: 'abcd-1234', label: 'L' }, 'ABCD1234'],
        [{ payload: value, id, stretched, expiresIn: 60, shownLabel: 'S', lease: 61 }, 'WORKER1'],
    ]) {
        const made = makeSubmission(own);
        const from = { id: made.id, link_key: b64u(made.key), code: typed };
        const [opened] = askC([{ op: 'open', ...from, envelope: made.body.envelope }]);
        assert.deepEqual(opened.payload, value);
        assert.equal(made.body.code, typed !== null);
        assert.equal(made.body.manage_hash, b64u(other.hash(made.manageKey)));
        const { claimToken, linkToken } = other.deriveKeys(made.key, made.id, typed);
        assert.equal(made.body.claim_hash, b64u(other.hash(claimToken)));
        assert.equal(made.body.link_hash, linkToken ? b64u(other.hash(linkToken)) : undefined);
        const sealed = other.sha256(unb64u(made.body.envelope));
        assert.equal(b64u(made.envelopeHash), b64u(sealed));
    }
    assert.ok(stretched.every((byte) => byte === 0), 'what was handed over is wiped');
    assert.throws(() => makeSubmission({ payload: value, stretched: bytes(32) }), TypeError);
    const { body } = makeSubmission({ payload: value, expiresIn: 60, shownLabel: 'S', label: '' });
    assert.deepEqual([body.expires_in, body.shown_label, 'label' in body], [60, 'S', false]);
});

test('receipts signed here verify in C, and say what they were told', () => {
    const seed = bytes(32);
    const id = encoding.newId();
    const own = { id, at: 1795420800, envelopeHash: bytes(32), receiptSeed: seed };
    const made = [
        receipt.makeReceipt({ ...own, outcome: 'confirmed', by: 'Zoë "x"', note: 'a\nb' }),
        receipt.makeReceipt({ ...own, outcome: 'rejected' }),
    ];
    const key = b64u(keys.receiptKeyOf(seed));
    const ask = made.map((one) => ({ op: 'verify', ...one, receipt_key: key }));
    assert.deepEqual(askC(ask), [{ valid: true }, { valid: true }]);
    assert.ok(!('details' in made[1]) && made[1].statement.endsWith('\n-\n'));
    const { salt, ...said } = JSON.parse(made[0].details);
    assert.deepEqual([said, unb64u(salt).length], [{ by: 'Zoë "x"', note: 'a\nb' }, 16]);
    assert.notEqual(receipt.detailsOf('a'), receipt.detailsOf('a'), 'salted');
    for (const [by, note, expected] of [
        ['ä'.repeat(101), '', 'by-long'], ['a\u0085', '', 'by-control'], ['a\n', '', 'by-control'],
        ['a', 'b'.repeat(1001), 'note-long'], ['a', '\u0001'.repeat(900), 'note-long'],
        ['a', '\0', 'note-control'], ['\ud800', '', 'not-text'],
    ])
        refused(() => receipt.detailsOf(by, note), expected, expected);
    const wrong = { ...own, outcome: 'maybe' };
    refused(() => receipt.makeReceipt(wrong), 'receipt-malformed');
    const halved = { ...own, outcome: 'confirmed', at: 1.5 };
    refused(() => receipt.makeReceipt(halved), 'receipt-malformed');
});

// ---- what is drawn ----

test('ids carry the time, and are ids to the independent implementation', () => {
    for (const now of [0, 1795420800123, 2 ** 48 - 1]) {
        const id = encoding.newId(now);
        assert.equal(parseInt(id.replace('-', '').slice(0, 12), 16), now);
        assert.deepEqual(Buffer.from(encoding.idBytes(id)), other.idBytes(id));
    }
    assert.equal(new Set(Array.from({ length: 1000 }, () => encoding.newId(7))).size, 1000);
});

test('generated codes and passwords: their alphabets, each character about as often', () => {
    const seen = new Map();
    for (let i = 0; i < 2000; i++) {
        const made = code.makeCode();
        assert.match(made, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
        for (const c of made.replace('-', ''))
            seen.set(c, (seen.get(c) ?? 0) + 1);
    }
    assert.equal(seen.size, 32);
    for (const [c, count] of seen)
        assert.ok(count > 300 && count < 700, `${c}: ${count} of 500`);
    for (const length of [4, 8, 20, 64])
        for (let i = 0; i < 50; i++) {
            const made = makePassword(length);
            assert.match(made, /^[A-HJ-NP-Za-km-z2-9!#%*+=?@_-]+$/);
            assert.equal(made.length, length);
            for (const one of [/[A-Z]/, /[a-z]/, /[2-9]/, /[!#%*+=?@_-]/])
                assert.match(made, one);
        }
    assert.equal(makePassword().length, 20);
    assert.throws(() => makePassword(3), RangeError);
});

test('secrets are wiped where it is said', () => {
    const made = keysOf({ id: encoding.newId(), link_key: b64u(bytes(32)), code: 'ABCDEF' });
    keys.wipeKeys(made);
    for (const name of ['contentKey', 'claimToken', 'receiptSeed', 'openedToken', 'linkToken'])
        assert.ok(made[name].every((byte) => byte === 0), name);
    const key = bytes(32);
    encoding.wipe(keys.seedOf(key), null, undefined);
    assert.ok(key.some((byte) => byte !== 0), 'the seed without a code is a copy');
    assert.ok(encoding.equal(key, key.slice()) && !encoding.equal(key, key.subarray(1)));
    assert.ok(!encoding.equal(key.subarray(1), key) && !encoding.equal(key, bytes(32)));
});
