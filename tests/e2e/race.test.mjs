// Goal: of 64 claimants in flight together, from several processes, exactly one wins each of 200
// handoffs; the 63 others are refused and each accounted for in the log; the winner's repeat gets
// the same bytes.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { poll, startService } from '../support/service/service.mjs';

const processes = 4;
const each = 16;
const rounds = 200;
const program = fileURLToPath(new URL('../support/http/claimants.mjs', import.meta.url));

async function ask(children, messages) {
    return Promise.all(
        children.map(async (child, i) => {
            const answer = once(child, 'message');
            child.send(messages(i));
            return (await answer)[0];
        }),
    );
}

function requestOf(h, claimant) {
    const body = JSON.stringify(h.claimBody(claimant));
    return (
        `POST ${h.path}/claim HTTP/1.1\r\nHost: localhost\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    );
}

// One round behind a barrier: everyone is connected and loaded before anyone is told to go.
async function race(children, h) {
    const claimants = Array.from({ length: processes * each }, newClaimant);
    const part = (i) => claimants.slice(i * each, (i + 1) * each);
    await ask(children, (i) => ({
        do: 'load',
        requests: part(i).map((claimant) => requestOf(h, claimant)),
    }));
    const answers = (await ask(children, () => ({ do: 'go' }))).flatMap((a) => a.answers);
    const winners = answers.flatMap((a, i) => (a?.status === 200 ? [i] : []));
    assert.equal(winners.length, 1, `${winners.length} winners`);
    const refused = answers.filter((a) => a?.status === 410 && a.body.code === 'taken');
    assert.equal(refused.length, processes * each - 1, 'everyone else is refused');
    const first = answers[winners[0]].body;
    assert.equal(first.envelope, h.body.envelope);
    for (const { body } of refused)
        assert.equal(body.envelope, undefined);
    return { h, winner: claimants[winners[0]], first };
}

async function accounted({ h }, client) {
    const log = (await h.log(client)).map(({ is }) => is);
    const refused = log.filter(({ kind }) => kind === 'claim.refused');
    const sum = refused.reduce((total, { count }) => total + count, 0);
    assert.equal(log.filter(({ kind }) => kind === 'claim.accepted').length, 1);
    assert.ok(sum <= processes * each - 1, `${sum} refusals for ${processes * each - 1}`);
    return sum === processes * each - 1;
}

test('one winner each, every refusal in the log, the same bytes again', async (t) => {
    const service = await startService(t, { args: ['--log-level', 'warning'] });
    const client = new Client(service);
    t.after(() => client.close());
    const children = Array.from({ length: processes }, () => fork(program));
    t.after(() => children.forEach((child) => child.kill('SIGKILL')));
    const { host, port } = service;
    await ask(children, () => ({ do: 'connect', service: { host, port }, count: each }));

    const races = [];
    for (let i = 0; i < rounds; i++)
        races.push(await race(children, await sendHandoff(client)));
    children.forEach((child) => child.send({ do: 'end' }));

    for (const { h, winner, first } of races)
        assert.deepEqual(done(await h.claim(client, winner)), first, 'the same answer again');
    const open = new Set(races);
    await poll(
        'coalesced refusals are written',
        async () => {
            for (const one of open)
                if (await accounted(one, client))
                    open.delete(one);
            return open.size === 0;
        },
        90000,
        1000,
    );
});
