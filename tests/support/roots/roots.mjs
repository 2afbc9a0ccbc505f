// Test roots: the servers that tests need, each in a small Debian of its own under build/roots, so that
// none is installed on the machine. A root is made once for its list of packages, and kept.
//
//     const root = await testRoot(['nginx-light']);
//     const server = await root.run(t, { argv: ['nginx', '-g', 'daemon off;'], binds, ready: 80 });
//     const { status, out } = await root.exec(['nginx', '-v']);
//
// A server runs in mount, pid and network namespaces of its own, and has an address that the test
// reaches (see network.mjs). What it writes outside its writable binds is gone when it ends; and it
// ends with its test, also when that is killed.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { poll } from '../service/service.mjs';
import { TestNetwork } from './network.mjs';
import { collect, ended, own, wanted } from './spaces.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(dirname(dirname(dirname(here))), 'build', 'roots');
const stopMs = 10000;
const readyMs = 30000;
const connectMs = 1000;

const hash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 12);

// What the tests of proxies and metrics need: one root, made once, is cheaper than three. A new list has
// its line in all.mjs too, so that ./dev makes the root before the tests.
export const webServers = ['caddy', 'nginx-light', 'prometheus'];

// ---- making ----

const making = new Map();

// The root that holds these packages of Debian; made when it is not there. In `inside` roots are kept.
export async function testRoot(packages, { inside = folder } = {}) {
    wanted();
    const list = [...new Set(packages)].sort();
    const key = `${inside} ${list}`;
    if (!making.has(key))
        making.set(key, make(inside, list));
    return making.get(key);
}

function release() {
    const text = readFileSync('/etc/os-release', 'utf8');
    return /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] ?? 'unknown';
}

async function make(inside, list) {
    const recipe = hash(readFileSync(join(here, 'make')));
    const kind = `${release()}-${process.arch}-${recipe}-root`;
    const base = `${kind}-${hash('')}`;
    const name = `${kind}-${hash(list.join(' '))}`;
    if (!existsSync(join(inside, name))) {
        mkdirSync(inside, { recursive: true });
        const argv = own(['mount', 'pid'], [join(here, 'make'), inside, name, base, ...list]);
        const { status, said } = await collect(spawn(argv[0], argv.slice(1)));
        const told = said.trim().split('\n').slice(-20).join('\n');
        assert.equal(status, 0, `the test root of ${list.join(', ')} could not be made:\n${told}`);
    }
    return new TestRoot(inside, name);
}

// ---- running ----

// options, all of them optional:
//     binds     [{ from, to, write }]: files and folders of the machine, read-only without write
//     env       the environment, beside PATH, HOME and LANG
//     user, cwd who runs it (root), and where (/), both inside the root
function command(root, argv, options, extra = []) {
    const { binds = [], user, cwd } = options;
    const words = binds.flatMap(({ from, to, write }) => {
        assert.ok(existsSync(from), `a bind of what is there: ${from}`);
        assert.ok(!`${from}${to}`.includes(':'), `a bind without a colon: ${from}, ${to}`);
        return [write ? 'bind-rw' : 'bind', `${from}:${to}`];
    });
    for (const [name, value] of Object.entries({ user, cwd }))
        if (value !== undefined)
            words.push(name, value);
    return [join(here, 'enter'), root.inside, root.name, ...words, ...extra, '--', ...argv];
}

const environment = (more) => ({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    ...more,
});

const closed = 'mount pid net uts ipc'.split(' ');
const shared = 'mount pid uts ipc'.split(' ');

class TestRoot {
    constructor(inside, name) {
        this.inside = inside;
        this.name = name;
    }

    get path() {
        return join(this.inside, this.name);
    }

    // Runs a program to its end, without a network. options: those above, input. Gives { status, out,
    // err, said }.
    async exec(argv, options = {}) {
        wanted();
        const words = own(closed, command(this, argv, options));
        const child = spawn(words[0], words.slice(1), {
            env: environment(options.env),
            stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
        });
        child.stdio[3].resume();
        return collect(child, options.input);
    }

    // Starts a server that ends with the test. options: those above, and
    //     argv      the server, not as a daemon
    //     network   a network (one of its own, without it), or 'machine': the machine's own
    //     address   where it is in the network: one that network.reserve() gave
    //     ready     a port that it must listen on, or a function of the server that is asked until it
    //               gives something true
    async run(t, options) {
        wanted();
        const server = new Server(this, options);
        t.after(() => server.stop());
        if (options.network !== 'machine') {
            server.network = options.network ?? (await TestNetwork.start(t));
            server.address = options.address ?? server.network.reserve(options.name);
        }
        await server.start();
        return server;
    }
}

class Server {
    #child;
    #ended;
    #log;
    #how = null;

    constructor(root, options) {
        this.root = root;
        this.options = options;
        this.address = '127.0.0.1';
    }

    // Again after stop or kill: at the same address, on what it wrote to its writable binds.
    async start() {
        const extra = this.network
            ? ['plug', this.network.plug(this.address), 'hosts', this.network.hosts(),
                'name', this.network.nameOf(this.address)]
            : ['hosts', '127.0.0.1 localhost'];
        const spaces = this.network ? closed : shared;
        const argv = own(spaces, command(this.root, this.options.argv, this.options, extra));
        this.#log ??= unnamedFile(this.root.inside);
        this.#how = null;
        this.pid = undefined;
        this.#child = spawn(argv[0], argv.slice(1), {
            env: environment(this.options.env),
            stdio: ['ignore', this.#log, this.#log, 'pipe'],
        });
        const child = this.#child;
        let told = '';
        child.stdio[3].on('data', (data) => (told += data));
        this.#ended = ended(child).then((how) => (this.#how = how));
        const alive = (seen) => {
            assert.equal(this.#how, null, `${this.options.argv[0]} ended:\n${this.logs}`);
            return seen;
        };
        this.pid = await poll('the program to be started', () => alive(/^(\d+)\n/.exec(told)?.[1]), readyMs);
        const { ready } = this.options;
        const probe = typeof ready === 'number' ? () => this.listens(ready) : () => !ready || ready(this);
        try {
            const either = async () => alive(await Promise.race([probe(), this.#ended.then(() => false)]));
            await poll(`${this.options.argv[0]} to be ready`, either, readyMs);
        } catch (error) {
            error.message += `\n${this.logs}`;
            throw error;
        }
        return this;
    }

    // Whether a connection to this port is taken.
    listens(port) {
        return new Promise((resolve) => {
            const socket = net.connect({ host: this.address, port });
            const no = () => socket.destroy() && resolve(false);
            socket.on('error', no).setTimeout(connectMs, no);
            socket.on('connect', () => socket.destroy() && resolve(true));
        });
    }

    // What it has written to its standard output and error, over all its starts.
    get logs() {
        const bytes = Buffer.alloc(fstatSync(this.#log).size);
        readSync(this.#log, bytes, 0, bytes.length, 0);
        return bytes.toString('utf8');
    }

    get running() {
        return this.#child !== undefined && this.#how === null;
    }

    // To the server's first process. One that has ended hears nothing.
    signal(name) {
        try {
            process.kill(Number(this.pid), name);
        } catch (error) {
            assert.equal(error.code, 'ESRCH');
        }
    }

    // As an operator stops it: gives how it ended, { code, signal }. What does not end is killed.
    async stop(signal = 'SIGTERM') {
        if (this.running) {
            if (this.pid)
                this.signal(signal);
            const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.pid ? stopMs : 0);
            await this.#ended;
            clearTimeout(timer);
        }
        return this.#how;
    }

    // All its processes at once, as a power failure stops a machine.
    async kill() {
        this.#child.kill('SIGKILL');
        await this.#ended;
    }

    // A program in the midst of the running server. options: env, user, input. Gives as root.exec does.
    exec(argv, { env, user = 'root', input } = {}) {
        const words = ['nsenter', `--target=${this.pid}`, '--mount', '--pid', '--net', '--uts', '--ipc',
            '--root', '--wd', 'chroot', `--userspec=${user}`, '/', ...argv];
        const child = spawn(words[0], words.slice(1), { env: environment(env) });
        return collect(child, input);
    }

    // Pulls its network cable, and puts it back.
    unplug() {
        return this.network.cable(this.address, 'down');
    }

    replug() {
        return this.network.cable(this.address, 'up');
    }
}

// A file that is gone with its last reader. A server's own /dev/stderr must be a file: a socket, which
// is what a child of Node gets, cannot be opened again.
function unnamedFile(inside) {
    const path = join(inside, `log-${process.pid}-${Math.random().toString(36).slice(2)}`);
    const fd = openSync(path, 'ax+', 0o666);
    unlinkSync(path);
    return fd;
}
