// The operator's side: handoffd's commands on the data directory of a service.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';

import { handoffd, unsandboxed } from './service.mjs';

// Runs handoffd with these arguments. Returns { status, stdout, stderr }. What does not end is killed.
export function operate(args, { env = {}, limitMs = 120000 } = {}) {
    return new Promise((resolve, reject) => {
        const service = args[0]?.startsWith('--') && !args.includes('--sandbox');
        const child = spawn(handoffd, [...args, ...(service ? unsandboxed : [])], {
            stdio: ['ignore', 'pipe', 'pipe'],
            env: { ...process.env, ...env },
        });
        const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
        const result = { stdout: '', stderr: '' };
        child.stdout.on('data', (data) => (result.stdout += data));
        child.stderr.on('data', (data) => (result.stderr += data));
        child.on('error', reject);
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            resolve({ ...result, status: signal ?? code });
        });
    });
}

// Insists on success; returns what was printed.
export async function operated(args, options) {
    const { status, stdout, stderr } = await operate(args, options);
    assert.equal(status, 0, `handoffd ${args.join(' ')}: ${stderr}`);
    assert.doesNotMatch(stderr, /Sanitizer|runtime error/);
    return { stdout, stderr };
}

// A new token: its text.
export async function addToken(data, role, name, more = []) {
    const { stdout } = await operated([
        'token', 'add', '--data', data, '--role', role, '--name', name, ...more,
    ]);
    assert.match(stdout, new RegExp(`^hof_${role}_[A-Za-z0-9_-]{43}\n$`));
    return stdout.trim();
}

export const bearer = (token) => ({ authorization: `Bearer ${token}` });
