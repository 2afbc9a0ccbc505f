// Goal: whichever file, read, write, sync, renaming or allocation of the command fails, it ends with a
// sentence and a status, never by a signal; a link that it printed with success opens; and run again,
// it hands the password to the person, who never loses it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Person } from '../support/service/cli.mjs';
import { Faults, kinds } from '../support/fault/faults.mjs';
import { startService } from '../support/service/service.mjs';
import { amount, figure, randomFrom, seed } from '../support/run/torture.mjs';

const password = 'Kx7-Zq9-Tr0ub4dor';
const tried = ['open', 'read', 'write', 'sync', 'name', 'memory'];

async function sent(service, t) {
    const { status, out, said } = await new Person(t, service.url).run(['send'], { stdin: password });
    assert.equal(status, 0, said);
    return out.trim();
}

// It ended by itself, and said why when it did not succeed.
function isHonest({ status, said, err }) {
    assert.ok(Number.isInteger(status) && status <= 7, said);
    assert.ok(status === 0 || /^handoff: .{10,}/m.test(err), said);
}

async function trySend(service, t, env) {
    const person = new Person(t, service.url);
    const first = await person.run(['send'], { stdin: password, env });
    isHonest(first);
    const last = first.status === 0 ? first : await person.run(['send'], { stdin: password });
    assert.equal(last.status, 0, last.said);
    const { out, said } = await new Person(t, service.url).run(['redeem', last.out.trim()]);
    assert.equal(out, `password: ${password}\n`, said);
}

async function tryRedeem(service, t, env, outFile) {
    const link = await sent(service, t);
    const person = new Person(t, service.url);
    const path = join(person.dir, 'password');
    const argv = ['redeem', link, ...(outFile ? ['--out', path] : [])];
    const got = [];
    for (let run = 0; run < 4; run++) {
        const result = await person.run(argv, run === 0 ? { env } : {});
        isHonest(result);
        try {
            got.push(outFile ? readFileSync(path, 'utf8') : result.out);
        } catch (error) {
            assert.equal(error.code, 'ENOENT');
        }
        if (result.status === 0 || result.status === 5)
            break;
    }
    assert.ok(got.includes(`password: ${password}\n`), 'the person has the password');
}

const acts = {
    send: trySend,
    redeem: (service, t, env) => tryRedeem(service, t, env, false),
    'redeem --out': (service, t, env) => tryRedeem(service, t, env, true),
};

for (const [name, act] of Object.entries(acts))
    test(`${name}, when something fails`, async (t) => {
        t.diagnostic(`HANDOFF_SEED=${seed}`);
        const random = randomFrom(seed);
        const service = await startService(t, { args: ['--log-level', 'error'] });
        const faults = new Faults(t, join(service.dir, 'faults'));
        await act(service, t, faults.env);
        const counts = Object.fromEntries(tried.map((kind) => [kind, faults.calls(kind)]));
        let failed = 0;
        for (const kind of tried)
            for (const way of kinds[kind])
                for (let i = 0; i < Math.min(counts[kind], amount('command', 3, 0.3)); i++) {
                    const n = 1 + random(counts[kind]);
                    const before = faults.failed(kind);
                    faults.order(kind, n, way);
                    try {
                        await act(service, t, faults.env);
                    } catch (error) {
                        error.message = `HANDOFF_SEED=${seed}, ${kind} ${n} of ${counts[kind]}, ` +
                            `${way.error}: ${error.message}`;
                        throw error;
                    } finally {
                        faults.mend();
                    }
                    failed += faults.failed(kind) - before;
                }
        assert.ok(failed > 0, 'something failed');
        figure('command', `${name}: calls that failed`, failed);
    });
