// Goal: within two seconds after `opened` no file of the data directory holds the envelope, its form
// at rest, or the claim token, though readers are busy; before the burn the form at rest is found.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, newClaimant, sendHandoff } from '../support/http.mjs';
import { poll, startService } from '../support/service.mjs';

const handoffs = 240;
const classes = 13;
const linkBytes = 8;

// Which of the needles stand in any file of the directory, and in which.
function search(dir, needles) {
    const found = new Map();
    for (const name of readdirSync(dir)) {
        let data;
        try {
            data = readFileSync(join(dir, name));
        } catch {
            continue; // gone meanwhile
        }
        for (const [what, needle] of needles)
            if (data.includes(needle))
                found.set(what, name);
    }
    return found;
}

const sql = (dir, text) =>
    execFileSync('sqlite3', [join(dir, 'handoff.db'), text], { maxBuffer: 1 << 28 }).toString();

// The forms at rest of all live handoffs, by id.
function formsAtRest(dir) {
    const forms = new Map();
    const rows = sql(dir, 'SELECT hex(id), slot, sealed_len FROM handoff WHERE slot<>0');
    const slots = Array.from({ length: classes }, (_, k) =>
        sql(dir, `SELECT slot, length(data), hex(data) FROM slot_${k}`)
            .trim().split('\n').filter(Boolean)
            .map((row) => row.split('|')),
    );
    for (const row of rows.trim().split('\n').filter(Boolean)) {
        const [id, slot, length] = row.split('|');
        // The smallest class that it fits into.
        const table = slots.find((rowsOf, k) => 256 * 2 ** k + 81 >= Number(length));
        const [, , data] = table.find((entry) => entry[0] === slot);
        const bytes = Buffer.from(data, 'hex').subarray(linkBytes, linkBytes + Number(length));
        forms.set(id.toLowerCase(), bytes);
    }
    return forms;
}

// What must be nowhere after the burn. Pieces from the middle: a whole one may span pages.
function needlesOf(h, form) {
    const middle = (bytes) => bytes.subarray(bytes.length >> 1, (bytes.length >> 1) + 40);
    const token = Buffer.from(h.token, 'base64url');
    return [
        ['envelope', middle(h.envelope)],
        ['envelope as text', Buffer.from(h.body.envelope.slice(100, 160))],
        ['form at rest', middle(form)],
        ['form at rest, its front', form.subarray(0, 40)],
        ['claim token', token],
        ['claim token, base64url', Buffer.from(h.token)],
        ['claim token, hex', Buffer.from(token.toString('hex'))],
        ['claim token, HEX', Buffer.from(token.toString('hex').toUpperCase())],
    ];
}

// Reads all the time, so that there is always a reader of the database.
function busyReader(service, all) {
    let on = true;
    const client = new Client(service);
    const work = (async () => {
        for (let i = 0; on; i++) {
            const h = all[i % all.length];
            done(await h.read(client));
            done(await h.events(client));
        }
        client.close();
    })();
    return async () => {
        on = false;
        await work;
    };
}

test('burned bytes leave every file within two seconds', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    const all = [];
    for (let i = 0; i < handoffs; i++) {
        const password = 'x'.repeat(1 + ((i * 997) % 5000));
        all.push(await sendHandoff(client, { payload: { type: 'credential', password } }));
        // Every third is burned on the way, so that its slot is used again.
        if (i % 3 === 2)
            done(await all[i - 1].revoke(client));
    }
    const live = all.filter((_, i) => i % 3 !== 1);
    const forms = formsAtRest(service.data);
    assert.equal(forms.size, live.length);
    const needles = new Map(
        live.map((h) => [h, needlesOf(h, forms.get(h.id.replaceAll('-', '')))]),
    );
    const before = search(
        service.data,
        live.map((h) => [h.id, needles.get(h)[2][1]]),
    );
    assert.equal(before.size, live.length, 'each form at rest is found before the burn');

    const stopReader = busyReader(service, all);
    const late = [];
    for (const h of live) {
        const claimant = newClaimant();
        done(await h.claim(client, claimant));
        done(await h.opened(client, claimant));
        late.push(Date.now());
    }
    const everything = live.flatMap((h) => needles.get(h).map(([what, n]) => [`${h.id} ${what}`, n]));
    await poll(
        'all of it is gone',
        () => {
            const left = search(service.data, everything);
            return left.size === 0;
        },
        // The search itself takes its time; what was burned first had longer.
        2000,
        100,
    );
    t.diagnostic(`${everything.length} needles, gone ${Date.now() - late.at(-1)} ms after the last`);
    await stopReader();

    // The control: the same search finds each kind where it is planted.
    const planted = needles.get(live[0]);
    writeFileSync(join(service.data, 'planted'), Buffer.concat(planted.map(([, n]) => n)));
    assert.equal(search(service.data, planted).size, planted.length);
    client.close();
});
