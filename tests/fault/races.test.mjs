// Goal: whatever meets a claim at the same moment, a revoke, the expiry, the end of a lease, a restart,
// a rotation of keys, a backup, the answers that the parties got fit one order of events, and the log
// tells that order. A second daemon on the same data is refused and disturbs nobody.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, makeHandoff, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { operate, operated } from '../support/service/operator.mjs';
import { sleep, startService } from '../support/service/service.mjs';
import { amount, figure, randomFrom, seed } from '../support/run/torture.mjs';

const times = amount('races', 60, 4);

const kinds = (log) => log.map(({ is }) => (is.cause ? `${is.kind} ${is.cause}` : is.kind));

// The stories of a handoff that was claimed by one and met by another call, by the two answers. What is
// not among them is no order of events.
const stories = {
    revoke: {
        '200 200': [ // taken first: the sender learns that it was
            ['handoff.created', 'claim.accepted', 'handoff.lapsed revoked', 'handoff.burned revoked'],
        ],
        '410 200': [
            ['handoff.created', 'handoff.burned revoked', 'claim.refused'],
            ['handoff.created', 'handoff.burned revoked'],
        ],
    },
    expiry: {
        200: [['handoff.created', 'claim.accepted']],
        410: [['handoff.created', 'handoff.burned expired', 'claim.refused']],
    },
    lease: {
        200: [
            ['handoff.created', 'claim.accepted', 'handoff.opened', 'handoff.burned opened'],
            ['handoff.created', 'claim.accepted', 'handoff.lapsed lease-over', 'handoff.burned lapsed',
                'handoff.opened'],
        ],
    },
};

function fits(name, answers, log) {
    const allowed = stories[name][answers.join(' ')];
    const told = kinds(log);
    assert.ok(allowed?.some((story) => JSON.stringify(story) === JSON.stringify(told)),
        `${name}: answered ${answers}, but the log says ${told.join(', ')}`);
    return `${answers.join(' ')} ${told.length}`;
}

const pause = (random, ms) => sleep(random(ms * 10) / 10);

test('a claim against a revoke', async (t) => {
    const random = randomFrom(seed);
    const service = await startService(t);
    const [one, other] = [new Client(service), new Client(service)];
    t.after(() => [one, other].forEach((client) => client.close()));
    const met = new Set();
    for (let i = 0; i < times || (met.size < 2 && i < 20 * times); i++) {
        const h = await sendHandoff(one);
        // Some with a head start each, so that both orders are met on any machine.
        const ahead = [[0, 8], [8, 0], [1, 1]][i % 3];
        const [claim, revoke] = await Promise.all([
            pause(random, ahead[0]).then(() => h.claim(one, newClaimant())),
            pause(random, ahead[1]).then(() => h.revoke(other)),
        ]);
        met.add(fits('revoke', [claim.status, revoke.status], await h.log(one)));
    }
    assert.ok(met.size > 1, `both orders were met: ${[...met]}`);
    figure('races', 'claims against revokes', times);
});

// Brings a moment about in the middle of calls: the clock jumps while they are on their way.
async function jumping(t, name, prepare, call, seconds) {
    const random = randomFrom(seed);
    const service = await startService(t, { clock: true });
    const client = new Client(service);
    t.after(() => client.close());
    const met = new Set();
    const rounds = Math.ceil(times / 20);
    for (let round = 0; round < rounds || (met.size < 2 && round < 20 * rounds); round++) {
        const all = await Promise.all(Array.from({ length: 20 }, () => prepare(client)));
        const answers = all.map(async (one) => {
            await pause(random, 40);
            return call(client, one);
        });
        await pause(random, 40);
        service.clock.advance(seconds);
        for (const [i, answer] of (await Promise.all(answers)).entries())
            met.add(fits(name, [answer.status], await all[i].h.log(client)));
    }
    assert.ok(met.size > 1, `both orders were met: ${[...met]}`);
    figure('races', `calls against the ${name}`, times);
}

test('a claim against the expiry', (t) =>
    jumping(t, 'expiry',
        async (client) => ({ h: await sendHandoff(client, { expires_in: 60 }), claimant: newClaimant() }),
        (client, { h, claimant }) => h.claim(client, claimant), 61));

test('opened against the end of the lease', (t) =>
    jumping(t, 'lease',
        async (client) => {
            const one = { h: await sendHandoff(client, { lease: 60 }), claimant: newClaimant() };
            done(await one.h.claim(client, one.claimant));
            return one;
        },
        (client, { h, claimant }) => h.opened(client, claimant), 61));

// A claim that is repeated by its claimant until it is answered, as a client would.
async function claimAtLast(client, h, claimant) {
    for (;;) {
        try {
            const reply = await h.claim(client, claimant);
            if (reply.status !== 503)
                return reply;
        } catch {
            await sleep(20);
        }
    }
}

// Two claimants at each handoff, whatever goes on meanwhile. Exactly one is served.
async function contested(service, count, meanwhile) {
    const clients = [new Client(service), new Client(service)];
    const handoffs = [];
    for (let i = 0; i < count; i++)
        handoffs.push(await sendHandoff(clients[0]));
    const signal = { over: false };
    const going = meanwhile(signal);
    for (const h of handoffs) {
        const claimants = [newClaimant(), newClaimant()];
        const answers = await Promise.all(
            clients.map((client, i) => claimAtLast(client, h, claimants[i])),
        );
        assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 410], h.id);
        const winner = answers.findIndex(({ status }) => status === 200);
        assert.equal(answers[winner].body.envelope, h.body.envelope);
        await sleep(5);
    }
    signal.over = true;
    await going;
    for (const h of handoffs) {
        const taken = kinds(await h.log(clients[0])).filter((kind) => kind === 'claim.accepted');
        assert.equal(taken.length, 1, h.id);
    }
    clients.forEach((client) => client.close());
    await operated(['check', '--data', service.data]);
    return handoffs.length;
}

test('two claimants while the service is stopped and started', async (t) => {
    const service = await startService(t, { args: ['--log-level', 'error'] });
    let starts = 0;
    const count = await contested(service, times, async (signal) => {
        while (!signal.over) {
            await service.restart();
            starts++;
            await sleep(60);
        }
    });
    assert.ok(starts > 1);
    figure('races', 'contested across restarts', count);
    figure('races', 'restarts', starts);
});

test('two claimants while keys are rotated and backups taken', async (t) => {
    const service = await startService(t, { args: ['--log-level', 'error'] });
    const data = ['--data', service.data];
    const acts = [0, 0, 0];
    const count = await contested(service, times, async (signal) => {
        do {
            await operated(['key', 'rotate', ...data]);
            acts[0]++;
            await operated(['key', 'rotate-log', ...data]);
            acts[1]++;
            const file = join(service.dir, 'backup');
            await operated(['backup', file, ...data]);
            rmSync(file);
            acts[2]++;
        } while (!signal.over);
    });
    figure('races', 'contested across rotations and backups', count);
    ['rotations of the master key', 'rotations of the log key', 'backups']
        .forEach((name, i) => figure('races', name, acts[i]));
});

test('a second daemon on the same data', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const signal = { over: false };
    const load = (async () => {
        while (!signal.over) {
            const h = await makeHandoff();
            const claimant = newClaimant();
            done(await h.put(client), 201);
            done(await h.claim(client, claimant));
            done(await h.opened(client, claimant));
        }
    })();
    for (let i = 0; i < 5; i++) {
        const { status, stdout, stderr } = await operate(
            ['--data', service.data, '--listen', '127.0.0.1:0'], { limitMs: 20000 });
        assert.equal(status, 1, `${stdout} ${stderr}`);
        assert.match(stderr, /another handoffd|in use|already/i);
        assert.doesNotMatch(stdout, /listening/);
    }
    signal.over = true;
    await load;
});

test('answers that fit no order are seen', () => {
    const log = (...told) => told.map((kind) => ({ is: { kind } }));
    assert.throws(() => fits('expiry', [200], log('handoff.created', 'claim.accepted', 'claim.accepted')));
    assert.throws(() => fits('revoke', [410, 410], log('handoff.created')));
});
