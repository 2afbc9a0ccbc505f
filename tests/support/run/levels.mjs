// The levels of ./dev test: runs the jobs of all of them from one queue, as many at once as keep the
// machine busy, and prints a line per level in the order asked for, the failures with their output,
// and as its last line "N passed, N failed, N skipped". A skip, and a job that ran nothing, fail too.
// Before it, what the torture's short run left out; after a long run (./dev torture) its figures.
//
// usage: node tests/support/run/levels.mjs LEVEL…     (build/, and build-LEVEL/ where it has one, are there)

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';

import { apart, jobsOf, kindOf } from './jobs.mjs';
import { logs, run, stopAll } from './program.mjs';
import { leaks, takeReports } from './sanitizers.mjs';
import { long, rounds } from './torture.mjs';

const figures = join(logs, long ? 'torture-figures' : 'test-figures');
const cores = os.cpus().length;

// Many a test waits for a clock or an answer: more of them at once than there are cores.
const slots = Number(process.env.HANDOFF_TEST_SLOTS ?? 2 * cores);

const now = () => Number(process.hrtime.bigint()) / 1e9;

// ---- the queue ----

// Runs jobs in their order, side by side; tell(level) is called when the last of a level has ended.
async function runAll(jobs, most, totals, tell) {
    const queue = [...jobs];
    const open = new Map(); // level → jobs that have not ended
    for (const { level } of jobs)
        open.set(level, (open.get(level) ?? 0) + 1);
    const sharing = (job) => jobs.filter(({ level }) => level === job.after).length;
    const isReady = ({ level, after }) => !after || open.get(after) === (after === level ? 1 : 0);
    for (const job of queue)
        if (job.after && sharing(job) === 0)
            throw new Error(`${job.name} waits for ${job.after}, which does not run`);
    let free = most;
    await new Promise((done) => {
        const begin = () => {
            for (let i = 0; i < queue.length && free > 0; ) {
                const job = queue[i];
                if (Math.min(job.slots, most) > free || !isReady(job)) {
                    i++;
                    continue;
                }
                queue.splice(i, 1);
                free -= Math.min(job.slots, most);
                totals.get(job.level).began ??= now();
                attempt(job).then((part) => {
                    free += Math.min(job.slots, most);
                    open.set(job.level, open.get(job.level) - 1);
                    add(totals.get(job.level), part);
                    if (open.get(job.level) === 0)
                        tell(job.level);
                    begin();
                });
            }
            if (queue.length === 0 && free === most)
                done();
        };
        begin();
    });
}

const nothing = () => ({ passed: 0, skipped: 0, failures: [], skips: [] });

async function attempt(job) {
    try {
        return await run(job, { HANDOFF_FIGURES: figures });
    } catch (error) {
        return { ...nothing(), failures: [{ name: `${job.name} could not run`, output: [error.stack] }] };
    }
}

function add(total, part) {
    total.passed += part.passed;
    total.skipped += part.skipped;
    total.failures.push(...part.failures);
    total.skips.push(...part.skips);
}

// ---- telling ----

function line(level, { passed, failures, skipped, seconds }) {
    const note = level === 'asan' && !leaks() ? '  (leaks cannot be looked for here)' : '';
    const cell = (number, words) => `${String(number).padStart(5)} ${words}`;
    return `${level.padEnd(10)}${cell(passed, 'passed')}${cell(failures.length, 'failed')}` +
        `${cell(skipped, 'skipped')}${seconds.toFixed(1).padStart(8)} s${note}`;
}

// What the torture's tests counted, and what they left out.
function tellFigures() {
    const lines = existsSync(figures) ? readFileSync(figures, 'utf8').trim().split('\n') : [];
    const notes = lines.filter(Boolean).map((text) => JSON.parse(text));
    const left = new Set(notes.filter((n) => n.leftOut).map((n) => `${n.part}: ${n.leftOut}`));
    if (left.size > 0)
        console.log('\nleft out here, and done by ./dev torture:');
    left.forEach((words) => console.log(`    ${words}`));
    if (long)
        console.log(`\nfigures of ./dev torture --rounds ${rounds}:`);
    for (const { part, name, value } of long ? notes.filter((n) => n.name) : [])
        console.log(`    ${part.padEnd(10)}${name.padEnd(58)}${Number(value).toLocaleString('en').padStart(14)}`);
    console.log('');
}

function tellFailures(totals) {
    const bad = [...totals].flatMap(([level, { failures, skips }]) => [
        ...failures.map((failure) => ({ level, ...failure })),
        ...skips.map((name) => ({ level, name: `skipped: ${name}`, output: [] })),
    ]);
    for (const { level, name, where, output } of bad) {
        console.log(`\n${level}: ${name}${where ? ` (${where})` : ''}`);
        for (const text of output.slice(-60))
            console.log(`    ${text}`);
    }
    if (bad.length)
        console.log('');
}

async function main(names) {
    mkdirSync(logs, { recursive: true });
    rmSync(figures, { force: true });
    const began = now();
    const totals = new Map(names.map((level) => [level, nothing()]));
    const waiting = [...names];
    // A level's line comes when it and those before it have ended.
    const tell = (level) => {
        const total = totals.get(level);
        total.seconds = now() - total.began;
        if (kindOf(level) !== 'plain')
            total.failures.push(...takeReports(kindOf(level)));
        while (waiting.length && totals.get(waiting[0]).seconds !== undefined) {
            const first = waiting.shift();
            console.log(line(first, totals.get(first)));
        }
    };
    const jobs = jobsOf(names);
    await runAll(jobs.filter(({ level }) => !apart.includes(level)), slots, totals, tell);
    for (const alone of apart.filter((level) => names.includes(level)))
        await runAll(jobs.filter(({ level }) => level === alone), cores, totals, tell);

    tellFailures(totals);
    tellFigures();
    const sum = { passed: 0, failed: 0, skipped: 0 };
    for (const { passed, failures, skipped } of totals.values()) {
        sum.passed += passed;
        sum.failed += failures.length;
        sum.skipped += skipped;
    }
    console.log(`${((now() - began) / 60).toFixed(1)} minutes`);
    console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
    process.exitCode = sum.failed || sum.skipped || !sum.passed ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
        stopAll();
        console.log('0 passed, 1 failed, 0 skipped');
        process.exit(1);
    });

main(process.argv.slice(2)).catch((error) => {
    console.log(`the levels could not run: ${error.stack}\n0 passed, 1 failed, 0 skipped`);
    process.exitCode = 1;
});
