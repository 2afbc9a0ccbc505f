// Goal: people with tokens work from the command line: a sender submits to a closed service, a team
// finds what is for it, redeems and confirms it, an auditor follows; the token comes from a file or the
// environment, goes to the configured service alone, and what is wrong with it is said without
// showing it.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';

import { Person, idOf } from '../support/service/cli.mjs';
import { addToken, operated } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

async function start(t) {
    const service = await startService(t, { args: ['--open-submissions', 'no'] });
    const person = async (role, name, more = []) => {
        const p = new Person(t, service.url);
        p.token = await addToken(service.data, role, name, more);
        const file = p.file('token', `${p.token}\n`);
        chmodSync(file, 0o600);
        p.options = { env: { HANDOFF_TOKEN_FILE: file } };
        return p;
    };
    return { service, person };
}

const send = async (person, args = []) => {
    const result = await person.run(['send', ...args], { stdin: 'the password\n' });
    assert.equal(result.status, 0, result.said);
    return result.out.trim();
};

test('a sender, a team, an auditor', async (t) => {
    const { service, person } = await start(t);
    const contoso = await person('sender', 'Contoso');
    const ada = await person('team', 'Ada', ['--team', 'onboarding é']);
    const bob = await person('team', 'Bob', ['--team', 'payroll']);
    const carol = await person('auditor', 'Carol');
    const link = await send(contoso, ['--to', 'onboarding é', '--ref', 'CHG-4711', '--label', 'admin']);
    await send(contoso, ['--to', 'payroll', '--label', 'other']);
    const id = idOf(link);

    const inbox = await ada.run(['inbox']);
    assert.equal(inbox.status, 0, inbox.said);
    assert.equal(inbox.out.trim().split('\n').length, 1);
    assert.match(inbox.out, new RegExp(`^${id}  .*  available  admin  from Contoso  ref CHG-4711\n$`));
    assert.doesNotMatch((await bob.run(['inbox'])).out, new RegExp(id));

    const redeemed = await ada.run(['redeem', link, '--field', 'password']);
    assert.equal(redeemed.out, 'the password\n', redeemed.said);
    assert.match((await ada.run(['inbox'])).out, / {2}delivered {2}/);
    assert.equal((await bob.run(['redeem', link])).status, 5);
    assert.match((await ada.run(['inbox'])).out, /! 1 came too late/);
    assert.equal((await ada.run(['confirm', link, '--as', 'Ada'])).status, 0);
    const nothing = await ada.run(['inbox']);
    assert.equal(nothing.out, '');
    assert.match(nothing.err, /Nothing needs you/);
    const all = JSON.parse((await ada.run(['inbox', '--all', '--json'])).out);
    assert.deepEqual(all.map((row) => [row.id, row.state]), [[id, 'confirmed']]);

    const seen = await carol.run(['status', id]);
    assert.equal(seen.status, 0, seen.said);
    assert.match(seen.out, /for onboarding é, reference CHG-4711.*by the token of Contoso/);
    assert.match(seen.out, /taken.*by the token of Ada/);
    assert.match(seen.out, /state +confirmed/);
    const events = JSON.parse((await carol.run(['status', id, '--json'])).out);
    assert.equal(events.role, 'followed');
    assert.equal(events.events[0].event.kind, 'handoff.created');
    const rows = JSON.parse((await carol.run(['inbox', '--all', '--json', '--recipient', 'payroll'])).out);
    assert.equal(rows.length, 1);
    assert.equal(rows[0].recipient, 'payroll');
    assert.match((await carol.run(['inbox', '--state', 'available'])).out, /for payroll/);
    // The other team may not follow it, and sees what everyone sees.
    assert.doesNotMatch((await bob.run(['status', id])).out, /Contoso/);
    assert.ok(!service.log.includes('Contoso'));
});

test('without a token, with one that is not good enough, with one that is none', async (t) => {
    const { service, person } = await start(t);
    const nobody = new Person(t, service.url);
    const closed = await nobody.run(['send'], { stdin: 'x\n' });
    assert.equal(closed.status, 4, closed.said);
    assert.match(closed.err, /HANDOFF_TOKEN_FILE/);
    assert.match(closed.err, /only with you/);
    const listing = await nobody.run(['inbox']);
    assert.equal(listing.status, 2, listing.said);
    assert.equal((await nobody.run(['inbox', '--state', 'lost'])).status, 2);
    assert.equal((await nobody.run(['inbox', '--since', 'yesterday'])).status, 2);

    const team = await person('team', 'Ada', ['--team', 'a']);
    const forbidden = await team.run(['send'], { stdin: 'x\n' });
    assert.equal(forbidden.status, 4, forbidden.said);
    const sender = await person('sender', 'S');
    assert.equal((await sender.run(['inbox'])).status, 4);
    await operated(['token', 'revoke', 'S', '--data', service.data]);
    const revoked = await sender.run(['send'], { stdin: 'x\n' });
    assert.equal(revoked.status, 4, revoked.said);

    const wrong = { HANDOFF_TOKEN: 'hof_sender_secretbutshort' };
    for (const env of [wrong, { HANDOFF_TOKEN: 'x'.repeat(5000) }]) {
        const none = await nobody.run(['inbox'], { env });
        assert.equal(none.status, 2, none.said);
        assert.match(none.err, /The token is none/);
        assert.doesNotMatch(none.err, /secretbutshort|xxxx/);
    }
    const file = nobody.file('open', `${sender.token}\n`);
    chmodSync(file, 0o644);
    const readable = await nobody.run(['inbox'], { env: { HANDOFF_TOKEN_FILE: file } });
    assert.equal(readable.status, 2, readable.said);
    assert.match(readable.err, /Others can read the token/);
    assert.ok(!readable.err.includes(sender.token));
    const missing = await nobody.run(['inbox'], { env: { HANDOFF_TOKEN_FILE: '/nowhere' } });
    assert.equal(missing.status, 2);
});

test('a token in the environment is wiped at the start', async (t) => {
    const { service, person } = await start(t);
    const team = await person('team', 'Ada', ['--team', 'a']);
    const p = new Person(t, service.url);
    const sender = await person('sender', 'S');
    const link = await send(sender);
    let environment = null;
    // It waits for what becomes of the handoff: by then the environment is clean.
    const status = p.run(['status', link, '--wait'], {
        env: { HANDOFF_TOKEN: team.token },
        onStart: (pid, child) => {
            const look = setInterval(() => {
                try {
                    environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
                } catch (error) {
                    // Since it forbids dumps, nobody but root can look at all.
                    if (error.code === 'EACCES') {
                        environment = null;
                        stop();
                    }
                    return;
                }
                if (environment.includes('HANDOFF_URL') && !environment.includes(team.token))
                    stop();
            }, 50);
            const stop = () => {
                clearInterval(look);
                child.kill('SIGTERM');
            };
            t.after(() => clearInterval(look));
        },
    });
    await status;
    assert.ok(environment === null || !environment.includes(team.token));
});

test('the configuration file: url and token; what is wrong in it is told with its line', async (t) => {
    const { service, person } = await start(t);
    const team = await person('team', 'Ada', ['--team', 'a']);
    const p = new Person(t, '');
    mkdirSync(join(p.dir, 'handoff'));
    const config = join(p.dir, 'handoff', 'config');
    const token = team.options.env.HANDOFF_TOKEN_FILE;
    writeFileSync(config, `# mine\nurl = "${service.url}"\ntoken-file = "${token}"\n`);
    const listed = await p.run(['inbox']);
    assert.equal(listed.status, 0, listed.said);
    for (const [text, words] of [
        ['# a\nurl = "x"\ncolour = red\n', /config:3: no such option 'colour'/],
        ['url\n', /config:1: /],
    ]) {
        writeFileSync(config, text);
        const wrong = await p.run(['inbox']);
        assert.equal(wrong.status, 2, wrong.said);
        assert.match(wrong.err, words);
    }
});

test('a link to another service is not shown the token', async (t) => {
    const { person } = await start(t);
    const team = await person('team', 'Ada', ['--team', 'a']);
    const heard = [];
    const foreign = http.createServer((request, reply) => {
        heard.push(request.headers);
        reply.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"code":"not-found"}');
    });
    await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    t.after(() => foreign.close());
    const sender = await person('sender', 'S');
    const link = (await send(sender)).replace(/^http:\/\/[^/]+/, `http://127.0.0.1:${foreign.address().port}`);
    await team.run(['redeem', link]);
    await team.run(['status', link]);
    assert.ok(heard.length >= 2);
    assert.ok(heard.every((headers) => headers.authorization === undefined));
});
