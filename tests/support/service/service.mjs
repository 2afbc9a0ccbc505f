// Runs the real handoffd for a test: on a data directory of its own and a free port, its log
// collected, its end checked (status 0 on SIGTERM, no sanitizer report), everything removed after.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    readdirSync,
    renameSync,
    rmSync,
    writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
export const build = process.env.HANDOFF_BUILD ?? join(root, 'build');
export const handoffd = join(build, 'api', 'handoffd');
export const handoff = join(build, 'cli', 'handoff');

const startMs = 30000;
const stopMs = 30000;

// One address does all that a test does: what limits it is off where the test does not ask for it.
const limited = ['rate-limit', 'address-connections', 'address-waits', 'address-live',
    'address-bytes'];
const unlimited = (args) => limited
    .filter((name) => !args.includes(`--${name}`))
    .flatMap((name) => [`--${name}`, 'off']);

// A sanitizer's own threads trace the process at its end, and write reports to where they were told:
// under it there is no sandbox.
export const unsandboxed =
    process.env.ASAN_OPTIONS || process.env.TSAN_OPTIONS ? ['--sandbox', 'off'] : [];

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Asks again until probe gives something true; what it gives last is in the failure.
export async function poll(what, probe, ms = 10000, everyMs = 20) {
    const end = Date.now() + ms;
    for (;;) {
        const found = await probe();
        if (found)
            return found;
        if (Date.now() > end)
            assert.fail(`${what}: not within ${ms} ms`);
        await sleep(everyMs);
    }
}

// What a test that is interrupted leaves: services that still run, directories.
const left = { children: new Set(), dirs: new Set() };

const remove = (dir) => rmSync(dir, { recursive: true, force: true, maxRetries: 3 });

process.on('exit', () => {
    left.children.forEach((child) => child.kill('SIGKILL'));
    left.dirs.forEach(remove);
});
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(name, () => process.exit(1));

// A directory for one test, gone after it, once `before` has ended what still uses it.
export function scratch(t, before = async () => {}) {
    const dir = mkdtempSync(join(tmpdir(), 'handoff-test-'));
    left.dirs.add(dir);
    t.after(async () => {
        await before();
        remove(dir);
        left.dirs.delete(dir);
    });
    return dir;
}

// ---- sanitizers ----

function reportPaths(pid) {
    const options = ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LSAN_OPTIONS'];
    return options
        .map((name) => /log_path=([^:]+)/.exec(process.env[name] ?? '')?.[1])
        .filter(Boolean)
        .map((path) => `${path}.${pid}`);
}

// Fails when a program left a sanitizer's report, in its own words or in a file.
export function checkReports(pid, words) {
    const seen = /(ERROR|WARNING): \w+Sanitizer.*|.*runtime error: .*/.exec(words);
    assert.ok(!seen, `a sanitizer's report: ${seen?.[0]}`);
    for (const path of reportPaths(pid))
        assert.ok(!existsSync(path), `a sanitizer's report: ${path}`);
}

// ---- a clock that the test moves ----

function fakeTimeLibrary() {
    for (const triplet of readdirSync('/usr/lib')) {
        const path = join('/usr/lib', triplet, 'faketime', 'libfaketimeMT.so.1');
        if (existsSync(path))
            return path;
    }
    throw new Error('libfaketime is not there: install the package faketime');
}

// The wall clock of a daemon started with `env`; monotonic time goes on as it does.
export class Clock {
    #file;
    #offset = 0;

    constructor(dir) {
        this.#file = join(dir, 'clock');
        this.advance(0);
        this.env = {
            LD_PRELOAD: fakeTimeLibrary(),
            FAKETIME_TIMESTAMP_FILE: this.#file,
            FAKETIME_NO_CACHE: '1',
            FAKETIME_DONT_FAKE_MONOTONIC: '1',
            DONT_FAKE_MONOTONIC: '1',
            // Otherwise it takes the monotonic end of a wait for one of the wall clock, long past:
            // what waits with a limit never sleeps, and two threads keep the machine busy.
            FAKETIME_FORCE_MONOTONIC_FIX: '0',
        };
        // AddressSanitizer asks for the time within its first allocation, and libfaketime allocates
        // to answer: they wait for each other unless the one does not ask.
        if (process.env.ASAN_OPTIONS)
            this.env.ASAN_OPTIONS =
                `${process.env.ASAN_OPTIONS}:allocator_release_to_os_interval_ms=-1`;
    }

    advance(seconds) {
        this.#offset += seconds;
        writeFileSync(`${this.#file}.new`, `${this.#offset >= 0 ? '+' : ''}${this.#offset}\n`);
        renameSync(`${this.#file}.new`, this.#file);
    }

    now() {
        return Math.floor(Date.now() / 1000) + this.#offset;
    }
}

// ---- the service ----

class Service {
    #child;
    #ended;
    #how = null;

    constructor(options) {
        this.options = options;
        this.log = '';
        // An address of its own: nobody else takes its port while it is down.
        this.host = options.host ?? `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
    }

    // On the same data; a port given once is kept, so that links go on to work.
    async start(more = {}) {
        const { args = [], env = {}, wrapper = [], limits = false } = { ...this.options, ...more };
        const listen = this.options.socket
            ? `unix:${join(this.dir, 'socket')}`
            : `${this.host}:${this.directPort ?? 0}`;
        const argv = [...wrapper, handoffd, '--data', this.data, '--listen', listen,
            ...(limits ? [] : unlimited(args)),
            ...(args.includes('--sandbox') ? [] : unsandboxed), ...args];
        this.#how = null;
        this.#child = spawn(argv[0], argv.slice(1), {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, ...env },
        });
        const child = this.#child;
        left.children.add(child);
        let out = '';
        let words = '';
        child.stderr.on('data', (data) => {
            words += data;
            this.log += data;
        });
        this.#ended = new Promise((resolve) => {
            child.on('error', (error) => resolve({ code: error.message, signal: null, words }));
            child.on('close', (code, signal) => resolve({ code, signal, words }));
        }).then((how) => {
            left.children.delete(child);
            this.#how = how;
            return how;
        });
        this.url = await new Promise((resolve, reject) => {
            const give = (why) => reject(new Error(`handoffd ${why}\n${words}`));
            const timer = setTimeout(() => {
                child.kill('SIGKILL');
                give('did not begin to serve in time');
            }, startMs);
            this.#ended.then((how) => {
                clearTimeout(timer);
                give(`ended with ${how.signal ?? how.code}`);
            });
            child.stdout.on('data', (data) => {
                out += data;
                if (!out.includes('\n'))
                    return;
                clearTimeout(timer);
                const seen = /^handoffd: listening on (https?:\/\/[\d.]+:\d+|unix:\/.+)\n$/.exec(out);
                return seen ? resolve(seen[1]) : give(`printed ${JSON.stringify(out)}`);
            });
        });
        if (this.options.socket)
            this.socketPath = this.url.slice('unix:'.length);
        else
            await this.#reach(new URL(this.url));
        this.pid = child.pid;
        return this;
    }

    // Where clients reach it: directly, or through a tap that checks what it answers. A tap cannot come
    // from the addresses of servers in test roots.
    async #reach(url) {
        this.directPort = Number(url.port);
        this.port ??= this.directPort;
        if (!process.env.HANDOFF_OPENAPI || url.protocol === 'https:' || this.options.host)
            return;
        const { tap } = await import('../openapi/tap.mjs');
        const port = this.port === this.directPort ? 0 : this.port;
        const { port: tapped, close } = await tap(this.host, port, this.directPort);
        this.port = tapped;
        this.url = `http://${this.host}:${tapped}`;
        this.#ended.then(close); // what comes then is refused, as by a service that is down
    }

    get running() {
        return this.#child !== undefined && this.#how === null;
    }

    // Waits for its end, however it comes.
    async end(ms = stopMs) {
        const timer = setTimeout(() => this.#child.kill('SIGKILL'), ms);
        const how = await this.#ended;
        clearTimeout(timer);
        return how;
    }

    signal(name) {
        this.#child.kill(name);
    }

    // As an operator stops it. Must end with status 0.
    async stop() {
        this.#child.kill('SIGTERM');
        const how = await this.end();
        checkReports(this.pid, how.words);
        assert.equal(how.signal ?? how.code, 0, `handoffd on SIGTERM:\n${how.words.slice(-2000)}`);
    }

    // As a power failure stops it, without a word.
    async kill() {
        this.#child.kill('SIGKILL');
        await this.end();
    }

    async restart(more) {
        if (this.running)
            await this.stop();
        return this.start(more);
    }

    // The connections that it has open, as the kernel tells anyone (its own list of files it shows to
    // nobody but root, since it forbids dumps).
    connections() {
        const port = this.directPort.toString(16).toUpperCase().padStart(4, '0');
        const open = ['01', '08']; // established; closed by the other side alone
        return readFileSync('/proc/net/tcp', 'latin1')
            .split('\n')
            .map((line) => line.trim().split(/\s+/))
            .filter(([, local, , state]) => local?.endsWith(`:${port}`) && open.includes(state))
            .length;
    }

    // After the test: the end that it did not bring about itself.
    async finish() {
        if (this.running)
            await this.stop();
    }
}

// Starts a service that ends with the test. options: args, env, wrapper (a command before it),
// host (an address that servers in test roots reach), socket (true: on a unix socket), limits (true: those of a service as it comes; otherwise off), clock (true: the test moves its wall clock by service.clock.advance).
export async function startService(t, options = {}) {
    const service = new Service(options);
    service.dir = scratch(t, () => service.finish());
    service.data = join(service.dir, 'data');
    if (options.clock) {
        mkdirSync(service.data, { mode: 0o700 }); // the sandbox lets it read nothing else
        service.clock = new Clock(service.data);
        service.options = { ...options, env: { ...options.env, ...service.clock.env } };
    }
    return service.start();
}
