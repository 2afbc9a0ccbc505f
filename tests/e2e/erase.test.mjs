// Goal: what is personal in a handoff's events can be erased, by itself or because of its age: then it is
// in no answer and in no file any more, the log says that it was done, and still verifies.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Tampered, handOff, makeAuditor, must } from '../support/log/auditor.mjs';
import { Person, idOf } from '../support/service/cli.mjs';
import { Client } from '../support/http/http.mjs';
import { operate, operated } from '../support/service/operator.mjs';
import { poll, startService } from '../support/service/service.mjs';

const inFiles = (data, bytes) =>
    readdirSync(data).filter((name) => readFileSync(join(data, name)).includes(bytes));

// The details of these events as they lie in the database.
const sealed = (db, where) =>
    db.sql(`SELECT n, hex(sealed) FROM event WHERE sealed IS NOT NULL AND ${where}`).split('\n').map((row) => {
        const [n, hex] = row.split('|');
        return { n: Number(n), bytes: Buffer.from(hex, 'hex') };
    });

test('of one handoff, while the service runs', async (t) => {
    const service = await startService(t);
    const [sender, team] = [new Person(t, service.url), new Person(t, service.url)];
    const auditor = await makeAuditor(t, service);
    const link = await handOff(sender, team, ['--label', 'Jane Doe', '--ref', 'REQ-1', '--to', 'Team']);
    const other = await handOff(sender, team, ['--label', 'John Roe', '--ref', 'REQ-2']);
    const db = new Tampered(service.data);
    const before = sealed(db, 'n BETWEEN 2 AND 6');
    assert.equal(before.length, 4);
    for (const { bytes } of before)
        assert.notDeepEqual(inFiles(service.data, bytes), [], 'there, and found');

    const erase = ['audit', 'erase', idOf(link), '--data', service.data];
    assert.match((await operated(erase)).stderr, /^Erased: .* in 4 events/);
    await poll('the bytes are gone', () => before.every(({ bytes }) => inFiles(service.data, bytes).length === 0));
    assert.match((await operated(erase)).stderr, /nothing left to erase/);

    const found = JSON.parse((await must(0, sender, ['status', idOf(link), '--json'])).out);
    const text = JSON.stringify(found.events);
    for (const gone of ['Jane', 'REQ-1', 'Robin', '127.', 'handoff/0'])
        assert.ok(!text.includes(gone), gone);
    const last = found.events.at(-1).event;
    assert.deepEqual([last.kind, last.cause, last.events], ['details.erased', 'request', 4]);
    // What proves stays: the sender still sees that the receipt is signed.
    const words = await must(0, sender, ['status', idOf(link)]);
    assert.match(words.out, /confirmed \[signature verified\]/);
    const bundle = join(sender.dir, 'bundle');
    await must(0, sender, ['evidence', idOf(link), '--out', bundle]);
    const verified = await must(0, auditor, ['verify', bundle]);
    assert.match(verified.out, /The receipt "confirmed" .* its words are not disclosed/);
    assert.match(verified.out, /details are not in this file: erased/);

    // The other one is as it was, and the whole log verifies.
    assert.match((await must(0, sender, ['status', idOf(other)])).out, /by Robin Roe/);
    await must(0, auditor, ['audit', 'verify']);
    const details = (await must(0, auditor, ['audit', 'events', '--details'])).out;
    assert.ok(details.includes('John Roe') && !details.includes('Jane Doe'));
    const { status } = await operate(['check', '--data', service.data]);
    assert.equal(status, 0);
    await service.restart();
    await must(0, auditor, ['audit', 'verify']);
});

test('of a handoff that is not there, or no id', async (t) => {
    const service = await startService(t);
    for (const [word, status, words] of [
        ['01a207a9-06ac-7cc4-bfe9-7b64f6ed5519', 1, /never had a handoff of this id/],
        ['01a207a9', 2, /whole id/],
        [undefined, 2, /an argument is missing/],
    ]) {
        const args = ['audit', 'erase', ...(word ? [word] : []), '--data', service.data];
        const result = await operate(args);
        assert.equal(result.status, status);
        assert.match(result.stderr, words);
    }
});

test('because of age: what is old goes, what is younger stays', async (t) => {
    const service = await startService(t, { clock: true, args: ['--erase-details-after', '130'] });
    const { env } = service.clock;
    const [sender, team] = [1, 2].map(() => new Person(t, service.url, { env }));
    const auditor = await makeAuditor(t, service);
    const old = await handOff(sender, team, ['--label', 'Jane Doe']);
    const db = new Tampered(service.data);
    const before = sealed(db, 'n > 0');
    service.clock.advance(100 * 86400);
    await service.restart();
    assert.match((await must(0, sender, ['status', idOf(old)])).out, /Robin Roe/);
    const young = await handOff(sender, team, ['--label', 'John Roe']);
    service.clock.advance(31 * 86400);
    const client = new Client(service);
    t.after(() => client.close());
    await poll('the details are gone', async () => {
        const { out } = await must(0, auditor, ['audit', 'events', '--details']);
        return !out.includes('Jane Doe');
    });
    await poll('the bytes are gone', () => before.every(({ bytes }) => inFiles(service.data, bytes).length === 0));
    assert.match((await must(0, sender, ['status', idOf(young)])).out, /Robin Roe/);
    const { out } = await must(0, auditor, ['audit', 'events']);
    const events = out.trim().split('\n').map((line) => JSON.parse(line));
    const erased = events.filter(({ kind }) => kind === 'details.erased');
    assert.equal(erased.length, 1);
    assert.equal(erased[0].cause, 'age');
    assert.equal(erased[0].events, before.length);
    await must(0, auditor, ['audit', 'verify']);
    await service.stop();
    assert.equal((await operate(['check', '--data', service.data])).status, 0);
});

test('an age that would take what is still needed is refused', async (t) => {
    const service = await startService(t);
    await service.stop();
    await assert.rejects(service.start({ args: ['--erase-details-after', '129'] }), /from 130 to 36500/);
});
