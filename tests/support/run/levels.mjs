// The levels of ./dev test: runs each, prints a line per level, the failures with their output, and
// as its last line "N passed, N failed, N skipped". A skip, and a level that ran nothing, fail too.
// Before it, what the torture's short run left out; after a long run (./dev torture) its figures.
//
// usage: node tests/support/run/levels.mjs LEVEL…     (build/, and build-LEVEL/ where it has one, are there)

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readFlat, readNode } from './tap.mjs';
import { long, rounds } from './torture.mjs';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const logs = join(root, 'build', 'logs');
const builds = {
    plain: join(root, 'build'),
    asan: join(root, 'build-asan'),
    tsan: join(root, 'build-tsan'),
    fuzz: join(root, 'build-fuzz'),
};
const limitMs = (long ? 10 + rounds : 10) * 60 * 1000;
const figures = join(logs, long ? 'torture-figures' : 'test-figures');
const together = 2;
const running = new Set();

// ---- what belongs to which level ----

const levels = {
    house: () => [house(), nodeTests('plain', files('house'))],
    unit: () => unit('plain'),
    protocol: () => [nodeTests('plain', files('protocol'))],
    e2e: () => [nodeTests('plain', files('e2e'))],
    browser: () => [{ ...nodeTests('plain', files('browser')), limitMs: 4 * limitMs }],
    fault: () => [nodeTests('plain', files('fault'))],
    model: () => [script('model', 'plain')],
    fuzz: () => [script('fuzz', 'fuzz', '--seconds', String(fuzzSeconds))],
    sabotage: () => [script('sabotage', 'plain')],
    bench: () => [nodeTests('plain', files('bench'))],
    asan: () => [...unit('asan'), nodeTests('asan', files('e2e'))],
    openapi: () => openapi(),
    tsan: () => [...unit('tsan'), nodeTests('tsan', racing())],
};

function files(folder) {
    const dir = join(root, 'tests', folder);
    if (!existsSync(dir))
        return [];
    return readdirSync(dir)
        .filter((name) => name.endsWith('.test.mjs'))
        .sort()
        .map((name) => join(dir, name));
}

// Where threads meet: the tests that put many clients on the daemon at once say so by their name.
function racing() {
    return ['e2e', 'fault', 'bench']
        .flatMap(files)
        .filter((file) => /race|load|loops|barrier|longpoll|crash|tls|limits|keys|config/.test(basename(file)));
}

function house() {
    return {
        name: 'house',
        argv: [process.execPath, 'tests/house/check.mjs'],
        env: {},
        read: readFlat,
    };
}

// A search of its own kind, in a folder's run.mjs, which says in TAP what it found.
const fuzzSeconds = Math.max(2, Math.ceil(rounds / 5)); // for each target

function script(folder, kind, ...args) {
    return {
        name: folder,
        argv: [process.execPath, `tests/${folder}/run.mjs`, '--build', builds[kind], ...args],
        alone: true,
        env: {},
        read: readFlat,
    };
}

// Each unit test program that the build folder knows of.
function unit(kind) {
    const text = execFileSync('meson', ['introspect', '--tests', builds[kind]], {
        encoding: 'utf8',
    });
    return JSON.parse(text).map((test) => ({
        name: `${kind}-${test.name}`,
        argv: test.cmd,
        cwd: test.workdir ?? builds[kind],
        env: { ...test.env, ...environment(kind), CMOCKA_MESSAGE_OUTPUT: 'TAP' },
        read: readFlat,
        stdoutOnly: true,
        wrap: kind === 'tsan',
    }));
}

function nodeTests(kind, list) {
    const options = ['--test', '--test-reporter=tap'];
    if (nodeKnowsConcurrency())
        options.push(`--test-concurrency=${together}`);
    return {
        name: `${kind}-node`,
        argv: list.length ? [process.execPath, ...options, ...list] : null,
        alone: true,
        env: { ...environment(kind), HANDOFF_BUILD: builds[kind] },
        read: readNode,
        wrap: kind === 'tsan',
    };
}

// The end-to-end tests once more, with a tap before each service that holds its answers against the
// description; then what the taps have seen is judged.
function openapi() {
    const seen = join(root, 'build', 'openapi');
    rmSync(seen, { recursive: true, force: true });
    mkdirSync(seen, { recursive: true });
    const tests = nodeTests('plain', files('e2e'));
    return [
        { ...tests, name: 'openapi-node', env: { ...tests.env, HANDOFF_OPENAPI: seen } },
        {
            name: 'openapi-verdict',
            argv: [process.execPath, 'tests/support/openapi/verdict.mjs', seen],
            alone: true,
            env: {},
            read: readFlat,
        },
    ];
}

function nodeKnowsConcurrency() {
    const help = spawnSync(process.execPath, ['--help'], { encoding: 'utf8' });
    return help.stdout.includes('--test-concurrency');
}

// ---- sanitizers: every report ends the program, sets its exit code and lands in a file ----

function reportDir(kind) {
    return join(builds[kind], 'reports');
}

function environment(kind) {
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
function leaks() {
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
function wrapped(argv) {
    if (fixedMap === undefined)
        fixedMap = spawnSync('setarch', ['-R', 'true']).status === 0;
    return fixedMap ? ['setarch', '-R', ...argv] : argv;
}

function takeReports(kind) {
    const dir = reportDir(kind);
    const found = readdirSync(dir).sort();
    return found.map((name) => ({
        name: `a report of ${kind}: ${name}`,
        output: readFileSync(join(dir, name), 'utf8').split('\n').slice(0, 80),
    }));
}

// ---- running ----

async function run(level, job) {
    const result = { passed: 0, skipped: 0, failures: [], skips: [] };
    if (!job.argv)
        return result;
    const log = join(logs, `test-${level}-${job.name}.log`);
    const file = createWriteStream(log);
    const argv = job.wrap ? wrapped(job.argv) : job.argv;
    const child = spawn(argv[0], argv.slice(1), {
        cwd: job.cwd ?? root,
        env: { ...process.env, HANDOFF_FIGURES: figures, ...job.env },
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
    }, job.limitMs ?? limitMs);
    const { code, signal } = await new Promise((resolve) => {
        child.on('error', (error) => resolve({ code: error.message, signal: null }));
        child.on('close', (code, signal) => resolve({ code, signal }));
    });
    clearTimeout(timer);
    running.delete(child);
    file.end();
    await finished(file);

    Object.assign(result, job.read(Buffer.concat(chunks).toString('utf8')));
    const ended = late ? `did not end within ${(job.limitMs ?? limitMs) / 1000} s` : `ended with ${signal ?? code}`;
    if (code !== 0 && result.failures.length === 0)
        result.failures.push({ name: ended, output: tail(log) });
    for (const failure of result.failures)
        failure.where = `${relative(root, log)}, ${ended}`;
    return result;
}

function tail(log) {
    return readFileSync(log, 'utf8').split('\n').slice(-40);
}

function stop(child, signal) {
    try {
        process.kill(-child.pid, signal);
    } catch {
        // It had ended by itself.
    }
}

// Runs a level's programs, small ones two at a time, node --test (which does so itself) alone.
async function runLevel(level) {
    const started = process.hrtime.bigint();
    const total = { passed: 0, skipped: 0, failures: [], skips: [] };
    const add = (part) => {
        total.passed += part.passed;
        total.skipped += part.skipped;
        total.failures.push(...part.failures);
        total.skips.push(...part.skips);
    };
    const kind = level in builds ? level : 'plain';
    if (kind !== 'plain') {
        rmSync(reportDir(kind), { recursive: true, force: true });
        mkdirSync(reportDir(kind), { recursive: true });
    }
    const jobs = levels[level]();
    const queue = jobs.filter((job) => !job.alone);
    const worker = async () => {
        for (let job = queue.shift(); job; job = queue.shift())
            add(await run(level, job));
    };
    await Promise.all(Array.from({ length: together }, worker));
    for (const job of jobs.filter((j) => j.alone)) {
        if (!job.argv)
            total.failures.push({ name: `${job.name}: there is no test file`, output: [] });
        add(await run(level, job));
    }
    if (kind !== 'plain')
        takeReports(kind).forEach((report) => total.failures.push(report));
    if (total.passed + total.skipped + total.failures.length === 0)
        total.failures.push({ name: 'no test ran', output: [] });

    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const note = level === 'asan' && !leaks() ? '  (leaks cannot be looked for here)' : '';
    console.log(
        `${level.padEnd(10)}${String(total.passed).padStart(5)} passed` +
            `${String(total.failures.length).padStart(5)} failed` +
            `${String(total.skipped).padStart(5)} skipped${seconds.toFixed(1).padStart(8)} s${note}`,
    );
    return total;
}

// What the torture's tests counted, and what they left out.
function tellFigures() {
    const lines = existsSync(figures) ? readFileSync(figures, 'utf8').trim().split('\n') : [];
    const notes = lines.filter(Boolean).map((line) => JSON.parse(line));
    const left = new Set(notes.filter((n) => n.leftOut).map((n) => `${n.part}: ${n.leftOut}`));
    if (left.size > 0)
        console.log('\nleft out here, and done by ./dev torture:');
    left.forEach((line) => console.log(`    ${line}`));
    if (long)
        console.log(`\nfigures of ./dev torture --rounds ${rounds}:`);
    for (const { part, name, value } of long ? notes.filter((n) => n.name) : [])
        console.log(`    ${part.padEnd(10)}${name.padEnd(58)}${Number(value).toLocaleString('en').padStart(14)}`);
    console.log('');
}

async function main(names) {
    mkdirSync(logs, { recursive: true });
    rmSync(figures, { force: true });
    const sum = { passed: 0, failed: 0, skipped: 0 };
    const bad = [];
    for (const level of names) {
        let total;
        try {
            total = await runLevel(level);
        } catch (error) {
            total = { passed: 0, skipped: 0, skips: [], failures: [] };
            total.failures.push({ name: 'the level could not run', output: [error.stack] });
            console.log(`${level.padEnd(10)} could not run`);
        }
        sum.passed += total.passed;
        sum.failed += total.failures.length;
        sum.skipped += total.skipped;
        bad.push(...total.failures.map((failure) => ({ level, ...failure })));
        bad.push(...total.skips.map((name) => ({ level, name: `skipped: ${name}`, output: [] })));
    }
    for (const { level, name, where, output } of bad) {
        console.log(`\n${level}: ${name}${where ? ` (${where})` : ''}`);
        for (const line of output.slice(-60))
            console.log(`    ${line}`);
    }
    if (bad.length)
        console.log('');
    tellFigures();
    console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
    process.exitCode = sum.failed || sum.skipped || !sum.passed ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
        running.forEach((child) => stop(child, 'SIGTERM'));
        console.log('0 passed, 1 failed, 0 skipped');
        process.exit(1);
    });

await main(process.argv.slice(2));
