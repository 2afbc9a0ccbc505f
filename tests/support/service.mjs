// Runs the real handoffd for a test: on a data directory of its own and a free port, its log
// collected, its end checked (status 0 on SIGTERM, no sanitizer report), everything removed after.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const build = process.env.HANDOFF_BUILD ?? join(root, 'build');
export const handoffd = join(build, 'api', 'handoffd');
export const handoff = join(build, 'cli', 'handoff');

const startMs = 30000;
const stopMs = 30000;

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

// A directory for one test, gone after it.
export function scratch(t) {
    const dir = mkdtempSync(join(tmpdir(), 'handoff-test-'));
    t.after(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));
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
        };
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

    constructor(dir, options) {
        this.dir = dir;
        this.data = join(dir, 'data');
        this.options = options;
        this.log = '';
    }

    // On the same data; a port given once is kept, so that links go on to work.
    async start(more = {}) {
        const { args = [], env = {}, wrapper = [] } = { ...this.options, ...more };
        const listen = `127.0.0.1:${this.port ?? 0}`;
        const argv = [...wrapper, handoffd, '--data', this.data, '--listen', listen, ...args];
        this.#how = null;
        this.#child = spawn(argv[0], argv.slice(1), {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, ...env },
        });
        const child = this.#child;
        let out = '';
        let words = '';
        child.stderr.on('data', (data) => {
            words += data;
            this.log += data;
        });
        this.#ended = new Promise((resolve) => {
            child.on('error', (error) => resolve({ code: error.message, signal: null, words }));
            child.on('close', (code, signal) => resolve({ code, signal, words }));
        }).then((how) => (this.#how = how));
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
                const seen = /^handoffd: listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(out);
                return seen ? resolve(seen[1]) : give(`printed ${JSON.stringify(out)}`);
            });
        });
        this.port = Number(new URL(this.url).port);
        this.pid = child.pid;
        return this;
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

    // After the test: the end that it did not bring about itself.
    async finish() {
        if (this.running)
            await this.stop();
    }
}

// Starts a service that ends with the test. options: args, env, wrapper (a command before it),
// clock (true: the test moves its wall clock by service.clock.advance).
export async function startService(t, options = {}) {
    const dir = scratch(t);
    const clock = options.clock ? new Clock(dir) : null;
    const env = { ...options.env, ...clock?.env };
    const service = new Service(dir, { ...options, env });
    service.clock = clock;
    t.after(() => service.finish());
    return service.start();
}
