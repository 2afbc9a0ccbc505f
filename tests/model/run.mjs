// The model of a handoff's life (handoff.pml), searched to its end by spin; the table that it looks
// the service's decisions up in, held against the design's; and the model broken on purpose, which
// the search must notice each time. Prints TAP.
//
// usage: node tests/model/run.mjs --build BUILD [--long]
//
// It needs spin and gcc. --long, or a long run of the torture, adds the larger configurations.

import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { figure, leftOut, long as longTorture } from '../support/run/torture.mjs';
import { checkTable } from './expected.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const at = args.indexOf('--build');
const build = resolve(at >= 0 ? args[at + 1] : join(here, '..', '..', 'build'));
const long = args.includes('--long') || longTorture;
const tableProgram = join(build, 'tests', 'model', 'model-table');

const properties = {
    101: 'at most one claimant ever gets the envelope',
    102: 'what was taken is never available again',
    103: 'burned stays burned',
    104: 'what was burned is not handed out',
    105: 'bytes that are promised are there',
    106: 'the bytes are gone for a recorded cause, or there',
    107: 'what has ended is burned',
    108: 'an acknowledged submission stays',
    109: 'an acknowledged claim stays',
    110: 'an acknowledged opening stays',
    111: 'an acknowledged revoke stays',
    112: 'an acknowledged receipt stays',
    113: "the claimant's repeat within the lease gets the bytes",
    114: 'who holds the bytes and says so is heard, or learns why not',
    115: 'what is due is refused, swept or not',
    116: 'who proves nothing changes nothing',
    117: 'a refusal says why',
    118: 'the service meets no fact and call that the table calls impossible',
    119: 'with fair time, what was accepted comes to its end',
};

// Each is searched exhaustively with all the properties above. Defines of handoff.pml:
//   MODE 0 burns on opened, 1 on claim, 2 and 3 the same with a code; THIEF: the second party sends
//   whatever he likes; RECEIPTS, RESTORES: with these; BATCH: calls in a transaction; FAULTS:
//   crashes, failed syncs and rollbacks, in all.
const configurations = [
    { name: 'a claimant and a thief', defines: ['THIEF', 'FAULTS=2'] },
    { name: 'a claimant and a thief, burned on claim', defines: ['THIEF', 'MODE=1', 'FAULTS=2'] },
    { name: 'two claimants, with a code', defines: ['MODE=2', 'FAULTS=1'] },
    { name: 'two calls in a transaction', defines: ['THIEF', 'BATCH=2', 'FAULTS=1'] },
    { name: 'a restore', defines: ['THIEF', 'RESTORES', 'FAULTS=1'] },
    { name: 'it comes to its end', defines: ['FAULTS=1'], ltl: true },
    { name: 'receipts', defines: ['THIEF', 'RECEIPTS', 'FAULTS=1'], long: true },
    { name: 'receipts, burned on claim, with a code', long: true,
        defines: ['THIEF', 'RECEIPTS', 'MODE=3', 'FAULTS=1'] },
    { name: 'two claimants, four faults', defines: ['FAULTS=4'], long: true },
    { name: 'two calls in a transaction, three faults', long: true,
        defines: ['THIEF', 'BATCH=2', 'FAULTS=3'] },
    { name: 'a restore, burned on claim, two faults', long: true,
        defines: ['THIEF', 'RESTORES', 'MODE=1', 'FAULTS=2'] },
    { name: 'a restore, two faults', defines: ['THIEF', 'RESTORES', 'FAULTS=2'], long: true },
    { name: 'it comes to its end, burned on claim, two faults', long: true,
        defines: ['MODE=1', 'FAULTS=2'], ltl: true },
    { name: 'it comes to its end, with a thief', long: true,
        defines: ['THIEF', 'FAULTS=1'], ltl: true },
];

// What is broken, and the property that must notice: the only one that is looked at, so that each
// property is seen to fail. table: an entry bent by table.c; defines: the service around the table.
const sabotages = [
    { name: 'the bytes are sent before the commit', breaks: 101,
        defines: ['ANSWER_FIRST=(BYTES(0)|BYTES(1))'] },
    { name: 'submitted is answered before the commit', breaks: 108,
        defines: ['ANSWER_FIRST=SUBMITTED'] },
    { name: 'revoked is answered before the commit', breaks: 111,
        defines: ['ANSWER_FIRST=REVOKED'] },
    { name: 'opened is answered before the sync', breaks: 110,
        defines: ['ANSWER_UNSYNCED=(OPENED(0)|OPENED(1))'] },
    { name: 'a receipt is answered before the sync', breaks: 112,
        defines: ['RECEIPTS', 'ANSWER_UNSYNCED=(KEPT(0)|KEPT(1))'] },
    { name: 'a lapsed lease reopens', breaks: 102, table: 'lapse-reopens' },
    { name: 'a lapse has no cause', breaks: 107, table: 'lapse-without-cause' },
    { name: 'a lapse leads where the table ends', breaks: 118, table: 'lapse-without-cause' },
    { name: 'a second claimant is let in', breaks: 101, table: 'second-claimant' },
    { name: 'a second claimant is refused without a reason', breaks: 117,
        table: 'refused-without-why' },
    { name: 'a claim is forgotten at a crash', breaks: 101, defines: ['CLAIM_IN_MEMORY'] },
    { name: 'who claimed is forgotten at a crash', breaks: 109, defines: ['HOLDER_IN_MEMORY'] },
    { name: 'a burn is undone by a crash', breaks: 103, defines: ['BURN_IN_MEMORY'] },
    { name: 'a burn is a transaction of its own', breaks: 106, defines: ['BURN_APART'] },
    { name: 'opened leaves the bytes', breaks: 106, table: 'opened-keeps-bytes' },
    { name: 'burned on claim, and handed out again', breaks: 104, table: 'burned-handed-out',
        defines: ['MODE=1'] },
    { name: 'anyone may say opened', breaks: 116, table: 'anyone-opens' },
    { name: "the claimant's repeat is refused", breaks: 113, table: 'repeat-refused' },
    { name: 'opened after the lease is denied', breaks: 114, table: 'late-opening-denied' },
    { name: 'what is due is handed out', breaks: 115, table: 'never-due' },
    { name: 'what is due never ends', breaks: 119, table: 'never-due', ltl: true },
    { name: 'a start trusts what was never synced', breaks: 109,
        faults: 2, defines: ['START_UNSYNCED'] },
    { name: 'a reopened connection sees what was never synced', breaks: 109,
        faults: 2, defines: ['REOPENED_SEES'] },
    { name: 'a restored backup lives, without bytes', breaks: 105, table: 'restore-reopens',
        defines: ['RESTORES'] },
    { name: 'a copy of the database is put back', breaks: 102, table: 'restore-reopens',
        defines: ['RESTORES', 'KEEPS_BYTES=1'] },
    { name: 'a start trusts what was never synced: two hold it', breaks: 101, long: true,
        faults: 2, defines: ['START_UNSYNCED'] },
    { name: 'a copy of the database is put back: two hold it', breaks: 101, long: true,
        table: 'restore-reopens', defines: ['RESTORES', 'KEEPS_BYTES=1'] },
    { name: 'a submit outlives a restore to before it', breaks: 101, long: true,
        defines: ['RESTORES', 'OLD_BACKUP'] },
];

// ---- running ----

const temp = (mkdirSync(build, { recursive: true }), mkdtempSync(join(build, 'model-')));
let running = null;
process.on('exit', () => rmSync(temp, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
        running?.kill('SIGKILL');
        process.exit(130);
    });

async function output(argv, cwd) {
    running = spawn(argv[0], argv.slice(1), { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    running.stdout.on('data', (data) => (text += data));
    running.stderr.on('data', (data) => (text += data));
    const code = await new Promise((done) => {
        running.on('error', (error) => done(error.message));
        running.on('close', (status, signal) => done(signal ?? status));
    });
    running = null;
    return { text, code };
}

async function must(argv, cwd) {
    const { text, code } = await output(argv, cwd);
    if (code !== 0)
        throw new Error(`${argv.join(' ')}: ${code}\n${text.slice(-2000)}`);
    return text;
}

// Makes the searching program of a configuration in a folder of its own and runs it. One that is
// expected to find something searches breadth first: what it finds is as short as can be.
async function search({ defines = [], table, ltl, breaks }, n) {
    const dir = join(temp, String(n));
    const bent = table ? ['--sabotage', table] : [];
    const how = ltl ? ['-DNFAIR=3'] : ['-DSAFETY', '-DNOCLAIM', ...(breaks ? ['-DBFS'] : [])];
    mkdirSync(dir);
    const chosen = defines.map((d) => `#define ${d.replace('=', ' ')}\n`).join('');
    writeFileSync(join(dir, 'table.pml'), chosen + (await must([tableProgram, ...bent], dir)));
    for (const file of ['handoff.pml', 'judging.pml', 'properties.pml'])
        copyFileSync(join(here, file), join(dir, file));
    await must(['spin', '-a', 'handoff.pml'], dir);
    const compiler = ['gcc', breaks ? '-O0' : '-O2', '-w', '-DCOLLAPSE', '-DMEMLIM=8192'];
    await must([...compiler, ...how, '-o', 'pan', 'pan.c'], dir);
    const started = process.hrtime.bigint();
    const run = await output(['./pan', '-m2000000', ...(ltl ? ['-a', '-f'] : [])], dir);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    rmSync(dir, { recursive: true });
    return { ...parse(run.text), code: run.code, text: run.text, seconds };
}

function number(text, pattern) {
    const seen = pattern.exec(text);
    return seen ? Number(seen[1]) : NaN;
}

function parse(text) {
    const found = /assertion violated.*?\b(1\d\d)&&/.exec(text);
    return {
        errors: number(text, /errors: (\d+)/),
        states: number(text, /^\s*([\d.e+]+) states, stored/m),
        transitions: number(text, /^\s*([\d.e+]+) transitions/m),
        depth: number(text, /depth reached (\d+)/),
        megabytes: number(text, /([\d.]+)\s+total actual memory usage/),
        steps: number(text, /^pan:1:.*\(at depth (\d+)\)/m),
        complete: !/search not completed|max search depth too small|bit ?state|hash.compact/i.test(text),
        cycle: /acceptance cycle/.test(text),
        property: found ? Number(found[1]) : null,
        what: /^pan:1: (.*)$/m.exec(text)?.[1] ?? 'nothing was found',
        unreached: [...text.matchAll(/^\t(?!_)(\S+:\d+), state \d+, "(.*)"$/gm)]
            .filter((m) => m[2] !== '-end-' && !m[2].startsWith('D_STEP'))
            .map((m) => `${m[1]}: ${m[2]}`),
    };
}

// ---- telling ----

let count = 0;
let failed = 0;

function tell(ok, name, notes = []) {
    count++;
    if (!ok)
        failed++;
    console.log(`${ok ? 'ok' : 'not ok'} ${count} - ${name}`);
    for (const note of notes)
        console.log(`# ${note}`);
}

const grouped = (n) => n.toLocaleString('en-US');

async function whole(configuration, n) {
    const r = await search(configuration, n);
    const ok = r.code === 0 && r.errors === 0 && r.complete && r.states > 1000;
    const what = configuration.ltl ? 'with fair time, what was accepted ends' : 'all properties';
    const size = `${grouped(r.states)} states, ${grouped(r.transitions)} transitions, depth ${r.depth}`;
    tell(ok, `${configuration.name}: ${what}, ${size}, ${r.complete ? 'complete' : 'not complete'}`, [
        `${configuration.defines.join(' ')}; ${r.seconds.toFixed(1)} s, ${r.megabytes} MB`,
        ...(ok ? [] : [`${r.what} ${properties[r.property] ?? ''}`, ...r.text.split('\n').slice(0, 40)]),
    ]);
    return r;
}

async function broken(sabotage, n) {
    const { ltl, breaks, faults = 1 } = sabotage;
    const defines = [...(ltl ? [] : ['THIEF']), `FAULTS=${faults}`, `ONLY=${breaks}`];
    const r = await search({ ...sabotage, defines: [...defines, ...(sabotage.defines ?? [])] }, n);
    const ok = r.errors > 0 && (ltl ? r.cycle : r.property === breaks);
    tell(ok, `found: ${sabotage.name}, in ${r.steps} steps`,
        ok ? [`against: ${properties[breaks]}; ${r.seconds.toFixed(1)} s`]
            : [r.what, ...r.text.split('\n').slice(0, 20)]);
    return ok;
}

async function main() {
    for (const program of ['spin', 'gcc'])
        if (spawnSync(program, [program === 'spin' ? '-V' : '--version']).error)
            throw new Error(`${program} is not installed`);
    const list = await must([tableProgram, '--list'], build);
    for (const { name, problems } of checkTable(list))
        tell(problems.length === 0, name, problems.slice(0, 20));

    for (const what of Object.values(properties))
        console.log(`# property: ${what}`);
    const sum = { states: 0, transitions: 0, depth: 0, megabytes: 0, seconds: 0 };
    let unreached = null;
    let n = 0;
    for (const configuration of configurations) {
        if (configuration.long && !long) {
            leftOut('model', configuration.name);
            continue;
        }
        const r = await whole(configuration, n++);
        sum.states += r.states;
        sum.transitions += r.transitions;
        sum.seconds += r.seconds;
        sum.depth = Math.max(sum.depth, r.depth);
        sum.megabytes = Math.max(sum.megabytes, r.megabytes);
        const not = new Set(r.unreached);
        unreached = unreached === null ? not : new Set([...unreached].filter((u) => not.has(u)));
    }
    tell(unreached.size === 0, 'every statement is reached in some configuration',
        [...unreached].map((line) => `not reached: ${line}`));
    const searched = n;
    let found = 0;
    for (const sabotage of sabotages)
        if (sabotage.long && !long)
            leftOut('model', `broken on purpose: ${sabotage.name}`);
        else
            found += (await broken(sabotage, n++)) ? 1 : 0;

    const unbroken = Object.keys(properties).filter((p) => !sabotages.some((s) => s.breaks === Number(p)));
    tell(unbroken.length === 0, 'each property is seen to fail', unbroken.map((p) => properties[p]));

    figure('model', 'configurations', searched);
    figure('model', 'states', sum.states);
    figure('model', 'transitions', sum.transitions);
    figure('model', 'depth', sum.depth);
    figure('model', 'memory, MB at most', Math.round(sum.megabytes));
    figure('model', 'seconds', Math.round(sum.seconds));
    figure('model', 'broken on purpose', n - searched);
    figure('model', 'found', found);
}

try {
    await main();
} catch (error) {
    tell(false, 'the model could be run', String(error.stack).split('\n'));
}
console.log(`1..${count}`);
process.exitCode = failed ? 1 : 0;
