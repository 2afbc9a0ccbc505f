// Reads the TAP that our three kinds of test write (cmocka, node --test, tests/house) and counts.
// What cannot be counted is a failure: a plan that was not kept, a program that died, no test at all.

const point = /^(\s*)(not )?ok\b\s*\d*\s*(?:- )?(.*)$/;

// Splits "name # SKIP why" and cmocka's "# SKIP name".
function directive(rest) {
    const found = /^(.*?)\s*# (SKIP|TODO)\b\s*(.*)$/i.exec(rest);
    if (!found)
        return { name: rest.trim(), skipped: false };
    return { name: (found[1] || found[3]).trim(), skipped: true };
}

// The test points of flat TAP (cmocka, tests/house). What a test prints follows its point in
// cmocka and precedes it elsewhere, so a failure takes the lines on both sides up to other points.
export function readFlat(text) {
    const result = { passed: 0, skipped: 0, failures: [], skips: [] };
    let plan = null;
    let before = [];
    let open = null;
    for (const line of text.split('\n')) {
        const planned = /^1\.\.(\d+)/.exec(line);
        const seen = point.exec(line);
        if (planned) {
            plan = (plan ?? 0) + Number(planned[1]);
        } else if (!seen) {
            (open ? open.output : before).push(line);
        } else {
            const { name, skipped } = directive(seen[3]);
            open = null;
            if (skipped) {
                result.skipped++;
                result.skips.push(name);
            } else if (seen[2]) {
                open = { name, output: before };
                result.failures.push(open);
            } else {
                result.passed++;
            }
            before = [];
        }
    }
    const points = result.passed + result.skipped + result.failures.length;
    if (plan === null || plan !== points)
        result.failures.push({
            name: `planned ${plan ?? 'no'} tests, ran ${points}`,
            output: text.split('\n').slice(-40),
        });
    return result;
}

// node --test --test-reporter=tap: the runner's own totals count the cases, the points tell which.
export function readNode(text) {
    const totals = {};
    const result = { passed: 0, skipped: 0, failures: [], skips: [] };
    const lines = text.split('\n');
    for (let i = 0; i < lines.length; i++) {
        const total = /^# (pass|fail|cancelled|skipped|todo) (\d+)$/.exec(lines[i]);
        const seen = point.exec(lines[i]);
        if (total)
            totals[total[1]] = Number(total[2]);
        if (!seen)
            continue;
        const { name, skipped } = directive(seen[3]);
        const block = yamlAfter(lines, i);
        if (skipped)
            result.skips.push(name);
        else if (seen[2] && !block.some((l) => l.includes("failureType: 'subtestsFailed'")))
            result.failures.push({ name, output: why(block) });
        else if (!seen[2] && seen[1] === '' && /^(\/|[A-Za-z]:\\).*\.mjs$/.test(name))
            // A file without any test counts as one passing test of its own name.
            result.failures.push({ name: `${name} holds no test`, output: [] });
    }
    if (totals.pass === undefined) {
        result.failures.push({ name: 'node --test came to no end', output: lines.slice(-40) });
        return result;
    }
    result.passed = totals.pass;
    result.skipped = totals.skipped + totals.todo;
    const failed = totals.fail + totals.cancelled;
    while (result.failures.length < failed)
        result.failures.push({ name: 'a failure without a test point', output: [] });
    return result;
}

// A test that never ran because its parent had failed has nothing to tell but that.
function why(block) {
    return block.some((l) => l.includes("'cancelledByParent'")) ? ['(cancelled)'] : block;
}

function yamlAfter(lines, i) {
    const block = [];
    if (lines[i + 1]?.trim() !== '---')
        return block;
    for (let k = i + 2; k < lines.length && lines[k].trim() !== '...'; k++)
        block.push(lines[k]);
    return block;
}
