// The inputs that each fuzzer begins with, made from the vectors and a few texts.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sodium from '../support/protocol/sodium.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const vectors = join(dirname(here), 'vectors');
const read = (name) => JSON.parse(readFileSync(join(vectors, `${name}.json`), 'utf8'));
const json = (value) => JSON.stringify(value);

const example = read('example');
const vkey = 'fuzz.example+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const hash = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const checkpoint = `fuzz.example\n5\n${hash}\n`;
const note = `${checkpoint}\n— fuzz.example ${'A'.repeat(91)}=\n`;
const stateId = '01980000-0000-7000-8000-000000000000';

const bodies = () => [
    json(example.put),
    json({ ...example.put, burn: 'on-claim', lease: 60, ref: 'T-1', recipient: 'team' }),
    json(example.claim),
    json(example.opened),
    json(example.receipt),
];

function states() {
    const key = example.manage_key;
    const common = { v: 1, id: stateId, base: 'https://handoff.example.com', created_at: 1795420800 };
    const after = { receipt_key: key, envelope_hash: key };
    return [
        json({ ...common, manage_key: key, expires_at: 1796420800, ...after, label: 'Contoso' }),
        json({ ...common, claimant: key }),
        json({ ...common, claimant: key, shown_at: 1795420801, receipt_seed: key, envelope_hash: key }),
    ];
}

function bundles() {
    const bundle = {
        type: 'handoff-evidence/1',
        id: example.id,
        key: vkey,
        checkpoint: note,
        keys: [],
        events: [{ index: 0, line: example.event.line, proof: [] }],
    };
    const receipt = { statement: example.statement, signature: example.receipt.signature };
    return [
        json(bundle),
        json({
            ...bundle,
            type: 'handoff-receipt/1',
            receipt_key: example.receipt_key,
            receipts: [{ ...receipt, details: null }],
        }),
    ];
}

// What a story's receipts are signed with: the seed that stands in story.c.
const storyKey = () =>
    sodium.crypto_sign_seed_keypair(Buffer.from([2, ...Buffer.alloc(31)])).publicKey;
const b64u = (bytes) => Buffer.from(bytes).toString('base64url');

// Whole stories, whose lines are objects yet; the fuzzer's harness makes the log of them.
function stories() {
    const { id } = example;
    let t = 1795424000;
    const salt = b64u(Buffer.alloc(32));
    const event = (kind, members, details = {}) => ({
        line: { v: 1, n: 0, t: t++, kind, id, ...members, details: {} },
        details: Object.fromEntries(Object.entries(details).map(([k, value]) => [k, { salt, value }])),
    });
    const words = '{"by":"<script>Ada</script>","note":"<img src=x>"}';
    const receipt = (outcome, at, text) => {
        const hash = text ? createHash('sha256').update(text).digest('base64url') : '-';
        const statement = `handoff/1 receipt\n${id}\n${outcome}\n${example.envelope_hash}\n${at}\n${hash}\n`;
        return { outcome, at, statement, text };
    };
    const given = [receipt('rejected', 1795424300, words), receipt('confirmed', 1795424400, null)];
    const start = [
        event('handoff.created', { code: true, envelope_hash: example.envelope_hash }, {
            opened_hash: example.put.opened_hash, receipt_key: b64u(storyKey()), label: 'Contoso',
        }),
        event('claim.wrong-code', { count: 2 }, { address: '192.0.2.7' }),
        event('claim.accepted', { lease_until: t + 600 }, { address: '192.0.2.7' }),
    ];
    const { opened_token } = example.opened;
    const opened = event('handoff.opened', { opened_token, late: true });
    const end = [
        opened, event('handoff.burned', { cause: 'opened' }), event('claim.refused', { count: 1 }),
    ];
    const receipts = given.map(({ outcome, at, statement, text }) =>
        event(`receipt.${outcome}`, { at, claimant: true }, {
            statement, signature: '', ...(text ? { details: text } : {}),
        }));
    const sent = { type: 'handoff-evidence/1', id, key: '', checkpoint: '', keys: [] };
    const bare = ({ line }) => ({ line });
    return [
        json({ ...sent, events: start }),
        json({ ...sent, events: [...start, ...end, ...receipts] }),
        json({
            ...sent,
            type: 'handoff-receipt/1',
            events: [opened, ...receipts].map(bare),
            receipt_key: b64u(storyKey()),
            receipts: given.map(({ statement, text }) => ({ statement, signature: '', details: text })),
        }),
    ];
}

const seeds = {
    body: bodies,
    fields: bodies,
    config: () => [
        'listen = "127.0.0.1:8088"\n# a comment\nbase-url = "https://handoff.example.com"\n',
        'data = /var/lib/handoff\nopen-submissions = yes\nrate-limit = off\n',
        "log-name = 'it''s' /* more */\n",
    ],
    credential: () => {
        const { good, refused } = read('credentials');
        return [...good, ...refused].map((c) => c.json).filter((text) => typeof text === 'string');
    },
    envelope: () => {
        const { good, refused } = read('envelopes');
        return [...good, ...refused]
            .filter((e) => e.envelope?.length < 5000)
            .map((e) => Buffer.from(e.envelope, 'base64url'));
    },
    evidence: bundles,
    guard: () => [
        '/v1/handoffs/' + example.id,
        '/h/a%2fb',
        'Content-Length: 12',
        'Transfer-Encoding: chunked',
        'Host: handoff.example.com',
    ],
    link: () => [
        ...read('links').links.map((l) => l.text),
        example.link,
        `https://handoff.example.com/s/${example.id}#${example.manage_key}`,
    ],
    note: () => [
        note,
        vkey,
        checkpoint,
        `c2sp.org/tlog-proof@v1\nindex 1\n${hash}\n${hash}\n\n${note}`,
    ],
    json_scan: () => [...bodies(), '{"a":true,"b":false,"":-12}', ' {\t"c"\r\n: "d" } '],
    planted: () => ['https://example.com/h/0123#A', 'https://example.com/h/'],
    proof: () => [
        Buffer.from([7, 3, 2]),
        Buffer.from([255, 254, 128, 0, 0, 1]),
        Buffer.from([12, 12, 4, 1]),
        Buffer.from([0, 0, 0, 0]),
    ],
    query: () => [
        'r/v1/handoffs/' + example.id + '/claim',
        'r/v1/audit/tile/0/x001/234.p/5',
        'r/h/' + example.id,
        'qafter=3&wait=30&state=claimed',
        'f192.0.2.1, 10.0.0.1',
        'f2001:db8::1, ::ffff:10.1.2.3',
        'agzip;q=0.5, br;q=1.0, *;q=0',
        'ade-AT, en;q=0.7',
    ],
    state: states,
    story: stories,
};

// Writes a target's seeds into a folder of their own; returns their names.
export function writeSeeds(target, dir) {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    return (seeds[target]?.() ?? []).map((content, i) => {
        const name = `seed-${String(i).padStart(3, '0')}`;
        writeFileSync(join(dir, name), content);
        return name;
    });
}

// Writes a target's fixtures into a folder; returns their paths. In the tree they are text: \xNN is
// that byte, and the newline at the end is not part of them.
export function writeFixtures(target, dir) {
    const from = join(here, 'fixtures', target);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    return (existsSync(from) ? readdirSync(from) : []).sort().map((name) => {
        const text = readFileSync(join(from, name), 'latin1').replace(/\n$/, '');
        const bytes = text.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
        writeFileSync(join(dir, name), Buffer.from(bytes, 'latin1'));
        return join(dir, name);
    });
}
