// What a run of the benchmark says: medians, a table, a plot.

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// Median, smallest and largest of one number over the rounds.
export function spread(rounds, of) {
    const values = rounds.map(of);
    return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function summarize(connections, rounds) {
    const side = (name) => ({
        requests_per_s: spread(rounds, (r) => r[name].requests_per_s),
        p50_us: spread(rounds, (r) => r[name].p50_us),
        p99_us: spread(rounds, (r) => r[name].p99_us),
        p999_us: spread(rounds, (r) => r[name].p999_us),
        server_cpu_us: spread(rounds, (r) => r[name].server_cpu_us),
    });
    const summary = {
        connections,
        bare: side('bare'),
        handoffs: side('handoffs'),
        ratio: spread(rounds, (r) => r.handoffs.requests_per_s / r.bare.requests_per_s),
        p99_ratio: spread(rounds, (r) => r.handoffs.p99_us / r.bare.p99_us),
    };
    if (rounds.every((r) => r.beside)) {
        summary.beside = side('beside');
        summary.to_beside = spread(rounds, (r) => r.handoffs.requests_per_s / r.beside.requests_per_s);
    }
    if (rounds.every((r) => r.wrk_per_s))
        summary.generator_to_wrk = spread(rounds, (r) => r.bare.requests_per_s / r.wrk_per_s);
    return summary;
}

const whole = (n) => Math.round(n).toLocaleString('en-US');
const two = (n) => n.toFixed(2);

function row(cells) {
    return cells.map((cell, i) => (i ? String(cell).padStart(13) : String(cell).padEnd(18))).join('');
}

function range({ min, max }, form) {
    return `${form(min)}…${form(max)}`;
}

export function table(summaries) {
    const lines = [];
    for (const s of summaries) {
        lines.push('', `${s.connections} connections (medians of the rounds; p in µs)`);
        lines.push(row(['', 'requests/s', 'p50', 'p99', 'p99.9', 'CPU µs/req', '  spread of requests/s']));
        const sides = [['bare POSTs', s.bare], ['whole handoffs', s.handoffs]];
        if (s.beside)
            sides.push(['the other handoffd', s.beside]);
        for (const [title, side] of sides)
            lines.push(
                row([
                    title,
                    whole(side.requests_per_s.median),
                    whole(side.p50_us.median),
                    whole(side.p99_us.median),
                    whole(side.p999_us.median),
                    two(side.server_cpu_us.median),
                    `  ${range(side.requests_per_s, whole)}`,
                ]),
            );
        lines.push(`  handoffs / bare   ${two(s.ratio.median)}  (${range(s.ratio, two)}; goal: at least 0.40)`);
        lines.push(
            `  p99 / bare's p99  ${two(s.p99_ratio.median)}  (${range(s.p99_ratio, two)}` +
                `${s.connections === 32 ? '; goal: at most 20' : ''})`,
        );
        if (s.to_beside)
            lines.push(`  handoffs / other  ${two(s.to_beside.median)}  (${range(s.to_beside, two)})`);
        if (s.generator_to_wrk)
            lines.push(
                `  generator / wrk   ${two(s.generator_to_wrk.median)}  (${range(s.generator_to_wrk, two)};` +
                    ' on the bare responder; within 0.10 of 1 or above means it does not hold back)',
            );
    }
    return lines.join('\n');
}

// Bars of requests/s with the spread of the rounds as whiskers.
export function plot(summaries) {
    const bars = summaries.flatMap((s) => [
        { label: `bare, ${s.connections}`, fill: '#9aa5b1', value: s.bare.requests_per_s },
        { label: `handoffs, ${s.connections}`, fill: '#2f6f4f', value: s.handoffs.requests_per_s },
    ]);
    const top = Math.max(...bars.map((bar) => bar.value.max)) * 1.05;
    const [left, height, width] = [90, 260, 90];
    const y = (value) => 30 + height - (value / top) * height;
    const parts = [];
    for (let k = 0; k <= 4; k++) {
        const value = (top / 4) * k;
        parts.push(
            `<path d="M${left} ${y(value)}h${bars.length * (width + 30)}" stroke="#ddd"/>`,
            `<text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${whole(value)}</text>`,
        );
    }
    bars.forEach((bar, i) => {
        const x = left + 20 + i * (width + 30);
        const { median: middle, min, max } = bar.value;
        parts.push(
            `<rect x="${x}" y="${y(middle)}" width="${width}" height="${y(0) - y(middle)}" fill="${bar.fill}"/>`,
            `<path d="M${x + width / 2} ${y(min)}V${y(max)}" stroke="#111" stroke-width="2"/>`,
            `<text x="${x + width / 2}" y="${y(0) + 18}" text-anchor="middle">${bar.label}</text>`,
        );
    });
    const size = `width="${left + 20 + bars.length * (width + 30)}" height="${height + 70}"`;
    return (
        `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">\n` +
        '<rect width="100%" height="100%" fill="#fff"/>\n' +
        '<text x="8" y="18">requests/s: whole handoffs beside bare POSTs, by connections</text>\n' +
        `${parts.join('\n')}\n</svg>\n`
    );
}
