// Goal: what the pages give out as evidence holds: after a whole handoff by their own modules the
// real `handoff verify` takes the sender's file, and nothing that the service, or anyone else, has
// altered becomes a file at all; likewise the recipient's.

import assert from 'node:assert/strict';
import { test } from 'node:test';

// First: it gives Node 18 the crypto object that browsers have.
import '../support/protocol/sodium.mjs';
import { Person } from '../support/service/cli.mjs';
import { Client, done } from '../support/http/http.mjs';
import { operated } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

import { ProtocolError, b64u, newId, unb64u } from '../../api/web/protocol/encoding.mjs';
import { envelopeHash, open } from '../../api/web/protocol/envelope.mjs';
import { checkEvidence, makeEvidence, makeReceiptFile } from '../../api/web/protocol/evidence.mjs';
import { deriveKeys, seedOf, stretch } from '../../api/web/protocol/keys.mjs';
import { formatLink, readLink } from '../../api/web/protocol/link.mjs';
import { decodePayload } from '../../api/web/protocol/payload.mjs';
import { checkReceiptFile } from '../../api/web/protocol/receipt-file.mjs';
import { makeReceipt } from '../../api/web/protocol/receipt.mjs';
import sodium, { ready } from '../../api/web/protocol/sodium.mjs';
import { makeSubmission } from '../../api/web/protocol/submission.mjs';

await ready;

const payload = { type: 'credential', username: 'admin@contoso.example', password: 'Geheim-123!' };

// Sends by one party; gives what it keeps.
async function send(client, base, code) {
    const id = newId();
    const stretched = code ? stretch(code, id) : null;
    const sent = makeSubmission({ payload, id, stretched, label: 'Contoso', ref: 'REQ-7' });
    done(await client.call('PUT', `/v1/handoffs/${id}`, sent.body), 201);
    return { ...sent, link: formatLink(base, id, sent.key), path: `/v1/handoffs/${id}` };
}

// Redeems by the other, with the link as it was pasted; gives what it keeps.
async function redeem(client, { link, path }, code) {
    const { id, key } = readLink(` <${link}>.\n`);
    const seed = seedOf(key, code ? stretch(code, id) : null);
    const keys = deriveKeys(key, seed, Boolean(code));
    const claimant = b64u(sodium.randombytes_buf(32));
    const claim = { token: b64u(keys.claimToken), claimant };
    if (code)
        claim.link_token = b64u(keys.linkToken);
    const { envelope } = done(await client.call('POST', `${path}/claim`, claim));
    assert.deepEqual(decodePayload(open(keys, id, unb64u(envelope))), payload);
    const token = b64u(keys.openedToken);
    const opened = done(
        await client.call('POST', `${path}/opened`, { opened_token: token, claimant }),
    );
    const events = [opened.event];
    return { id, keys, claimant, path, envelope: unb64u(envelope), events, receipts: [] };
}

async function acknowledge(client, received, outcome, words) {
    const { statement, ...body } = makeReceipt({
        id: received.id,
        outcome,
        ...words,
        at: Math.floor(Date.now() / 1000),
        envelopeHash: envelopeHash(received.envelope),
        receiptSeed: received.keys.receiptSeed,
    });
    const { claimant, path } = received;
    const reply = await client.call('POST', `${path}/receipts`, { ...body, claimant });
    const { event } = done(reply, 201);
    received.events.push(event);
    received.receipts.push({ ...body, statement });
}

const get = async (client, path) => (await client.call('GET', `/v1/audit/${path}`)).text;

// What the service answers about the log, with a proof for each of these events.
async function gather(client, id, events) {
    const { key, replaced } = JSON.parse(await get(client, 'keys'));
    const checkpoint = await get(client, 'checkpoint');
    const size = checkpoint.split('\n')[1];
    const proven = [];
    for (const { index, line, details } of events) {
        const proof = await get(client, `proof/${index}?size=${size}`);
        proven.push({ index, line, proof, ...(details ? { details } : {}) });
    }
    return { id, key, keys: replaced, checkpoint, events: proven };
}

async function followed(client, sent) {
    const authorization = `Bearer ${b64u(sent.manageKey)}`;
    const { events } = done(
        await client.call('GET', `${sent.path}/events`, undefined, { authorization }),
    );
    return gather(client, sent.id, events);
}

async function whole(t, code) {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const sent = await send(client, service.url, code);
    const received = await redeem(client, sent, code);
    await acknowledge(client, received, 'rejected', { note: 'wrong "password"\nagain' });
    await acknowledge(client, received, 'confirmed', { by: 'Zoë Roe' });
    const { keys, id, events, receipts } = received;
    return {
        service, client, sent, received, receiptKey: keys.receiptKey, receipts,
        answered: await followed(client, sent),
        own: async () => ({
            ...(await gather(client, id, events)), receiptKey: keys.receiptKey, receipts,
        }),
    };
}

function verifier(t) {
    const person = new Person(t, 'http://127.0.0.1:1');
    return (text, key) =>
        person.run(['verify', '-', ...(key ? ['--key', key] : [])], { stdin: text });
}

// Each place in what is altered: its path, and a copy in which it is altered.
function* alterations(value, at = value, path = []) {
    for (const [name, here] of Object.entries(at)) {
        if (here !== null && typeof here === 'object') {
            yield* alterations(value, here, [...path, name]);
            continue;
        }
        const copy = structuredClone(value);
        path.reduce((o, step) => o[step], copy)[name] = altered(here);
        yield [[...path, name].join('.'), copy];
    }
}

function altered(value) {
    if (typeof value !== 'string')
        return value + 1;
    const at = Math.floor(value.length / 2);
    return `${value.slice(0, at)}${value[at] === 'Q' ? 'R' : 'Q'}${value.slice(at + 1)}`;
}

// The first hash in a proof's text, altered.
const withOtherHash = (proof) =>
    proof.replace(/\n(.)(.{43})\n/, (all, c, rest) => `\n${c === 'A' ? 'B' : 'A'}${rest}\n`);

const refuses = (action, why) => assert.throws(action, ProtocolError, why);

for (const code of [null, 'abcd-1234'])
    test(`a handoff ${code ? 'with' : 'without'} a code: handoff verify takes it`, async (t) => {
        const { answered } = await whole(t, code);
        const verify = verifier(t);
        const text = makeEvidence(answered);
        const { status, out, err } = await verify(text, answered.key);
        assert.equal(status, 0, err);
        for (const words of [
            answered.id, 'reference REQ-7', 'confirmed by Zoë Roe', 'Each of these 6 events',
            'Whoever opened it had the link', 'The receipt "rejected"', 'The receipt "confirmed"',
        ])
            assert.ok(out.includes(words), `${words}\n${out}`);
        const bundle = JSON.parse(text);
        checkEvidence(bundle, answered.key);
        // Whatever is altered is refused here as there.
        let count = 0;
        for (const [place, copy] of alterations(bundle)) {
            refuses(() => checkEvidence(copy, answered.key), place);
            if (count++ % 5 === 0)
                assert.equal((await verify(JSON.stringify(copy), answered.key)).status, 7, place);
        }
        assert.ok(count > 60, String(count));
    });

test('a service that alters its answers, or leaves some out, gets no file made', async (t) => {
    const { client, service, sent, answered } = await whole(t);
    for (const [place, copy] of alterations(answered)) {
        // The note in a proof is not what counts: the checkpoint is.
        if (!/^events\.\d+\.proof$/.test(place))
            refuses(() => makeEvidence(copy), place);
    }
    const change = (edit) => {
        const copy = structuredClone(answered);
        edit(copy, copy.events);
        return copy;
    };
    const again = await send(client, service.url);
    const foreign = await followed(client, again);
    for (const [why, copy] of Object.entries({
        'no creation': change((a, events) => events.shift()),
        'no events': change((a) => (a.events = [])),
        doubled: change((a, events) => events.push(events.at(-1))),
        'out of order': change((a, events) => events.push(events.splice(1, 1)[0])),
        'another event\'s proof': change((a, [x, y]) => (x.proof = y.proof)),
        'a hash altered in a proof': change((a, [x]) => (x.proof = withOtherHash(x.proof))),
        'a proof that is none': change((a, [x]) => (x.proof = 'Not found')),
        'an older checkpoint': { ...answered, checkpoint: await get(client, 'checkpoint?size=2') },
        'a newer checkpoint': { ...answered, checkpoint: foreign.checkpoint },
        'another handoff\'s': { ...foreign, id: answered.id },
        'an event of another': change((a, events) => events.push(foreign.events[0])),
        'a detail with more': change((a, [x]) => (x.details.ref.more = '')),
        'a detail too many': change((a, [x]) => (x.details.toString = x.details.ref)),
        'details of another event': change((a, [x, y]) => (y.details = x.details)),
        'no details': change((a, [x]) => delete x.details),
        'another trusted key': { ...answered, trusted: 'x' },
        'no keys': { ...answered, keys: 'x' },
        'a key that is none': { ...answered, keys: [null] },
        'an event that is none': { ...answered, events: [null] },
        'no events at all': { ...answered, events: undefined },
        'no checkpoint': { ...answered, checkpoint: undefined },
        'no key': { ...answered, key: undefined },
        'no id': { ...answered, id: undefined },
    }))
        refuses(() => makeEvidence(copy), why);
    // What is held back is no lie.
    const less = change((a, events) =>
        events.slice(0, -2).forEach((event) => (event.details = {})));
    assert.equal((await verifier(t)(makeEvidence(less), answered.key)).status, 0);
    assert.ok(makeEvidence(await followed(client, sent)));
});

test('words erased, the key replaced: it holds, and leads from the key one trusted', async (t) => {
    const { service, client, sent, answered, own } = await whole(t);
    assert.ok(makeEvidence(answered).includes('Zoë'));
    await operated(['key', 'rotate-log', '--data', service.data]);
    await operated(['key', 'rotate-log', '--data', service.data]);
    await operated(['audit', 'erase', sent.id, '--data', service.data]);
    const newer = await followed(client, sent);
    assert.equal(newer.keys.length, 2);
    assert.notEqual(newer.key, answered.key);
    const verify = verifier(t);
    for (const trusted of [null, answered.key, newer.key]) {
        const text = makeEvidence({ ...newer, trusted });
        assert.ok(!text.includes('Zoë') && !text.includes('REQ-7'));
        const { status, err, out } = await verify(text, trusted);
        assert.equal(status, 0, `${err}${out}`);
    }
    const cut = { ...newer, trusted: answered.key };
    for (const copy of [
        { ...answered, trusted: newer.key },
        { ...cut, keys: newer.keys.slice(1) },
        { ...cut, keys: [] },
    ])
        assert.throws(() => makeEvidence(copy), { code: 'keys-unknown' });
    for (const [place, copy] of alterations(newer.keys))
        assert.throws(() => makeEvidence({ ...newer, keys: copy }), { code: 'keys-broken' }, place);
    assert.ok(makeReceiptFile({ ...(await own()), trusted: answered.key }));
});

// ---- the recipient's ----

test('the recipient\'s file: his own acts, and whatever is altered in it is refused', async (t) => {
    const { answered, own } = await whole(t, 'abcd-1234');
    const asked = await own();
    const text = makeReceiptFile(asked);
    const bundle = JSON.parse(text);
    assert.deepEqual(Object.keys(bundle), [
        'type', 'id', 'key', 'checkpoint', 'keys', 'events', 'receipt_key', 'receipts',
    ]);
    assert.deepEqual([bundle.type, bundle.id, bundle.key, bundle.keys], [
        'handoff-receipt/1', answered.id, answered.key, [],
    ]);
    const kinds = bundle.events.map(({ line }) => JSON.parse(line).kind);
    assert.deepEqual(kinds, ['handoff.opened', 'receipt.rejected', 'receipt.confirmed']);
    for (const event of bundle.events) {
        assert.deepEqual(Object.keys(event), ['index', 'line', 'proof']);
        assert.ok(event.proof.every((hash) => /^[A-Za-z0-9+/]{43}=$/.test(hash)));
    }
    for (const one of bundle.receipts)
        assert.deepEqual(Object.keys(one), ['statement', 'signature', 'details']);
    assert.ok(!text.includes('Geheim') && text.includes('Zoë Roe'));

    checkReceiptFile(bundle, answered.key);
    let count = 0;
    for (const [place, copy] of alterations(bundle)) {
        refuses(() => checkReceiptFile(copy, answered.key), place);
        count++;
    }
    assert.ok(count > 20, String(count));
    const change = (edit) => {
        const copy = structuredClone(bundle);
        edit(copy);
        return copy;
    };
    for (const [why, copy] of Object.entries({
        'a receipt less': change((b) => b.receipts.pop()),
        'an event less': change((b) => b.events.pop()),
        'receipts exchanged': change((b) => b.receipts.reverse()),
        'events exchanged': change((b) => b.events.reverse()),
        'no receipts': change((b) => ((b.receipts = []), b.events.splice(1))),
        'details left out': change((b) => delete b.receipts[0].details),
        'a member more': change((b) => (b.more = 1)),
        'a member more in an event': change((b) => (b.events[0].details = {})),
        'a member more in a receipt': change((b) => (b.receipts[0].at = 1)),
        'receipts that are none': change((b) => (b.receipts = 'x')),
        'a receipt that is none': change((b) => (b.receipts[0] = null)),
        'another receipt key': change((b) => (b.receipt_key = b64u(sodium.randombytes_buf(32)))),
        'the sender\'s type': change((b) => (b.type = 'handoff-evidence/1')),
    }))
        refuses(() => checkReceiptFile(copy), why);
    // Events that are not the recipient's.
    const claimed = await answered.events[1];
    refuses(() => makeReceiptFile({ ...asked, events: [claimed, ...asked.events] }), 'a claim');
});

test('a receipt without words, and one before the opening was told', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const received = await redeem(client, await send(client, service.url));
    await acknowledge(client, received, 'confirmed');
    const { id, keys, events, receipts } = received;
    const all = await gather(client, id, events);
    const { receiptKey } = keys;
    const make = (more) => makeReceiptFile({ ...all, receiptKey, receipts, ...more });
    const [one] = JSON.parse(make()).receipts;
    assert.deepEqual(Object.keys(one), ['statement', 'signature']);
    assert.equal(JSON.parse(make({ events: all.events.slice(1) })).events.length, 1);
    refuses(() => make({ events: all.events.slice(0, 1), receipts: [] }), 'no receipt');
});
