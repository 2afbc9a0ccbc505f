// Goal: every scenario of the benchmark runs to its end, in a small way, and gives what its tables,
// goals and plots are made of; a part that fails is said and fails the run; nothing is left behind.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build, scratch } from '../support/service/service.mjs';
import { goals } from './report/goals.mjs';
import { scenarios } from './scenarios/index.mjs';
import { run } from './run/service.mjs';

const script = join(dirname(fileURLToPath(import.meta.url)), 'run.mjs');

async function bench(t, args) {
    const out = scratch(t);
    const done = await run(process.execPath, [script, '--build', build, '--size', 'tiny', '--out', out, ...args]);
    return { ...done, dir: out, result: JSON.parse(readFileSync(join(out, 'bench.json'), 'utf8')) };
}

const left = () => readdirSync(build).filter((name) => name.startsWith('bench-data-'));

test('every scenario gives figures, every goal is measured, every plot is drawn', async (t) => {
    const before = left();
    const { status, out, words, dir, result } = await bench(t, []);
    assert.equal(status, 0, out + words);
    assert.deepEqual(result.failed, []);
    for (const { name } of scenarios)
        assert.ok(result.summaries.some((s) => s.scenario === name), `${name} gave a table`);
    for (const summary of result.summaries) {
        const where = `${summary.scenario}: ${summary.title}`;
        for (const side of Object.values(summary.sides)) {
            const { title, at, ...figures } = side;
            assert.ok(Object.keys(figures).length > 0, `${where}: ${title}`);
            for (const [name, { median, min, max }] of Object.entries(figures))
                assert.ok(Number.isFinite(median) && min <= median && median <= max, `${where}: ${name}`);
        }
        for (const { title, median } of summary.ratios)
            assert.ok(Number.isFinite(median) && median > 0, `${where}: ${title}`);
    }
    assert.deepEqual(result.goals.map(({ key }) => key), Object.keys(goals));
    for (const { key, measured, verdict } of result.goals) {
        assert.ok(measured, `${key} was measured`);
        assert.match(verdict, /^(met|MISSED)$/);
    }
    for (const name of ['rate', 'latency', 'growth-live', 'growth-log']) {
        const svg = readFileSync(join(dir, `${name}.svg`), 'utf8');
        assert.match(svg, /^<svg [^]*<\/svg>\n$/);
        assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
    }
    assert.deepEqual(left().filter((name) => !before.includes(name)), []);
});

test('a part that fails is said, and fails the run; the others are measured all the same', async (t) => {
    const { status, out, result } = await bench(t, ['--only', 'handoffs', '--only', 'page', '--beside', '/bin/false']);
    assert.equal(status, 1);
    assert.deepEqual(result.failed, ['handoffs']);
    assert.match(out, /FAILED: \/bin\/false/);
    assert.match(out, /^FAILED: handoffs$/m);
    assert.ok(result.summaries.some((s) => s.scenario === 'page'));
    assert.equal(result.goals.find(({ key }) => key === 'rate-32').verdict, 'not measured');
});
