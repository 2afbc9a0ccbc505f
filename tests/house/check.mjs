// Checks the house's rules on the whole tree, and that each rule can fail: every violation that a
// rule lists is planted in a copy of the tree, which must turn that rule red. The tree is read once:
// a planted file takes its place in what was read, and lies in the copy for programs that look there.
// Prints TAP.
//
// usage: node tests/house/check.mjs [ROOT]

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { rules } from './rules.mjs';
import { exchange, readTree } from './tree.mjs';

const root = process.argv[2] ?? dirname(dirname(dirname(fileURLToPath(import.meta.url))));
let count = 0;
let failed = 0;

function report(name, problems) {
    count++;
    if (problems.length)
        failed++;
    console.log(`${problems.length ? 'not ok' : 'ok'} ${count} - ${name.replaceAll('#', '')}`);
    for (const { path, line, what } of problems)
        console.log(`# ${path}:${line}: ${what}`);
}

function copyTree(to) {
    for (const { path } of tree.files) {
        mkdirSync(join(to, dirname(path)), { recursive: true });
        copyFileSync(join(root, path), join(to, path));
    }
}

// Plants one violation, looks, and takes it away again. Returns what is wrong with the rule.
function bites(rule, plant, copy) {
    const target = join(copy, plant.path);
    const original = tree.files.find((file) => file.path === plant.path)?.text ?? null;
    const planted = plant.change ? plant.change(original) : plant.text;
    if (planted === original)
        return [{ path: plant.path, line: 0, what: 'the violation could not be planted' }];
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, planted);
    const before = new Set(rule.clean.map((p) => p.path + p.what));
    const found = rule
        .check(exchange(tree, copy, plant.path, planted))
        .filter((p) => !before.has(p.path + p.what));
    if (original === null)
        rmSync(target);
    else
        writeFileSync(target, original);
    if (found.length === 0)
        return [{ path: plant.path, line: 0, what: 'the planted violation went unseen' }];
    return [];
}

const tree = readTree(root);
for (const rule of rules) {
    rule.clean = rule.check(tree);
    report(rule.name, rule.clean);
}

const copy = mkdtempSync(join(tmpdir(), 'handoff-house-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
copyTree(copy);
for (const rule of rules)
    report(
        `bites: ${rule.name}`,
        rule.plants.length === 0
            ? [{ path: 'tests/house', line: 0, what: 'the rule has no violation to show' }]
            : rule.plants.flatMap((plant) => bites(rule, plant, copy)),
    );
console.log(`1..${count}`);
process.exitCode = failed ? 1 : 0;
