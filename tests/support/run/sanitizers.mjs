// The builds that the levels run in, and what a sanitizer's build needs around each program: every
// report ends the program, sets its exit code and lands in a file.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export const builds = {
    plain: join(root, 'build'),
    asan: join(root, 'build-asan'),
    tsan: join(root, 'build-tsan'),
    fuzz: join(root, 'build-fuzz'),
};

const reportDir = (kind) => join(builds[kind], 'reports');

export function environment(kind) {
    if (kind === 'plain')
        return {};
    const common = `halt_on_error=1:exitcode=99:log_path=${join(reportDir(kind), kind)}`;
    return {
        ASAN_OPTIONS: `${common}:detect_stack_use_after_return=1:detect_leaks=${leaks() ? 1 : 0}`,
        LSAN_OPTIONS: 'exitcode=99',
        UBSAN_OPTIONS: `${common}:print_stacktrace=1`,
        TSAN_OPTIONS: `${common}:second_deadlock_stack=1`,
    };
}

// The leak checker traces its own process, which a container or a non-dumpable process run by an
// ordinary user forbids. Then leaks are not looked for, and the level's line says so.
let leaksKnown;
export function leaks() {
    if (leaksKnown === undefined) {
        const probe = spawnSync(join(builds.asan, 'api', 'handoffd'), ['--version'], {
            env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=1' },
            encoding: 'utf8',
        });
        leaksKnown = !String(probe.stderr).includes('LeakSanitizer has encountered a fatal error');
    }
    return leaksKnown;
}

// ThreadSanitizer needs its memory map where it expects it; newer kernels move it further.
let fixedMap;
export function wrapped(argv) {
    if (fixedMap === undefined)
        fixedMap = spawnSync('setarch', ['-R', 'true']).status === 0;
    return fixedMap ? ['setarch', '-R', ...argv] : argv;
}

export function clearReports(kind) {
    rmSync(reportDir(kind), { recursive: true, force: true });
    mkdirSync(reportDir(kind), { recursive: true });
}

// What the programs of a build were found to do, as failures.
export function takeReports(kind) {
    const dir = reportDir(kind);
    return readdirSync(dir).sort().map((name) => ({
        name: `a report of ${kind}: ${name}`,
        output: readFileSync(join(dir, name), 'utf8').split('\n').slice(0, 80),
    }));
}
