// Goal: each command does what its manual says, with the exit status that it promises, for people at
// a terminal and for scripts; and whatever goes wrong burns and loses nothing.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Person, idOf } from '../support/service/cli.mjs';
import { startService } from '../support/service/service.mjs';

const endings = [];
let service;

before(async () => {
    service = await startService({ after: (end) => endings.push(end) });
});

after(async () => {
    for (const end of endings.reverse())
        await end();
});

const person = (t, url = service.url) => new Person(t, url);

async function ok(run, status = 0) {
    const result = await run;
    assert.equal(result.status, status, result.said);
    return result;
}

async function send(sender, stdin, ...options) {
    const { out } = await ok(sender.run(['send', ...options], { stdin }));
    assert.match(out, /^http:\/\/127\.[\d.]+:\d+\/h\/[0-9a-f-]{36}#[\w-]{44}\n$/);
    return out.trim();
}

const stateOf = async (who, ref) =>
    JSON.parse((await ok(who.run(['status', ref, '--json']))).out).state;

// ---- a whole life ----

test('send, redeem, a second redeem, confirm, status, list', async (t) => {
    const [sender, team, stranger] = [person(t), person(t), person(t)];
    const link = await send(sender, 'S3cret!\n', '--username', 'u@x', '--url', 'https://x',
        '--note', 'change it', '--label', 'onboarding', '--ref', 'CHG-1');
    const id = idOf(link);
    assert.equal(await stateOf(sender, id), 'available');
    const { out } = await ok(team.run(['redeem', link]));
    assert.equal(out, 'username: u@x\npassword: S3cret!\nurl: https://x\nnote: change it\n');
    const second = await ok(stranger.run(['redeem', link]), 5);
    assert.equal(second.out, '');
    assert.match(second.err, /already taken/);
    const again = await ok(team.run(['redeem', link]), 5);
    assert.match(again.err, /This machine redeemed it/);
    await ok(team.run(['confirm', id.slice(-12), '--as', 'Priya', '--note', 'works']));
    const status = (await ok(sender.run(['status', id]))).out;
    assert.match(status, /confirmed/i);
    assert.match(status, /Priya/);
    assert.match(status, /works/);
    const listed = (await ok(sender.run(['list']))).out;
    assert.match(listed, new RegExp(`^${id}  .*  confirmed  onboarding$`, 'm'));
    const rows = JSON.parse((await ok(sender.run(['list', '--json']))).out);
    assert.deepEqual([rows.length, rows[0].id, rows[0].label], [1, id, 'onboarding']);
});

test('reject with a reason, seen by the sender', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    await ok(team.run(['redeem', link]));
    await ok(team.run(['reject', idOf(link), '--as', 'Priya']), 2);
    await ok(team.run(['reject', idOf(link), '--as', 'Priya', '--note', 'wrong password']));
    const { out } = await ok(sender.run(['status', link]));
    assert.match(out, /rejected/i);
    assert.match(out, /wrong password/);
});

test('redeem --confirm-as does both', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    await ok(team.run(['redeem', link, '--confirm-as', 'Priya']));
    assert.equal(await stateOf(sender, idOf(link)), 'confirmed');
});

test('revoke burns it unread; revoking again is no harm; afterwards it is gone', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    await ok(team.run(['revoke', idOf(link)]), 6);
    await ok(sender.run(['revoke', idOf(link)]));
    await ok(sender.run(['revoke', idOf(link)]));
    assert.match((await ok(team.run(['redeem', link]), 5)).err, /revoked/);
});

test('confirm on another device takes the link, and the code where there is one', async (t) => {
    for (const code of [null, 'KMNP-QRST']) {
        const [sender, team, other] = [person(t), person(t), person(t)];
        const file = code ? team.file('code', code) : null;
        const by = file ? ['--code-file', file] : [];
        const link = await send(sender, 'x', ...by);
        await ok(team.run(['redeem', link, ...by]));
        await ok(other.run(['confirm', idOf(link), '--as', 'Bo']), 6);
        if (file) {
            const wrong = other.file('wrong', 'AAAA-AAAA');
            await ok(other.run(['confirm', link, '--as', 'Bo', '--code-file', wrong]), 4);
        }
        await ok(other.run(['confirm', link, '--as', 'Bo', ...by]));
        assert.equal(await stateOf(sender, idOf(link)), 'confirmed');
    }
});

test('status --wait ends with the receipt', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    const waiting = sender.run(['status', idOf(link), '--wait', '--json']);
    await ok(team.run(['redeem', link, '--confirm-as', 'Priya']));
    const { state, events } = JSON.parse((await ok(waiting)).out);
    assert.equal(state, 'confirmed');
    assert.ok(events.length >= 5);
});

// ---- what is handed off ----

const big = 'x\u00e9'.repeat(16000);
const passwords = {
    plain: ['abc', 'abc'],
    'one newline at its end goes': ['abc\n', 'abc'],
    'only one': ['abc\n\n', 'abc\n'],
    'newlines inside stay': ['a\nb', 'a\nb'],
    'a NUL': ['a\0b', 'a\0b'],
    emoji: ['\u{1f511}\u{1f468}\u200d\u{1f469}', '\u{1f511}\u{1f468}\u200d\u{1f469}'],
    'control characters': ['a\x1b[31mb\x07', 'a\x1b[31mb\x07'],
    'quotes and backslashes': ['"\\\u2028', '"\\\u2028'],
    large: [big, big],
};

for (const [what, [typed, expected]] of Object.entries(passwords))
    test(`a password: ${what}`, async (t) => {
        const [sender, team] = [person(t), person(t)];
        const link = await send(sender, typed);
        const { out } = await ok(team.run(['redeem', link, '--field', 'password']));
        assert.equal(out, `${expected}\n`);
    });

const refusedPasswords = {
    empty: '',
    'empty but for a newline': '\n',
    'not UTF-8': Buffer.from([0x61, 0xff]),
    'of 64 KiB, which does not fit in an envelope of 64 KiB': 'x'.repeat(65536),
    'of 2 MiB': 'x'.repeat(2 << 20),
};

for (const [what, typed] of Object.entries(refusedPasswords))
    test(`a password that is refused: ${what}`, async (t) => {
        const sender = person(t);
        const { out, err } = await ok(sender.run(['send'], { stdin: typed }), 2);
        assert.equal(out, '');
        assert.match(err, /Nothing was (done|handed off)/);
        assert.deepEqual(sender.states('sent'), []);
    });

test('a password of 64 KiB where the service takes envelopes of that size', async (t) => {
    const large = await startService(t, { args: ['--max-envelope', '1048576'] });
    const [sender, team] = [person(t, large.url), person(t, large.url)];
    const typed = 'x'.repeat(65536);
    const link = await send(sender, typed);
    const { out } = await ok(team.run(['redeem', link, '--field', 'password']));
    assert.ok(out === `${typed}\n`);
});

test('text and files arrive byte for byte', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const text = 'two lines\nand an end\n\n';
    assert.equal((await ok(team.run(['redeem', await send(sender, text, '--text')]))).out, text);
    const data = Buffer.from(Array.from({ length: 5000 }, (_, i) => i & 255));
    const link = await send(sender, undefined, '--file', sender.file('key.pem', data));
    const got = await ok(team.run(['redeem', link, '--out', 'copy']));
    assert.equal(got.out, '');
    const copy = join(team.dir, 'copy');
    assert.ok(readFileSync(copy).equals(data));
    assert.equal(statSync(copy).mode & 0o777, 0o600);
    const piped = await ok(team.run(['redeem', await send(sender, data, '--file', '-')]));
    assert.ok(piped.bytes.equals(data));
});

test('--out never replaces a file, and then nothing is claimed', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    team.file('mine', 'precious');
    await ok(team.run(['redeem', link, '--out', 'mine']), 2);
    await ok(team.run(['redeem', link, '--out', 'none/such']), 2);
    assert.equal(readFileSync(join(team.dir, 'mine'), 'utf8'), 'precious');
    assert.equal(await stateOf(sender, idOf(link)), 'available');
});

test('--generate makes a password that Microsoft 365 accepts', async (t) => {
    const [sender, team] = [person(t), person(t)];
    for (const length of ['8', '20', '256']) {
        const name = `made${length}`;
        const options = ['--generate', '--length', length, '--password-out', name];
        const link = await send(sender, undefined, ...options);
        const made = readFileSync(join(sender.dir, name), 'utf8');
        assert.equal(made.length, Number(length));
        const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/];
        assert.ok(classes.filter((pattern) => pattern.test(made)).length >= 3, made);
        const { out } = await ok(team.run(['redeem', link, '--field', 'password']));
        assert.equal(out, `${made}\n`);
    }
    await ok(sender.run(['send', '--generate']), 2);
    await ok(sender.run(['send', '--generate', '--length', '7', '--password-out', 'p']), 2);
});

test('--json everywhere', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const sent = JSON.parse(
        (await ok(sender.run(['send', '--code', '--json'], { stdin: 'a"b' }))).out,
    );
    assert.deepEqual(Object.keys(sent), ['id', 'link', 'follow', 'code', 'expires_at']);
    assert.match(sent.code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    const file = team.file('code', sent.code.toLowerCase().replace('-', ' '));
    const { out } = await ok(team.run(['redeem', sent.link, '--code-file', file, '--json']));
    assert.deepEqual(JSON.parse(out), { type: 'credential', password: 'a"b' });
    const seen = JSON.parse((await ok(team.run(['status', sent.id, '--json']))).out);
    assert.deepEqual([seen.state, seen.role], ['delivered', 'received']);
});

// ---- links as they arrive ----

const mangled = {
    'as it is': (link) => link,
    'with a full stop': (link) => `${link}.`,
    'with a comma': (link) => `${link},`,
    'in angle brackets': (link) => `<${link}>`,
    'in quotes': (link) => `"${link}"`,
    'in parentheses, with a full stop': (link) => `(${link}).`,
    'percent-encoded': (link) => link.replace('#', '%23'),
    'wholly percent-encoded': encodeURIComponent,
    'broken over two lines': (link) => `${link.slice(0, 60)}\r\n  ${link.slice(60)}`,
    'with spaces around it': (link) => `  ${link}\n`,
    'wrapped by a mail scanner': (link) =>
        `https://safelinks.example/?url=${encodeURIComponent(link)}&data=05%7C01`,
};

for (const [what, mangle] of Object.entries(mangled))
    test(`a link ${what} opens, as argument and from stdin`, async (t) => {
        const [sender, team] = [person(t), person(t)];
        const [one, two] = [await send(sender, 'one'), await send(sender, 'two')];
        const first = await ok(team.run(['redeem', mangle(one)]));
        assert.equal(first.out, 'password: one\n');
        const second = await ok(team.run(['redeem', '-'], { stdin: mangle(two) }));
        assert.equal(second.out, 'password: two\n');
    });

const spoiled = {
    'cut off in the fragment': [(link) => link.slice(0, -5), /cut off/],
    'without its fragment': [(link) => link.split('#')[0], /from # on is missing/],
    'cut off in the id': [(link) => link.split('#')[0].slice(0, -4), /identifier/],
    'with a letter too many': [(link) => `${link}x`, /added/],
    'altered in the fragment': [(link) => `${link.slice(0, -3)}+/=`, /./],
    'of another kind': [(link) => link.replace(/#./, '#B'), /newer kind/],
    'to elsewhere': [() => 'https://example.org/', /not a handoff/],
    'that is none': [() => 'hello', /no web address/],
    'that is empty': [() => '', /./],
    'over http to elsewhere': [(link) => link.replace(service.host, 'example.org'), /https/],
};

for (const [what, [spoil, pattern]] of Object.entries(spoiled))
    test(`a link ${what} is refused, and nothing is burned`, async (t) => {
        const [sender, team] = [person(t), person(t)];
        const link = await send(sender, 'x');
        const { out, err } = await ok(team.run(['redeem', spoil(link)]), 2);
        assert.equal(out, '');
        assert.match(err, pattern);
        assert.equal(await stateOf(sender, idOf(link)), 'available');
        await ok(team.run(['redeem', link]));
    });

test('a link altered within its key is refused by the service, and nothing is burned', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    const at = link.length - 10;
    const altered = link.slice(0, at) + (link[at] === 'A' ? 'B' : 'A') + link.slice(at + 1);
    await ok(team.run(['redeem', altered]), 4);
    assert.equal(await stateOf(sender, idOf(link)), 'available');
    await ok(team.run(['redeem', link]));
});

test('an id that the service never had is not found', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    const other = idOf(link).replace(/.$/, (c) => (c === '0' ? '1' : '0'));
    await ok(team.run(['redeem', link.replace(idOf(link), other)]), 6);
});

// ---- codes and terminals ----

test('a wrong code is refused with what is left, the right one opens', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x', '--code-file', sender.file('code', 'KMNP-QRST\n'));
    const wrong = team.file('wrong', 'AAAA-AAAA');
    const { err } = await ok(team.run(['redeem', link, '--code-file', wrong]), 4);
    assert.match(err, /Tries left before a pause: 4/);
    await ok(team.run(['redeem', link]), 2);
    await ok(team.run(['redeem', link, '--code-file', team.file('short', 'ab')]), 2);
    const right = team.file('right', 'kmnpqrst');
    assert.equal((await ok(team.run(['redeem', link, '--code-file', right]))).out, 'password: x\n');
});

test('at a terminal: prompts for password, link and code, without echo', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const sent = await ok(sender.tty(['send', '--code'], [[/Password to hand off/, 'typed pw\r']]));
    assert.deepEqual(sent.missed, []);
    assert.ok(!sent.out.includes('typed pw'), 'the password is not echoed');
    const link = /http:\S+#[\w-]{44}/.exec(sent.out)[0];
    const code = /Access code[^:]*: (\S+)/.exec(sent.out)[1];
    const got = await ok(
        team.tty(['redeem'], [
            [/Link \(not shown\)/, `${link}\r`],
            [/Access code \(not shown\)/, 'WRONG-CODE\r'],
            [/wrong[^]*Access code \(not shown\)/, `${code}\r`],
        ]),
    );
    assert.deepEqual(got.missed, []);
    assert.match(got.out, /password: typed pw\r\n/);
    assert.ok(!got.out.includes(link.split('#')[1]) && !got.out.includes(code), 'no echo');
});

test('at a terminal control characters are escaped, in a pipe they are not', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const nasty = 'a\x1b]0;x\x07b\u202ec';
    const { out } = await ok(team.tty(['redeem', await send(sender, nasty)]));
    assert.ok(!/[\x1b\x07\u202e]/.test(out), JSON.stringify(out));
    assert.match(out, /password: a\\x1[bB]/);
    const piped = await ok(team.run(['redeem', await send(sender, nasty), '--field', 'password']));
    assert.equal(piped.out, `${nasty}\n`);
});

test('stdout that takes nothing: the secret is not burned, and run again it comes', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    const full = ['bash', '-c', '"$@" >/dev/full', 'bash'];
    await ok(team.run(['redeem', link], { wrapper: full }), 1);
    assert.equal(await stateOf(sender, idOf(link)), 'claimed');
    const broken = ['bash', '-c', 'exec "$@" > >(exec 0<&-; sleep 0)', 'bash'];
    const result = await team.run(['redeem', link], { wrapper: broken });
    assert.ok([0, 1].includes(result.status), result.said);
    if (result.status === 1)
        assert.equal((await ok(team.run(['redeem', link]))).out, 'password: x\n');
});

// ---- state ----

test('state files and their folders are for their owner alone', async (t) => {
    const [sender, team] = [person(t), person(t)];
    await ok(team.run(['redeem', await send(sender, 'x')]));
    const check = (path) => {
        const folder = statSync(path).isDirectory();
        assert.equal(statSync(path).mode & 0o777, folder ? 0o700 : 0o600, path);
        if (folder)
            for (const name of readdirSync(path))
                check(join(path, name));
    };
    for (const who of [sender, team])
        check(join(who.home, 'handoff'));
    assert.equal(sender.states('sent').length, 1);
    assert.equal(team.states('received').length, 1);
});

test('a damaged state file is left as it is, and said', async (t) => {
    const [sender, team] = [person(t), person(t)];
    const link = await send(sender, 'x');
    const [path] = sender.states('sent');
    const good = readFileSync(path, 'utf8');
    for (const bad of ['', '{', good.slice(0, -20), good.replace('"v":1', '"v":2'), '[]', '\0']) {
        writeFileSync(path, bad);
        assert.match((await ok(sender.run(['status', idOf(link)]), 1)).err, /damaged/);
        assert.match((await ok(sender.run(['revoke', idOf(link)]), 1)).err, /damaged/);
        assert.equal(readFileSync(path, 'utf8'), bad);
    }
    writeFileSync(path, good);
    await ok(team.run(['redeem', link]));
    const [received] = team.states('received');
    writeFileSync(received, 'x');
    await ok(team.run(['confirm', idOf(link), '--as', 'P']), 1);
});

test('a part of an id that is too short, unknown, or not one', async (t) => {
    const sender = person(t);
    const [one, two] = [await send(sender, 'x'), await send(sender, 'y')].map(idOf);
    await ok(sender.run(['status', one.slice(0, 2)]), 2);
    await ok(sender.run(['status', 'ffffffffffff']), 6);
    let common = 0;
    while (one[common] === two[common])
        common++;
    const both = await ok(sender.run(['status', one.slice(0, common)]), 2);
    assert.ok(both.err.includes(one) && both.err.includes(two));
});

// ---- the service away, and misuse ----

test('a service that is down: 3, nothing is lost, and it works when it is back', async (t) => {
    const own = await startService(t);
    const [sender, team] = [person(t, own.url), person(t, own.url)];
    const link = await send(sender, 'x');
    await own.stop();
    for (const args of [['redeem', link], ['status', link], ['confirm', link, '--as', 'P']])
        await ok(team.run(args), 3);
    const sent = await ok(sender.run(['send'], { stdin: 'y' }), 3);
    assert.equal(sent.out, '');
    await ok(sender.run(['list']), 3);
    await own.start();
    assert.equal((await ok(team.run(['redeem', link]))).out, 'password: x\n');
});

test('submissions that are not open are refused', async (t) => {
    const closed = await startService(t, { args: ['--open-submissions', 'no'] });
    const sender = person(t, closed.url);
    await ok(sender.run(['send'], { stdin: 'x' }), 4);
    assert.deepEqual(sender.states('sent'), [], 'nothing is kept of what was refused');
});

const misuse = [
    ['nonsense'],
    [],
    ['send', '--password', 'x'],
    ['send', 'password'],
    ['send', '--expires', '31d'],
    ['send', '--expires', '7'],
    ['send', '--lease', '59s'],
    ['send', '--label', ''],
    ['send', '--label', 'a\nb'],
    ['send', '--text', '--file', 'x'],
    ['send', '--code', '--code-file', 'x'],
    ['send', '--file', 'none-such'],
    ['send', '--code-file', 'none-such'],
    ['send', '--server', 'http://example.org'],
    ['send', '--json=x'],
    ['redeem', 'a', 'b'],
    ['redeem', '--field', 'pin', 'x'],
    ['redeem', '--json', '--field', 'password', 'x'],
    ['redeem'],
    ['confirm', 'x'],
    ['confirm', '--as', '', 'x'],
    ['status'],
    ['status', '--wat', 'x'],
    ['help', 'nonsense'],
];

for (const args of misuse)
    test(`misuse: handoff ${args.map((arg) => JSON.stringify(arg)).join(' ')}`, async (t) => {
        const who = person(t);
        const { err } = await ok(who.run(args, { stdin: 'x' }), 2);
        assert.ok(args.length === 0 || err.length > 0);
        assert.ok(!existsSync(join(who.home, 'handoff', 'sent')), 'nothing was sent');
    });

test('help and version, for each command', async (t) => {
    const who = person(t);
    assert.match((await ok(who.run(['--version']))).out, /^handoff \d+\.\d+\.\d+\n$/);
    const { out } = await ok(who.run(['help']));
    for (const name of ['send', 'redeem', 'confirm', 'reject', 'status', 'list', 'revoke']) {
        assert.match(out, new RegExp(`^  ${name} `, 'm'));
        assert.match((await ok(who.run(['help', name]))).out, new RegExp(`handoff ${name}`));
        await ok(who.run([name, '--help']));
    }
});
