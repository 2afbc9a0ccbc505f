// Goal: the file that a recipient keeps of his own acts holds on a machine that has nothing but the
// handoff program and the log's key; whatever is changed in it is refused, each with words of its own;
// and it says that the key in it is not shown to be the handoff's.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { must } from '../support/log/auditor.mjs';
import { Person } from '../support/service/cli.mjs';
import { Client, b64u, deliver, done } from '../support/http/http.mjs';
import { operated } from '../support/service/operator.mjs';
import * as protocol from '../support/protocol/protocol.mjs';
import { startService } from '../support/service/service.mjs';

const words = JSON.stringify({ by: 'Robin Roe', note: 'signed in', salt: 'c2FsdA' });

// What the log shows of these events, under its newest checkpoint.
async function proven(client, events) {
    const get = async (path) => (await client.call('GET', `/v1/audit/${path}`)).text;
    const { key, replaced } = JSON.parse(await get('keys'));
    const checkpoint = await get('checkpoint');
    const size = checkpoint.split('\n')[1];
    const all = [];
    for (const { index, line } of events) {
        const hashes = (await get(`proof/${index}?size=${size}`)).split('\n\n')[0].split('\n');
        all.push({ index, line, proof: hashes.slice(2) });
    }
    return { key, checkpoint, keys: replaced, events: all };
}

// One receipt given; the service's event, and what the recipient keeps of it.
async function give(client, handoff, own) {
    const body = handoff.receiptBody({ ...own, claimant: handoff.claimant });
    const { event } = done(await handoff.receipt(client, { ...own, claimant: handoff.claimant }), 201);
    const { id, envelope } = handoff;
    const statement = protocol.receiptStatement({
        id, outcome: body.outcome, envelopeHash: protocol.sha256(envelope), at: body.at, details: own.details,
    });
    const { signature } = body;
    return { event, receipt: { statement: String(statement), signature, details: own.details ?? null } };
}

// A handoff that was rejected with words, then confirmed without; and its recipient's file.
async function made(t) {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const handoff = await deliver(client);
    const at = Math.floor(Date.now() / 1000);
    const acts = [
        await give(client, handoff, { outcome: 'rejected', at, details: words }),
        await give(client, handoff, { outcome: 'confirmed', at: at + 1 }),
    ];
    const log = await handoff.log(client);
    const kinds = ['handoff.opened', 'receipt.rejected', 'receipt.confirmed'];
    const own = log.filter(({ is }) => kinds.includes(is.kind));
    const file = {
        type: 'handoff-receipt/1',
        id: handoff.id,
        ...(await proven(client, own)),
        receipt_key: b64u(handoff.keys.receiptKey),
        receipts: acts.map(({ receipt }) => receipt),
    };
    return { service, client, handoff, file, log, key: file.key };
}

// A machine that knows no service and has no state.
function elsewhere(t) {
    const person = new Person(t, 'http://127.0.0.1:1');
    const more = (key) => (key ? ['--key', key] : []);
    const verify = (file, key, ...options) => person.run(['verify', '-', ...more(key), ...options], {
        stdin: typeof file === 'string' ? file : JSON.stringify(file),
    });
    return { person, verify };
}

// A value that is as well-formed as the one there was, where that is possible.
function altered(value) {
    if (value === null)
        return '{}';
    if (typeof value === 'number')
        return value + 1;
    const at = Math.floor(value.length / 2);
    const other = /[A-Za-z]/.test(value[at]) ? (value[at] === 'Q' ? 'R' : 'Q') : value[at] === '7' ? '8' : '7';
    return value.slice(0, at) + other + value.slice(at + 1);
}

// Every place in a file: its path, and the file with that place changed.
function* places(file, at = file, path = []) {
    for (const [name, value] of Object.entries(at)) {
        if (value !== null && typeof value === 'object') {
            yield* places(file, value, [...path, name]);
            continue;
        }
        const copy = structuredClone(file);
        path.reduce((o, step) => o[step], copy)[name] = altered(value);
        yield [[...path, name].join('.'), copy];
    }
}

const newLine = (statement, i, value) =>
    statement.split('\n').map((line, n) => (n === i ? value : line)).join('\n');

test('it holds without the service, and says what it proves and what not', async (t) => {
    const { service, file, key, handoff } = await made(t);
    await service.stop();
    const { person, verify } = elsewhere(t);
    const path = person.file('receipt.json', JSON.stringify(file));
    const { out } = await must(0, person, ['verify', path, '--key', key]);
    assert.match(out, /^VALID\n/);
    for (const said of [
        handoff.id, `signed by ${file.receipt_key}`, 'Each of these 3 events stands unchanged',
        'REJECTED by Robin Roe: signed in', 'The receipt "rejected" (event', 'and those very words',
        'The receipt "confirmed" (event', 'without words', 'Not proven:',
        "That this receipt key is the handoff's own", 'The evidence\n    of the sender, or of an auditor',
        'Who that was', 'What else became of the handoff',
    ])
        assert.ok(out.includes(said), `${said}\n${out}`);
    const found = JSON.parse((await verify(file, key, '--json')).out);
    assert.deepEqual(
        [found.valid, found.type, found.key_trusted, found.id, found.events, found.opened],
        [true, 'handoff-receipt/1', true, handoff.id, 3, true],
    );
    assert.deepEqual(found.receipts.map((r) => [r.outcome, r.details, r.signature_checked]),
        [['rejected', words, true], ['confirmed', null, true]]);
    assert.deepEqual([found.receipt_key, found.receipt_key_checked], [file.receipt_key, false]);
    // Details that are absent are the same as null; without a key that one trusts it is only whole.
    delete file.receipts[1].details;
    const alone = await verify(file);
    assert.equal(alone.status, 0, alone.err);
    assert.match(alone.out, /^VALID, by the key in the file itself/);
    assert.match(alone.out, /Whose log that is/);
});

test('every value that is changed is found', async (t) => {
    const { file, key } = await made(t);
    const { verify } = elsewhere(t);
    assert.equal((await verify(file, key)).status, 0);
    const said = new Map();
    for (const [place, copy] of places(file)) {
        const { status, err, out } = await verify(copy, key);
        assert.equal(status, 7, `${place} was changed and not noticed\n${out}`);
        assert.match(err, /^handoff: NOT VALID: /, place);
        said.set(place, err);
    }
    const broken = await verify({ ...file, id: 7 }, key, '--json');
    assert.deepEqual([broken.status, broken.out], [7, '{"valid":false}\n']);
    for (const [place, pattern] of Object.entries({
        type: /no evidence that this program can read/,
        id: /of another handoff|id is malformed/,
        key: /log's key is malformed/,
        checkpoint: /checkpoint/,
        'events.0.index': /Event \d+ is not in the log that was signed/,
        'events.1.line': /Event \d+ is not in the log that was signed/,
        'events.2.proof.0': /Event \d+/,
        receipt_key: /Receipt 1: the signature is not the receipt key's|receipt key is malformed/,
        'receipts.0.signature': /Receipt 1: the signature/,
        'receipts.0.details': /Receipt 1: the statement is about other words than those in the file/,
        'receipts.1.details': /Receipt 2: the statement names no words, but there are some/,
    }))
        assert.match(said.get(place), pattern, place);
});

test('each line of a statement has its own words', async (t) => {
    const { file, key, handoff } = await made(t);
    const { verify } = elsewhere(t);
    const other = b64u(protocol.sha256(Buffer.from('other')));
    const changes = [
        [0, 0, 'handoff/2 receipt', /Receipt 1: the statement is no statement of a receipt/],
        [0, 1, protocol.newId(), /Receipt 1: the statement is about another handoff/],
        [0, 2, 'confirmed', /Receipt 1: the statement has another outcome than its event/],
        [0, 3, 'AAAA', /Receipt 1: the statement's envelope hash is malformed/],
        [0, 3, other, /Receipt 1: the signature is not the receipt key's over this statement/],
        [1, 3, other, /Receipt 2: the statement is over another envelope than the ones before it/],
        [1, 4, '7', /Receipt 2: the statement tells another time than its event/],
        [0, 5, '-', /Receipt 1: the statement names no words, but there are some in the file/],
        [1, 5, other, /Receipt 2: the statement names words that are not in the file/],
        [1, 6, 'more', /Receipt 2: the statement is malformed/],
    ];
    for (const [n, line, value, pattern] of changes) {
        const copy = structuredClone(file);
        copy.receipts[n].statement = newLine(copy.receipts[n].statement, line, value);
        // Signed anew or not: what the log says decides.
        for (const seed of [null, handoff.keys.receiptSeed]) {
            if (seed && pattern.source.includes('signature'))
                continue;
            if (seed)
                copy.receipts[n].signature = b64u(protocol.signReceipt(copy.receipts[n].statement, seed));
            const { status, err } = await verify(copy, key);
            assert.equal(status, 7, `${n}.${line} ${value}`);
            assert.match(err, pattern);
        }
    }
});

test('what is taken away, added or moved, and the acts of others', async (t) => {
    const { client, file, key, log } = await made(t);
    const { verify } = elsewhere(t);
    const refused = {
        'a member more': [(f) => (f.details = {}), /has one that it must not have/],
        'a member less': [(f) => delete f.receipts, /lacks a member/],
        'no events': [(f) => (f.events = []), /no event in it/],
        'a receipt less': [(f) => f.receipts.pop(), /There are 1 receipts in it for 2 receipt events/],
        'an act less': [(f) => f.events.pop(), /There are 2 receipts in it for 1 receipt events/],
        'receipts moved': [(f) => f.receipts.reverse(), /Receipt 1: the statement has another outcome/],
        'events moved': [(f) => f.events.reverse(), /is out of order/],
        doubled: [(f) => f.events.splice(1, 0, f.events[0]), /is out of order/],
        'a detail more': [(f) => (f.events[0].details = {}), /Event number 1 of the file is malformed/],
        'a receipt with more': [(f) => (f.receipts[0].by = 'x'), /Receipt 1 of the file is malformed/],
        'a receipt with less': [(f) => delete f.receipts[0].signature, /Receipt 1 of the file is malformed/],
        'words as an object': [(f) => (f.receipts[0].details = {}), /Receipt 1 of the file is malformed/],
        'words taken away': [(f) => (f.receipts[0].details = null), /names words that are not in the file/],
        'no list': [(f) => (f.receipts = {}), /The list of receipts is malformed/],
        'a short key': [(f) => (f.receipt_key = 'AAAA'), /The receipt key is malformed/],
        'a short signature': [(f) => (f.receipts[0].signature = 'AAAA'), /Receipt 1: the signature is malformed/],
        'only opened': [(f) => { f.events.length = 1; f.receipts = []; }, /There is no receipt in it/],
    };
    for (const [name, [change, pattern]] of Object.entries(refused)) {
        const copy = structuredClone(file);
        change(copy);
        const { status, err } = await verify(copy, key);
        assert.equal(status, 7, `${name}: ${err}`);
        assert.match(err, pattern, name);
    }
    const whole = { ...file, ...(await proven(client, log)) };
    const { status, err } = await verify(whole, key);
    assert.equal(status, 7);
    assert.match(err, /Event \d+, handoff.created, is none of the recipient's own acts/);
    // A receipt alone, as after a lapse.
    const less = structuredClone(file);
    less.events.shift();
    const rest = await verify(less, key);
    assert.equal(rest.status, 0, rest.err);
    assert.match(rest.out, /Nothing about an opening/);
});

test('another key: signed by somebody, and not said to be more; the log by the trusted key alone', async (t) => {
    const { service, client, handoff, file, key } = await made(t);
    const { verify } = elsewhere(t);
    const seed = Buffer.alloc(32, 7);
    const copy = structuredClone(file);
    copy.receipt_key = b64u((await stranger(seed)).publicKey);
    for (const receipt of copy.receipts)
        receipt.signature = b64u(protocol.signReceipt(receipt.statement, seed));
    const { status, out } = await verify(copy, key);
    assert.equal(status, 0);
    assert.match(out, /That this receipt key is the handoff's own: whoever makes such a file can make a key/);
    await operated(['key', 'rotate-log', '--data', service.data]);
    const own = (await handoff.log(client)).filter(({ index }) => file.events.some((e) => e.index === index));
    const newer = { ...file, ...(await proven(client, own)) };
    assert.equal(newer.keys.length, 1);
    assert.equal((await verify(newer, key)).status, 0);
    const older = await verify(file, newer.key);
    assert.equal(older.status, 7);
    assert.match(older.err, /another log's key, or by one that the trusted key did not appoint/);
});

async function stranger(seed) {
    const { default: sodium } = await import('../support/protocol/sodium.mjs');
    await sodium.ready;
    return sodium.crypto_sign_seed_keypair(seed);
}
