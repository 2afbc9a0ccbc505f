// Goal: nobody waits for ever in the threads that serve: not when just as many are ready at once as
// libmicrohttpd asks for, not with a head that comes in many pieces while the vault works for
// others; and who breaks off while the vault works for him does no harm: what was promised to the
// others holds, and the service ends as it should.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, Raw, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { poll, startService } from '../support/service/service.mjs';

function raw(h, call, body, head = '') {
    const text = JSON.stringify(body);
    return (
        `POST ${h.path}/${call} HTTP/1.1\r\nHost: localhost\r\n${head}` +
        `Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`
    );
}

async function start(t, threads) {
    const service = await startService(t, { args: ['--threads', String(threads), '--log-level', 'debug'] });
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

// Past any tap: what a client does to its connection is to reach the service.
async function connect(service, count) {
    const direct = { host: service.host, port: service.directPort };
    const connections = Array.from({ length: count }, () => new Raw(direct));
    await Promise.all(connections.map((c) => c.connected));
    await poll('all are taken', () => service.connections() >= count);
    return connections;
}

for (const count of [127, 128, 129, 256])
    test(`${count} clients of one thread, all ready at once, are answered`, async (t) => {
        const { service, client } = await start(t, 1);
        const h = await sendHandoff(client);
        client.close();
        await poll('alone', () => service.connections() === 0);
        const connections = await connect(service, count);
        for (let round = 0; round < 3; round++) {
            const claimant = newClaimant();
            service.signal('SIGSTOP');
            for (const c of connections)
                c.write(raw(h, 'claim', h.claimBody(claimant)));
            await Promise.all(connections.map((c) =>
                poll('it is sent', () => c.socket.writableLength === 0)));
            service.signal('SIGCONT');
            const statuses = await Promise.all(connections.map(async (c) => (await c.answer()).status));
            assert.ok(statuses.every((status) => status === (round === 0 ? 200 : 410)), `${statuses}`);
        }
        connections.forEach((c) => c.destroy());
    });

test('a head in many pieces gets through while the vault works for others', async (t) => {
    const { service, client } = await start(t, 1);
    const h = await sendHandoff(client);
    let working = true;
    const others = Array.from({ length: 16 }, async () => {
        while (working)
            await sendHandoff(client);
    });
    const claimant = newClaimant();
    const field = `X-Filler: ${'x'.repeat(5000)}\r\n`;
    const [c] = await connect(service, 1);
    for (let round = 0; round < 20; round++) {
        const text = raw(h, 'claim', h.claimBody(claimant), field);
        for (let at = 0; at < text.length; at += round % 2 ? 1500 : text.length)
            c.write(text.slice(at, at + (round % 2 ? 1500 : text.length)));
        assert.equal((await c.answer()).status, 200);
    }
    working = false;
    await Promise.all(others);
    c.destroy();
});

// Bytes that clients have sent and the service has not read.
function unread(service) {
    const port = `:${service.directPort.toString(16).toUpperCase().padStart(4, '0')}`;
    return readFileSync('/proc/net/tcp', 'latin1')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, local, , state]) => local?.endsWith(port) && state === '01')
        .reduce((sum, [, , , , queues]) => sum + parseInt(queues.split(':')[1], 16), 0);
}

const claimsLogged = (service) => service.log.match(/\/claim/g)?.length ?? 0;

// Holds the database as a command beside the service does: the vault works on what it has until then.
async function holding(service, act) {
    const sqlite = spawn('sqlite3', [join(service.data, 'handoff.db')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(sqlite, 'exit');
    sqlite.stdin.write("BEGIN IMMEDIATE;\nSELECT 'held';\n");
    await once(sqlite.stdout, 'data');
    await act();
    sqlite.stdin.end('ROLLBACK;\n');
    assert.deepEqual(await ended, [0, null]);
}

for (const threads of [1, 2])
    test(`who breaks off while the vault works does no harm (${threads} threads)`, async (t) => {
        const { service, client } = await start(t, threads);
        const handoffs = await Promise.all(Array.from({ length: 20 }, () => sendHandoff(client)));
        client.close();
        await poll('alone', () => service.connections() === 0);
        const [patient] = await connect(service, 1);
        await holding(service, async () => {
            const breaking = await connect(service, handoffs.length);
            breaking.forEach((c, i) => c.write(raw(handoffs[i], 'claim', handoffs[i].claimBody(newClaimant()))));
            patient.write(raw(handoffs[0], 'claim', handoffs[0].claimBody(newClaimant())));
            await poll('all are read', () => unread(service) === 0);
            breaking.forEach((c) => c.socket.resetAndDestroy());
            await poll('they are gone', () => service.connections() === 1);
        });
        assert.ok([200, 410].includes((await patient.answer()).status));
        patient.destroy();
        // What the vault did for them holds, and is written down once.
        for (const h of handoffs) {
            assert.equal((await h.claim(client, newClaimant())).status, 410);
            const kinds = await h.kinds(client);
            assert.equal(kinds.filter((kind) => kind === 'claim.accepted').length, 1);
        }
        // And is logged, though nobody heard it.
        await poll('all are logged', () => claimsLogged(service) >= 2 * handoffs.length + 1);
    });
