// Goal: what was burned is in no memory of the service either, nor are the tokens that calls came
// with; the command, while it waits for an answer, holds no password that it has sealed or shown, and
// no key that it no longer needs. The same search finds what is there.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { Person } from '../support/service/cli.mjs';
import { Client, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { findInMemory } from '../support/fault/memory.mjs';
import { addToken } from '../support/service/operator.mjs';
import { Proxy } from '../support/http/proxy.mjs';
import { atRest } from '../support/fault/search.mjs';
import { poll, startService } from '../support/service/service.mjs';

const text = (word) => Buffer.from(word);

// A value as bytes and in every way in which it travels.
const ways = (name, value) => {
    const bytes = Buffer.from(value);
    return [
        [name, bytes],
        [`${name} as base64url`, text(bytes.toString('base64url'))],
    ];
};

test('the memory of the service, after the burn', async (t) => {
    const service = await startService(t, { args: ['--open-submissions', 'no'] });
    const sender = await addToken(service.data, 'sender', 'Contoso');
    const auditor = await addToken(service.data, 'auditor', 'Robin');
    const client = new Client(service);
    t.after(() => client.close());
    const authorization = `Bearer ${sender}`;
    const needles = new Map();
    const live = [];
    for (let i = 0; i < 40; i++) {
        const payload = randomBytes([10, 500, 3000, 20000][i % 4]);
        const h = await sendHandoff(
            { call: (m, p, b, headers) => client.call(m, p, b, { ...headers, authorization }) },
            { payload, code: i % 2 ? 'HJKM-NPQR' : undefined, burn: i % 5 ? 'on-opened' : 'on-claim' },
        );
        const claimant = newClaimant();
        live.push({ h, claimant });
        for (const [name, bytes] of [
            ...ways(`envelope ${i}`, h.envelope),
            ...ways(`claim token ${i}`, h.keys.claimToken),
            ...(i % 2 ? ways(`link token ${i}`, h.keys.linkToken) : []),
            ...ways(`claimant ${i}`, Buffer.from(claimant, 'base64url')),
            ...ways(`manage key ${i}`, Buffer.from(h.manage, 'base64url')),
        ])
            needles.set(name, bytes);
    }
    needles.set('the token of the sender', text(sender));
    needles.set('the token of the auditor', text(auditor));
    // A call that came with a token, and is held.
    const quiet = new Client(service);
    t.after(() => quiet.close());
    quiet.call('GET', `${live[0].h.path}/events?after=9999&wait=60`, undefined,
        { authorization: `Bearer ${auditor}` }).catch(() => {});
    const forms = new Map([...atRest(service)].map(([id, form]) => [`form at rest of ${id}`, form]));
    assert.ok(findInMemory(service.pid, forms).length > 5, 'the search finds what is there');
    forms.forEach((form, name) => needles.set(name, form));
    for (const [i, { h, claimant }] of live.entries()) {
        if (i % 7 === 0) {
            done(await h.revoke(client));
            continue;
        }
        done(await h.claim(client, claimant));
        done(await h.opened(client, claimant));
        done(await h.events(client));
    }
    let found;
    await poll('nothing of it is left', () => {
        found = findInMemory(service.pid, needles);
        return found.length === 0;
    }, 20000, 200).catch((error) => assert.fail(`${error.message}: ${found.slice(0, 5)}`));
});

// Runs a command, and looks into it while the service's answer to a call is held.
async function lookInto(t, pattern, run, needles) {
    const proxy = await new Proxy(t.service).listen();
    t.after(() => proxy.close());
    proxy.hold(pattern);
    let looking;
    const onStart = (pid, child) => {
        looking = poll('it waits for the answer', () => proxy.holding).then(() => {
            const found = findInMemory(pid, needles());
            child.kill('SIGTERM');
            return found;
        });
    };
    await run(proxy.url, onStart);
    return looking;
}

test('the memory of the command, while it waits', async (t) => {
    const password = 'Kx7-Zq9-Tr0ub4dor-and-more';
    const service = await startService(t);
    t.service = service;
    const sender = new Person(t, service.url);
    const sealed = await lookInto(t, /^PUT /, (url, onStart) =>
        sender.run(['send', '--server', url], { stdin: password, onStart }),
    () => new Map([['the password', text(password)]]));
    assert.deepEqual(sealed, [], 'what is sealed is wiped');

    const { out } = await sender.run(['send'], { stdin: password });
    const link = out.trim();
    const key = Buffer.from(link.split('#')[1], 'base64url').subarray(1);
    const needles = () => new Map([
        ['the password', text(password)], ...ways('the link key', key), ['the link', text(link.split('#')[1])],
    ]);
    const recipient = new Person(t, service.url);
    const redeem = (url, onStart) =>
        recipient.run(['redeem', link.replace(service.url, url)], { onStart });
    const asked = await lookInto(t, /\/claim /, redeem, needles);
    assert.ok(asked.includes('the link key'), 'before it opens, it holds the key');
    const shown = await lookInto(t, /\/opened /, redeem, needles);
    assert.deepEqual(shown, [], 'what was shown is wiped');
});
