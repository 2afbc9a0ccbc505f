// Goal: somebody who has the service run code of his own can do little with it. A library preloaded
// into the real daemon tries each act in a thread that answers requests: in the sandbox it is refused,
// without it the same act goes through. What the kernel lacks is told or ends the start; another user
// can be become; the unit is as tight as it says. In the sandbox the service does all that it did.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
    chmodSync,
    chownSync,
    copyFileSync,
    existsSync,
    mkdirSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

import { makePair } from '../support/service/certificates.mjs';
import { Client, deliver, sendHandoff } from '../support/http/http.mjs';
import { operate } from '../support/service/operator.mjs';
import { build, handoffd, poll, scratch, startService } from '../support/service/service.mjs';

const { EACCES, EPERM, ENOSYS } = constants.errno;
const acts = join(build, 'tests', 'fault', 'acts.so');
const unit = join(dirname(fileURLToPath(import.meta.url)), '../../docs/systemd/handoffd.service');
const root = process.getuid() === 0;
const whole = 'sandbox: no new privileges, no capabilities, landlock \\d+, seccomp';

const preload = (dir, more = {}) => ({ LD_PRELOAD: acts, ACTS_DIR: dir, ...more });

const statusOf = (path) =>
    Object.fromEntries(readFileSync(path, 'utf8').split('\n').map((line) => line.split(/:\s*/)));

// What this test itself may do, and with it a service that has no sandbox.
const own = statusOf('/proc/self/status');
const may = (capability) => (BigInt(`0x${own.CapEff}`) >> BigInt(capability)) & 1n;
const unfiltered = own.Seccomp === '0';

// Has the service do them, in its own words; returns the errno of each.
async function perform(service, lines) {
    const [told, done] = ['acts', 'done'].map((name) => join(service.data, name));
    rmSync(done, { force: true });
    writeFileSync(`${told}.tell`, lines.map((line) => `${line}\n`).join(''));
    renameSync(`${told}.tell`, told);
    await (await fetch(`${service.url}/livez`)).text();
    await poll('the acts are done', () => existsSync(done));
    const found = readFileSync(done, 'utf8').trim().split('\n');
    assert.equal(found.length, lines.length);
    return found.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
}

async function loopback(t) {
    const server = net.createServer((socket) => socket.destroy());
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    return server.address().port;
}

const name = (errno) => Object.entries(constants.errno).find(([, n]) => n === errno)?.[0] ?? errno;

// Each act, what the sandbox answers, and what it gives without: 0, one of several, or, where a right
// is needed for it that not everyone has, its number.
function catalogue(t, dir, port) {
    const beside = join(dir, 'beside');
    const file = join(beside, 'file');
    mkdirSync(beside);
    writeFileSync(file, 'text');
    const reached = (errno) => !unfiltered || errno !== EPERM;
    const needs = (capability) => (errno) => (may(capability) ? errno === 0 : errno === EPERM);
    const done = (errno) => errno === 0;
    const [admin, chroot, setuid, override, resource] = [21, 18, 7, 1, 24];
    return [
        ['read /etc/passwd', EACCES, done],
        ['read /etc', EACCES, done],
        ['read /', EACCES, done],
        ['read /proc/self/environ', EACCES, (errno) => errno === 0 || !root],
        [`read ${file}`, EACCES, done],
        [`write ${file}`, EACCES, done],
        [`write ${join(beside, 'new')}`, EACCES, done],
        [`mkdir ${join(beside, 'folder')}`, EACCES, done],
        [`mkdir ${join(dir, 'data', 'folder')}`, EACCES, done],
        [`mkfifo ${join(dir, 'data', 'fifo')}`, EACCES, done],
        [`symlink ${join(dir, 'data', 'link')}`, EACCES, done],
        [`truncate ${file}`, EPERM, done],
        [`chmod ${file}`, EPERM, done],
        [`unlink ${file}`, EACCES, done],
        ['fork -', EPERM, done],
        ['exec /bin/true', EPERM, done],
        ['ptrace -', EPERM, done],
        ['vm-read -', EPERM, done],
        ['vm-write -', EPERM, done],
        [`kill ${process.pid}`, EPERM, done],
        [`tgkill ${process.pid}`, EPERM, done],
        ['socket 1', EPERM, done],
        ['socket 2', EPERM, done],
        ['socket 16', EPERM, done],
        ['bind 0', EACCES, done],
        [`connect ${port}`, EPERM, done],
        ['map-code 5', EPERM, done],
        ['map-code 7', EPERM, done],
        ['make-code -', EPERM, done],
        ['unshare -', EPERM, done],
        ['mount /nowhere', EPERM, (errno) => (may(admin) ? errno !== EPERM : true)],
        ['chroot /', EPERM, needs(chroot)],
        ['setuid -', EPERM, needs(setuid)],
        ['capability -', EPERM, needs(override)],
        ['core -', EPERM, needs(resource)],
        ['dumpable -', EPERM, done],
        ['personality -', EPERM, done],
        ['call bpf', EPERM, may(admin) ? reached : () => true],
        ...['io_uring_setup', 'keyctl', 'memfd_create', 'name_to_handle_at', 'perf_event_open',
            'pidfd_open', 'setns', 'shmat', 'userfaultfd'].map((call) => [`call ${call}`, EPERM, reached]),
        ...(process.arch === 'x64' ? [['x32 -', EPERM, (errno) => [0, ENOSYS].includes(errno)]] : []),
    ];
}

async function actors(t, args) {
    const service = await startService(t);
    await service.stop();
    await service.start({ args, env: preload(service.data) });
    return service;
}

test('in the sandbox every act is refused, and the service goes on', async (t) => {
    const service = await actors(t, ['--sandbox', 'required']);
    const list = catalogue(t, service.dir, await loopback(t));
    const got = await perform(service, list.map(([act]) => act));
    const seen = list.map(([act], i) => `${act}: ${name(got[i])}`);
    assert.deepEqual(seen, list.map(([act, refused]) => `${act}: ${name(refused)}`));
    assert.match(service.log, new RegExp(`info ${whole}$`, 'm'));
    const client = new Client(service);
    await deliver(client);
    client.close();
});

test('without it the same acts go through', async (t) => {
    const service = await actors(t, ['--sandbox', 'off']);
    const list = catalogue(t, service.dir, await loopback(t));
    const got = await perform(service, list.map(([act]) => act));
    const seen = list.map(([act, , free], i) => !free(got[i]) && `${act}: ${name(got[i])}`);
    assert.deepEqual(seen.filter(Boolean), []);
    assert.match(service.log, /warning sandbox: off/);
});

test('every thread is in it', async (t) => {
    const service = await startService(t);
    const tasks = readdirSync(`/proc/${service.pid}/task`);
    assert.ok(tasks.length > 3);
    for (const task of tasks) {
        const status = statusOf(`/proc/${service.pid}/task/${task}/status`);
        assert.equal(status.NoNewPrivs, '1');
        assert.equal(status.Seccomp, '2');
        // Only who may empty the bounding set can; it is of no use without new privileges.
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb', ...(root ? ['CapBnd'] : [])])
            assert.match(status[set], /^0+$/, `${set} of ${task}`);
    }
});

// ---- what is missing ----

test('what the kernel lacks is a warning, and the end where the sandbox is required', async (t) => {
    for (const [lack, rest, act, refused] of [
        ['landlock', 'no new privileges, no capabilities, seccomp', 'fork -', EPERM],
        ['seccomp', 'no new privileges, no capabilities, landlock \\d+', 'connect 1', EACCES],
    ]) {
        const service = await startService(t);
        await service.stop();
        const env = preload(service.data, { ACTS_WITHOUT: lack });
        await service.start({ env });
        assert.match(service.log, new RegExp(`warning sandbox: without ${lack}: this kernel has none$`, 'm'));
        assert.match(service.log, new RegExp(`info sandbox: ${rest}$`, 'm'));
        assert.deepEqual(await perform(service, [act]), [refused], 'the rest holds');
        await service.stop();

        const socket = join(service.dir, 'socket');
        const { status, stdout, stderr } = await operate(
            ['--data', service.data, '--listen', `unix:${socket}`, '--sandbox', 'required'], { env });
        assert.equal(status, 1, stderr);
        assert.equal(stdout, '');
        assert.match(stderr, new RegExp(`^handoffd: the sandbox is required and lacks ${lack}: this kernel has none;`, 'm'));
        assert.ok(!existsSync(socket), 'the socket is gone again');
    }
});

test('an older Landlock does what it can', async (t) => {
    const service = await startService(t);
    for (const version of [1, 2, 3, 4, 5, 6]) {
        await service.stop();
        service.log = '';
        await service.start({
            args: ['--sandbox', 'required'],
            env: preload(service.data, { ACTS_LANDLOCK: String(version) }),
        });
        assert.match(service.log, new RegExp(`info sandbox: .* landlock ${version}, seccomp$`, 'm'));
        const got = await perform(service, ['read /etc/passwd', `truncate ${join(service.dir, 'x')}`, 'bind 0']);
        assert.deepEqual(got, [EACCES, EPERM, version < 4 ? 0 : EACCES], `version ${version}`);
        const client = new Client(service);
        await deliver(client);
        client.close();
    }
});

// ---- from outside ----

const attach = (user, pid) => {
    const { status, stdout } = spawnSync(join(build, 'tests', 'fault', 'attach'), [user, pid].map(String), { encoding: 'utf8' });
    assert.equal(status, 0);
    return Object.fromEntries(stdout.trim().split('\n').map((line) => line.split(' ')));
};

const numberOf = (option, user) =>
    Number(spawnSync('id', [option, user], { encoding: 'utf8' }).stdout);
const nobody = { uid: numberOf('-u', 'nobody'), gid: numberOf('-g', 'nobody') };

// A service that nobody runs, at a port that only root may open, where root can start it; elsewhere
// one of our own.
async function asNobody(t, more = []) {
    const service = await startService(t);
    if (!root)
        return service;
    await service.stop();
    rmSync(service.data, { recursive: true });
    chmodSync(service.dir, 0o711);
    Object.assign(service, { log: '', directPort: 99, port: 99 }); // its address is its own
    return service.start({ args: ['--user', 'nobody', ...more] });
}

test('no other process of its user can look into it', async (t) => {
    const service = await asNobody(t);
    const user = root ? nobody.uid : 0;
    assert.deepEqual(attach(user, service.pid), { mem: `${EACCES}`, environ: `${EACCES}`, 'vm-read': `${EPERM}`, ptrace: `${EPERM}` });
    assert.deepEqual(attach(user, 0), { mem: '0', environ: '0', 'vm-read': '0', ptrace: '0' });
});

// ---- the user ----

test('started as root it becomes the user, whose data and socket they are', async (t) => {
    const run = join(scratch(t), 'run');
    mkdirSync(run);
    chmodSync(dirname(run), 0o711);
    if (root)
        chownSync(run, nobody.uid, nobody.gid);
    const socket = join(run, 'metrics');
    const service = await asNobody(t, ['--metrics-listen', `unix:${socket}`]);
    if (root) {
        const { Uid, Gid, Groups } = statusOf(`/proc/${service.pid}/status`);
        assert.deepEqual(Uid.split('\t'), Array(4).fill(String(nobody.uid)));
        assert.deepEqual(Gid.split('\t'), Array(4).fill(String(nobody.gid)));
        assert.doesNotMatch(Groups, /\b0\b/, 'none of root\'s groups');
        for (const path of [service.data, join(service.data, 'handoff.db'), socket])
            assert.equal(statSync(path).uid, nobody.uid, path);
        assert.equal(statSync(service.data).mode & 0o777, 0o700);
        assert.doesNotMatch(service.log, /runs as root/);
    }
    const client = new Client(service);
    await deliver(client);
    client.close();
    await service.stop();
    assert.ok(!existsSync(socket), 'the socket is removed by whose it is');
});

test('a user that there is not, or that cannot be become, ends the start', async (t) => {
    const dir = scratch(t);
    const data = join(dir, 'data');
    const unknown = await operate(['--data', data, '--listen', '127.0.0.1:0', '--user', 'no-such-user']);
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /there is no user no-such-user: make it/);
    // The program is copied to where an ordinary user may run it.
    const copy = join(dir, 'handoffd');
    copyFileSync(handoffd, copy);
    chmodSync(copy, 0o755);
    chmodSync(dir, 0o711);
    const ordinary = root ? ['setpriv', `--reuid=${nobody.uid}`, '--clear-groups', copy] : [copy];
    const [program, ...args] = [...ordinary, '--data', data, '--listen', '127.0.0.1:0', '--user', 'root'];
    const refused = spawnSync(program, args, { encoding: 'utf8' });
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /only root can become root: start the service as root or as root, or/);
    assert.ok(!existsSync(data), 'nothing was made');
});

test('root is told that it should be somebody else', async (t) => {
    const service = await startService(t);
    assert.equal(/warning the service runs as root/.test(service.log), root);
});

// ---- what goes on to work ----

function shown(service) {
    return new Promise((resolve, reject) => {
        const socket = tls.connect({ host: service.host, port: service.port, rejectUnauthorized: false }, () => {
            resolve(socket.getPeerCertificate().fingerprint256);
            socket.destroy();
        });
        socket.on('error', reject);
    });
}

test('a certificate renewed behind symbolic links, and a configuration put in place of the old one', async (t) => {
    const dir = scratch(t);
    const [live, archive, conf] = ['live', 'archive', 'conf'].map((folder) => join(dir, folder));
    [live, archive, conf].forEach((folder) => mkdirSync(folder));
    const pairs = [makePair(archive, 'first'), makePair(archive, 'second')];
    const [cert, key] = [join(live, 'cert.pem'), join(live, 'key.pem')];
    const use = (pair) => {
        for (const [from, to] of [[pair.cert, cert], [pair.key, key]]) {
            symlinkSync(join('../archive', from.split('/').pop()), `${to}.new`);
            renameSync(`${to}.new`, to);
        }
    };
    const path = join(conf, 'handoffd.conf');
    const write = (text) => {
        writeFileSync(`${path}.new`, text, { mode: 0o600 });
        renameSync(`${path}.new`, path);
    };
    use(pairs[0]);
    write(`tls-cert = "${cert}"\ntls-key = "${key}"\nsandbox = required\n`);
    const service = await startService(t, { args: ['--config', path] });
    assert.equal(await shown(service), pairs[0].fingerprint);
    use(pairs[1]);
    write(`tls-cert = "${cert}"\ntls-key = "${key}"\nsandbox = on\n`);
    service.signal('SIGHUP');
    await poll('it was read again', () => /were read again|nothing was changed/.test(service.log));
    assert.match(service.log, /sandbox was changed: that takes effect at the next start/);
    assert.equal(await shown(service), pairs[1].fingerprint);
});

test('the metrics tell of the process itself', async (t) => {
    const service = await startService(t, { args: ['--metrics-listen', '127.0.0.1:0'] });
    const [, place] = await poll('the metrics listen', () => /metrics at (\S+)/.exec(service.log));
    const page = await (await fetch(`http://${place}/metrics`)).text();
    for (const value of ['process_resident_memory_bytes', 'process_open_fds'])
        assert.match(page, new RegExp(`^${value} [1-9]\\d+$`, 'm'));
});

// ---- the unit ----

test('the unit is sound, and exposes little', (t) => {
    const copy = join(scratch(t), 'handoffd.service');
    const text = readFileSync(unit, 'utf8');
    assert.match(text, /^ExecStart=\/usr\/sbin\/handoffd$/m);
    writeFileSync(copy, text.replace('/usr/sbin/handoffd', handoffd));
    const analyze = (args) => spawnSync('systemd-analyze', args, { encoding: 'utf8', env: { ...process.env, SYSTEMD_PAGER: '', LC_ALL: 'C' } });
    const verified = analyze(['verify', '--man=no', copy]);
    assert.equal(verified.status, 0, verified.stderr);
    assert.equal(verified.stderr, '');
    const { stdout, stderr } = analyze(['security', '--offline=yes', unit]);
    const level = /Overall exposure level for handoffd\.service: ([\d.]+)/.exec(stdout)?.[1];
    assert.ok(level !== undefined && Number(level) <= 1.5, `${level} ${stderr}`);
    t.diagnostic(`exposure ${level}`);
});
