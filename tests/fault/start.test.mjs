// Goal: whichever open, read, write, sync, renaming, allocation, mapping or thread fails while the
// service starts, on a new data directory or on an old one, it either serves all the same or ends
// with status 1 and a sentence; with the fault gone it starts, and nothing that it kept is lost.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Faults, kinds } from '../support/fault/faults.mjs';
import { Client, done, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { operated } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';
import { amount, figure, randomFrom, seed } from '../support/run/torture.mjs';

// Starts it with a fault ahead. Returns whether it serves.
async function tryStart(service, faults) {
    try {
        await service.start({ env: faults.env });
        return true;
    } catch (error) {
        // 2: short of memory for its configuration.
        assert.match(error.message, /^handoffd ended with [12]\n/, 'it says that it failed, and ends');
        assert.match(error.message, /\n\S.{10,}/, 'it says why');
        return false;
    } finally {
        faults.mend();
    }
}

async function serves(service) {
    const client = new Client(service);
    const h = await sendHandoff(client);
    const claimant = newClaimant();
    done(await h.claim(client, claimant));
    done(await h.opened(client, claimant));
    client.close();
}

for (const first of [true, false])
    for (const [kind, ways] of Object.entries(kinds))
        test(`the n-th ${kind} fails at ${first ? 'the first' : 'a later'} start`, async (t) => {
            t.diagnostic(`HANDOFF_SEED=${seed}`);
            const random = randomFrom(seed);
            const service = await startService(t, { args: ['--log-level', 'error'] });
            const client = new Client(service);
            t.after(() => client.close());
            let kept = await sendHandoff(client);
            await service.stop();
            const faults = new Faults(t, join(service.dir, 'faults'));
            const renew = async () => {
                if (first)
                    rmSync(service.data, { recursive: true });
            };

            await renew();
            const before = faults.calls(kind);
            assert.ok(await tryStart(service, faults));
            const count = faults.calls(kind) - before;
            await service.stop();
            if (count === 0)
                return; // a later start needs none of these
            let [failed, refused] = [0, 0];
            for (const way of ways)
                for (let i = 0; i < Math.min(count, amount('start', 4, 1)); i++) {
                    const n = 1 + random(count);
                    await renew();
                    const failedBefore = faults.failed(kind);
                    faults.order(kind, n, way);
                    try {
                        if (await tryStart(service, faults)) {
                            await serves(service);
                            await service.stop();
                        } else {
                            refused++;
                        }
                        await service.start();
                        await serves(service);
                        if (!first) {
                            const claimant = newClaimant();
                            const { envelope } = done(await kept.claim(client, claimant));
                            assert.equal(envelope, kept.body.envelope, 'what it kept is there');
                            done(await kept.opened(client, claimant));
                            kept = await sendHandoff(client);
                        }
                        await service.stop();
                        await operated(['check', '--data', service.data]);
                    } catch (error) {
                        error.message = `HANDOFF_SEED=${seed}, ${kind} ${n} of ${count}, ` +
                            `${way.error}: ${error.message}\n${service.log.slice(-600)}`;
                        throw error;
                    }
                    failed += faults.failed(kind) - failedBefore;
                }
            assert.ok(failed > 0, 'something failed');
            const name = `${kind}, ${first ? 'first' : 'later'} start`;
            figure('start', `${name}: calls that failed`, failed);
            figure('start', `${name}: starts refused`, refused);
        });
