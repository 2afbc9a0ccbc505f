// Accessibility as axe-core judges it, on a page as it is at this moment.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// What axe finds: [{ id, help, impact, nodes }]. The script comes by the debugger, which no policy of
// the page forbids.
export async function violations(page) {
    await page.evaluate(source);
    const { violations: found, passes } = await page.evaluate((values) => globalThis.axe.run(document, {
        runOnly: { type: 'tag', values },
        rules: { 'target-size': { enabled: true } }, // WCAG 2.2's own rule: off unless asked for
        resultTypes: ['violations'],
    }), tags);
    assert.ok(passes.length > 0, 'axe has looked at something');
    return found;
}

// Fails where the page breaks a rule: WCAG 2.0 to 2.2, A and AA, and good practice.
export async function axe(page, what = '') {
    const found = await violations(page);
    const told = found.flatMap(({ id, help, impact, nodes }) => nodes.map((node) =>
        `${id} (${impact}): ${help}\n    ${node.html}\n    ${node.failureSummary}`));
    assert.deepEqual(told, [], `axe ${what}`);
}
