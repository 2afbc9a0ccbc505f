// Goal: one client's calls, connections, long-polls and live handoffs are bounded, and told so; others
// go on as if nothing were; a flood costs the service a bounded amount of memory. Who has only the id
// of a handoff can lock nobody out of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Client, Raw, deliver, done, makeHandoff, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { addToken, bearer } from '../support/service/operator.mjs';
import { poll, startService } from '../support/service/service.mjs';

async function start(t, args, options = {}) {
    const service = await startService(t, { ...options, args });
    const clients = [];
    t.after(() => clients.forEach((client) => client.close()));
    const from = (localAddress) => {
        const client = new Client(service, { localAddress });
        clients.push(client);
        return client;
    };
    return { service, from };
}

const standing = (reply) => {
    const { groups } = /^"(?<name>\w+)";r=(?<left>\d+);t=(?<full>\d+)/.exec(reply.headers.ratelimit);
    return { name: groups.name, left: Number(groups.left), full: Number(groups.full) };
};

test('calls of one address: counted, told, refused; another address is not concerned', async (t) => {
    const { from } = await start(t, ['--rate-limit', '30']);
    const one = from('127.0.0.2');
    const other = from('127.0.0.3');
    const h = await makeHandoff();
    const first = await h.put(one);
    done(first, 201);
    assert.equal(first.headers['ratelimit-policy'].split(', ')[0], '"address";q=30;w=60');
    assert.equal(standing(first).left, 25); // submitting counts five
    let refused;
    for (let i = 0; i < 40 && !refused; i++) {
        const reply = await h.read(one);
        if (reply.status === 429)
            refused = reply;
        else
            done(reply);
    }
    const body = problem(refused, 429, 'rate-limited');
    assert.match(body.detail, /this address/);
    assert.equal(Number(refused.headers['retry-after']), body.retry_after);
    assert.ok(body.retry_after >= 1 && body.retry_after <= 60);
    done(await h.read(other));
    done(await one.call('GET', '/livez')); // health is free
});

test('calls with one token are counted apart, wherever they come from', async (t) => {
    const { service, from } = await start(t, ['--rate-limit', 'off', '--token-rate-limit', '10']);
    const auditor = bearer(await addToken(service.data, 'auditor', 'A'));
    const other = bearer(await addToken(service.data, 'auditor', 'B'));
    for (let i = 0; i < 10; i++)
        done(await from(`127.0.1.${i + 1}`).call('GET', '/v1/handoffs', undefined, auditor));
    const reply = await from('127.0.2.1').call('GET', '/v1/handoffs', undefined, auditor);
    assert.match(problem(reply, 429, 'rate-limited').detail, /this token/);
    done(await from('127.0.2.1').call('GET', '/v1/handoffs', undefined, other));
});

test('a handoff is limited by those who hold its link, and by nobody else', async (t) => {
    const { from } = await start(t, ['--rate-limit', 'off', '--handoff-rate-limit', '20']);
    const stranger = from('127.0.0.2');
    const holder = from('127.0.0.3');
    const h = await sendHandoff(holder);
    for (let i = 0; i < 60; i++) {
        const body = { token: newClaimant(), claimant: newClaimant() };
        problem(await stranger.call('POST', `${h.path}/claim`, body), 403, 'wrong-token');
        problem(await h.opened(stranger, newClaimant(), newClaimant()), 403, 'bad-proof');
        problem(await h.revoke(stranger, newClaimant()), 403, 'forbidden');
    }
    h.claimant = newClaimant();
    done(await h.claim(holder, h.claimant));
    let refused;
    for (let i = 0; i < 40 && !refused; i++) {
        const reply = await h.claim(holder, h.claimant);
        if (reply.status === 429)
            refused = reply;
        else
            done(reply);
    }
    assert.match(problem(refused, 429, 'rate-limited').detail, /this handoff/);
    await deliver(holder); // another one is not concerned
});

test('connections of one address', async (t) => {
    const { service, from } = await start(t, ['--address-connections', '20']);
    const raws = [];
    const open = async (localAddress) => {
        const raw = new Raw({ host: service.host, port: service.port, localAddress });
        raws.push(raw);
        await raw.connected;
        return raw;
    };
    t.after(() => raws.forEach((raw) => raw.destroy()));
    for (let i = 0; i < 20; i++)
        await open('127.0.0.2');
    await poll('all are counted', () => service.connections() === 20);
    // Several threads count them: with one more, one of them is closed, whichever was counted last.
    await open('127.0.0.2');
    await poll('one is closed', () => raws.some((raw) => raw.closed));
    done(await from('127.0.0.3').call('GET', '/livez'));
    assert.equal(raws.filter((raw) => raw.closed).length, 1);
    raws.forEach((raw) => raw.destroy());
    await poll('all are gone', () => service.connections() <= 1);
    const client = from('127.0.0.2');
    for (let i = 0; i < 5; i++)
        done(await client.call('GET', '/livez'));
});

test('long-polls of one address', async (t) => {
    const { service, from } = await start(t, [
        '--address-waits', '3', '--metrics-listen', '127.0.0.1:0',
    ]);
    const [, metrics] = await poll('metrics', () => /metrics at (\S+)/.exec(service.log));
    const waits = async () => {
        const page = await (await fetch(`http://${metrics}/metrics`)).text();
        return Number(/^handoff_waits (\d+)$/m.exec(page)[1]);
    };
    const h = await sendHandoff(from('127.0.0.2'));
    const after = (await h.log(from('127.0.0.2'))).at(-1).index;
    const wait = (address) => h.events(from(address), `?after=${after}&wait=20`);
    const waiting = [wait('127.0.0.2'), wait('127.0.0.2'), wait('127.0.0.2')];
    await poll('three wait', async () => (await waits()) === 3);
    const fourth = await h.events(from('127.0.0.2'), `?after=${after}&wait=1`);
    assert.match(problem(fourth, 429, 'rate-limited').detail, /wait for events/);
    const other = wait('127.0.0.3');
    done(await h.claim(from('127.0.0.3'), newClaimant()));
    for (const reply of await Promise.all([...waiting, other]))
        assert.equal(JSON.parse(done(reply).events[0].line).kind, 'claim.accepted');
    // Afterwards there is room again.
    const last = (await h.log(from('127.0.0.2'))).at(-1).index;
    done(await h.events(from('127.0.0.2'), `?after=${last}&wait=1`));
});

test('live handoffs and bytes: by address, by token, in all', async (t) => {
    const { service, from } = await start(t, [
        '--open-submissions', 'yes', '--address-live', '3', '--token-live', '2',
        '--token-bytes', '1K', '--live', '6',
    ]);
    const sender = bearer(await addToken(service.data, 'sender', 'S'));
    const large = bearer(await addToken(service.data, 'sender', 'L'));
    const put = async (client, headers, own = {}) => {
        const h = await makeHandoff(own);
        return { h, reply: await client.call('PUT', h.path, h.body, headers) };
    };
    const a = from('127.0.0.2');
    const first = await put(a);
    done(first.reply, 201);
    done((await put(a)).reply, 201);
    done((await put(a)).reply, 201);
    const { reply } = await put(a);
    assert.match(problem(reply, 429, 'rate-limited').detail, /wait to be taken already/);
    assert.equal(reply.headers['retry-after'], '60');
    done((await put(a, sender)).reply, 201); // at the token's charge, not the address's
    problem((await put(a, large, { payload: Buffer.alloc(1500, 0x20) })).reply, 429, 'rate-limited');
    done((await put(a, sender)).reply, 201);
    problem((await put(a, sender)).reply, 429, 'rate-limited');
    done(await first.h.revoke(a));
    done((await put(a)).reply, 201);
    done((await put(from('127.0.0.4'))).reply, 201); // the sixth in all
    problem((await put(from('127.0.0.5'))).reply, 429, 'rate-limited');
});

const resident = (service) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))[1]);

test('a flood from one address while another works', async (t) => {
    const { service, from } = await start(t, [], { limits: true });
    const worker = from('127.0.0.9');
    await deliver(worker);
    const before = resident(service);
    const counts = {};
    let going = true;
    const flood = Array.from({ length: 24 }, async (_, i) => {
        const client = from('127.0.0.66');
        const h = await makeHandoff({ payload: Buffer.alloc(2000, 0x20) });
        for (let n = 0; going; n++) {
            const reply = await (n % 3 ? h.read(client) : h.put(client)).catch(() => ({ status: 0 }));
            counts[reply.status] = (counts[reply.status] ?? 0) + 1;
        }
        return i;
    });
    const times = [];
    await poll('the flood is refused', () => (counts[429] ?? 0) > 100);
    for (let i = 0; i < 60; i++) {
        const from_ms = performance.now();
        await deliver(worker); // six calls' worth and more: none may fail
        times.push(performance.now() - from_ms);
    }
    going = false;
    await Promise.all(flood);
    times.sort((x, y) => x - y);
    assert.ok(counts[429] > 100);
    const after = resident(service);
    t.diagnostic(`flood answered ${JSON.stringify(counts)}; the other: 60 of 60 whole handoffs, median ` +
        `${times[30].toFixed(1)} ms, slowest ${times[59].toFixed(1)} ms; resident ${before} → ${after} KiB`);
    if (!process.env.ASAN_OPTIONS && !process.env.TSAN_OPTIONS)
        assert.ok(after < before + 64 * 1024, 'memory stays bounded');
});
