// Goal: each member of each call that is missing, doubled, too long, too short, of a wrong type, not
// canonical or unknown, each bad id, body, method and path gets its problem, and changes nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
    Client,
    Raw,
    done,
    makeHandoff,
    newClaimant,
    problem,
    sendHandoff,
} from '../support/http/http.mjs';
import { startService } from '../support/service/service.mjs';

const endings = [];
let service;
let client;

before(async () => {
    service = await startService({ after: (end) => endings.push(end) });
    client = new Client(service);
});

after(async () => {
    client?.close();
    for (const end of endings.reverse())
        await end();
});

// ---- what can be wrong with a member ----

const bytes = (n) => Buffer.alloc(n, 0xa5).toString('base64url');

// The last character with a bit set that belongs to no byte: decodes to the same, is not canonical.
function loose(text) {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return text.slice(0, -1) + letters[letters.indexOf(text.at(-1)) | 1];
}

const otherTypes = {
    null: null,
    'a number': 7,
    'a fraction': 1.5,
    true: true,
    'an array': [],
    'an object': {},
};

// Bytes of an exact length as base64url.
const exact = (n) => ({
    ...otherTypes,
    empty: '',
    'a byte short': bytes(n - 1),
    'a byte long': bytes(n + 1),
    'very long': bytes(300),
    padded: `${bytes(n)}=`,
    'standard base64': `+/${bytes(n).slice(2)}`,
    'not canonical': loose(bytes(n)),
    'with a space': ` ${bytes(n).slice(1)}`,
    'with a NUL': `${bytes(n).slice(1)}\0`,
});

const flag = { null: null, zero: 0, one: 1, 'a string': 'true', 'an array': [true] };

const number = (least, most) => ({
    null: null,
    'a string': String(least),
    'a fraction': least + 0.5,
    true: true,
    'too small': least - 1,
    'too large': most + 1,
    negative: -least,
    'beyond 64 bits': 1e30,
});

const words = {
    ...otherTypes,
    empty: '',
    'too long': 'x'.repeat(201),
    'too long in bytes': '\u00e4'.repeat(101),
    'with a newline': 'a\nb',
    'with a NUL': 'a\0b',
    'with DEL': 'a\x7fb',
};

const one = (...wrong) => ({
    ...otherTypes,
    empty: '',
    ...Object.fromEntries(wrong.map((word) => [word, word])),
});

const envelope = {
    ...otherTypes,
    empty: '',
    'not base64url': '!'.repeat(396),
    'a byte short': bytes(296),
    'a byte long': bytes(298),
    'of another version': Buffer.alloc(297, 2).toString('base64url'),
    padded: `${Buffer.alloc(297, 1).toString('base64url')}==`,
};

// A call: how its good body comes about, its members (those with ? may be missing), and the good
// call that must still work after all that was refused.
const calls = {
    PUT: {
        prepare: async () => ({ h: await makeHandoff({ code: 'ABCDEF' }) }),
        send: ({ h }, body) => client.call('PUT', h.path, body),
        good: ({ h }) => ({ ...h.body, lease: 60, burn: 'on-opened', label: 'l' }),
        members: {
            envelope,
            claim_hash: exact(32),
            opened_hash: exact(32),
            receipt_key: exact(32),
            manage_hash: exact(32),
            code: flag,
            link_hash: exact(32),
            'expires_in?': number(60, 30 * 86400),
            'lease?': number(60, 86400),
            'burn?': one('now', 'on-open', 'ON-CLAIM'),
            'label?': words,
            'shown_label?': words,
            'recipient?': words,
            'ref?': words,
        },
        unchanged: async ({ h }) => problem(await h.read(client), 404, 'not-found'),
        status: 201,
    },
    claim: {
        prepare: async () => ({ h: await sendHandoff(client), claimant: newClaimant() }),
        send: ({ h }, body) => client.call('POST', `${h.path}/claim`, body),
        good: ({ h, claimant }) => h.claimBody(claimant),
        members: { token: exact(32), claimant: exact(32), 'link_token?': exact(32) },
        unchanged: ({ h }) => isStill(h, 'available', 1),
        status: 200,
    },
    opened: {
        prepare: async () => {
            const h = await sendHandoff(client);
            const claimant = newClaimant();
            done(await h.claim(client, claimant));
            return { h, claimant };
        },
        send: ({ h }, body) => client.call('POST', `${h.path}/opened`, body),
        good: ({ h, claimant }) => ({ opened_token: h.openedToken, claimant }),
        members: { opened_token: exact(32), claimant: exact(32) },
        unchanged: ({ h }) => isStill(h, 'claimed', 2),
        status: 200,
    },
    receipts: {
        prepare: async () => {
            const h = await sendHandoff(client);
            const claimant = newClaimant();
            done(await h.claim(client, claimant));
            done(await h.opened(client, claimant));
            return { h, claimant };
        },
        send: ({ h }, body) => client.call('POST', `${h.path}/receipts`, body),
        good: ({ h, claimant }) => h.receiptBody({ claimant, details: '{"by":"P"}' }),
        members: {
            outcome: one('maybe', 'Confirmed', 'confirmed '),
            at: { ...otherTypes, 'a number': undefined, 'a string': '1', negative: -1 },
            'details?': {
                ...otherTypes,
                empty: '',
                'no object': '[]',
                'not JSON': '{',
                'too long': JSON.stringify({ by: 'x', note: 'y'.repeat(4096) }),
                'an unknown member': '{"by":"x","who":"y"}',
                'a doubled member': '{"by":"x","by":"y"}',
                'of wrong type': '{"by":1}',
                'by too long': JSON.stringify({ by: 'x'.repeat(201) }),
                'note too long': JSON.stringify({ note: 'x'.repeat(1001) }),
                'salt too long': JSON.stringify({ salt: 'x'.repeat(65) }),
            },
            signature: exact(64),
            'claimant?': exact(32),
        },
        unchanged: ({ h }) => isStill(h, 'delivered', 4),
        status: 201,
    },
};

async function isStill(h, state, events) {
    assert.equal(done(await h.read(client)).state, state);
    assert.equal((await h.log(client)).length, events);
}

// A body with one member written twice, which no object can hold.
function doubled(body, name) {
    const twice = `${JSON.stringify(name)}:${JSON.stringify(body[name])}`;
    return JSON.stringify(body).replace(twice, `${twice},${twice}`);
}

for (const [name, call] of Object.entries(calls))
    test(`${name}: every member in every wrong way`, async (t) => {
        const state = await call.prepare();
        const good = call.good(state);
        const refused = async (body, code, member) => {
            const said = problem(await call.send(state, body), 400, code);
            // A NUL inside makes the whole body unreadable: then no member is named.
            if (member && !JSON.stringify(body).includes('\\u0000'))
                assert.equal(said.member, member);
        };
        for (const [mark, wrongs] of Object.entries(call.members)) {
            const member = mark.replace('?', '');
            await t.test(member, async () => {
                for (const [what, value] of Object.entries(wrongs))
                    if (value !== undefined)
                        await refused({ ...good, [member]: value }, 'bad-request', member).catch(
                            (error) => {
                                error.message = `${what}: ${error.message}`;
                                throw error;
                            },
                        );
                if (!mark.endsWith('?'))
                    await refused({ ...good, [member]: undefined }, 'bad-request', member);
                if (good[member] !== undefined)
                    await refused(doubled(good, member), 'bad-request');
            });
        }
        await t.test('unknown', async () => {
            await refused({ ...good, sealed_key: 'x' }, 'unknown-member', 'sealed_key');
            await refused({ ...good, Claimant: 'x' }, 'unknown-member', 'Claimant');
            await refused({ ...good, '': 1 }, 'unknown-member');
        });
        await t.test('bodies', () => badBodies(call, state, good));
        await call.unchanged(state);
        done(await call.send(state, good), call.status);
    });

async function badBodies(call, state, good) {
    const text = JSON.stringify(good);
    const bodies = {
        empty: '',
        'not JSON': 'token=1',
        'cut off': text.slice(0, -1),
        'more after it': `${text}x`,
        twice: text + text,
        'an array': `[${text}]`,
        'a string': JSON.stringify(text),
        null: 'null',
        'not UTF-8': Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]),
        'a byte order mark': `\ufeff${text}`,
        'deeply nested': `{"a":${'['.repeat(400)}${']'.repeat(400)}}`,
        'deeply nested, cut off': '[{"a":'.repeat(100),
    };
    for (const [what, body] of Object.entries(bodies)) {
        const reply = await call.send(state, body);
        assert.equal(reply.status, 400, `${what}: ${reply.status} ${reply.text}`);
        assert.ok(['bad-request', 'unknown-member'].includes(reply.body.code), what);
    }
    const large = JSON.stringify({ ...good, x: 'y'.repeat(150000) });
    problem(await call.send(state, large), 413, 'too-large');
    await call.unchanged(state);
}

test('texts of exactly the longest length are taken', async () => {
    const h = await makeHandoff({ label: 'x'.repeat(200), ref: '\u{1f511}'.repeat(50) });
    done(await h.put(client), 201);
});

test('link_hash goes exactly with a code', async () => {
    const plain = await makeHandoff();
    const extra = { ...plain.body, link_hash: plain.body.claim_hash };
    problem(await plain.put(client, extra), 400, 'bad-request');
    done(await plain.put(client), 201);
});

test('ids that are no UUIDv7 in lower case are bad-id in every call', async (t) => {
    const h = await makeHandoff();
    const { id } = h;
    const bad = {
        'upper case': id.toUpperCase().replace(/^/, ''),
        'version 4': `${id.slice(0, 14)}4${id.slice(15)}`,
        'version 8': `${id.slice(0, 14)}8${id.slice(15)}`,
        'another variant': `${id.slice(0, 19)}c${id.slice(20)}`,
        'the NCS variant': `${id.slice(0, 19)}7${id.slice(20)}`,
        'a digit short': id.slice(0, -1),
        'a digit long': `${id}0`,
        'no hyphens': id.replaceAll('-', ''),
        'hyphens elsewhere': `${id.slice(0, 7)}-${id.slice(7, 8)}${id.slice(9)}`,
        'not hexadecimal': `${id.slice(0, -1)}g`,
        braces: `{${id}}`,
    };
    for (const [what, wrong] of Object.entries(bad))
        await t.test(what, async () => {
            // Some ids have no letter to turn into upper case: then it is a good one.
            if (wrong === id)
                return;
            const path = `/v1/handoffs/${wrong}`;
            for (const [method, tail, body] of [
                ['PUT', '', h.body],
                ['GET', ''],
                ['POST', '/claim', h.claimBody(newClaimant())],
                ['POST', '/opened', { opened_token: h.openedToken, claimant: newClaimant() }],
                ['POST', '/receipts', h.receiptBody()],
                ['DELETE', ''],
                ['GET', '/events'],
            ])
                problem(await client.call(method, path + tail, body), 400, 'bad-id');
        });
    done(await h.put(client), 201);
});

test('methods and paths', async () => {
    const h = await sendHandoff(client);
    const methods = {
        '': ['GET', 'HEAD', 'PUT', 'DELETE'],
        '/claim': ['POST'],
        '/opened': ['POST'],
        '/receipts': ['POST'],
        '/events': ['GET', 'HEAD'],
    };
    for (const [tail, allowed] of Object.entries(methods))
        for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
            if (allowed.includes(method))
                continue;
            const body = ['POST', 'PUT'].includes(method) ? {} : undefined;
            const reply = await client.call(method, h.path + tail, body);
            problem(reply, 405, 'method-not-allowed');
            assert.deepEqual(reply.headers.allow.split(/, */).sort(), allowed.sort());
        }
    for (const path of ['/v1', '/v1/handoff', '/v2/handoffs', `${h.path}/`, `${h.path}/claims`,
        `/v1/handoffs/${h.id}/claim/x`, '/V1/handoffs', `/${h.path}`, '/favicon.ico'])
        problem(await client.call('GET', path), 404, 'not-found');
    await isStill(h, 'available', 1);
});

test('media types', async () => {
    const h = await makeHandoff();
    const text = JSON.stringify(h.body);
    for (const type of ['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', ''])
        problem(
            await client.call('PUT', h.path, text, { 'content-type': type }),
            415,
            'media-type',
        );
    problem(await h.read(client), 404, 'not-found');
    const type = 'Application/JSON; charset=utf-8';
    done(await client.call('PUT', h.path, text, { 'content-type': type }), 201);
});

test('the envelope limit: its largest is taken, one block more is too large', async () => {
    const sized = (blocks) =>
        makeHandoff({ payload: Buffer.alloc(blocks * 256 - 1, 0x20) });
    const largest = await sized(255);
    done(await largest.put(client), 201);
    done(await largest.claim(client, newClaimant()));
    const over = await sized(256);
    const said = problem(await over.put(client), 413, 'too-large');
    assert.ok(said.limit >= 65536, 'it says what fits');
    problem(await over.read(client), 404, 'not-found');
});

// It once was the envelope's for every call, where the operator allows only small ones.
test('too-large tells the limit of the call: the envelope, or the body', async (t) => {
    const envelope = 297;
    const small = await startService(t, { args: ['--max-envelope', String(envelope)] });
    const own = new Client(small);
    t.after(() => own.close());
    const h = await sendHandoff(own);
    const more = { x: 'y'.repeat(150000) };
    const put = problem(await h.put(own, { ...h.body, ...more }), 413, 'too-large');
    assert.equal(put.limit, envelope);
    const claim = await own.call('POST', `${h.path}/claim`, { ...h.claimBody(newClaimant()), ...more });
    assert.ok(problem(claim, 413, 'too-large').limit > envelope);
});

test('a body that breaks off changes nothing', async () => {
    const h = await makeHandoff();
    const text = JSON.stringify(h.body);
    const head = `PUT ${h.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    for (const part of [0, 1, text.length >> 1, text.length - 1]) {
        const connection = new Raw(service);
        connection.write(`${head}Content-Length: ${text.length}\r\n\r\n${text.slice(0, part)}`);
        await connection.connected;
        connection.socket.end();
        await connection.ends(5000);
        connection.destroy();
    }
    problem(await h.read(client), 404, 'not-found');
    done(await h.put(client), 201);
});
