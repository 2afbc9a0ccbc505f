// Goal: servers that tests need run from test roots: a root is made once, by whoever asks first; a server
// in it is reached, sees its neighbours, and sees nothing of the machine but what it was given. When it
// is stopped, or its test is killed, nothing is left. Without privileges a test is told what it needs.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { testNetwork } from '../support/roots/network.mjs';
import { testRoot, webServers } from '../support/roots/roots.mjs';
import { poll, scratch } from '../support/service/service.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const module = join(here, '..', 'support', 'roots', 'roots.mjs');

const nginx = { argv: ['nginx', '-e', 'stderr', '-g', 'daemon off;'], ready: 80 };

// A Node program that uses test roots as a test does, and its words.
function program(text, wrapper = []) {
    const source = `import { testRoot, webServers } from ${JSON.stringify(module)};
        const t = { after() {} };
        ${text}`;
    const argv = [...wrapper, process.execPath, '--input-type=module', '-e', source];
    const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
    const result = { child, said: '' };
    child.stdout.on('data', (data) => (result.said += data));
    child.stderr.on('data', (data) => (result.said += data));
    result.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)));
    return result;
}

function get(address, path = '/') {
    return new Promise((resolve, reject) => {
        const request = http.get({ host: address, path, agent: false }, (reply) => {
            let text = '';
            reply.on('data', (data) => (text += data));
            reply.on('end', () => resolve({ status: reply.statusCode, text }));
        });
        request.on('error', reject);
    });
}

// ---- what is there on the machine ----

const spacesOf = (pid) =>
    ['mnt', 'pid', 'net', 'uts', 'ipc'].map((name) => readlinkSync(`/proc/${pid}/ns/${name}`));

// Processes that are in one of these namespaces.
function within(spaces) {
    return readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => {
            try {
                return spacesOf(pid).some((space) => spaces.includes(space));
            } catch {
                return false; // it has ended
            }
        });
}

const interfaces = () => readdirSync('/sys/class/net');
const mounts = (root) =>
    readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(root));

// The namespaces of a process that are not this test's.
const foreign = (pid) => spacesOf(pid).filter((space) => !spacesOf('self').includes(space));

// The machine's end of the network that an address is in.
function cableTo(address) {
    const { stdout } = spawnSync('ip', ['-oneline', 'route', 'get', address], { encoding: 'utf8' });
    return / dev (handoff\d+) /.exec(stdout)?.[1];
}

async function nothingLeft({ spaces, cable, root }) {
    await poll('its processes to be gone', () => within(spaces).length === 0);
    await poll('its network to be gone', () => !interfaces().includes(cable));
    assert.deepEqual(mounts(root), []);
}

// ---- making ----

// debootstrap and apt are stood in for: what counts here is who runs them, when, and what they leave.
function standIns(t) {
    const dir = scratch(t);
    const log = join(dir, 'log');
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'debootstrap'), `#!/bin/sh
echo debootstrap >>'${log}'
for word; do case $word in */making) to=$word ;; esac; done
mkdir -p "$to/usr/sbin"
[ ! -e '${dir}/hold' ] || exec sleep infinity
`, { mode: 0o755 });
    writeFileSync(join(bin, 'apt-get'), `#!/bin/sh
echo "apt-get $1" >>'${log}'
[ "$1" != indextargets ] || echo "Debian $(. /etc/os-release; echo $VERSION_CODENAME) main mirror: /none"
`, { mode: 0o755 });
    const inside = join(dir, 'roots');
    mkdirSync(inside);
    const wrapper = ['env', `PATH=${bin}:${process.env.PATH}`];
    const make = () => program(
        `console.log((await testRoot([], { inside: ${JSON.stringify(inside)} })).path)`, wrapper);
    const runs = () => (existsSync(log) ? readFileSync(log, 'utf8') : '').match(/^debootstrap$/gm)?.length ?? 0;
    return { dir, inside, make, runs };
}

const rootsIn = (inside) => readdirSync(inside).filter((name) => name.includes('-root-'));

test('two that ask at the same time get one root, made once', async (t) => {
    const { inside, make, runs } = standIns(t);
    const both = [make(), make()];
    for (const { ended } of both)
        await ended;
    assert.equal(both[0].said, both[1].said);
    assert.ok(existsSync(both[0].said.trim()), both[0].said);
    assert.equal(runs(), 1);
    assert.equal(rootsIn(inside).length, 1);
});

test('a make that is killed leaves no half root, and nobody waits for it', async (t) => {
    const { dir, inside, make, runs } = standIns(t);
    writeFileSync(join(dir, 'hold'), '');
    const first = make();
    await poll('the first to be at work', () => runs() === 1);
    const second = make();
    first.child.kill('SIGKILL');
    await first.ended;
    await poll('the second to be at work', () => runs() === 2);
    assert.deepEqual(rootsIn(inside), []);
    second.child.kill('SIGKILL');
    await second.ended;
    rmSync(join(dir, 'hold'));
    mkdirSync(join(inside, 'made-otherwise-root-before'));
    const third = make();
    assert.equal(await third.ended, 0, third.said);
    assert.equal(runs(), 3);
    assert.deepEqual(rootsIn(inside), [basename(third.said.trim())], 'none of an earlier way either');
    assert.ok(existsSync(join(third.said.trim(), 'usr', 'sbin', 'policy-rc.d')));
});

test('a package that there is not is a clear error', async () => {
    await assert.rejects(testRoot(['no-such-package']), (error) => {
        assert.match(error.message, /^the test root of no-such-package could not be made:/);
        assert.match(error.message, /Unable to locate package no-such-package/);
        return true;
    });
});

test('without privileges a test is told what is needed, and fails', async () => {
    // Nobody, but one that may read the tree wherever it lies.
    const result = program('await testRoot(webServers);', ['setpriv', '--reuid=65534', '--regid=65534',
        '--clear-groups', '--inh-caps=-all,+dac_read_search', '--ambient-caps=+dac_read_search']);
    assert.equal(await result.ended, 1, result.said);
    assert.match(result.said, /test roots need root: run the tests as root or with sudo/);
});

// ---- running ----

test('a server is reached, and is gone when it is stopped', async (t) => {
    const root = await testRoot(webServers);
    const server = await root.run(t, nginx);
    assert.match((await get(server.address)).text, /Welcome to nginx/);
    const left = { spaces: foreign(server.pid), cable: cableTo(server.address), root: root.path };
    assert.equal(left.spaces.length, 5);
    assert.ok(left.cable);
    assert.ok(within(left.spaces).length >= 3, 'nginx, its worker and what looks after them');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    await server.network.stop();
    await nothingLeft(left);
});

test('nothing is left of a test that is killed', async () => {
    const killed = program(`const server = await (await testRoot(webServers)).run(t, ${JSON.stringify(nginx)});
        console.log(JSON.stringify({ pid: server.pid, address: server.address, path: server.root.path }));
        setInterval(() => {}, 1000);`);
    const line = await poll('its server to run', () => {
        assert.equal(killed.child.exitCode, null, killed.said);
        return /^\{.*\}$/m.exec(killed.said)?.[0];
    }, 60000);
    const { pid, address, path } = JSON.parse(line);
    assert.equal((await get(address)).status, 200);
    const left = { spaces: foreign(pid), cable: cableTo(address), root: path };
    killed.child.kill('SIGKILL');
    assert.equal(await killed.ended, 'SIGKILL');
    await nothingLeft(left);
});

test('two servers in a network see each other by name, and nothing beyond', async (t) => {
    const root = await testRoot(webServers);
    const network = await testNetwork(t);
    const [one, two] = [await root.run(t, { ...nginx, network, name: 'one' }),
        await root.run(t, { ...nginx, network, name: 'two' })];
    const sees = async (host, port = 80) =>
        (await two.exec(['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${host}/${port}`])).status === 0;
    assert.ok(await sees('one'));
    assert.ok(await sees('two'));
    const service = http.createServer((request, reply) => reply.end()).listen(0, network.host);
    t.after(() => service.close());
    await poll('the machine to listen', () => service.listening);
    assert.ok(await sees('machine', service.address().port));
    assert.equal((await two.exec(['hostname'])).out, 'two\n');
    assert.ok(!(await sees('192.0.2.1')), 'nothing leads out');

    await one.unplug();
    assert.ok(!(await sees('one')));
    await one.replug();
    await poll('one to be seen again', () => sees('one'));

    await one.kill();
    assert.ok(!(await sees('one')));
    await one.start();
    assert.ok(await sees('one'), 'at the address that it had');
});

test('a server has what it was given, and leaves its root as it is', async (t) => {
    const root = await testRoot(webServers);
    const dir = scratch(t);
    for (const name of ['read', 'write']) {
        mkdirSync(join(dir, name));
        writeFileSync(join(dir, name, 'file'), name);
    }
    const binds = [{ from: join(dir, 'read'), to: '/given/read' },
        { from: join(dir, 'write'), to: '/given/write', write: true }];
    const options = { binds, cwd: '/given', env: { WORD: 'told' }, input: 'input' };
    const look = 'cat read/file; echo " $WORD"; cat; echo more >>write/file; echo own >/etc/own; echo no >>read/file';
    const { status, out, err } = await root.exec(['sh', '-c', look], options);
    assert.equal(out, 'read told\ninput');
    assert.notEqual(status, 0);
    assert.match(err, /Read-only file system/);
    assert.equal(readFileSync(join(dir, 'write', 'file'), 'utf8'), 'writemore\n');
    assert.ok(!existsSync(join(root.path, 'etc', 'own')));
    assert.equal((await root.exec(['id', '-un'], { user: 'www-data' })).out, 'www-data\n');
    const seen = await root.exec(['sh', '-c', `ls -d '${here}'; ls /sys/class/net; grep -c . /proc/net/dev; kill -0 ${process.pid}`]);
    assert.equal(seen.out, '3\n', 'nothing of the machine, and of networks only lo');
    assert.notEqual(seen.status, 0);
});

test('a server that ends at once, and a bind of nothing, say so', async (t) => {
    const root = await testRoot(webServers);
    await assert.rejects(root.run(t, { argv: ['nginx', '-c', '/none'], ready: 80 }), /nginx ended:[^]*\/none/);
    await assert.rejects(root.exec(['true'], { binds: [{ from: join(here, 'none'), to: '/x' }] }), /a bind of what is there/);
});

test('no service was started when the root was made, and none may be', async () => {
    const root = await testRoot(webServers);
    const { status, out } = await root.exec(['sh', '-c', 'policy-rc.d; echo $?; ls /run/nginx.pid']);
    assert.notEqual(status, 0);
    assert.equal(out, '101\n');
});
