// Goal: whichever write, sync, cut, read or allocation of the service fails, once or for a while,
// every answer is honest: done, 503, or, when memory is short, none at all; nothing is done by half;
// as soon as the fault is gone everything is served, without a start, and what was burned is wiped.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { Faults, kinds } from '../support/fault/faults.mjs';
import { Client, done, makeHandoff, newClaimant } from '../support/http/http.mjs';
import { operated } from '../support/service/operator.mjs';
import { Search, atRest, emptied } from '../support/fault/search.mjs';
import { poll, sleep, startService } from '../support/service/service.mjs';
import { amount, figure, randomFrom, seed } from '../support/run/torture.mjs';

const patienceMs = 20000; // the two seconds are residue.test.mjs's; these machines are kept busy

// One handoff from its submission to its receipt, another revoked: each call, and the state that the
// handoff is in before and after it.
function steps(h, revoked, claimant) {
    return [
        { on: h, call: (c) => h.put(c), to: 'available' },
        { on: h, call: (c) => h.read(c) },
        { on: h, call: (c) => h.claim(c, claimant), from: 'available', to: 'claimed' },
        { on: h, call: (c) => h.claim(c, claimant) },
        { on: h, call: (c) => h.opened(c, claimant), from: 'claimed', to: 'delivered' },
        { on: h, call: (c) => h.claim(c, newClaimant()), status: 410 },
        { on: h, call: (c) => h.receipt(c, { claimant, at: h.at }), from: 'delivered', to: 'confirmed' },
        { on: h, call: (c) => h.events(c) },
        { on: revoked, call: (c) => revoked.put(c), to: 'available' },
        { on: revoked, call: (c) => revoked.revoke(c), from: 'available', to: 'revoked' },
        { on: h, call: (c) => c.call('GET', '/v1/audit/checkpoint') },
        { on: h, call: (c) => c.call('GET', '/readyz') },
    ];
}

async function newCycle() {
    const h = await makeHandoff();
    h.at = Math.floor(Date.now() / 1000);
    return steps(h, await makeHandoff({ burn: 'on-claim' }), newClaimant());
}

// The service gathers burns for half a second before it wipes; here, what comes then is met.
const gatherMs = 700;

// No answer: the connection ended.
const silent = { status: 0, body: null, text: 'no answer' };

async function ask(step, client) {
    try {
        return await step.call(client);
    } catch {
        return silent;
    }
}

const good = (step, { status }) => (step.status ? status === step.status : status >= 200 && status < 300);

// A claim again, of what was opened meanwhile, is refused; what matters is in the log.
const past = ({ status, body }) => status === 410 && ['delivered', 'confirmed'].includes(body?.state);

// What may be said for as long as it takes to find out that the fault is gone.
const unsure = (reply) => reply === silent || reply.status === 503;

// What may be said while something fails. What needed an earlier call that failed is refused by state.
function isHonest(step, reply, undone, kind) {
    if (good(step, reply))
        return true;
    if (reply === silent)
        return kind === 'memory' || kind === 'map';
    if (reply.status === 503)
        return ['unavailable', 'outcome-unknown'].includes(reply.body?.code);
    return undone.has(step.on) && [404, 409, 410].includes(reply.status);
}

// Where a call was refused for certain, the state is the one before it.
async function isUndone(step, client) {
    const { status, body } = await step.on.read(client);
    return step.from ? body.state === step.from : status === 404;
}

// Goes through a cycle while a fault waits to happen.
async function strain(cycle, client, faults, kind, said) {
    const undone = new Set();
    for (const step of cycle) {
        const reply = await ask(step, client);
        assert.ok(isHonest(step, reply, undone, kind), `${step.call}: ${reply.status} ${reply.text}`);
        if (good(step, reply))
            continue;
        const first = !undone.has(step.on);
        undone.add(step.on);
        const what = reply === silent ? 'silent' : reply.body.code;
        said[what] = (said[what] ?? 0) + 1;
        if (reply.body?.code === 'unavailable' && step.to && first) {
            faults.mend();
            assert.ok(await isUndone(step, client), `${step.call}: was done all the same`);
        }
    }
}

// With the fault gone, each call, again, succeeds; the log tells one story.
async function finish(cycle, client) {
    for (const step of cycle)
        await poll(`${step.call} succeeds once the fault is gone`, async () => {
            const reply = await ask(step, client);
            const ok = good(step, reply) || past(reply);
            assert.ok(ok || unsure(reply), `${step.call}: ${reply.status} ${reply.text}`);
            return ok;
        });
    const kindsOf = async ({ on }) => (await on.log(client)).map(({ is }) => is.kind);
    assert.deepEqual((await kindsOf(cycle[0])).filter((kind) => kind !== 'claim.refused'),
        ['handoff.created', 'claim.accepted', 'handoff.opened', 'handoff.burned', 'receipt.confirmed']);
    assert.deepEqual(await kindsOf(cycle[8]), ['handoff.created', 'handoff.burned']);
}

// A search for what the cycle's envelope is at rest, as it is before the burn.
async function atRestSearch(cycle, client, service) {
    const search = new Search();
    done(await cycle[0].call(client), 201);
    for (const form of atRest(service).values())
        search.add('the form at rest', form);
    assert.equal(search.run(service.data).size, 1, 'it is found before the burn');
    return search;
}

async function faulty(t, args = []) {
    const service = await startService(t, { args: ['--log-level', 'error', ...args] });
    await service.stop();
    const faults = new Faults(t, join(service.dir, 'faults'));
    await service.start({ env: faults.env });
    const client = new Client(service);
    t.after(() => client.close());
    return { service, faults, client };
}

// Which calls of a kind to fail: every one where there are no more than asked for, else the first,
// which surely comes, and some.
function* chosen(wipe, count, random) {
    const some = wipe ? amount('io', 2, 0.05) : amount('io', 12, 3);
    if (count <= some) {
        for (let n = 1; n <= count; n++)
            yield n;
        return;
    }
    yield 1;
    for (let i = 1; i < some; i++)
        yield 1 + random(count);
}

// How a call fails: once, or for as long as the cycle lasts.
const ways = (kind) => [...kinds[kind], ...kinds[kind].map((way) => ({ ...way, lasting: true }))];

// `wipe`: whether the calls of interest are those of the wiping, a moment after a cycle.
for (const { kind, wipe } of [
    { kind: 'write' }, { kind: 'sync' }, { kind: 'read' }, { kind: 'memory' },
    { kind: 'cut', wipe: true }, { kind: 'write', wipe: true }, { kind: 'sync', wipe: true },
])
    test(`the n-th ${kind} fails${wipe ? ', with the wiping' : ''}`, async (t) => {
        t.diagnostic(`HANDOFF_SEED=${seed}`);
        const { service, faults, client } = await faulty(t);
        const before = faults.calls(kind);
        await finish(await newCycle(), client);
        if (wipe)
            await sleep(gatherMs);
        const count = faults.calls(kind) - before + 2;
        const said = { silent: 0, unavailable: 0, 'outcome-unknown': 0 };
        let [tried, cycles] = [0, 0];
        for (const way of ways(kind))
            for (const n of chosen(wipe, count, randomFrom(seed))) {
                const cycle = await newCycle();
                const search = wipe && (await atRestSearch(cycle, client, service));
                const failedBefore = faults.failed(kind);
                faults.order(kind, n, way);
                try {
                    await strain(cycle, client, faults, kind, said);
                    if (wipe && n === 1)
                        await poll('the wiping fails', () => faults.failed(kind) > failedBefore);
                    else if (wipe)
                        await sleep(gatherMs);
                    faults.mend();
                    await finish(cycle, client);
                    if (wipe)
                        await emptied(search, service.data, Date.now(), patienceMs);
                } catch (error) {
                    error.message = `HANDOFF_SEED=${seed}, ${kind} ${n} of ${count}, ` +
                        `${way.error}: ${error.message}\n${service.log.slice(-600)}`;
                    throw error;
                }
                tried += faults.failed(kind) - failedBefore;
                cycles++;
            }
        assert.ok(tried > 0, 'something failed');
        if (['write', 'sync'].includes(kind) && !wipe)
            assert.ok(said['outcome-unknown'] > 0, 'a commit failed');
        await service.stop();
        await operated(['check', '--data', service.data]);
        const name = wipe ? `${kind}, with the wiping` : kind;
        figure('io', `${name}: calls that failed`, tried);
        figure('io', `${name}: cycles`, cycles);
        for (const [what, times] of Object.entries(said))
            figure('io', `${name}: answered ${what}`, times);
    });

// jansson leaves out a byte for which its buffer cannot grow, and goes on; where that byte was the
// second of an escape, it ends the program. The buffer grows at these bytes of the longest text yet.
// A body with an escape is jansson's to read as a whole, whatever else is in it.
const growth = [15, 31, 63, 127];

function awkwardText() {
    let text = '';
    const written = () => JSON.stringify(text).length - 1;
    for (const at of growth) {
        text += 'x'.repeat(at - 1 - written());
        text += '"';
        assert.equal(written(), at + 1);
    }
    return text;
}

test('no byte of a body is lost when memory is short, nor the service', async (t) => {
    const { service, faults, client } = await faulty(t);
    const make = async () => {
        const h = await makeHandoff();
        h.body = { shown_label: awkwardText(), ...h.body };
        return h;
    };
    const before = faults.calls('memory');
    done(await (await make()).put(client), 201);
    const count = faults.calls('memory') - before;
    let [taken, refused] = [0, 0];
    for (let n = 1; n <= count; n++) {
        const h = await make();
        faults.order('memory', n, { error: 'ENOMEM' });
        const reply = await ask({ call: (c) => h.put(c) }, client);
        faults.mend();
        assert.ok([0, 201, 503].includes(reply.status), reply.text);
        const read = await h.read(client);
        taken += read.status === 200;
        refused += reply.status === 503;
        if (read.status === 200)
            assert.equal(read.body.shown_label, h.body.shown_label, `allocation ${n}`);
    }
    assert.ok(taken > 0 && refused > 0, 'both were met');
    await service.stop();
});
