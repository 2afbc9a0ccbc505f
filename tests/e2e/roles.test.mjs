// Goal: each kind of caller can do what its role allows and nothing else: every actor against every
// call, on a handoff that is addressed to one team. Tokens count from the moment they are made, and no
// more from the moment they are revoked or expired, while the service runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, done, makeHandoff, newClaimant, problem } from '../support/http/http.mjs';
import { addToken, bearer, operate, operated } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

async function start(t, options = {}) {
    const service = await startService(t, {
        ...options,
        args: ['--open-submissions', 'no', ...(options.args ?? [])],
    });
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

// A client whose every call shows this token, unless the call shows something else.
function as(client, token) {
    return {
        call: (method, path, body, headers = {}) =>
            client.call(method, path, body, { ...(token ? bearer(token) : {}), ...headers }),
    };
}

const flip = (token) => token.slice(0, -2) + (token.at(-2) === 'A' ? 'B' : 'A') + token.at(-1);

async function makeActors(service, clock) {
    const data = service.data;
    const make = (role, name, more) => addToken(data, role, name, more);
    const sender = await make('sender', 'Contoso');
    const expired = await make('auditor', 'of yesterday', ['--expires', '1h']);
    const revoked = await make('auditor', 'dismissed');
    await operated(['token', 'revoke', 'dismissed', '--data', data]);
    clock.advance(3601);
    return {
        nobody: null,
        sender,
        'team, its own': await make('team', 'Ada', ['--team', 'onboarding']),
        'team, another': await make('team', 'Bob', ['--team', 'payroll']),
        auditor: await make('auditor', 'Carol'),
        operator: await make('operator', 'Dan'),
        unknown: flip(sender),
        'other role': sender.replace('hof_sender_', 'hof_auditor_'),
        expired,
        revoked,
        malformed: 'hof_sender_tooshort',
        'manage key': 'its own',
        'foreign key': newClaimant(),
    };
}

// What each call answers to each actor; whoever is not named gets `others`.
const bad = ['unknown', 'other role', 'expired', 'revoked', 'malformed'];
const anyBad = Object.fromEntries(bad.map((name) => [name, 401]));
const table = {
    submit: { sender: 201, nobody: 401, 'manage key': 401, 'foreign key': 401, ...anyBad, others: 403 },
    read: { others: 200 },
    claim: {
        nobody: 200, 'team, its own': 200, 'team, another': 200,
        'manage key': 401, 'foreign key': 401, ...anyBad, others: 403,
    },
    opened: {
        nobody: 200, 'team, its own': 200, 'team, another': 200,
        'manage key': 401, 'foreign key': 401, ...anyBad, others: 403,
    },
    receipt: {
        nobody: 201, 'team, its own': 201, 'team, another': 201,
        'manage key': 401, 'foreign key': 401, ...anyBad, others: 403,
    },
    revoke: { 'manage key': 200, nobody: 401, ...anyBad, others: 403 },
    events: {
        'manage key': 200, 'team, its own': 200, auditor: 200, operator: 200,
        nobody: 401, ...anyBad, others: 403,
    },
    list: {
        'team, its own': 200, 'team, another': 200, auditor: 200, operator: 200,
        nobody: 401, 'manage key': 401, 'foreign key': 401, ...anyBad, others: 403,
    },
    'list of onboarding': {
        'team, its own': 200, auditor: 200, operator: 200,
        nobody: 401, 'manage key': 401, 'foreign key': 401, ...anyBad, others: 403,
    },
};

test('each role against each call', async (t) => {
    const { service, client } = await start(t, { clock: true });
    const actors = await makeActors(service, service.clock);
    const sender = as(client, actors.sender);
    const now = service.clock.now();

    // A handoff for the onboarding team, brought as far as the call needs it.
    async function ready(call) {
        const h = await makeHandoff({ recipient: 'onboarding' });
        if (call !== 'submit')
            done(await h.put(sender), 201);
        h.claimant = newClaimant();
        if (call === 'opened' || call === 'receipt')
            done(await h.claim(client, h.claimant));
        if (call === 'receipt')
            done(await h.opened(client, h.claimant));
        return h;
    }

    const calls = {
        submit: (h, c) => h.put(c),
        read: (h, c) => h.read(c),
        claim: (h, c) => h.claim(c, h.claimant),
        opened: (h, c) => h.opened(c, h.claimant),
        receipt: (h, c) => h.receipt(c, { at: now }),
        revoke: (h, c) => c.call('DELETE', h.path),
        events: (h, c) => c.call('GET', `${h.path}/events`),
        list: (h, c) => c.call('GET', '/v1/handoffs'),
        'list of onboarding': (h, c) => c.call('GET', '/v1/handoffs?recipient=onboarding'),
    };

    const rows = [];
    for (const [call, expected] of Object.entries(table)) {
        const row = [];
        for (const [name, token] of Object.entries(actors)) {
            const h = await ready(call);
            const shown = name === 'manage key' ? h.manage : token;
            const reply = await calls[call](h, as(client, shown));
            const wanted = expected[name] ?? expected.others;
            row.push(reply.status);
            assert.equal(reply.status, wanted, `${call} by ${name}: ${reply.text}`);
            if (wanted === 401)
                problem(reply, 401, 'unauthorized');
            else if (wanted === 403)
                problem(reply, 403, 'forbidden');
            if (wanted >= 400 && call !== 'submit') {
                // A refusal changes nothing, and is no event.
                const state = { opened: 'claimed', receipt: 'delivered' }[call] ?? 'available';
                assert.equal(done(await h.read(client)).state, state);
            }
        }
        rows.push(`${call.padEnd(20)}${row.join('  ')}`);
    }
    t.diagnostic(`${''.padEnd(20)}${Object.keys(actors).join(', ')}`);
    rows.forEach((row) => t.diagnostic(row));
});

test('the events name the token that was used, and the list shows whose it was', async (t) => {
    const { service, client } = await start(t);
    const sender = as(client, await addToken(service.data, 'sender', 'Contoso \u00e4'));
    const team = as(client, await addToken(service.data, 'team', 'Ada', ['--team', 'Team \u00e9/1 &']));
    const h = await makeHandoff({ recipient: 'Team \u00e9/1 &', ref: 'CHG-1', label: 'admin' });

    done(await h.put(sender), 201);
    h.claimant = newClaimant();
    done(await h.claim(team, h.claimant));
    done(await h.opened(client, h.claimant)); // without a token: nobody is named
    const log = await h.log(client);
    assert.equal(log[0].details.token.value, 'Contoso \u00e4');
    assert.equal(log[1].details.token.value, 'Ada');
    assert.equal(log[2].details.token, undefined);

    const seen = done(await team.call('GET', '/v1/handoffs')).handoffs;
    assert.equal(seen.length, 1);
    assert.equal(seen[0].id, h.id);
    assert.equal(seen[0].state, 'delivered');
    assert.equal(seen[0].recipient, 'Team \u00e9/1 &');
    assert.equal(seen[0].ref, 'CHG-1');
    assert.equal(seen[0].label, 'admin');
    assert.equal(seen[0].token, 'Contoso \u00e4');
    assert.equal(seen[0].event.index, log[0].index);
});

test('a long-poll of a team hears of what happens to its handoff', async (t) => {
    const { service, client } = await start(t);
    const sender = as(client, await addToken(service.data, 'sender', 'S'));
    const team = as(client, await addToken(service.data, 'team', 'T', ['--team', 'a']));
    const h = await makeHandoff({ recipient: 'a' });

    const created = done(await h.put(sender), 201);
    const waiting = team.call('GET', `${h.path}/events?after=${created.event.index}&wait=30`);
    done(await h.claim(client, newClaimant()));
    const heard = done(await waiting);
    assert.equal(JSON.parse(heard.events[0].line).kind, 'claim.accepted');
});

test('the list: newest first, filtered, in pages without gap or double', async (t) => {
    const { service, client } = await start(t, { clock: true });
    const sender = as(client, await addToken(service.data, 'sender', 'S'));
    const auditor = as(client, await addToken(service.data, 'auditor', 'A'));
    const ids = [];
    const times = [];

    for (let i = 0; i < 75; i++) {
        const h = await makeHandoff({ recipient: i % 3 ? 'a' : 'b' });
        times.push(done(await h.put(sender), 201).created_at);
        ids.unshift(h.id);
        if (i % 5 === 0)
            done(await h.revoke(client));
        service.clock.advance(10);
    }
    const pages = async (query, limit) => {
        const found = [];
        for (let next, pageCount = 0; ; pageCount++) {
            assert.ok(pageCount <= 75, 'the pages come to an end');
            const cursor = next === undefined ? '' : `&before=${next}`;
            const page = done(
                await auditor.call('GET', `/v1/handoffs?limit=${limit}${cursor}${query}`),
            );
            assert.ok(page.handoffs.length <= limit);
            found.push(...page.handoffs);
            if (page.next === undefined)
                return found;
            next = page.next;
        }
    };
    assert.deepEqual((await pages('', 7)).map((row) => row.id), ids);
    assert.deepEqual((await pages('', 75)).map((row) => row.id), ids);
    const of = (test) => ids.filter((id, i) => test(74 - i));
    assert.deepEqual((await pages('&recipient=b', 4)).map((row) => row.id), of((i) => i % 3 === 0));
    assert.deepEqual((await pages('&state=revoked', 4)).map((row) => row.id), of((i) => i % 5 === 0));
    assert.deepEqual(
        (await pages(`&since=${times[20]}&until=${times[30]}`, 3)).map((row) => row.id),
        of((i) => i >= 20 && i < 30),
    );
    for (const query of ['limit=0', 'limit=101', 'state=lost', 'x=1', 'limit=1&limit=2', 'since=-1',
        'recipient=', 'before=1x', 'recipient=%00', 'recipient=%'])
        problem(await auditor.call('GET', `/v1/handoffs?${query}`), 400, 'bad-request');
});

test('the alarm is in the list: wrong codes and late claims', async (t) => {
    const { service, client } = await start(t);
    const sender = as(client, await addToken(service.data, 'sender', 'S'));
    const auditor = as(client, await addToken(service.data, 'auditor', 'A'));
    const h = await makeHandoff({ code: 'ABCD-EFGH' });
    done(await h.put(sender), 201);
    const wrong = h.claimBody(newClaimant());
    wrong.token = newClaimant();
    problem(await client.call('POST', `${h.path}/claim`, wrong), 403, 'wrong-code');
    done(await h.claim(client, newClaimant()));
    problem(await h.claim(client, newClaimant()), 410, 'taken');
    const [row] = done(await auditor.call('GET', '/v1/handoffs')).handoffs;
    assert.equal(row.wrong_codes, 1);
    assert.equal(row.refused, 1);
});

test('tokens: wishes that cannot be met are refused, with what is wrong', async (t) => {
    const { service } = await start(t);
    const add = (...args) => operate(['token', 'add', '--data', service.data, ...args]);
    const refusals = [
        [['--name', 'x'], /--role must be/],
        [['--role', 'boss', '--name', 'x'], /--role must be/],
        [['--role', 'sender'], /--name must be/],
        [['--role', 'sender', '--name', ''], /--name must be/],
        [['--role', 'sender', '--name', 'a\nb'], /--name must be/],
        [['--role', 'sender', '--name', 'x'.repeat(201)], /--name must be/],
        [['--role', 'team', '--name', 'x'], /--team goes with/],
        [['--role', 'sender', '--name', 'x', '--team', 'y'], /--team goes with/],
        [['--role', 'sender', '--name', 'x', '--expires', '10'], /--expires must be/],
        [['--role', 'sender', '--name', 'x', '--rôle', 'y'], /is no option/],
        [['--role', 'sender', '--name', 'x', '--name', 'y'], /is given twice/],
        [['--role', 'sender', '--name'], /lacks its value/],
        [['--role', 'sender', '--name', 'x', 'y'], /an argument too many/],
    ];
    for (const [args, words] of refusals) {
        const { status, stdout, stderr } = await add(...args);
        assert.equal(status, 2, stderr);
        assert.equal(stdout, '');
        assert.match(stderr, words);
    }
    await addToken(service.data, 'sender', 'once');
    for (const role of ['sender', 'auditor']) {
        const { status, stderr } = await add('--role', role, '--name', 'once');
        assert.equal(status, 1);
        assert.match(stderr, /token of this name/);
    }
    const gone = await operate(['token', 'revoke', 'nobody', '--data', service.data]);
    assert.equal(gone.status, 1);
    assert.match(gone.stderr, /no token of this name/);
    const { stdout } = await operated(['token', 'list', '--json', '--data', service.data]);
    assert.deepEqual(JSON.parse(stdout).map(({ name, standing }) => [name, standing]), [
        ['once', 'valid'],
    ]);
});
