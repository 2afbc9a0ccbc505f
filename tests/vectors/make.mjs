// Writes the vectors of protocol version 1 from the independent implementation, out of fixed inputs:
// the same files come out every time. node tests/vectors/make.mjs [DIR]

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sodium from '../support/protocol/sodium.mjs';

import * as p from '../support/protocol/protocol.mjs';

await p.ready;

// Bytes that look random and are always the same.
function bytes(seed, length) {
    const out = [];
    for (let i = 0; out.length * 32 < length; i++)
        out.push(createHash('sha256').update(`${seed} ${i}`).digest());
    return Buffer.concat(out).subarray(0, length);
}

// A UUIDv7; its time is made up too, unless one is given.
function fixedId(seed, unixMs) {
    const id = Buffer.from(bytes(`id ${seed}`, 16));
    if (unixMs !== undefined)
        id.writeUIntBE(unixMs, 0, 6);
    id[6] = 0x70 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// A pattern that whoever reads the vectors can make as well: byte i is (7 i + 3) mod 251.
const pattern = (length) => Buffer.from(Uint8Array.from({ length }, (_, i) => (7 * i + 3) % 251));

const codes = [
    null,
    'ABCD-EFGH',
    'abcd efgh',
    'Straße 7 größer',
    '\u{1f511}'.repeat(6),
    'nul \0 inside',
    'x'.repeat(128),
];

const codesRefused = ['', 'ABCDE', 'A-B C-D E', '- '.repeat(20), '\u{1f511}'.repeat(5), 'x'.repeat(129)];
for (const code of codesRefused)
    assert.throws(() => p.normaliseCode(code));

function keyVector(code, i) {
    const id = fixedId(`keys ${i}`);
    const key = bytes(`link key ${i}`, 32);
    const keys = p.deriveKeys(key, id, code);
    return {
        id,
        link_key: p.b64u(key),
        code,
        normalised: code === null ? null : p.normaliseCode(code).toString('utf8'),
        link: p.link('https://handoff.example.com', id, key),
        content_key: p.b64u(keys.contentKey),
        claim_token: p.b64u(keys.claimToken),
        receipt_seed: p.b64u(keys.receiptSeed),
        opened_token: p.b64u(keys.openedToken),
        link_token: keys.linkToken === null ? null : p.b64u(keys.linkToken),
        claim_hash: p.b64u(p.hash(keys.claimToken)),
        opened_hash: p.b64u(p.hash(keys.openedToken)),
        link_hash: keys.linkToken === null ? null : p.b64u(p.hash(keys.linkToken)),
        receipt_key: p.b64u(keys.receiptKey),
    };
}

const payloads = [
    { type: 'credential', password: 'x' },
    {
        type: 'credential',
        username: 'practiceprotect@contoso.onmicrosoft.com',
        password: 'Geheim-123!',
        url: 'https://portal.azure.com/',
        note: 'Global Administrator\nmust change at first sign-in',
    },
    { type: 'credential', password: 'line\nNUL\0quote"back\\slash\u007f\u{1f511}ä' },
    { type: 'credential', username: '', password: ' ', url: '', note: '' },
    { type: 'text', text: 'just text\n' },
    { type: 'text', text: '\u2028\ud83d\udd11\u0000\u0001\u001f\u0080\uffff{}[],:' },
    { type: 'file', name: 'key.bin', data: p.b64u(bytes('file', 300)) },
    { type: 'file', name: 'empty', data: '' },
];

// Texts that are no payload: [what is wrong, JSON].
const payloadsRefused = [
    ['nothing', ''],
    ['no object', '[]'],
    ['a text after it', '{"type":"text","text":"a"} x'],
    ['a byte order mark', '\ufeff{"type":"text","text":"a"}'],
    ['no type', '{"password":"a"}'],
    ['an unknown type', '{"type":"other","password":"a"}'],
    ['a type with more behind a NUL', '{"type":"text\\u0000","text":"a"}'],
    ['a type in capitals', '{"type":"Text","text":"a"}'],
    ['no password', '{"type":"credential","username":"a"}'],
    ['an empty password', '{"type":"credential","password":""}'],
    ['an empty text', '{"type":"text","text":""}'],
    ['an empty file name', '{"type":"file","name":"","data":""}'],
    ['no data', '{"type":"file","name":"a"}'],
    ['padded data', '{"type":"file","name":"a","data":"AA=="}'],
    ['data with stray bits', '{"type":"file","name":"a","data":"AB"}'],
    ['a number', '{"type":"credential","password":1}'],
    ['null', '{"type":"credential","password":"a","note":null}'],
    ['an object', '{"type":"credential","password":"a","note":{}}'],
    ['an unknown member', '{"type":"credential","password":"a","extra":"b"}'],
    ['a member of another type', '{"type":"credential","password":"a","text":"b"}'],
    ['a doubled member', '{"type":"credential","password":"a","password":"b"}'],
    ['a doubled type', '{"type":"text","type":"text","text":"a"}'],
    ['half a surrogate pair', '{"type":"text","text":"\\ud800"}'],
    ['a bare control character', '{"type":"text","text":"a\nb"}'],
].map(([why, json]) => ({ why, json }));
for (const { why, json } of payloadsRefused)
    assert.throws(() => p.decodePayload(Buffer.from(json)), undefined, why);

// Plaintexts by their bytes: each kind of payload, and lengths around a block of padding.
const plaintexts = [
    ...payloads.map((payload) => p.encodePayload(payload)),
    ...[0, 1, 254, 255, 256, 257, 511, 512].map((length) => bytes(`plain ${length}`, length)),
];

// The longest that fit into 64 KiB and into 1 MiB.
const longest = [65279, 1048319];

function inputs(name, code = null) {
    const id = fixedId(name);
    const key = bytes(`${name} key`, 32);
    return { id, key, code, nonce: bytes(`${name} nonce`, 24), keys: p.deriveKeys(key, id, code) };
}

const told = ({ id, key, code, nonce }) => ({
    id,
    link_key: p.b64u(key),
    code,
    nonce: p.b64u(nonce),
});

function envelopeVector(plaintext, i) {
    const from = inputs(`envelope ${i}`, i % 5 === 1 ? 'ABCD-EFGH' : null);
    const envelope = p.seal(from.keys, from.id, plaintext, from.nonce);
    return {
        ...told(from),
        plaintext: p.b64u(plaintext),
        size: envelope.length,
        envelope_hash: p.b64u(p.sha256(envelope)),
        envelope: p.b64u(envelope),
    };
}

function longVector(length) {
    const from = inputs(`long ${length}`);
    const envelope = p.seal(from.keys, from.id, pattern(length), from.nonce);
    return {
        ...told(from),
        plaintext_pattern: length,
        size: envelope.length,
        envelope_hash: p.b64u(p.sha256(envelope)),
    };
}

// Envelopes that must not open: what is wrong, and how it comes about from a good one.
function refusedEnvelopes() {
    const from = inputs('refused');
    const other = inputs('refused, another');
    const withCode = inputs('refused', 'ABCD-EFGH');
    const good = p.seal(from.keys, from.id, pattern(300), from.nonce);
    const flip = (at) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));
    // Authentic, by one who pads or labels otherwise.
    const raw = (padded, label = 'handoff/1', mode = [0]) =>
        Buffer.concat([
            Buffer.from([1]),
            from.nonce,
            sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
                padded,
                Buffer.concat([Buffer.from(label), p.idBytes(from.id), Buffer.from(mode)]),
                null,
                from.nonce,
                from.keys.contentKey,
            ),
        ]);
    const block = (marker) => Buffer.concat([pattern(128), Buffer.from([marker]), Buffer.alloc(127)]);
    assert.equal(p.open(from.keys, from.id, raw(block(0x80))).length, 128);
    return [
        ['nothing', Buffer.alloc(0)],
        ['version 0', flip(0)],
        ['version 2', Buffer.concat([Buffer.from([2]), good.subarray(1)])],
        ['another nonce', flip(1)],
        ['a changed first byte', flip(25)],
        ['a changed last byte of the text', flip(good.length - 17)],
        ['a changed tag', flip(good.length - 1)],
        ['a byte too few', good.subarray(0, -1)],
        ['a byte too many', Buffer.concat([good, Buffer.alloc(1)])],
        ['a block too few', good.subarray(0, -256)],
        ['a block too many', Buffer.concat([good, Buffer.alloc(256)])],
        ['the smallest, less a block', good.subarray(0, 41)],
        ['sealed for another id', p.seal(from.keys, other.id, pattern(300), from.nonce)],
        ['sealed with another key', p.seal(other.keys, from.id, pattern(300), from.nonce)],
        ['sealed with a code', p.seal(withCode.keys, from.id, pattern(300), from.nonce)],
        ['another mode', raw(block(0x80), 'handoff/1', [1])],
        ['another label', raw(block(0x80), 'handoff/2')],
        ['no mode', raw(block(0x80), 'handoff/1', [])],
        ['padding without its marker', raw(block(0x00))],
        ['padding with another marker', raw(block(0x81))],
        ['a whole block of zeros as padding', raw(Buffer.concat([block(0x80), Buffer.alloc(256)]))],
    ].map(([why, envelope]) => {
        assert.throws(() => p.open(from.keys, from.id, Buffer.from(envelope)), undefined, why);
        return { why, id: from.id, link_key: p.b64u(from.key), code: null, envelope: p.b64u(envelope) };
    });
}

const receipts = [
    { outcome: 'confirmed', at: 1795420800, details: '{"by":"Ada","salt":"c2FsdA"}' },
    { outcome: 'rejected', at: 0, details: '{"by":"Zoë","note":"wrong \\"password\\""}' },
    { outcome: 'confirmed', at: 4102444800 },
].map((own, i) => {
    const id = fixedId(`receipt ${i}`);
    const envelopeHash = bytes(`envelope hash ${i}`, 32);
    const seed = bytes(`receipt seed ${i}`, 32);
    const statement = p.receiptStatement({ id, envelopeHash, ...own });
    return {
        id,
        envelope_hash: p.b64u(envelopeHash),
        ...own,
        receipt_seed: p.b64u(seed),
        receipt_key: p.b64u(sodium.crypto_sign_seed_keypair(seed).publicKey),
        statement,
        signature: p.b64u(p.signReceipt(statement, seed)),
    };
});

// Signatures that do not count: [what is wrong, statement, signature, key].
function refusedReceipts() {
    const [{ statement, signature, receipt_key }, other] = receipts;
    const bytesOf = p.unb64u(signature);
    const changed = (at) => p.b64u(bytesOf.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    // S and S + L verify alike where S is not held against the group's order L.
    const order = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(bytesOf.subarray(32)).reverse().toString('hex')}`) + order;
    const larger = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
    const malleable = p.b64u(Buffer.concat([bytesOf.subarray(0, 32), larger]));
    return [
        ['the other outcome', statement.replace('confirmed', 'rejected'), signature, receipt_key],
        ['another time', statement.replace('1795420800', '1795420801'), signature, receipt_key],
        ['no LF at its end', statement.slice(0, -1), signature, receipt_key],
        ['CR LF', statement.replaceAll('\n', '\r\n'), signature, receipt_key],
        ['the key of another', statement, signature, other.receipt_key],
        ['a key of small order', statement, signature, p.b64u(Buffer.alloc(32))],
        ['R changed', statement, changed(0), receipt_key],
        ['S changed', statement, changed(32), receipt_key],
        ['S not reduced', statement, malleable, receipt_key],
        ['zeros', statement, p.b64u(Buffer.alloc(64)), receipt_key],
    ].map(([why, said, by, key]) => {
        assert.ok(!p.verifyReceipt(p.unb64u(by), said, p.unb64u(key)), why);
        return { why, statement: said, signature: by, receipt_key: key };
    });
}

const id = fixedId('link');
const key = bytes('link', 32);
const good = p.link('https://handoff.example.com', id, key);
const [url, fragment] = good.split('#');
const wrapped = encodeURIComponent(good);
const ok = (text, repaired, base = 'https://handoff.example.com') => ({ text, error: 'ok', repaired, base });
const bad = (text, error) => ({ text, error });

const links = {
    id,
    link_key: p.b64u(key),
    links: [
        ok(good, false),
        ok(good.replace('https://', 'HTTPS://'), false),
        ok(`http://127.0.0.1:8088/h/${id}#${fragment}`, false, 'http://127.0.0.1:8088'),
        ok(`http://[::1]:8088/h/${id}#${fragment}`, false, 'http://[::1]:8088'),
        ok(`https://example.com/deep/h/h/${id}#${fragment}`, false, 'https://example.com/deep/h'),
        ok(`  ${good}\r\n`, true),
        ok(`<${good}>`, true),
        ok(`"${good}",`, true),
        ok(`(${good}).`, true),
        ok(`${good};`, true),
        ok(`${good.slice(0, 60)}\r\n  ${good.slice(60)}`, true),
        ok(good.replace('#', '%23'), true),
        ok(wrapped, true),
        ok(`https://nam02.safelinks.protection.outlook.com/?url=${wrapped}&data=05%7C01&reserved=0`, true),
        ok(`https://mail.example/?u=${encodeURIComponent(`https://safe.example/?url=${wrapped}&a=1`)}`, true),
        ok(`https://www.example.org/url?q=${good.replace('#', '%23')}&sa=D`, true),
        ok(`${wrapped}%0D%0A`, true),
        ok(`${good}%20`, true),
        ok(good.replace('/h/', '%2Fh%2F'), true),
        ok(`\u201c${good}\u201d`, true),
        ok(`\u00ab\u00a0${good}\u00a0\u00bb\u2026`, true),
        ok(`\ufeff${good.slice(0, 50)}\u200b${good.slice(50)}`, true),
        ok(`[${good}]: .`, true),
        bad('', 'empty'),
        bad('   ', 'empty'),
        bad('x'.repeat(9000), 'too-long'),
        bad('hello', 'not-url'),
        bad(`ftp://example.com/h/${id}#${fragment}`, 'not-url'),
        bad(good.slice('https://'.length), 'not-url'),
        bad('https://example.com/', 'not-handoff'),
        bad(`https:///h/${id}#${fragment}`, 'not-url'),
        bad(`https://:8088/h/${id}#${fragment}`, 'not-url'),
        bad('https://', 'not-url'),
        bad(`see ${good}`, 'not-url'),
        bad(`<>"'.`, 'empty'),
        bad(`https://example.com/s/${id}#${fragment}`, 'not-handoff'),
        bad(`https://safe.example/?url=${encodeURIComponent(url)}&data=1`, 'no-fragment'),
        bad(`https://${'x'.repeat(504)}/h/${id}#${fragment}`, 'not-handoff'),
        bad(`${url}/#${fragment}`, 'bad-id'),
        bad(`${good}\u0000`, 'fragment-long'),
        bad(`${good}\u00e4`, 'fragment-long'),
        bad(`https://user@example.com/h/${id}#${fragment}`, 'not-handoff'),
        bad(`https://example.com/?x=1/h/${id}#${fragment}`, 'not-handoff'),
        bad(good.replace(id, id.toUpperCase()), 'bad-id'),
        bad(good.replace(id, id.slice(1)), 'bad-id'),
        bad(good.replace(id, 'c232ab00-9414-4cdb-b0a1-9f6d4a1a3c2e'), 'bad-id'),
        bad(url, 'no-fragment'),
        bad(`${url}#`, 'no-fragment'),
        bad(good.slice(0, -1), 'fragment-short'),
        bad(good.slice(0, -20), 'fragment-short'),
        bad(`${good}A`, 'fragment-long'),
        bad(`${good}/next`, 'fragment-long'),
        bad(`${url}#${fragment.slice(0, 20)} ${'='.repeat(24)}`, 'fragment-bad'),
        bad(`${url}#${fragment.slice(0, 20)}*${fragment.slice(21)}`, 'fragment-bad'),
        bad(`${url}#${p.b64u(Buffer.concat([Buffer.from([2]), key]))}`, 'fragment-version'),
    ],
};

// One handoff with a code, from the sender's password to the receipt: what docs/protocol.md walks
// through.
function example() {
    const made = p.makeSubmission({
        id: fixedId('example', 1795420800123),
        key: bytes('example key', 32),
        manageKey: bytes('example manage key', 32),
        nonce: bytes('example nonce', 24),
        code: '7K3M-9QXT',
        payload: { type: 'credential', username: 'admin@contoso.example', password: 'Geheim-123!' },
        expires_in: 604800,
        label: 'Contoso onboarding',
    });
    const { id, keys } = made;
    const claimant = bytes('example claimant', 32);
    const envelopeHash = p.sha256(p.unb64u(made.body.envelope));
    const details = '{"by":"Ada, onboarding","note":"signed in, works","salt":"c2FsdC1zYWx0LXNhbHQ"}';
    const at = 1795424400;
    const statement = p.receiptStatement({ id, outcome: 'confirmed', envelopeHash, at, details });
    const salt = bytes('example salt', 32);
    const line =
        `{"v":1,"n":7,"t":1795424000,"kind":"claim.accepted","id":"${id}",` +
        `"claimant_hash":"${p.b64u(p.hash(claimant))}","lease_until":1795424600,` +
        `"details":{"address":"${p.b64u(p.commitment('address', salt, '192.0.2.7'))}"}}`;
    return {
        id,
        link_key: p.b64u(made.key),
        link: made.link('https://handoff.example.com'),
        code: '7K3M-9QXT',
        normalised: '7K3M9QXT',
        stretched: p.b64u(p.stretch('7K3M-9QXT', id)),
        s: p.b64u(p.seedOf(made.key, id, '7K3M-9QXT')),
        ...Object.fromEntries(
            [
                ['content_key', keys.contentKey],
                ['claim_token', keys.claimToken],
                ['receipt_seed', keys.receiptSeed],
                ['opened_token', keys.openedToken],
                ['link_token', keys.linkToken],
                ['receipt_key', keys.receiptKey],
                ['manage_key', made.manageKey],
                ['claimant', claimant],
            ].map(([name, value]) => [name, p.b64u(value)]),
        ),
        plaintext: made.plaintext.toString('utf8'),
        nonce: p.b64u(bytes('example nonce', 24)),
        put: made.body,
        envelope_hash: p.b64u(envelopeHash),
        claim: {
            token: p.b64u(keys.claimToken),
            claimant: p.b64u(claimant),
            link_token: p.b64u(keys.linkToken),
        },
        opened: { opened_token: p.b64u(keys.openedToken), claimant: p.b64u(claimant) },
        statement,
        receipt: {
            outcome: 'confirmed',
            at,
            details,
            signature: p.b64u(p.signReceipt(statement, keys.receiptSeed)),
            claimant: p.b64u(claimant),
        },
        event: { line, leaf: p.b64u(p.merkleLeaf(line)) },
        detail: { field: 'address', salt: p.b64u(salt), value: '192.0.2.7' },
    };
}

// Names and bytes as text: what each decodes to in hex, or null where it must be refused.
function encodings() {
    const canonical = fixedId('encoding');
    const spoilt = (from, to) => canonical.replace(from, to);
    const ids = [
        canonical,
        '01980000-0000-7000-8000-000000000000',
        'ffffffff-ffff-7fff-bfff-ffffffffffff',
        canonical.toUpperCase(),
        canonical.replaceAll('-', ''),
        `{${canonical}}`,
        ` ${canonical}`,
        `${canonical}0`,
        canonical.slice(1),
        spoilt(/-/, '_'),
        spoilt(/^./, 'g'),
        spoilt(/-7/, '-4'),
        spoilt(/-(.)(...)-(.{12})$/, '-c$2-$3'),
        spoilt(/-(.)(...)-(.{12})$/, '-7$2-$3'),
        '',
    ];
    const texts = ['', 'AA', 'AAA', 'AAAA', '_-8', 'Zm9vYg', '-_-_'];
    const bad = ['A', 'AAAAA', 'AB', 'AAB', 'AA==', 'AA=', 'A+AA', 'A/AA', 'AA\n', ' AA', 'A A', 'ÄÄ', 'AA\0A'];
    const attempt = (decode, text) => {
        try {
            return decode(text).toString('hex');
        } catch {
            return null;
        }
    };
    return {
        ids: ids.map((text) => ({ text, hex: attempt(p.idBytes, text) })),
        base64url: [...texts, ...bad].map((text) => ({ text, hex: attempt(p.unb64u, text) })),
    };
}

const other = {
    merkle_leaves: ['L123456', '', '\0', 'x'.repeat(200)].map((data) => ({
        data,
        hash: p.merkleLeaf(data).toString('hex'),
    })),
    // As Debian's argon2 program computes it: -id -t 2 -m 16 -p 1 -l 32.
    argon2: {
        password: 'correct horse',
        salt: 'abcdefghijklmnop',
        hash: '260110b7bde255aced9ab0091804868b90a73bef246c00a1e58a11a5286dc5f6',
    },
    codes_refused: codesRefused,
};
// RFC 6962's own, as its reference implementation tests it.
assert.equal(
    other.merkle_leaves[0].hash,
    '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
);

const files = {
    'keys.json': codes.map(keyVector),
    'credentials.json': {
        good: payloads.map((payload) => ({
            payload,
            json: p.encodePayload(payload).toString('utf8'),
        })),
        refused: payloadsRefused,
    },
    'envelopes.json': {
        good: [...plaintexts.map(envelopeVector), ...longest.map(longVector)],
        refused: refusedEnvelopes(),
    },
    'receipts.json': { good: receipts, refused: refusedReceipts() },
    'links.json': links,
    'encodings.json': encodings(),
    'example.json': example(),
    'other.json': other,
};

const dir = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
for (const [name, content] of Object.entries(files))
    writeFileSync(join(dir, name), `${JSON.stringify(content, null, 2)}\n`);
