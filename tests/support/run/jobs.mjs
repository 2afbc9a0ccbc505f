// What each level runs: jobs, programs that say in TAP what they found. A job's members: level; name
// (of its log); argv; env; cwd; read (of tap.mjs: how it is counted); stdoutOnly (its TAP is there
// alone); wrap (needs a memory map of its own); slots (of the machine that it takes, 1 by default);
// limitMs (for how long it may run); after (the level whose jobs must have ended before it); error (why
// it cannot run at all).

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';

import { builds, clearReports, environment, root } from './sanitizers.mjs';
import { readFlat, readNode } from './tap.mjs';
import { long, rounds } from './torture.mjs';

const minute = 60 * 1000;
const limitMs = (long ? 10 + rounds : 10) * minute;

const levels = {
    house: () => [flat('house', 'tests/house/check.mjs'), ...nodeTests('plain', files('house'))],
    unit: () => unit('plain'),
    smoke: () => nodeTests('plain', files('smoke')),
    protocol: () => nodeTests('plain', files('protocol')),
    e2e: () => nodeTests('plain', files('e2e')),
    openapi: () => [verdict()],
    browser: () => nodeTests('plain', files('browser')),
    fault: () => nodeTests('plain', files('fault')),
    model: () => [flat('model', 'tests/model/run.mjs', '--build', builds.plain)],
    fuzz: () => [{ ...fuzz(), slots: 2 }], // it runs two targets at once
    sabotage: () => [flat('sabotage', 'tests/sabotage/run.mjs', '--build', builds.plain)],
    asan: () => [...unit('asan'), ...nodeTests('asan', files('e2e'))],
    tsan: () => [...unit('tsan'), ...nodeTests('tsan', racing())],
    bench: () => nodeTests('plain', files('bench')),
};

// Levels that share the machine with no other: they measure, or build.
export const apart = ['bench', 'sabotage'];

// The build that a level's programs are of.
export const kindOf = (level) => (level in builds ? level : 'plain');

// The jobs of these levels, in the order in which they are to begin.
export function jobsOf(names) {
    const jobs = new Map();
    for (const level of names) {
        if (kindOf(level) !== 'plain')
            clearReports(kindOf(level));
        jobs.set(level, listed(level));
    }
    if (names.includes('openapi'))
        tapped(jobs);
    return [...jobs].flatMap(([level, list]) =>
        list.map((job) => ({ limitMs, slots: 1, env: {}, ...job, level })));
}

// Where it cannot be told what to run, that fails the level, and no other.
function listed(level) {
    try {
        return levels[level]();
    } catch (error) {
        return [{ name: 'the level', error }];
    }
}

function files(folder) {
    const dir = join(root, 'tests', folder);
    const names = existsSync(dir) ? readdirSync(dir) : [];
    const found = names.filter((name) => name.endsWith('.test.mjs')).sort();
    if (found.length === 0)
        throw new Error(`there is no test file in tests/${folder}`);
    return found.map((name) => join(dir, name));
}

// Where threads meet: the tests that put many clients on the daemon at once say so by their name.
function racing() {
    return ['e2e', 'fault', 'bench']
        .flatMap(files)
        .filter((file) => /race|load|loops|barrier|longpoll|crash|tls|limits|keys|config/.test(basename(file)));
}

function flat(name, program, ...args) {
    return { name, argv: [process.execPath, program, ...args], read: readFlat };
}

function fuzz() {
    const seconds = Math.max(2, Math.ceil(rounds / 5)); // for each target
    return flat('fuzz', 'tests/fuzz/run.mjs', '--build', builds.fuzz, '--seconds', String(seconds));
}

// Each unit test program that the build folder knows of.
function unit(kind) {
    const text = execFileSync('meson', ['introspect', '--tests', builds[kind]], { encoding: 'utf8' });
    return JSON.parse(text).map((test) => ({
        name: test.name,
        argv: test.cmd,
        cwd: test.workdir ?? builds[kind],
        env: { ...test.env, ...environment(kind), CMOCKA_MESSAGE_OUTPUT: 'TAP' },
        read: readFlat,
        stdoutOnly: true,
        wrap: kind === 'tsan',
    }));
}

// The files that take longest begin first, so that none of them runs on alone.
const slow = /redeem-(states|lost)|scanner|completions|proxies|roots|crash|audit|log\.test/;
const slowFirst = (list) => [...list].sort((a, b) => slow.test(b) - slow.test(a));

// A job for each file, so that files of several levels run side by side.
function nodeTests(kind, list) {
    return slowFirst(list).map((file) => ({
        name: basename(file, '.mjs'),
        argv: [process.execPath, '--test', '--test-reporter=tap', file],
        env: { ...environment(kind), HANDOFF_BUILD: builds[kind] },
        read: readNode,
        wrap: kind === 'tsan',
    }));
}

const seen = join(builds.plain, 'openapi');

// Judges what the taps have seen.
function verdict() {
    return { ...flat('verdict', 'tests/support/openapi/verdict.mjs', seen), after: 'e2e' };
}

// The end-to-end tests run once, with a tap before each service that holds its answers against the
// description, and count as what they are; where nobody asked for them they count here. Past a tap
// they run too: in the level asan, all of them, and in tsan where threads meet.
function tapped(jobs) {
    rmSync(seen, { recursive: true, force: true });
    mkdirSync(seen, { recursive: true });
    const asked = jobs.get('e2e');
    const tests = (asked ?? listed('e2e')).map((job) => (
        { ...job, env: { ...job.env, HANDOFF_OPENAPI: seen } }));
    if (asked)
        jobs.set('e2e', tests);
    else
        jobs.set('openapi', [...tests, { ...verdict(), after: 'openapi' }]);
}
