// Goal: a bundle of evidence holds on a machine that has nothing but the handoff program and the log's
// key; whatever is changed in it is refused, with words that say what it was; and it says what is not
// proven.

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { handOff, makeAuditor, must } from '../support/log/auditor.mjs';
import { Person, idOf } from '../support/service/cli.mjs';
import { addToken, operated } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

async function made(t, more = []) {
    const service = await startService(t);
    const [sender, team] = [new Person(t, service.url), new Person(t, service.url)];
    const link = await handOff(sender, team, ['--label', 'Contoso', '--ref', 'REQ-7', ...more]);
    const id = idOf(link);
    const path = join(sender.dir, 'evidence.json');
    const { err } = await must(0, sender, ['evidence', id, '--out', path]);
    const key = (await operated(['audit', 'key', '--data', service.data])).stdout.trim();
    assert.ok(err.includes(`handoff verify ${path} --key '${key}'`), err);
    return { service, sender, team, link, id, path, key, bundle: JSON.parse(readFileSync(path)) };
}

// A machine that knows no service and has no state.
function elsewhere(t) {
    const person = new Person(t, 'http://127.0.0.1:1');
    const verify = (bundle, key) => {
        const stdin = typeof bundle === 'string' ? bundle : JSON.stringify(bundle);
        return person.run(['verify', '-', ...(key ? ['--key', key] : [])], { stdin });
    };
    return { person, verify };
}

// A value that is as well-formed as the one there was, where that is possible.
function altered(value) {
    if (typeof value === 'number')
        return value + 1;
    const at = Math.floor(value.length / 2);
    const other = /[A-Za-z]/.test(value[at]) ? (value[at] === 'Q' ? 'R' : 'Q') : value[at] === '7' ? '8' : '7';
    return value.slice(0, at) + other + value.slice(at + 1);
}

// Every place in a bundle: its path, and a function that gives the bundle with that place changed.
function* places(bundle, at = bundle, path = []) {
    for (const [name, value] of Object.entries(at)) {
        const here = [...path, name];
        if (value !== null && typeof value === 'object') {
            yield* places(bundle, value, here);
            continue;
        }
        yield [here.join('.'), () => {
            const copy = structuredClone(bundle);
            here.slice(0, -1).reduce((o, key) => o[key], copy)[name] = altered(value);
            return copy;
        }];
    }
}

test('it holds without the service, and says what it proves and what not', async (t) => {
    const { service, path, key, bundle, id } = await made(t);
    await service.stop();
    const { person, verify } = elsewhere(t);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const { out } = await must(0, person, ['verify', path, '--key', key]);
    assert.match(out, /^VALID\n/);
    for (const words of [
        id, 'confirmed by Robin Roe', 'reference REQ-7',
        'Each of these 5 events stands unchanged, and in this order',
        'Whoever opened it had the link:', 'The receipt "confirmed" (event 5) was signed',
        'destroyed the envelope (opened)', 'it proves the link, not a person',
        'That it was handed to one party only', 'no further event of this handoff',
    ])
        assert.ok(out.includes(words), `${words}\n${out}`);
    const file = person.file('key', `${key}\n`);
    await must(0, person, ['verify', path, '--key', file]);
    const found = JSON.parse((await must(0, person, ['verify', path, '--key', key, '--json'])).out);
    assert.deepEqual(
        [found.valid, found.key_trusted, found.id, found.events, found.opened_token_checked],
        [true, true, id, 5, true],
    );
    assert.equal(found.receipts[0].signature_checked, true);
    // Without a key that one trusts it is whole, and that is all.
    const alone = await verify(bundle);
    assert.equal(alone.status, 0);
    assert.match(alone.out, /^VALID, by the key in the file itself/);
    assert.match(alone.out, /Whose log that is: the key stands in the file itself/);
});

test('every field that is changed is found, and named', async (t) => {
    const { key, bundle } = await made(t, ['--to', 'Onboarding']);
    const { verify } = elsewhere(t);
    assert.equal((await verify(bundle, key)).status, 0);
    const said = new Map();
    for (const [place, change] of places(bundle)) {
        const { status, err, out } = await verify(change(), key);
        assert.equal(status, 7, `${place} was changed and not noticed\n${out}`);
        assert.match(err, /^handoff: NOT VALID: /, place);
        said.set(place, err);
        const [, index] = /^events\.(\d+)\./.exec(place) ?? [];
        if (index !== undefined)
            assert.match(err, /Event \d+/, `${place}: ${err}`);
        const [, field] = /\.details\.(\w+)\./.exec(place) ?? [];
        if (field)
            assert.ok(err.includes(`"${field}"`), `${place}: ${err}`);
    }
    const one = (place) => said.get(place);
    const kinds = ['type', 'id', 'key', 'checkpoint', 'events.0.line', 'events.0.details.label.value',
        'events.0.details.ref.salt', 'events.4.details.signature.value'].map(one);
    assert.equal(new Set(kinds).size, kinds.length, kinds.join(''));
    assert.ok(new Set(said.values()).size > 15, [...new Set(said.values())].join(''));
});

// The lines' own members: what somebody would want to change.
test('a line that says something else is no leaf of the log', async (t) => {
    const { key, bundle } = await made(t);
    const { verify } = elsewhere(t);
    for (const [i, event] of bundle.events.entries())
        for (const [name, value] of Object.entries(JSON.parse(event.line))) {
            if (typeof value === 'object')
                continue;
            const copy = structuredClone(bundle);
            const line = JSON.parse(event.line);
            line[name] = typeof value === 'boolean' ? !value : altered(value);
            copy.events[i].line = JSON.stringify(line);
            const { status, err } = await verify(copy, key);
            assert.equal(status, 7, `${i}.${name}`);
            assert.match(err, new RegExp(`Event ${event.index} is not in the log that was signed`));
        }
});

test('what is taken away, added, doubled or moved', async (t) => {
    const { key, bundle, id } = await made(t);
    const { verify } = elsewhere(t);
    const changes = {
        'no creation': [(b) => b.events.shift(), /does not begin with the handoff's creation/],
        'no events': [(b) => (b.events = []), /no event in it/],
        'out of order': [(b) => b.events.push(b.events.splice(1, 1)[0]), /is out of order/],
        doubled: [(b) => b.events.push(b.events.at(-1)), /is out of order/],
        'a proof too short': [(b) => b.events[1].proof.pop(), /Event 2 is not in the log/],
        'a proof too long': [(b) => b.events[1].proof.push(b.events[1].proof[0]), /Event 2 is not in the log/],
        'a member more': [(b) => (b.extra = 1), /has one that it must not have/],
        'a member less': [(b) => delete b.keys, /lacks a member/],
        'a detail more': [(b) => (b.events[1].details.by = b.events[1].details.address), /Event 2 has no commitment to a detail "by"/],
        'a member more in an event': [(b) => (b.events[1].note = ''), /Event number 2 of the file is malformed/],
        'not JSON': [() => '{', /is not JSON/],
        'not an object': [() => '[]', /no evidence that this program can read/],
        'another handoff': [(b) => (b.id = id.replace(/.$/, (c) => (c === '0' ? '1' : '0'))), /Event 1 is of another handoff/],
    };
    for (const [name, [change, words]] of Object.entries(changes)) {
        const copy = structuredClone(bundle);
        const text = change(copy);
        const { status, err } = await verify(typeof text === 'string' && /^[{[]/.test(text) ? text : copy, key);
        assert.equal(status, 7, `${name}: ${err}`);
        assert.match(err, words, name);
    }
    // Details that are held back are only not shown.
    const less = structuredClone(bundle);
    for (const event of less.events)
        event.details = {};
    const { status, err } = await verify(less, key);
    assert.equal(status, 7);
    assert.match(err, /statement is missing/);
    delete less.events.splice(4, 1);
    const rest = await verify(less, key);
    assert.equal(rest.status, 0, rest.err);
    assert.match(rest.out, /the opened token is the right one: its hash is not disclosed/);
    assert.match(rest.out, /details are not in this file/);
});

test('with an access code, refused, lapsed and rejected: the words follow the story', async (t) => {
    const service = await startService(t);
    const [sender, team, late] = [1, 2, 3].map(() => new Person(t, service.url));
    const code = team.file('code', 'ABCD1234');
    const { out } = await must(0, sender, ['send', '--code-file', code], { stdin: 'secret' });
    await must(0, team, ['redeem', out.trim(), '--code-file', code]);
    await must(5, late, ['redeem', out.trim(), '--code-file', code]);
    await must(0, team, ['reject', out.trim(), '--as', 'Robin', '--note', 'wrong password']);
    const bundle = (await must(0, sender, ['evidence', idOf(out)])).out;
    const { verify } = elsewhere(t);
    const said = (await verify(bundle)).out;
    assert.match(said, /had the link and the access code/);
    assert.match(said, /The receipt "rejected"/);
    assert.match(said, /^! +\d+ .*REFUSED: another party/m);

    const open = await must(0, sender, ['send'], { stdin: 'secret' });
    const early = (await must(0, sender, ['evidence', idOf(open.out)])).out;
    const story = (await verify(early)).out;
    assert.match(story, /Nothing about an opening/);
    assert.match(story, /Nothing about a receipt/);
    assert.ok(!early.includes('"opened_hash": {'), 'not disclosed before its use');
});

test('who may make it: the sender, the team it was for, an auditor; nobody else', async (t) => {
    const { service, team, id, key } = await made(t, ['--to', 'Onboarding']);
    const { verify } = elsewhere(t);
    const auditor = await makeAuditor(t, service);
    for (const [name, group, status] of [['onboarding', 'Onboarding', 0], ['sales', 'Sales', 4]]) {
        const token = await addToken(service.data, 'team', name, ['--team', group]);
        const path = team.file(`${name}.token`, `${token}\n`);
        chmodSync(path, 0o600);
        const made = await team.run(['evidence', id], { env: { HANDOFF_TOKEN_FILE: path } });
        assert.equal(made.status, status, made.said);
        if (status === 0)
            assert.equal((await verify(made.out, key)).status, 0);
    }
    const made2 = await must(0, auditor, ['evidence', id]);
    assert.equal((await verify(made2.out, key)).status, 0);
    const stranger = await team.run(['evidence', id]);
    assert.equal(stranger.status, 4);
    assert.match(stranger.err, /who has the token of the team that it was for, or of an auditor/);
    const taken = await must(2, auditor, ['evidence', id, '--out', join(auditor.dir, 'token')]);
    assert.match(taken.err, /File exists/);
});

test('a key that was replaced: the old one leads to the new one, and only where it said so', async (t) => {
    const { service, sender, id, key, bundle } = await made(t);
    for (let i = 0; i < 2; i++)
        await operated(['key', 'rotate-log', '--data', service.data]);
    const newer = JSON.parse((await must(0, sender, ['evidence', id])).out);
    assert.notEqual(newer.key, key);
    assert.equal(newer.keys.length, 2);
    const { verify } = elsewhere(t);
    assert.equal((await verify(newer, key)).status, 0);
    assert.equal((await verify(newer, newer.key)).status, 0);
    const older = await verify(bundle, newer.key);
    assert.equal(older.status, 7);
    assert.match(older.err, /another log's key, or by one that the trusted key did not appoint/);
    for (const [place, change] of places(newer)) {
        if (!place.startsWith('keys.'))
            continue;
        const { status, err } = await verify(change(), newer.key);
        assert.equal(status, 7, place);
        assert.match(err, /Replacement \d of the log's key is not signed by the key before it/, place);
    }
    const cut = structuredClone(newer);
    cut.keys.shift();
    assert.match((await verify(cut, key)).err, /the trusted key did not appoint/);
    const wrong = await verify(newer, 'no key');
    assert.equal(wrong.status, 2);
    assert.match(wrong.err, /neither a log's verifier key/);
    writeFileSync(join(sender.dir, 'junk'), 'junk');
    assert.equal((await sender.run(['verify', join(sender.dir, 'absent')])).status, 2);
    assert.equal((await sender.run(['verify'])).status, 2);
});
