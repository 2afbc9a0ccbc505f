// Goal: on a disk that is really full (a small tmpfs), at every distance from the last free byte, each
// refused call says so and has done nothing by half; reading goes on; once there is room again the
// service serves everything, without a start, and what was burned is gone from the files.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, makeHandoff, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { asRoot } from '../support/fault/memory.mjs';
import { operate } from '../support/service/operator.mjs';
import { Search, atRest, emptied } from '../support/fault/search.mjs';
import { poll, scratch, startService } from '../support/service/service.mjs';
import { amount, figure } from '../support/run/torture.mjs';

const patienceMs = 20000; // the two seconds are residue.test.mjs's; these machines are kept busy
const run = (...argv) => {
    const [command, ...args] = asRoot(...argv);
    return execFileSync(command, args, { stdio: 'pipe' });
};

// A small disk of its own for a test. The options are mount(8)'s.
function smallDisk(t, size) {
    const dir = scratch(t, async () => run('umount', '-l', dir));
    run('mount', '-t', 'tmpfs', '-o', `size=${size},mode=0700,uid=${process.getuid()}`, 'tmpfs', dir);
    return dir;
}

// Fills a disk but for so many bytes.
function fill(dir, path, spare) {
    const file = openSync(path, 'w');
    const { bavail, bsize } = statfsSync(dir);
    const zeros = Buffer.alloc(bsize);
    try {
        for (let i = 0; i < bavail - Math.ceil(spare / bsize); i++)
            writeSync(file, zeros);
    } catch (error) {
        if (error.code !== 'ENOSPC')
            throw error;
    }
    closeSync(file);
}

// What a full disk may be answered with, and whether it was refused.
function refused(reply, status) {
    if (reply.status === status)
        return false;
    assert.equal(reply.status, 503, reply.text);
    assert.ok(['unavailable', 'outcome-unknown'].includes(reply.body.code), reply.text);
    return reply.body.code;
}

test('a disk that is full', async (t) => {
    const disk = smallDisk(t, '8m');
    const service = await startService(t, { args: ['--log-level', 'error'] });
    await service.stop();
    service.data = join(disk, 'data');
    mkdirSync(service.data, { mode: 0o700 });
    await service.start();
    const client = new Client(service);
    t.after(() => client.close());
    t.after(() => service.running && service.stop());
    const filler = join(disk, 'filler');
    let [turned, requests] = [0, 0];
    const spaces = amount('full', 8, 0.2);
    for (let i = 0; i < spaces; i++) {
        const kept = [];
        for (let n = 0; n < 6; n++)
            kept.push({ h: await sendHandoff(client), claimant: newClaimant() });
        const search = new Search();
        atRest(service).forEach((form, id) => search.add(id, form));
        fill(disk, filler, 4096 * Math.floor((i * 40) / spaces));

        const added = [];
        for (let n = 0; n < 25; n++) {
            const h = await makeHandoff({ payload: { type: 'text', text: 'x'.repeat(1 + 200 * n) } });
            const code = refused(await h.put(client), 201);
            added.push(h);
            requests++;
            turned += code ? 1 : 0;
            if (code === 'unavailable')
                assert.equal((await h.read(client)).status, 404, 'nothing was done by half');
        }
        for (const { h, claimant } of kept) {
            done(await h.read(client));
            const claim = await h.claim(client, claimant);
            if (!refused(claim, 200))
                assert.equal(claim.body.envelope, h.body.envelope);
            requests++;
        }
        rmSync(filler);
        await poll('it is ready again', async () => (await client.call('GET', '/readyz')).status === 200);
        for (const h of added)
            assert.ok([200, 201].includes((await h.put(client)).status), 'what was refused is taken now');
        for (const { h, claimant } of kept) {
            const { envelope } = done(await h.claim(client, claimant));
            assert.equal(envelope, h.body.envelope, 'what was kept is there');
            done(await h.opened(client, claimant));
        }
        for (const h of added)
            done(await h.revoke(client));
        await emptied(search, service.data, Date.now(), patienceMs);
    }
    assert.ok(turned > 0, 'something was refused');
    await service.stop();
    const { stdout } = await operate(['check', '--data', service.data, '--json']);
    const faults = JSON.parse(stdout).filter(({ found }) => found === 'fault');
    assert.deepEqual(faults.map(({ what }) => what), ['disk'], 'but for its small disk all is well');
    figure('full', 'distances from the last byte', spaces);
    figure('full', 'calls while it was full', requests);
    figure('full', 'submissions refused', turned);
});
