// Writes the vectors of protocol version 1 from the independent implementation, out of fixed inputs:
// the same files come out every time. node tests/vectors/make.mjs [DIR]

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sodium from 'libsodium-wrappers-sumo';

import * as p from '../support/protocol.mjs';

await p.ready;

// Bytes that look random and are always the same.
function bytes(seed, length) {
    const out = [];
    for (let i = 0; out.length * 32 < length; i++)
        out.push(createHash('sha256').update(`${seed} ${i}`).digest());
    return Buffer.concat(out).subarray(0, length);
}

function fixedId(seed) {
    const id = Buffer.from(bytes(`id ${seed}`, 16));
    id[6] = 0x70 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const codes = [null, 'ABCD-EFGH', 'abcd efgh', 'Straße 7 größer', '\u{1f511}'.repeat(6)];

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
    { type: 'text', text: 'just text\n' },
    { type: 'file', name: 'key.bin', data: p.b64u(bytes('file', 300)) },
    { type: 'file', name: 'empty', data: '' },
];

// Plaintexts by their bytes: each kind of payload, and lengths around a block of padding.
const plaintexts = [
    ...payloads.map((payload) => Buffer.from(JSON.stringify(payload))),
    ...[0, 1, 254, 255, 256, 257, 511, 512, 65279].map((length) => bytes(`plain ${length}`, length)),
];

function envelopeVector(plaintext, i) {
    const id = fixedId(`envelope ${i}`);
    const key = bytes(`envelope key ${i}`, 32);
    const nonce = bytes(`nonce ${i}`, 24);
    const code = i % 5 === 1 ? 'ABCD-EFGH' : null;
    const envelope = p.seal(p.deriveKeys(key, id, code), id, plaintext, nonce);
    return {
        id,
        link_key: p.b64u(key),
        code,
        nonce: p.b64u(nonce),
        plaintext: p.b64u(plaintext),
        size: envelope.length,
        envelope_hash: p.b64u(p.sha256(envelope)),
        // The largest one is told by its hash alone.
        ...(envelope.length < 2000 ? { envelope: p.b64u(envelope) } : {}),
    };
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
        bad('', 'empty'),
        bad('   ', 'empty'),
        bad('x'.repeat(9000), 'too-long'),
        bad('hello', 'not-url'),
        bad(`ftp://example.com/h/${id}#${fragment}`, 'not-url'),
        bad(good.slice('https://'.length), 'not-url'),
        bad('https://example.com/', 'not-handoff'),
        bad(`https:///h/${id}#${fragment}`, 'not-handoff'),
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
        bad(`${url}#${fragment.slice(0, 20)}*${fragment.slice(21)}`, 'fragment-bad'),
        bad(`${url}#${p.b64u(Buffer.concat([Buffer.from([2]), key]))}`, 'fragment-version'),
    ],
};

const other = {
    // RFC 6962: the hash of the leaf "L123456".
    merkle_leaf: { data: 'L123456', hash: p.merkleLeaf('L123456').toString('hex') },
    // As Debian's argon2 program computes it: -id -t 2 -m 16 -p 1 -l 32.
    argon2: {
        password: 'correct horse',
        salt: 'abcdefghijklmnop',
        hash: '260110b7bde255aced9ab0091804868b90a73bef246c00a1e58a11a5286dc5f6',
    },
};

const files = {
    'keys.json': codes.map(keyVector),
    'credentials.json': payloads.map((payload) => ({ payload, json: JSON.stringify(payload) })),
    'envelopes.json': plaintexts.map(envelopeVector),
    'receipts.json': receipts,
    'links.json': links,
    'other.json': other,
};

const dir = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
for (const [name, content] of Object.entries(files))
    writeFileSync(join(dir, name), `${JSON.stringify(content, null, 2)}\n`);
