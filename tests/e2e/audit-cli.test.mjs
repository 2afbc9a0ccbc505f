// Goal: what the command line keeps of a log and makes of it: proofs after each act, exports that go on
// where they ended and that anyone can check, sheets that no spreadsheet runs, a report. A service that
// proves nothing, or something else, does not pass.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';

import { handOff, makeAuditor, must } from '../support/log/auditor.mjs';
import { Person, idOf } from '../support/service/cli.mjs';
import { operated } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

const logOf = (person) => {
    const logs = join(person.home, 'handoff', 'logs');
    const [name] = readdirSync(logs);
    return join(logs, name);
};

const proofsOf = (person) => readdirSync(join(logOf(person), 'proofs')).sort();

async function made(t, count = 3, more = []) {
    const service = await startService(t);
    const [sender, team] = [new Person(t, service.url), new Person(t, service.url)];
    const auditor = await makeAuditor(t, service);
    for (let i = 0; i < count; i++)
        await handOff(sender, team, more);
    return { service, sender, team, auditor };
}

test('each act leaves its event and proof with the one who did it', async (t) => {
    const { service, sender, team } = await made(t, 1);
    assert.deepEqual(proofsOf(sender), ['2.event', '2.tlog-proof']);
    assert.deepEqual(proofsOf(team), ['4.event', '4.tlog-proof', '6.event', '6.tlog-proof']);
    const kind = (person, n) =>
        JSON.parse(readFileSync(join(logOf(person), 'proofs', `${n}.event`))).kind;
    assert.deepEqual(
        [kind(sender, 2), kind(team, 4), kind(team, 6)],
        ['handoff.created', 'handoff.opened', 'receipt.confirmed'],
    );
    const proof = readFileSync(join(logOf(team), 'proofs', '6.tlog-proof'), 'utf8');
    assert.match(proof, /^c2sp\.org\/tlog-proof@v1\nindex 6\n/);
    assert.equal(readFileSync(join(logOf(team), 'service'), 'utf8'), service.url);
    const { stdout } = await operated(['audit', 'key', '--data', service.data]);
    assert.equal(readFileSync(join(logOf(team), 'key'), 'utf8'), stdout);
});

test('many at once raise no alarm', async (t) => {
    const { sender } = await made(t, 1);
    const all = Array.from({ length: 24 }, () => sender.run(['send'], { stdin: 'secret' }));
    for (const result of await Promise.all(all)) {
        assert.equal(result.status, 0, result.said);
        assert.doesNotMatch(result.err, /THE SERVICE|could not be kept/);
    }
    assert.equal(proofsOf(sender).length, 2 * 25);
    await must(0, sender, ['audit', 'checkpoint']);
});

// A proxy that answers calls to the log by itself, or changes what comes.
async function between(t, service, change) {
    const server = http.createServer((request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', async () => {
            const body = Buffer.concat(chunks);
            const answer = await fetch(service.url + request.url, {
                method: request.method,
                headers: { 'content-type': 'application/json', ...(request.headers.authorization && { authorization: request.headers.authorization }) },
                ...(body.length && { body }),
            });
            const text = await answer.text();
            const own = change(request.url, text) ?? { status: answer.status, text };
            response.writeHead(own.status, { 'content-type': answer.headers.get('content-type') });
            response.end(own.text);
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    return `http://127.0.0.1:${server.address().port}`;
}

test('a service that cannot prove now: the handoff is good, and it is said', async (t) => {
    const { service } = await made(t, 0);
    const url = await between(t, service, (path) =>
        path.startsWith('/v1/audit/proof') ? { status: 404, text: '{}' } : null,
    );
    const sender = new Person(t, url);
    const { out, err } = await must(0, sender, ['send'], { stdin: 'secret' });
    assert.match(err, /proof of this could not be kept now; handoff evidence gets it later/);
    assert.match((await must(0, sender, ['status', idOf(out)])).out, /available/);
});

test('a service that proves something else', async (t) => {
    const { service } = await made(t, 2);
    const lies = {
        'another event\'s proof': [
            async () => {
                const other = await (await fetch(`${service.url}/v1/audit/proof/2`)).text();
                return (path) => (path.startsWith('/v1/audit/proof/') ? { status: 200, text: other } : null);
            },
            /DOES NOT PROVE THAT ITS LOG HAS RECORDED THIS/,
        ],
        'another line': [
            async () => (path, text) =>
                text.includes('"line":') ? { status: 201, text: text.replace('\\"burn\\":', '\\"born\\":') } : null,
            /DOES NOT PROVE THAT ITS LOG HAS RECORDED THIS/,
        ],
        'a checkpoint with a changed root': [
            async () => (path, text) =>
                path.startsWith('/v1/audit/proof/')
                    ? { status: 200, text: text.replace(/\n(\d+)\n(.)(.{43})\n\n/, (_, n, a, b) => `\n${n}\n${a === 'A' ? 'B' : 'A'}${b}\n\n`) }
                    : null,
            /signature that does not verify/,
        ],
        'no proof at all': [
            async () => (path) => (path.startsWith('/v1/audit/proof/') ? { status: 200, text: 'x' } : null),
            /DOES NOT PROVE/,
        ],
    };
    for (const [name, [make, words]] of Object.entries(lies)) {
        const sender = new Person(t, await between(t, service, await make()));
        const { out, err } = await must(0, sender, ['send'], { stdin: 'secret' });
        assert.match(out, /^http/, name);
        assert.match(err, words, name);
    }
});

// Whatever comes instead of an answer: the programs end with words and a status of their own.
test('a service that answers nonsense', async (t) => {
    const { service, sender, auditor } = await made(t, 2);
    const [id] = /[0-9a-f-]{36}/.exec((await must(0, sender, ['list'])).out);
    const token = auditor.options.env;
    const paths = ['checkpoint', 'keys', 'key', 'proof', 'consistency', 'tile', 'events', 'details'];
    const answers = [
        '', 'x', '{}', '[]', '{"hashes":[1]}', '{"hashes":["AAAA"]}', `{"hashes":[${'"A",'.repeat(99)}"A"]}`,
        '\0'.repeat(100), Buffer.alloc(100000, 65), '{"key":5,"replaced":7}', '{"v":1,"n":0,"t":1}\n',
        '{"key":"k","replaced":[{"index":"x","line":"{","proof":"y"},5]}', '{"index":0,"details":[]}\n'.repeat(20),
        '\n'.repeat(2000),
    ];
    const tries = paths.flatMap((path) => answers.map((text) => [path, text]));
    const one = async ([path, text]) => {
        const url = await between(t, service, (target, came) => {
            if (target.startsWith(`/v1/audit/${path}`))
                return { status: 200, text };
            // That the tiles are looked at takes a log that does not verify.
            if (path === 'tile' && target.startsWith('/v1/audit/events'))
                return { status: 200, text: came.replace('"late":false', '"late":true') };
            return null;
        });
        const person = new Person(t, url, { env: token });
        for (const args of [['audit', 'verify'], ['audit', 'report'], ['evidence', id],
            ['audit', 'export', join(person.dir, 'log')]]) {
            const result = await person.run(args);
            assert.ok(Number.isInteger(result.status), `${path} ${args}: ${result.said}`);
            assert.ok(result.status === 0 || result.err.length > 0, `${path} ${args}: no word`);
            if (path === 'tile' && args[1] !== 'report' && args[0] === 'audit')
                assert.equal(result.status, 7, result.said);
        }
    };
    for (let i = 0; i < tries.length; i += 8)
        await Promise.all(tries.slice(i, i + 8).map(one));
});

// ---- exports ----

const files = (dir, at = '') =>
    readdirSync(join(dir, at), { withFileTypes: true })
        .flatMap((e) => (e.isDirectory() ? files(dir, join(at, e.name)) : [join(at, e.name)]))
        .sort();

test('an export goes on where it ended, and is what a new one is', async (t) => {
    const { service, sender, team, auditor } = await made(t, 60);
    const [grown, fresh] = [join(auditor.dir, 'grown'), join(auditor.dir, 'fresh')];
    assert.equal((await must(0, auditor, ['audit', 'export', grown])).out, '302 events\n');
    assert.ok(files(grown).includes('tile/0/001.p/46'));
    for (let i = 0; i < 4; i++)
        await handOff(sender, team);
    const { out, err } = await must(0, auditor, ['audit', 'export', grown]);
    assert.equal(out, '322 events\n');
    assert.match(err, /256 events are there already; going on from them/);
    await must(0, auditor, ['audit', 'export', fresh]);
    assert.deepEqual(files(grown), files(fresh));
    for (const name of files(fresh))
        assert.ok(readFileSync(join(grown, name)).equals(readFileSync(join(fresh, name))), name);
    for (const name of ['events.jsonl', 'events.csv'])
        assert.equal(statSync(join(fresh, name)).mode & 0o777, 0o600);
    const lines = readFileSync(join(fresh, 'events.jsonl'), 'utf8');
    assert.equal(lines, (await must(0, auditor, ['audit', 'events'])).out);
    const some = await must(0, auditor, ['audit', 'events', '--start', '300', '--limit', '5']);
    assert.equal(some.out, lines.split('\n').slice(300, 305).map((line) => `${line}\n`).join(''));

    // Interrupted: what is there is no whole export, and says so.
    await service.stop();
    assert.equal((await auditor.run(['audit', 'export', grown])).status, 3);
    await service.start();
    const child = auditor.run(['audit', 'export', grown], { onStart: (pid) => process.kill(pid, 'SIGKILL') });
    assert.equal((await child).status, 'SIGKILL');
    await must(0, auditor, ['audit', 'export', grown]);
    await must(0, auditor, ['audit', 'verify', grown]);
    await must(2, auditor, ['audit', 'export']);
});

test('an export is checked without the service; what was changed in it is named', async (t) => {
    const { service, auditor } = await made(t, 55);
    const dir = join(auditor.dir, 'log');
    await must(0, auditor, ['audit', 'export', dir]);
    await service.stop();
    const key = readFileSync(join(dir, 'key'), 'utf8').trim();
    const stranger = new Person(t, 'http://127.0.0.1:1');
    assert.match((await must(0, stranger, ['audit', 'verify', dir, '--key', key])).out, /^events +277,/);
    const alone = await must(0, stranger, ['audit', 'verify', dir]);
    assert.match(alone.err, /taken from the export itself/);
    const json = JSON.parse((await must(0, auditor, ['audit', 'verify', dir, '--json'])).out);
    assert.deepEqual([json.events, json.key], [277, key]);

    const change = async (name, edit, words) => {
        const path = join(dir, name);
        const bytes = readFileSync(path);
        const copy = Buffer.from(bytes);
        writeFileSync(path, edit(copy) ?? copy);
        for (const person of [auditor, stranger]) {
            const { err } = await must(7, person, ['audit', 'verify', dir, '--key', key]);
            assert.match(err, words, name);
        }
        writeFileSync(path, bytes);
        await must(0, auditor, ['audit', 'verify', dir]);
    };
    const bundle = readFileSync(join(dir, 'tile/entries/000'), 'latin1');
    const at = (n) => bundle.indexOf(`"n":${n},`);
    await change('tile/entries/000', (b) => void (b[at(100) + 20] ^= 1), /EVENT 100 WAS CHANGED/);
    await change('tile/entries/000', (b) => void (b[0] ^= 1), /damaged at event \d/);
    await change('tile/entries/001.p/21', (b) => b.subarray(0, b.length - 1), /damaged at event 276/);
    await change('tile/0/000', (b) => void (b[32 * 7] ^= 1), /EVENT 7 WAS CHANGED/);
    await change('tile/1/000.p/1', (b) => void (b[3] ^= 1), /A TILE OF HASHES WAS CHANGED/);
    await change('checkpoint', (b) => Buffer.from(b.toString().replace('\n277\n', '\n276\n')), /does not verify/);
    const other = await operated(['audit', 'key', '--data', (await made(t, 0)).service.data]);
    const { err } = await must(7, stranger, ['audit', 'verify', dir, '--key', other.stdout.trim()]);
    assert.match(err, /not signed by this key/);
});

test('sheets: no cell acts, details only where they are asked for', async (t) => {
    const { auditor } = await made(t, 1, ['--label', '=HYPERLINK("http://evil")', '--ref', '@SUM(A1)', '--to', 'A "quoted" team']);
    const dir = join(auditor.dir, 'log');
    await must(0, auditor, ['audit', 'export', dir]);
    const plain = readFileSync(join(dir, 'events.csv'), 'utf8');
    assert.ok(!plain.includes('HYPERLINK') && !plain.includes('127.'));
    assert.ok(!existsSync(join(dir, 'details.jsonl')));
    await must(0, auditor, ['audit', 'export', dir, '--details']);
    const sheet = readFileSync(join(dir, 'events.csv'), 'utf8').split('\r\n');
    assert.match(sheet[0], /^index,time,kind,id,.*,by,note$/);
    assert.ok(sheet[3].includes(`"'=HYPERLINK(""http://evil"")"`), sheet[3]);
    assert.ok(sheet[3].includes(`"'@SUM(A1)"`) && sheet[3].includes('"A ""quoted"" team"'));
    assert.match(sheet[7], /^6,2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ,"receipt.confirmed",.*"Robin Roe",""$/);
    assert.equal(readFileSync(join(dir, 'details.jsonl'), 'utf8').trim().split('\n').length, 7);
});

// ---- the report ----

test('a report: every handoff with its outcome, in one file without a script', async (t) => {
    const { sender, team, auditor } = await made(t, 2, ['--label', '<script>alert(1)</script>', '--ref', 'REQ-1']);
    await must(0, sender, ['send', '--label', 'Waiting'], { stdin: 'x' });
    const opened = (await must(0, sender, ['send', '--label', 'Unconfirmed'], { stdin: 'x' })).out.trim();
    await must(0, team, ['redeem', opened]);
    const bad = (await must(0, sender, ['send', '--label', 'Rejected'], { stdin: 'x' })).out.trim();
    await must(0, team, ['redeem', bad]);
    await must(0, team, ['reject', bad, '--as', 'Eve', '--note', 'wrong password']);
    await must(5, new Person(t, sender.url), ['redeem', bad]);
    const revoked = (await must(0, sender, ['send', '--label', 'Revoked'], { stdin: 'x' })).out.trim();
    await must(0, sender, ['revoke', idOf(revoked)]);

    const path = join(auditor.dir, 'report.html');
    assert.match((await must(0, auditor, ['audit', 'report', '--out', path])).err, /^handoff: 6 handoffs/);
    const html = readFileSync(path, 'utf8');
    assert.doesNotMatch(html, /<script|src=|href="http|@import|url\((?!#)/);
    for (const words of [
        '&#60;script&#62;alert(1)', 'REQ-1', 'Waiting', 'Unconfirmed', 'wrong password', 'Eve',
        'Revoked', 'AU-10', '5.17', 'CC6.2', idOf(bad),
    ])
        assert.ok(html.includes(words), words);
    const year = new Date().getFullYear();
    const none = await must(0, auditor, ['audit', 'report', '--from', `${year + 1}-01-01`, '--to', `${year + 1}-02-01`]);
    assert.ok(!none.out.includes('REQ-1') && none.out.includes('<!DOCTYPE html>'));
    for (const day of ['tomorrow', '2026-13-01', '2026-1-1', '20260101'])
        await must(2, auditor, ['audit', 'report', '--from', day]);
    assert.match((await must(4, sender, ['audit', 'report'])).err, /token/);
});
