// Goal: however the network delays, repeats and cuts requests and answers, at any byte, each handoff
// reaches exactly one party, with the right plaintext, as soon as that party may ask again; the log
// tells of one claim. A history with two served parties turns the check red.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Person } from '../support/service/cli.mjs';
import { Client, makeHandoff, newClaimant } from '../support/http/http.mjs';
import { Proxy } from '../support/http/proxy.mjs';
import { startService } from '../support/service/service.mjs';
import { amount, figure, randomFrom, seed } from '../support/run/torture.mjs';

const endings = [];
let service;
let direct;

before(async () => {
    service = await startService({ after: (end) => endings.push(end) });
    direct = new Client(service);
});

after(async () => {
    direct?.close();
    for (const end of endings.reverse())
        await end();
});

async function proxied(t) {
    const proxy = await new Proxy(service).listen();
    t.after(() => proxy.close());
    const client = new Client({ host: '127.0.0.1', port: proxy.port, url: proxy.url });
    t.after(() => client.close());
    return { proxy, client };
}

// Asks until there is an answer. A party whose answer was lost cannot know more than that.
async function ask(call) {
    for (let i = 0; i < 50; i++) {
        try {
            return await call();
        } catch {
            // Cut: once more.
        }
    }
    return assert.fail('no answer in fifty tries');
}

// One handoff from the sender to two parties that have its link. Returns who got what.
async function handOff(sender, parties, h) {
    assert.ok([200, 201].includes((await ask(() => h.put(sender))).status));
    return Promise.all(parties.map(async (client) => {
        const claimant = newClaimant();
        const claim = await ask(() => h.claim(client, claimant));
        if (claim.status !== 200) {
            assert.equal(claim.status, 410, claim.text);
            return null;
        }
        const opened = await ask(() => h.opened(client, claimant));
        assert.equal(opened.status, 200, opened.text);
        return claim.body.envelope;
    }));
}

async function check(h, got) {
    assert.deepEqual(got.filter(Boolean), [h.body.envelope], 'exactly one party has it, as it was sent');
    const kinds = (await h.log(direct)).map(({ is }) => is.kind);
    for (const kind of ['handoff.created', 'claim.accepted', 'handoff.opened', 'handoff.burned'])
        assert.equal(kinds.filter((k) => k === kind).length, 1, `${kind} once: ${kinds}`);
}

// A fate out of all that a network can do.
const randomFate = (random) => (line, request) => {
    const fates = [
        () => null,
        () => ({ repeats: 1 + random(2) }),
        () => ({ repeats: 1 + random(2), late: true }),
        () => ({ delayMs: random(30) }),
        () => ({ cutRequest: random(request.length) }),
        () => ({ cutReply: random(600) }),
        () => ({ cutReply: random(600), repeats: 1, late: true }),
        () => ({ cutReply: 0, delayMs: random(30) }),
    ];
    return fates[random(fates.length)]();
};

test('any fate at any time, with two parties at each handoff', async (t) => {
    t.diagnostic(`HANDOFF_SEED=${seed}`);
    const histories = amount('network', 12, 1);
    const each = 10;
    let met = 0;
    const one = async (n) => {
        const random = randomFrom(seed + n);
        const seats = await Promise.all([1, 2, 3].map(() => proxied(t)));
        seats.forEach(({ proxy }) => proxy.ordain(randomFate(random)));
        const [sender, ...parties] = seats.map(({ client }) => client);
        for (let i = 0; i < each; i++) {
            const h = await makeHandoff();
            await check(h, await handOff(sender, parties, h));
        }
        seats.forEach(({ proxy }) => (met += proxy.met));
    };
    for (let n = 0; n < histories; n += 4)
        await Promise.all([n, n + 1, n + 2, n + 3].map(one));
    figure('network', 'histories', Math.ceil(histories / 4) * 4);
    figure('network', 'handoffs', Math.ceil(histories / 4) * 4 * each);
    figure('network', 'requests delayed, repeated or cut', met);
});

// What is cut at a byte: the calls, and which bytes.
const calls = [/^PUT /, /\/claim /, /\/opened /];

test('a cut at each byte of each request and answer', async (t) => {
    t.diagnostic(`HANDOFF_SEED=${seed}`);
    const { proxy, client } = await proxied(t);
    const lengths = [];
    proxy.ordain((line, request) => {
        const call = calls.findIndex((pattern) => pattern.test(line));
        if (call >= 0)
            lengths[call] = request.length;
        return null;
    });
    const first = await makeHandoff();
    await check(first, await handOff(client, [client], first));
    const places = calls.flatMap((pattern, i) => [
        ...Array.from({ length: lengths[i] }, (_, at) => ({ pattern, cutRequest: at })),
        ...Array.from({ length: 700 }, (_, at) => ({ pattern, cutReply: at })),
    ]);
    const count = Math.min(places.length, amount('network', 150, 12));
    const random = randomFrom(seed);
    const chosen = count === places.length
        ? places
        : Array.from({ length: count }, () => places[random(places.length)]);
    for (const { pattern, ...fate } of chosen) {
        let left = 1;
        proxy.ordain((line) => (pattern.test(line) && left-- > 0 ? fate : null));
        const h = await makeHandoff();
        await check(h, await handOff(client, [client], h));
        assert.ok(left <= 0, 'it was met');
    }
    figure('network', 'bytes cut at', count);
    figure('network', 'bytes there are', places.length);
});

test('the command, whatever the network does', async (t) => {
    t.diagnostic(`HANDOFF_SEED=${seed}`);
    const password = 'Kx7-Zq9-Tr0ub4dor';
    const count = amount('network', 6, 0.2);
    for (let n = 0; n < count; n++) {
        const random = randomFrom(seed + 1000 + n);
        const { proxy } = await proxied(t);
        const [sender, recipient] = [new Person(t, proxy.url), new Person(t, proxy.url)];
        const until = async (person, argv, options, done) => {
            for (let run = 0; run < 12; run++) {
                proxy.ordain(run < 6 ? randomFate(random) : () => null);
                const result = await person.run(argv, options);
                if (done(result))
                    return result;
            }
            return assert.fail(`${argv[0]}: not in twelve runs`);
        };
        const { out } = await until(sender, ['send'], { stdin: password }, ({ status }) => status === 0);
        const printed = [];
        await until(recipient, ['redeem', out.trim(), '--field', 'password'], {}, (result) => {
            printed.push(result.out);
            return [0, 5].includes(result.status);
        });
        assert.ok(printed.includes(`${password}\n`), 'the person has the password');
        const stranger = await new Person(t, service.url).run(
            ['redeem', out.trim().replace(proxy.url, service.url)]);
        assert.equal(stranger.status, 5, stranger.said);
    }
    figure('network', 'sends and redeems by the command', count);
});

test('two parties that were both served are seen', async () => {
    const h = await makeHandoff();
    await assert.rejects(check(h, [h.body.envelope, h.body.envelope]), /exactly one party/);
    await assert.rejects(check(h, [null, null]), /exactly one party/);
});
