// Goal: the sender's follow link is all that another machine needs to see what becomes of a handoff, to
// revoke it and to put its evidence into a file; it opens nothing, is repaired as links are, and is
// never seen where others could read it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { must } from '../support/log/auditor.mjs';
import { Person } from '../support/service/cli.mjs';
import { poll, startService } from '../support/service/service.mjs';

const endings = [];
let service;

before(async () => {
    service = await startService({ after: (end) => endings.push(end) });
});

after(async () => {
    for (const end of endings.reverse())
        await end();
});

const people = (t, n) => Array.from({ length: n }, () => new Person(t, service.url));
// A machine with settings for another service: the link says which one it is.
const elsewhere = (t) => new Person(t, 'http://127.0.0.1:1');

async function send(sender, ...options) {
    const { out, err } = await must(0, sender, ['send', '--json', ...options], { stdin: 'secret' });
    assert.equal(err, '');
    return JSON.parse(out);
}

test('send --json has it; without, the link is all that stdout gets', async (t) => {
    const [sender] = people(t, 1);
    const sent = await send(sender);
    assert.deepEqual(Object.keys(sent), ['id', 'link', 'follow', 'expires_at']);
    assert.equal(sent.follow, `${service.url}/s/${sent.id}#${sender.manageKey(sent.id)}`);
    const withCode = await send(sender, '--code-file', sender.file('code', 'ABCD-1234'));
    assert.deepEqual(Object.keys(withCode), ['id', 'link', 'follow', 'expires_at']);
    const plain = await must(0, sender, ['send'], { stdin: 'secret' });
    assert.match(plain.out, /^http\S+\/h\/\S+\n$/);
    assert.equal(plain.err, '');
});

test('status: the whole story, elsewhere, with nothing kept of the handoff', async (t) => {
    const [sender, team, late] = people(t, 3);
    const { id, link, follow } = await send(sender, '--label', 'Contoso');
    const other = elsewhere(t);
    const status = async (word = follow, options = {}) =>
        JSON.parse((await must(0, other, ['status', word, '--json'], options)).out);
    assert.equal((await status()).state, 'available');
    await must(0, team, ['redeem', link]);
    await must(5, late, ['redeem', link]);
    await must(0, team, ['confirm', link, '--as', 'Robin Roe']);
    const whole = await status('-', { stdin: `${follow}\n` });
    assert.deepEqual([whole.id, whole.role, whole.state], [id, 'followed', 'confirmed']);
    const kinds = whole.events.map(({ event }) => event.kind);
    assert.deepEqual(kinds.slice(0, 3), ['handoff.created', 'claim.accepted', 'handoff.opened']);
    const { out, err } = await must(0, other, ['status', follow]);
    assert.match(out, /REFUSED: another party/);
    assert.match(out, /confirmed by Robin Roe/);
    assert.match(err, /Someone else has the link too/);
    assert.deepEqual([other.states('sent'), other.states('received')], [[], []]);
    // Where it was sent from, the receipts are verified too.
    const own = await must(0, sender, ['status', follow]);
    assert.match(own.out, /signature verified/);
    assert.match(own.out, /label +Contoso/);
});

test('status --wait follows until it is settled', async (t) => {
    const [sender, team] = people(t, 2);
    const { link, follow } = await send(sender);
    const waiting = elsewhere(t).run(['status', follow, '--wait', '--json']);
    await must(0, team, ['redeem', link, '--confirm-as', 'Robin']);
    const { status, out, said } = await waiting;
    assert.equal(status, 0, said);
    assert.equal(JSON.parse(out).state, 'confirmed');
});

test('revoke and evidence', async (t) => {
    const [sender, team] = people(t, 2);
    const { id, link, follow } = await send(sender);
    const other = elsewhere(t);
    const early = JSON.parse((await must(0, other, ['evidence', follow])).out);
    assert.deepEqual([early.id, early.events.length], [id, 1]);
    const { err } = await must(0, other, ['revoke', follow]);
    assert.match(err, /Revoked: nobody took it/);
    await must(5, team, ['redeem', link]);
    const text = (await must(0, other, ['evidence', follow])).out;
    assert.match((await must(0, other, ['verify', '-'], { stdin: text })).out, /^VALID/);
});

test('with a key that is another one it is refused, also where it was sent from', async (t) => {
    const [sender] = people(t, 1);
    const [first, second] = [await send(sender), await send(sender)];
    const mixed = first.follow.replace(/#.*/, second.follow.slice(-44));
    for (const who of [sender, elsewhere(t)])
        for (const command of ['status', 'revoke', 'evidence'])
            await must(4, who, [command, mixed]);
    const { out } = await must(0, sender, ['status', first.id, '--json']);
    assert.equal(JSON.parse(out).state, 'available');
});

test('it is read through what mail programs do, and refused with its own words', async (t) => {
    const [sender] = people(t, 1);
    const { follow } = await send(sender);
    const other = elsewhere(t);
    for (const pasted of [`<${follow}>.`, follow.replace('#', '%23'), `${follow.slice(0, 60)}\n ${follow.slice(60)}`]) {
        const { err } = await must(0, other, ['status', '-'], { stdin: pasted });
        assert.match(err, /had been altered on the way/);
    }
    for (const [damaged, words] of [
        [follow.slice(0, -3), /after # there must be 43 characters.*\(fragment-short\)/],
        [`${follow}A`, /just 43 characters.*\(fragment-long\)/],
        [follow.replace(/#.*/, ''), /key by which the handoff is followed.*\(no-fragment\)/],
        [follow.replace(/.#/, '#'), /after \/s\/ is damaged.*\(bad-id\)/],
    ]) {
        const { err } = await must(2, other, ['status', damaged]);
        assert.match(err.replace(/\s+/g, ' '), words);
        assert.doesNotMatch(err, new RegExp(follow.slice(-20)));
    }
});

test('it opens nothing: redeem, confirm and reject say whose link it is', async (t) => {
    const [sender, team] = people(t, 2);
    const { id, follow } = await send(sender);
    for (const args of [['redeem', follow], ['redeem', follow.slice(0, -5)], ['confirm', follow, '--as', 'x'],
        ['reject', follow, '--as', 'x', '--note', 'y']]) {
        const { err, out } = await must(2, team, args);
        assert.match(err, /This is the sender's own link/);
        assert.equal(out, '');
    }
    const { err } = await must(2, team, ['redeem', '-'], { stdin: follow });
    assert.match(err, /opens nothing/);
    assert.equal(JSON.parse((await must(0, sender, ['status', id, '--json'])).out).state, 'available');
});

test('as an argument it is gone from what others see at once', async (t) => {
    const [sender] = people(t, 1);
    const { link, follow } = await send(sender);
    let pid;
    const waiting = elsewhere(t).run(['status', follow, '--wait'], { onStart: (started) => (pid = started) });
    const line = () => readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    await poll('the arguments are wiped', () => line().includes('--wait') && !line().includes('#'));
    assert.ok(!line().includes(follow.slice(-43)));
    await must(0, sender, ['revoke', link]);
    assert.equal((await waiting).status, 0);
});
