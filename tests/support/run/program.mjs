// Runs a job's program to its end, its output in a log, and counts what it said.

import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { finished } from 'node:stream/promises';

import { builds, root, wrapped } from './sanitizers.mjs';

export const logs = join(builds.plain, 'logs');
const running = new Set();

// Gives { passed, skipped, failures, skips } as tap.mjs does. env: what all programs get.
export async function run(job, env) {
    if (job.error)
        throw job.error;
    const log = join(logs, `test-${job.level}-${job.name}.log`);
    const file = createWriteStream(log);
    const argv = job.wrap ? wrapped(job.argv) : job.argv;
    const child = spawn(argv[0], argv.slice(1), {
        cwd: job.cwd ?? root,
        env: { ...process.env, ...env, ...job.env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
    });
    running.add(child);
    const chunks = [];
    child.stdout.on('data', (data) => {
        chunks.push(data);
        file.write(data);
    });
    child.stderr.on('data', (data) => {
        if (!job.stdoutOnly)
            chunks.push(data);
        file.write(data);
    });
    let late = false;
    const timer = setTimeout(() => {
        late = true;
        stop(child, 'SIGKILL');
    }, job.limitMs);
    const { code, signal } = await new Promise((resolve) => {
        child.on('error', (error) => resolve({ code: error.message, signal: null }));
        child.on('close', (code, signal) => resolve({ code, signal }));
    });
    clearTimeout(timer);
    running.delete(child);
    file.end();
    await finished(file);

    const result = job.read(Buffer.concat(chunks).toString('utf8'));
    const ended = late ? `did not end within ${job.limitMs / 1000} s` : `ended with ${signal ?? code}`;
    if (code !== 0 && result.failures.length === 0)
        result.failures.push({ name: ended, output: tail(log) });
    if (result.passed + result.skipped + result.failures.length === 0)
        result.failures.push({ name: `${job.name}: no test ran`, output: tail(log) });
    for (const failure of result.failures)
        failure.where = `${relative(root, log)}, ${ended}`;
    return result;
}

const tail = (log) => readFileSync(log, 'utf8').split('\n').slice(-40);

function stop(child, signal) {
    try {
        process.kill(-child.pid, signal);
    } catch {
        // It had ended by itself.
    }
}

// Ends what runs, on an interrupt.
export const stopAll = () => running.forEach((child) => stop(child, 'SIGTERM'));
