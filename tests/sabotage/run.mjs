// Do the tests bite? Builds each fault of list.mjs into a copy of the sources, one at a time, and
// insists that the test beside it turns red; without any, all of these tests must be green.
//
// usage: node tests/sabotage/run.mjs --build BUILD [--name NAME]     (TAP; the sources are copied to
// BUILD/sabotage/tree, and the table of what was seen goes to BUILD/sabotage/table.md)

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { figure } from '../support/run/torture.mjs';
import { sabotages } from './list.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values: options } = parseArgs({ options: { build: { type: 'string' }, name: { type: 'string' } } });
const place = join(resolve(options.build ?? join(root, 'build')), 'sabotage');
const tree = join(place, 'tree');
const limitMs = 10 * 60 * 1000;

function prepare() {
    mkdirSync(tree, { recursive: true });
    const files = execFileSync('git', ['ls-files', '-zco', '--exclude-standard'], { cwd: root, encoding: 'utf8' });
    for (const file of files.split('\0').filter(Boolean)) {
        const [from, to] = [join(root, file), join(tree, file)];
        // What an interrupted run spoilt differs, and is then newer than what was built of it.
        if (existsSync(from) && !(existsSync(to) && readFileSync(from).equals(readFileSync(to))))
            cpSync(from, to);
    }
    for (const folder of ['tests', 'api/web'])
        if (!existsSync(join(tree, folder, 'node_modules')))
            symlinkSync(join(root, folder, 'node_modules'), join(tree, folder, 'node_modules'));
    if (!existsSync(join(tree, 'build', 'build.ninja')))
        execFileSync('meson', ['setup', 'build'], { cwd: tree, stdio: 'ignore' });
}

// Builds what a test needs. Returns what the compiler said when it refuses.
function build(tests) {
    const units = tests.filter((test) => test.startsWith('unit/')).map((test) => `tests/${test}`);
    const targets = ['api/handoffd', 'cli/handoff', 'tests/fault/faults.so', 'tests/fault/journal.so',
        'tests/bench/bare', 'tests/bench/fill', 'tests/bench/load'];
    const made = spawnSync('ninja', ['-C', 'build', ...targets, ...units], { cwd: tree, encoding: 'utf8' });
    return made.status === 0 ? null : made.stdout.slice(-2000);
}

// Runs a test. Returns the names of what failed.
function run({ test, env = {} }) {
    const unit = test.startsWith('unit/');
    const argv = unit
        ? [join(tree, 'build', 'tests', test)]
        : [process.execPath, '--test', '--test-reporter=tap', join(tree, 'tests', `${test}.test.mjs`)];
    const done = spawnSync(argv[0], argv.slice(1), {
        cwd: tree,
        env: { ...process.env, HANDOFF_FIGURES: '', HANDOFF_TORTURE_ROUNDS: '', ...env,
            CMOCKA_MESSAGE_OUTPUT: 'TAP' },
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        timeout: limitMs,
    });
    const failed = [...done.stdout.matchAll(/^\s*not ok \d+ - (.*)$/gm)].map(([, name]) => name.trim());
    return done.status === 0 ? [] : [...failed, `ended with ${done.signal ?? done.status}`];
}

// Does all replacements of a sabotage; returns what puts the sources right again.
function spoil({ also = [], ...first }) {
    const good = new Map();
    for (const { file = first.file, from, to } of [first, ...also]) {
        const path = join(tree, file);
        const text = readFileSync(path, 'utf8');
        if (text.split(from).length !== 2)
            throw new Error(`${file} does not hold this just once: ${from}`);
        if (!good.has(path))
            good.set(path, text);
        writeFileSync(path, text.replace(from, () => to));
    }
    return () => good.forEach((text, path) => writeFileSync(path, text));
}

let [number, bad] = [0, 0];

function say(ok, words, more = '') {
    console.log(`${ok ? 'ok' : 'not ok'} ${++number} - ${words}`);
    if (!ok)
        console.log(more.split('\n').map((line) => `# ${line}`).join('\n'));
    bad += !ok;
}

const list = sabotages.filter(({ name }) => !options.name || new RegExp(options.name).test(name));
const rows = [];

prepare();
const tests = [...new Set(list.map(({ test }) => test))];
const trouble = build(tests);
if (trouble)
    throw new Error(trouble);
for (const test of tests) {
    const failed = run({ test });
    say(failed.length === 0, `${test} is green without any fault`, failed.join('\n'));
}
let caught = 0;
for (const sabotage of list) {
    const mend = spoil(sabotage);
    const refused = build([sabotage.test]);
    const failed = refused ? [] : run(sabotage);
    mend();
    caught += failed.length > 0;
    say(failed.length > 0, `${sabotage.name}: seen by ${sabotage.test}, "${failed[0] ?? ''}"`, refused ?? '');
    rows.push(`| ${sabotage.name} | ${sabotage.file} | ${sabotage.test} | ${failed[0] ?? 'not seen'} |`);
}
console.log(`1..${number}`);
writeFileSync(join(place, 'table.md'),
    ['| fault | in | test | what turned red first |', '| --- | --- | --- | --- |', ...rows, ''].join('\n'));
figure('sabotage', 'faults built in', list.length);
figure('sabotage', 'seen by a test', caught);
process.exitCode = bad ? 1 : 0;
