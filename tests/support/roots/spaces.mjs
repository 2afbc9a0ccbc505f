// Programs in namespaces of their own, which end with this process, however it ends.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

// The command in these new namespaces. The kernel kills it when this process ends, and in a pid
// namespace all that it started.
export function own(spaces, argv) {
    const flags = spaces.map((space) => `--${space}`);
    if (spaces.includes('pid'))
        flags.push('--fork', '--kill-child');
    return ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...flags, ...argv];
}

let known;

// Says what is needed where namespaces or mounts cannot be made.
export function wanted() {
    if (known === undefined) {
        const argv = own(['mount', 'pid', 'net'], ['mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
        const { error, status, stderr } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
        known = status === 0 ? '' : (error?.message ?? stderr).trim().split('\n')[0];
    }
    assert.ok(
        known === '',
        `test roots need root: run the tests as root or with sudo, where namespaces and mounts may be made (${known})`,
    );
}

export function ended(child) {
    return new Promise((resolve) => {
        child.on('error', (error) => resolve({ code: error.message, signal: null }));
        child.on('exit', (code, signal) => resolve({ code, signal }));
    });
}

// Runs a child to its end. Gives { status, out, err, said }: said is both in the order in which they came.
export async function collect(child, input = '') {
    const result = { status: null, out: '', err: '', said: '' };
    for (const [stream, name] of [[child.stdout, 'out'], [child.stderr, 'err']]) {
        stream.setEncoding('utf8');
        stream.on('data', (text) => {
            result[name] += text;
            result.said += text;
        });
    }
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => {
            result.status = signal ?? code;
            resolve();
        });
    });
    return result;
}
