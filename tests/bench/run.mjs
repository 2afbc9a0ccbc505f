// The benchmark: each scenario's sides take turns, several rounds, in one run on one machine; what
// counts are the ratios. Prints a table for each and the goals with what was measured, and writes
// bench.json and plots (SVG) to OUT, build/bench where nothing else is said.
//
// usage: node tests/bench/run.mjs [--build DIR] [--out DIR] [--size full|quick|tiny] [--quick]
//            [--rounds N] [--milliseconds MS] [--beside PROGRAM] [--only NAME]… [--list]
// PROGRAM is another handoffd, say of an earlier commit, that takes its turn in the same rounds.
// Status: 0 when all was measured, whatever it was; 1 when an answer was wrong or a part failed.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { Bench, sleep } from './run/bench.mjs';
import { draw } from './report/plots.mjs';
import { goalTable, verdicts } from './report/report.mjs';
import { scenarios } from './scenarios/index.mjs';

// GB of disk; rounds, milliseconds of a turn; connections; live handoffs, events in the log; due handoffs,
// long-polls, handoffs redeemed in a turn, searched for, commands; a service's rest, and
// its time after a turn.
const sizes = {
    full: {
        disk: 18, rounds: 6, milliseconds: 2000, connections: [1, 8, 32, 128, 512],
        live: [10000, 100000, 1000000], events: [100000, 1000000, 10000000],
        due: 1000000, hold: 10000, redeem: 10000, searched: 300, commands: 40, restMs: 1000, settleMs: 600,
    },
    quick: {
        disk: 3, rounds: 2, milliseconds: 1000, connections: [1, 32, 128, 512],
        live: [10000, 100000], events: [100000, 400000],
        due: 200000, hold: 2000, redeem: 4000, searched: 200, commands: 10, restMs: 1000, settleMs: 600,
    },
    tiny: {
        disk: 1, rounds: 1, milliseconds: 150, connections: [1, 32, 128],
        live: [400, 1200], events: [400, 1200],
        due: 20000, hold: 60, redeem: 100, searched: 40, commands: 2, restMs: 100, settleMs: 0,
    },
};

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
    options: {
        build: { type: 'string', default: join(here, '..', '..', 'build') },
        out: { type: 'string' },
        size: { type: 'string', default: 'full' },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        milliseconds: { type: 'string' },
        beside: { type: 'string' },
        only: { type: 'string', multiple: true },
        list: { type: 'boolean', default: false },
    },
});

function chosen() {
    const unknown = (values.only ?? []).find((name) => !scenarios.some((s) => s.name === name));
    if (unknown)
        throw new Error(`there is no scenario ${unknown}; --list names them`);
    return scenarios.filter(({ name }) => values.only?.includes(name) ?? true);
}

// How busy all cores are with other things, as a share.
async function othersBusy() {
    const read = () => {
        const [, ...times] = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).map(Number);
        return { all: times.slice(0, 8).reduce((sum, t) => sum + t, 0), idle: times[3] + times[4] };
    };
    const before = read();
    await sleep(values.size === 'tiny' ? 100 : 2000);
    const after = read();
    return 1 - (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

async function main(bench, out) {
    const took = {};
    const failed = [];
    const others = await othersBusy();
    console.log(`${cpus().length} cores, ${bench.rounds} rounds, turns of ${bench.milliseconds} ms; medians, and in`
        + ' brackets or as spread the smallest and the largest');
    if (others > 0.05)
        console.log(`the machine is ${Math.round(others * 100)} % busy with other things: expect a wide spread`);
    for (const scenario of chosen()) {
        const began = Date.now();
        const filled = bench.fills.seconds;
        bench.scenario = scenario.name;
        console.log(`\n== ${scenario.name}: ${scenario.title} ==`);
        try {
            await scenario.run(bench);
            await bench.stopAll();
        } catch (error) {
            console.log(`  FAILED: ${error.message}`);
            failed.push(scenario.name);
            await bench.killAll();
        }
        took[scenario.name] = (Date.now() - began) / 1000;
        const filling = bench.fills.seconds - filled;
        console.log(`  (${took[scenario.name].toFixed(0)} s${filling > 1 ? `, ${filling.toFixed(0)} s of it to fill` : ''})`);
    }
    const goals = verdicts(bench.measured);
    const shown = goals.filter(({ measured }) => measured || !values.only);
    if (shown.length > 0)
        console.log(`\n== goals ==\n${goalTable(shown)}`);
    const result = {
        cores: cpus().length, rounds: bench.rounds, milliseconds: bench.milliseconds, size: bench.sizes, others,
        seconds: took, failed, goals, summaries: bench.summaries, raw: bench.raw,
    };
    writeFileSync(join(out, 'bench.json'), `${JSON.stringify(result, null, 1)}\n`);
    const plots = draw(bench.summaries);
    for (const [name, text] of Object.entries(plots))
        writeFileSync(join(out, name), text);
    const seconds = Object.values(took).reduce((sum, s) => sum + s, 0);
    console.log(`\n${(seconds / 60).toFixed(1)} minutes; ${join(out, 'bench.json')}`
        + Object.keys(plots).map((name) => `, ${name}`).join(''));
    if (failed.length > 0)
        console.log(`FAILED: ${failed.join(', ')}`);
    return failed.length === 0 ? 0 : 1;
}

if (values.list) {
    scenarios.forEach(({ name, title }) => console.log(`${name.padEnd(12)}${title}`));
    process.exit(0);
}

const build = resolve(values.build);
const size = sizes[values.quick ? 'quick' : values.size];
if (!size)
    throw new Error(`there is no size ${values.size}`);
const out = resolve(values.out ?? join(build, 'bench'));
mkdirSync(out, { recursive: true });
const { bavail, bsize } = statfsSync(build);
if (bavail * bsize < size.disk * 1e9)
    throw new Error(`${build} has too little room: about ${size.disk} GB are needed for a while`);
// Beside the build and not in a temporary folder, which may lie in memory: the disk counts.
const dir = mkdtempSync(join(build, 'bench-data-'));
const bench = new Bench({
    build,
    dir,
    sizes: size,
    rounds: Number(values.rounds ?? size.rounds),
    milliseconds: Number(values.milliseconds ?? size.milliseconds),
    beside: values.beside && resolve(values.beside),
});
process.on('exit', () => { // what still runs is killed by service.mjs
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
});
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(name, () => process.exit(1));
try {
    process.exitCode = await main(bench, out);
} catch (error) {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
}
