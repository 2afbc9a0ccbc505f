// Starts and stops the programs that are measured: each prints "NAME: listening on URL" once it
// serves, and ends with status 0 on SIGTERM.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const startMs = 20000;
const stopMs = 20000;

// All the load comes from one address. Sanitizers do not get along with the sandbox.
const sanitized = process.env.ASAN_OPTIONS || process.env.TSAN_OPTIONS;
export const unlimited = ['rate-limit', 'address-connections', 'address-live', 'address-bytes']
    .concat(sanitized ? ['sandbox'] : [])
    .flatMap((name) => [`--${name}`, 'off']);

export async function start(program, args) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
            const seen = /listening on (http:\/\/127\.0\.0\.1:(\d+))\n/.exec(out);
            if (seen) {
                clearTimeout(timer);
                resolve(seen[1]);
            }
        });
    });

    async function stop() {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), stopMs);
        const how = await ended;
        clearTimeout(timer);
        if (how !== 0)
            throw new Error(`${program} ended with ${how}\n${log}`);
    }
    const kill = () => child.kill('SIGKILL');
    return { url, port: Number(new URL(url).port), pid: child.pid, stop, kill };
}

// The CPU time that a process has used so far, in seconds.
export function cpuSeconds(pid) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
}

// Runs the generator; returns what it printed, with its status and the words on stderr.
export async function load(build, options) {
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(`${build}/tests/bench/load`, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let words = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (words += data));
    const status = await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => resolve(signal ?? code));
    });
    if (!out.startsWith('{'))
        throw new Error(`load ${args.join(' ')} ended with ${status}: ${words}`);
    return { ...JSON.parse(out), status, words };
}
