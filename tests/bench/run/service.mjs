// Starts and stops the programs that are measured: each prints "NAME: listening on URL" once it
// serves, and ends with status 0 on SIGTERM. And what can be read of one that runs.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const startMs = 120000; // a sanitizer's, or one on a large directory
const stopMs = 120000;

// All the load comes from one address. Sanitizers do not get along with the sandbox.
const sanitized = process.env.ASAN_OPTIONS || process.env.TSAN_OPTIONS;
export const unlimited = ['rate-limit', 'address-connections', 'address-waits', 'address-live',
    'address-bytes', 'live', 'live-bytes']
    .concat(sanitized ? ['sandbox'] : [])
    .flatMap((name) => [`--${name}`, 'off']);

// What an end before its time leaves running.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

function track(child) {
    children.add(child);
    child.on('exit', () => children.delete(child));
    return child;
}

export async function start(program, args, env = {}) {
    const began = process.hrtime.bigint();
    const child = track(spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
    }));
    let out = '';
    let log = '';
    child.stderr.on('data', (data) => {
        log = (log + data).slice(-4096);
    });
    const ended = new Promise((resolve) => {
        child.on('error', (error) => resolve(error.message));
        child.on('exit', (code, signal) => resolve(signal ?? code));
    });
    const url = await new Promise((resolve, reject) => {
        const give = (why) => {
            child.kill('SIGKILL');
            reject(new Error(`${program}: ${why}\n${log}`));
        };
        const timer = setTimeout(give, startMs, 'did not begin to serve in time');
        ended.then((how) => {
            clearTimeout(timer);
            give(`ended with ${how}`);
        });
        child.stdout.on('data', (data) => {
            out += data;
            const seen = /listening on (https?:\/\/127\.0\.0\.1:(\d+))\n/.exec(out);
            if (seen) {
                clearTimeout(timer);
                resolve(seen[1]);
            }
        });
    });
    const startMsTaken = Number(process.hrtime.bigint() - began) / 1e6;

    async function stop() {
        child.kill('SIGCONT');
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
        const how = await ended;
        clearTimeout(timer);
        if (how !== 0)
            throw new Error(`${program} ended with ${how}\n${log}`);
    }
    return {
        url,
        port: Number(new URL(url).port),
        pid: child.pid,
        startMs: startMsTaken,
        stop,
        kill: () => child.kill('SIGKILL') && ended,
        pause: () => child.kill('SIGSTOP'),
        resume: () => child.kill('SIGCONT'),
    };
}

// The CPU time that a process has used so far, in seconds.
export function cpuSeconds(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

// What it has resident now, in MiB; 0 when it has ended.
export function residentMib(pid) {
    try {
        return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
    } catch {
        return 0;
    }
}

// A page of metrics as an object: { "handoff_live": 3, 'x_bucket{le="1"}': 4, … }.
export async function metrics(address) {
    const text = await (await fetch(`http://${address}/metrics`)).text();
    const samples = [...text.matchAll(/^(\w+(?:\{.*\})?) ([\d.]+)$/gm)];
    return Object.fromEntries(samples.map(([, name, value]) => [name, Number(value)]));
}

// Runs a program to its end: { status, out, words }.
export async function run(program, args, { env = {}, input = '' } = {}) {
    const child = track(spawn(program, args, {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, ...env },
    }));
    let out = '';
    let words = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (words += data));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const status = await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => resolve(signal ?? code));
    });
    return { status, out, words };
}

// The generator's arguments. An option that is true has no value, one that is undefined is not given.
export const loadArgs = (options) => Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));

// Runs the generator; returns what it printed, with its status and the words on stderr.
export async function load(build, options) {
    const args = loadArgs(options);
    const { status, out, words } = await run(`${build}/tests/bench/load`, args);
    if (!out.startsWith('{'))
        throw new Error(`load ${args.join(' ')} ended with ${status}: ${words}`);
    return { ...JSON.parse(out), status, words };
}

// Runs a program as run does, and tells what it cost: { out, words, cpu_us, max_kib }. It must succeed.
export async function cost(build, program, args, options) {
    const { status, out, words } = await run(`${build}/tests/bench/cost`, [program, ...args], options);
    if (status !== 0)
        throw new Error(`${program} ${args[0]} ended with ${status}: ${out}${words}`);
    const at = words.lastIndexOf('\n{');
    return { out, words: words.slice(0, at), ...JSON.parse(words.slice(at)) };
}
