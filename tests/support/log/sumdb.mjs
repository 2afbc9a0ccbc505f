// The log held against Go's x/mod/sumdb, which shares no code with ours: builds the tool once a run.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), 'sumdb');

// Builds it below the build directory; gives a function that runs it: { status, out, err }.
export function buildSumdb(build) {
    const folder = resolve(build, 'tests', 'sumdb');
    const program = join(folder, 'sumdb');
    mkdirSync(folder, { recursive: true });
    execFileSync('go', ['build', '-o', program, '.'], {
        cwd: source,
        env: {
            ...process.env,
            GO111MODULE: 'off',
            GOPATH: '/usr/share/gocode',
            GOFLAGS: '',
            GOCACHE: join(folder, 'cache'),
        },
    });
    return (args, input) => {
        const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
        return { status, out: stdout, err: stderr };
    };
}

// Insists that it accepts.
export function accepted({ status, out, err }) {
    assert.equal(status, 0, `${out}${err}`);
    return out;
}
