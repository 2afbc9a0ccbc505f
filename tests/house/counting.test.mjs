// Goal: ./dev test cannot call something a pass that is none. Failures, skips, programs that died,
// plans that were not kept, files without a test: each is counted as what it is.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { readFlat, readNode } from '../support/run/tap.mjs';

const names = (list) => list.map((item) => item.name);

test('flat TAP: passes, failures with their output, both ways of writing a skip', () => {
    const result = readFlat(
        '1..4\nok 1 - one\nnot ok 2 - two\n# 0x1 != 0x2\nnot ok 3 # SKIP three\nok 4 - four # skip no\n',
    );
    assert.equal(result.passed, 1);
    assert.equal(result.skipped, 2);
    assert.deepEqual(result.skips, ['three', 'four']);
    assert.deepEqual(names(result.failures), ['two']);
    assert.deepEqual(result.failures[0].output, ['# 0x1 != 0x2']);
});

test('flat TAP: several groups of one program add up', () => {
    const result = readFlat('1..1\nok 1 - one\n# ok - group\n1..1\nok 1 - two\n');
    assert.equal(result.passed, 2);
    assert.deepEqual(result.failures, []);
});

for (const [what, text] of [
    ['a program that died after its first test', '1..2\nok 1 - one\n'],
    ['a program that printed nothing', ''],
    ['a program that died before its plan', 'ok 1 - one\n'],
    ['more tests than were planned', '1..1\nok 1 - one\nok 2 - two\n'],
])
    test(`flat TAP: ${what} is a failure`, () => {
        assert.equal(readFlat(text).failures.length, 1);
    });

// Runs node --test on files of these texts and counts.
function runNode(texts) {
    const dir = mkdtempSync(join(tmpdir(), 'handoff-counting-'));
    try {
        const files = texts.map((text, i) => {
            const file = join(dir, `${i}.test.mjs`);
            writeFileSync(file, `import { describe, test } from 'node:test';\n${text}\n`);
            return file;
        });
        // Without this, a node --test inside of node --test reports to its parent instead.
        const env = { ...process.env };
        delete env.NODE_TEST_CONTEXT;
        const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap', ...files], {
            encoding: 'utf8',
            env,
        });
        return readNode(run.stdout);
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
}

test('node: passes, failures, skips, things to do and nested cases are counted', () => {
    const result = runNode([
        `test('one', () => {});
         test('two', () => { throw new Error('broken here'); });
         test('three', { skip: true }, () => {});
         test('four', { todo: true }, () => {});`,
        `describe('group', () => { test('five', () => {}); test('six', () => {}); });`,
    ]);
    assert.equal(result.passed, 3);
    assert.equal(result.skipped, 2);
    assert.deepEqual(names(result.failures), ['two']);
    assert.match(result.failures[0].output.join('\n'), /broken here/);
});

test('node: a hook that fails fails the cases behind it', () => {
    const result = runNode([
        `import { before } from 'node:test';
         describe('group', () => {
             before(() => { throw new Error('no service'); });
             test('one', () => {});
         });`,
    ]);
    assert.equal(result.passed, 0);
    assert.ok(result.failures.length >= 1);
});

for (const [what, text] of [
    ['a file that cannot be loaded', 'throw new Error("not loaded");'],
    ['a file without a test', 'export const nothing = 1;'],
    ['a file whose process is killed', "test('one', () => process.kill(process.pid, 'SIGKILL'));"],
])
    test(`node: ${what} is a failure`, () => {
        assert.ok(runNode([text]).failures.length >= 1);
    });

test('node: a runner that came to no end is a failure', () => {
    assert.equal(readNode('TAP version 13\nok 1 - one\n').failures.length, 1);
});
