// Runs the fuzzers of a build: for each target its fixtures, then its seeds and the corpus of
// earlier runs, then a search of S seconds. Any crash, a target that hardly ran, and a planted bug
// that is not found, fail. Prints TAP; builds nothing and writes into BUILD only.
//
// usage: node tests/fuzz/run.mjs --build BUILD [--seconds S] [--target NAME]…

import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { figure, leftOut, long } from '../support/run/torture.mjs';
import { writeFixtures, writeSeeds } from './seeds.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const leastExecutions = 200;
const together = 2;
const planted = 'planted';

const { values: options } = parseArgs({
    options: {
        build: { type: 'string' },
        seconds: { type: 'string', default: '2' },
        target: { type: 'string', multiple: true },
    },
});
const seconds = Number(options.seconds);
if (!options.build || !Number.isInteger(seconds) || seconds < 1) {
    console.error('usage: node tests/fuzz/run.mjs --build BUILD [--seconds S] [--target NAME]…');
    process.exit(2);
}
const build = resolve(options.build);
// Each source here is a target: tests/house sees to it that the build has them all.
const all = readdirSync(here)
    .filter((name) => name.endsWith('.c'))
    .map((name) => name.slice(0, -2))
    .sort();

const files = (dir) => (existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []);

// Runs a fuzzer with its temporary files in the build; what it wrote to stderr is its report.
async function run(target, argv, profile = '/dev/null') {
    const tmp = join(build, 'fuzz-tmp', target);
    mkdirSync(tmp, { recursive: true });
    const options = {
        maxBuffer: 1 << 28,
        timeout: (seconds + 120) * 1000,
        killSignal: 'SIGKILL',
        env: { ...process.env, TMPDIR: tmp, LLVM_PROFILE_FILE: profile },
    };
    const { error, report } = await new Promise((resolve) => {
        execFile(join(build, 'tests', 'fuzz', `fuzz_${target}`), argv, options, (failure, out, err) =>
            resolve({ error: failure, report: err }));
    });
    rmSync(tmp, { recursive: true, force: true });
    return { good: !error, why: error && (error.signal ?? error.code), report };
}

async function fuzz(target) {
    const corpus = join(build, 'fuzz-corpus', target);
    const crashes = join(build, 'fuzz-crashes', target);
    const dictionary = join(here, `${target}.dict`);
    const fixtures = writeFixtures(target, join(build, 'fuzz-fixtures', target));
    // The planted bug is looked for anew each time.
    if (target === planted)
        rmSync(corpus, { recursive: true, force: true });
    rmSync(crashes, { recursive: true, force: true });
    for (const dir of [corpus, crashes])
        mkdirSync(dir, { recursive: true });
    const seeds = writeSeeds(target, join(build, 'fuzz-seeds', target));
    const common = [
        '-timeout=10',
        '-rss_limit_mb=1024',
        '-close_fd_mask=2',
        `-artifact_prefix=${crashes}/`,
    ];
    const result = { seeds: seeds.length, fixtures: fixtures.length, executions: 0, edges: 0 };
    Object.assign(result, { features: 0, crashes: [], why: null, report: '' });

    if (fixtures.length) {
        const first = await run(target, [...common, ...fixtures]);
        if (!first.good)
            return { ...result, why: `a fixture fails (${first.why})`, report: first.report };
    }
    const argv = [...common, `-max_total_time=${seconds}`, '-max_len=4096', '-print_final_stats=1'];
    if (existsSync(dictionary))
        argv.push(`-dict=${dictionary}`);
    const search = await run(target, [...argv, corpus, join(build, 'fuzz-seeds', target)]);
    result.report = search.report;
    const last = (pattern) => Number([...search.report.matchAll(pattern)].at(-1)?.[1] ?? 0);
    result.executions = last(/stat::number_of_executed_units:\s*(\d+)/g);
    result.edges = last(/cov: (\d+)/g);
    result.features = last(/ft: (\d+)/g);
    result.rate = last(/stat::average_exec_per_sec:\s*(\d+)/g);
    result.crashes = files(crashes);
    if (!search.good)
        result.why = `it ended with ${search.why}`;
    else if (result.executions < leastExecutions)
        result.why = `it ran ${result.executions} inputs only`;
    return result;
}

// How much of the functions that were entered was seen, in per cent of their regions; the harness
// aside.
async function coverage(target) {
    const profile = join(build, 'fuzz-profile');
    const program = join(build, 'tests', 'fuzz', `fuzz_${target}`);
    const inputs = ['fuzz-corpus', 'fuzz-seeds', 'fuzz-fixtures'].map((dir) => join(build, dir, target));
    const raw = join(profile, `${target}.profraw`);
    mkdirSync(profile, { recursive: true });
    await run(target, ['-runs=0', '-close_fd_mask=3', ...inputs], raw);
    const tool = (...argv) => execFileSync(argv[0], argv.slice(1), { maxBuffer: 1 << 28 });
    tool('llvm-profdata', 'merge', '-sparse', raw, '-o', `${raw}.merged`);
    const exported = JSON.parse(tool('llvm-cov', 'export', program, `-instr-profile=${raw}.merged`));
    const regions = exported.data[0].functions
        .filter(({ count, filenames }) => count && !filenames[0].includes('/tests/fuzz/'))
        .flatMap((entered) => entered.regions)
        .filter(([, , , , , , , kind]) => kind === 0);
    const seen = regions.filter(([, , , , count]) => count > 0);
    return Math.round((100 * seen.length) / regions.length);
}

// The planted bug must be found, and be what was planted: an overflow on the heap.
function judge(target, result) {
    if (target !== planted)
        return result.why;
    const found = result.crashes.length > 0 && result.report.includes('heap-buffer-overflow');
    return found ? null : `the planted bug was not found (${result.why ?? 'no crash'})`;
}

const targets = options.target ?? all;
let count = 0;
let failed = 0;

async function tell(target) {
    const r = await fuzz(target);
    const why = judge(target, r);
    const n = (value) => value.toLocaleString('en-US');
    failed += why ? 1 : 0;
    console.log(
        `${why ? 'not ok' : 'ok'} ${++count} - ${target}: ${r.fixtures} fixtures, ${r.seeds} seeds, ` +
            (target === planted && !why
                ? 'the planted bug was found'
                : `${n(r.executions)} executions, ${n(r.edges)} edges, ${n(r.features)} features`),
    );
    if (why) {
        console.log(`# ${why}`);
        for (const line of r.report.split('\n').slice(-60))
            console.log(`# ${line}`);
        for (const crash of r.crashes)
            console.log(`# again: ${join(build, 'tests', 'fuzz', `fuzz_${target}`)} ${crash}`);
    }
    if (target === planted)
        return;
    figure('fuzz', `${target}: executions`, r.executions);
    figure('fuzz', `${target}: executions a second`, r.rate ?? 0);
    figure('fuzz', `${target}: edges`, r.edges);
    if (long)
        figure('fuzz', `${target}: per cent seen of the functions entered`, await coverage(target));
}

// Several at once.
const waiting = targets.values();
await Promise.all(Array.from({ length: together }, async () => {
    for (const target of waiting)
        await tell(target);
}));
rmSync(join(build, 'fuzz-tmp'), { recursive: true, force: true });
leftOut('fuzz', `each fuzzer searches for ${seconds} s; a long run for as long as it is told`);
console.log(`1..${count}`);
process.exitCode = failed || !count ? 1 : 0;
