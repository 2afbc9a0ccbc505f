// What a run of the benchmark says: medians with their spread, tables.

import { goals, met } from './goals.mjs';

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// Median, smallest and largest.
export function spread(values) {
    return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

const whole = (n) => Math.round(n).toLocaleString('en-US');
const tenth = (n) => n.toFixed(1);
export const two = (n) => (n >= 100 ? whole(n) : n >= 10 ? tenth(n) : n.toFixed(2));

// The figures that a turn can give, in the order of the table's columns.
const figures = {
    requests_per_s: { title: 'requests/s', form: whole, spread: true },
    p50_us: { title: 'p50 µs', form: whole },
    p99_us: { title: 'p99 µs', form: whole },
    p999_us: { title: 'p99.9 µs', form: whole },
    client_cpu_us: { title: 'own CPU µs/req', form: two, spread: true },
    server_cpu_us: { title: 'CPU µs/req', form: tenth },
    resident_mib: { title: 'MiB', form: tenth },
    woken_p50_us: { title: 'woken p50', form: whole },
    woken_p99_us: { title: 'woken p99', form: whole },
    swept: { title: 'swept', form: whole },
    start_ms: { title: 'start ms', form: whole, spread: true },
    rest_mib: { title: 'MiB at rest', form: tenth, spread: true },
    gone_s: { title: 'gone after s', form: two, spread: true },
    late_s: { title: 'scrub took s', form: two },
    cpu_ms: { title: 'CPU ms', form: tenth, spread: true },
    max_mib: { title: 'MiB', form: tenth },
    kb: { title: 'kB', form: tenth },
};

// A group's rounds, each an object of sides with their figures, as spreads; ratios pair by pair.
export function summarize({ title, x, sides, ratios = [] }, rounds) {
    const summary = { title, ...(x === undefined ? {} : { x }), sides: {}, ratios: [] };
    for (const [name, { title: of }] of Object.entries(sides)) {
        const values = Object.keys(figures).filter((figure) => rounds[0][name][figure] !== undefined);
        summary.sides[name] = { title: of };
        for (const figure of values)
            summary.sides[name][figure] = spread(rounds.map((round) => round[name][figure]));
    }
    for (const ratio of ratios) {
        const { title: of, figure, over, under } = ratio;
        const pairs = rounds.map((round) => round[over][figure] / round[under][figure]);
        summary.ratios.push({ ...ratio, title: of, ...spread(pairs) });
    }
    return summary;
}

export const range = ({ min, max }, form) => `${form(min)}…${form(max)}`;

function grid(rows) {
    const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
    return rows.map((row) =>
        row.map((cell, i) => (i ? cell.padStart(widths[i] + 3) : cell.padEnd(widths[i]))).join('').trimEnd());
}

// One group as lines.
export function table(summary) {
    const sides = Object.values(summary.sides);
    const columns = Object.keys(figures).filter((figure) => sides.some((side) => side[figure]));
    const cells = (side, figure) => {
        const { form, spread: wide } = figures[figure];
        const value = side[figure];
        return [value ? form(value.median) : '', ...(wide ? [value ? range(value, form) : ''] : [])];
    };
    const rows = [
        ['', ...columns.flatMap((figure) => [figures[figure].title, ...(figures[figure].spread ? ['spread'] : [])])],
        ...sides.map((side) => [`  ${side.title}`, ...columns.flatMap((figure) => cells(side, figure))]),
    ];
    const lines = ['', summary.title, ...grid(rows)];
    const titles = Math.max(0, ...summary.ratios.map(({ title }) => title.length));
    for (const ratio of summary.ratios)
        lines.push(`  ${ratio.title.padEnd(titles)}   ${two(ratio.median)}  (${range(ratio, two)})`);
    for (const note of summary.notes ?? [])
        lines.push(`  ${note}`);
    return lines.join('\n');
}

// The goals with what was measured: { key: spread }.
export function verdicts(measured) {
    return Object.entries(goals).map(([key, goal]) => ({
        key,
        ...goal,
        measured: measured[key] ?? null,
        verdict: !measured[key] ? 'not measured' : met(goal, measured[key]) ? 'met' : 'MISSED',
    }));
}

export function goalTable(list) {
    const unit = (goal) => (goal.unit ? ` ${goal.unit}` : '');
    const wanted = (goal) => goal.least !== undefined
        ? `>= ${goal.least}${unit(goal)}`
        : `<= ${goal.most}${unit(goal)}`;
    return ['', ...grid([
        ['goal', 'wanted', 'measured', 'spread', 'verdict'],
        ...list.map((goal) => [
            goal.what,
            wanted(goal),
            goal.measured ? `${two(goal.measured.median)}${unit(goal)}` : '-',
            goal.measured ? range(goal.measured, two) : '-',
            goal.verdict,
        ]),
    ])].join('\n');
}
