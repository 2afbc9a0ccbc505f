// Goal: the service is configured by a file as by its flags; what is wrong in the file is told with file
// and line before anything is served; SIGHUP applies what can change, names what cannot, and a file
// that has become wrong changes nothing. The manual pages say what the program does.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Client, done, makeHandoff, problem } from '../support/http/http.mjs';
import { operate, operated } from '../support/service/operator.mjs';
import { build, poll, scratch, startService } from '../support/service/service.mjs';

function fileIn(dir) {
    const path = join(dir, 'handoffd.conf');
    const write = (text) => {
        writeFileSync(path, text);
        chmodSync(path, 0o600);
    };
    return { path, write };
}

test('each kind of error: status 2, file and line, nothing served, nothing made', async (t) => {
    const dir = scratch(t);
    const { path, write } = fileIn(dir);
    const errors = [
        ['colour = red\n', `${path}:1: no such option 'colour'`],
        ['# a\n\nthreads = 1\nthreads = 2\n', `${path}:4: threads is given twice`],
        ['data = /x\nthreads = 1000\n', `${path}:2: threads must be a number from 1 to 64`],
        ['listen = everywhere\n', `${path}:1: listen must be an IPv4 address`],
        ['max-envelope = 64K\n', `${path}:1: max-envelope must be a number from 297 to 1048576`],
        ['trusted-proxies = "10.0.0.1/8"\n', `${path}:1: trusted-proxies must be addresses`],
        ['rate-limit = 0\n', `${path}:1: rate-limit must be a number from 1`],
        ['base-url = "ftp://x"\n', `${path}:1: base-url must be http`],
        ['threads\n', `${path}:1: `],
        ['threads = "1\n', `${path}:1: `],
        ['limits {\n', `${path}:1: no such option 'limits'`],
        ['tls-cert = /a\n', 'tls-cert and tls-key go together'],
    ];
    for (const [text, words] of errors) {
        write(text);
        for (const command of [[], ['check']]) {
            const { status, stdout, stderr } = await operate([...command, '--config', path, '--data', join(dir, 'data')]);
            assert.equal(status, 2, `${text}: ${stderr}`);
            assert.equal(stdout, '');
            assert.ok(stderr.startsWith(`handoffd: ${words}`), `${text} gave ${stderr}`);
        }
    }
    write('threads = 1\n');
    chmodSync(path, 0o666);
    assert.match((await operate(['--config', path])).stderr, /others could change it/);
    assert.match((await operate(['--config', join(dir, 'none')])).stderr, /none: No such file/);
});

test('what cannot be looked at is not taken for absent: no service under other settings than were meant', async (t) => {
    const dir = scratch(t);
    const closed = join(dir, 'closed');
    mkdirSync(closed);
    writeFileSync(join(closed, 'handoffd.conf'), 'threads = none\n');
    writeFileSync(join(closed, 'handoff-master-key'), 'x\n');
    const { status, stderr } = await operate(['check', '--config', '/dev/null/x']);
    assert.equal(status, 2, stderr);
    const args = ['--data', join(dir, 'data'), '--listen', '127.0.0.1:0'];
    for (const name of ['CONFIGURATION_DIRECTORY', 'CREDENTIALS_DIRECTORY']) {
        // A file in the directory's place gives the error that root, too, is given.
        const env = { [name]: join(closed, 'handoffd.conf') };
        const refused = await operate(args, { env });
        assert.equal(refused.status, 2, `${name}: ${refused.stderr}`);
        assert.match(refused.stderr, /Not a directory/);
    }
    assert.ok(!existsSync(join(dir, 'data')), 'nothing was made');
});

test('a FIFO or a NUL in the place of a configuration is refused, and holds nobody up', async (t) => {
    const dir = scratch(t);
    const fifo = join(dir, 'fifo');
    assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
    const first = await operate(['--config', fifo]);
    assert.equal(first.status, 2);
    assert.match(first.stderr, /must be a regular file/);
    const { path, write } = fileIn(dir);
    write('data = /x\nthreads = 3 \0bogus\n');
    const second = await operate(['--config', path]);
    assert.equal(second.status, 2);
    assert.match(second.stderr, /handoffd\.conf:2: is not understood/);
});

test('the usual file is that of systemd; flags go before it', async (t) => {
    const dir = scratch(t);
    mkdirSync(join(dir, 'conf'));
    const { write } = fileIn(join(dir, 'conf'));
    write('log-level = debug\nlog-format = json\nopen-submissions = no\n');
    const service = await startService(t, {
        env: { CONFIGURATION_DIRECTORY: join(dir, 'conf') },
        args: ['--log-format', 'text'],
    });
    const client = new Client(service);
    t.after(() => client.close());
    problem(await (await makeHandoff()).put(client), 401, 'unauthorized');
    await poll('a request in the log', () => / debug | info request \d+ PUT/.test(service.log));
    assert.doesNotMatch(service.log, /^\{/m);
});

test('SIGHUP: what can change does, what cannot is named, what is wrong changes nothing', async (t) => {
    const dir = scratch(t);
    const { path, write } = fileIn(dir);
    write('open-submissions = no\n');
    const service = await startService(t, { args: ['--config', path] });
    const client = new Client(service);
    t.after(() => client.close());
    const hangUp = async (words) => {
        const before = service.log.split(words).length;
        service.signal('SIGHUP');
        await poll(words, () => service.log.split(words).length > before);
    };
    problem(await (await makeHandoff()).put(client), 401, 'unauthorized');
    write('open-submissions = yes\nmax-envelope = 300\n');
    await hangUp('were read again');
    assert.match(service.log, /max-envelope was changed: that takes effect at the next start/);
    done(await (await makeHandoff()).put(client), 201);
    write('open-submissions = no\nthreads = none\n');
    await hangUp('nothing was changed');
    assert.ok(service.log.includes(`${path}:2: threads must be`), service.log);
    done(await (await makeHandoff()).put(client), 201);
});

test('what an operator should think about again is in the log', async (t) => {
    const service = await startService(t, { args: ['--base-url', 'http://handoff.example'] });
    await poll('the warning', () => /warning base-url is http/.test(service.log));
});

test('the manual pages are sound, and have every option', async () => {
    const man = (name) => join(build, 'docs', 'man', name);
    const { stdout: help } = await operated(['--help']);
    const options = [...help.matchAll(/^ {2}--([a-z-]+) [A-Z<y]/gm)].map(([, name]) => name);
    assert.ok(options.length >= 25);
    const pages = [man('handoffd.8'), man('handoffd.conf.5'), join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../docs/man/handoff.1')];
    const lint = spawnSync('mandoc', ['-Tlint', '-W', 'warning', ...pages], { encoding: 'utf8' });
    assert.equal(lint.status, 0, lint.stdout);
    for (const page of pages.slice(0, 2)) {
        const { stdout } = spawnSync('mandoc', ['-Tascii', page], { encoding: 'utf8' });
        const text = stdout.replaceAll(/.\x08/g, '');
        for (const option of options.filter((name) => name !== 'config'))
            assert.ok(text.includes(option), `${page} has ${option}`);
    }
});
