// Line plots as SVG, legible on light and dark: points are medians, bars the spread of the rounds.

const [width, height] = [760, 440];
const box = { left: 92, right: 24, top: 56, bottom: 92 };

const style = `
    :root { --paper: #ffffff; --ink: #1d2733; --soft: #5b6775; --grid: #dfe4ea;
        --c0: #1b7a4b; --c1: #8a5a00; --c2: #3b5bdb; --c3: #a61e4d; --c4: #5f3dc4; --c5: #0b7285; }
    @media (prefers-color-scheme: dark) {
        :root { --paper: #14181d; --ink: #e8edf2; --soft: #a5b0bc; --grid: #2c343d;
            --c0: #5fd39a; --c1: #f0b64d; --c2: #91a7ff; --c3: #faa2c1; --c4: #b197fc; --c5: #66d9e8; } }
    text { font: 13px system-ui, sans-serif; fill: var(--ink); }
    .title { font-size: 16px; font-weight: 600; }
    .soft { fill: var(--soft); font-size: 12px; }`;

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function short(n) {
    if (n >= 1e6)
        return `${+(n / 1e6).toPrecision(3)} M`;
    return n >= 1e4 ? `${+(n / 1e3).toPrecision(3)} k` : String(+n.toPrecision(3));
}

// The marks of an axis from low to high: powers of ten, with 2 and 5 where these are few; or round steps.
function marks(low, high, log) {
    if (log) {
        const all = [];
        for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p++)
            all.push(...(high / low < 200 ? [1, 2, 5] : [1]).map((m) => m * 10 ** p));
        return all.filter((v) => v >= low * 0.999 && v <= high * 1.001);
    }
    const rough = (high - low) / 5;
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * unit).find((s) => s >= rough);
    return Array.from({ length: Math.floor(high / step + 1.001) }, (_, i) => i * step);
}

function scale(low, high, from, to, log) {
    const place = log ? Math.log : (v) => v;
    const [a, b] = [place(low), place(high)];
    return (v) => from + ((place(v) - a) / (b - a || 1)) * (to - from);
}

// { title, note, x: { title, log, ticks }, y: { title, log }, lines: [{ title, colour (0 to 5), dash, points: [{ x, median, min, max }] }] }
export function plot({ title, note = '', x, y, lines }) {
    const points = lines.flatMap((line) => line.points);
    const xs = points.map((p) => p.x);
    const top = Math.max(...points.map((p) => p.max));
    const bottom = y.log ? Math.min(...points.map((p) => p.min)) : 0;
    const low = y.log ? 10 ** Math.floor(Math.log10(bottom)) : 0;
    const high = y.log ? 10 ** Math.ceil(Math.log10(top)) : top * 1.08;
    const px = scale(Math.min(...xs), Math.max(...xs), box.left + 26, width - box.right - 26, x.log);
    const py = scale(low, high, height - box.bottom, box.top, y.log);
    const round = (n) => n.toFixed(1);
    const parts = [];

    for (const value of marks(low, high, y.log))
        parts.push(
            `<path d="M${box.left} ${round(py(value))}H${width - box.right}" stroke="var(--grid)"/>`,
            `<text class="soft" x="${box.left - 8}" y="${round(py(value) + 4)}" text-anchor="end">${short(value)}</text>`,
        );
    for (const value of x.ticks ?? [...new Set(xs)])
        parts.push(
            `<path d="M${round(px(value))} ${height - box.bottom}v5" stroke="var(--soft)"/>`,
            `<text class="soft" x="${round(px(value))}" y="${height - box.bottom + 20}" text-anchor="middle">${short(value)}</text>`,
        );
    const bottomTitle = height - box.bottom + 42;
    parts.push(
        `<text x="${(box.left + width - box.right) / 2}" y="${bottomTitle}" text-anchor="middle">${escape(x.title)}</text>`,
        `<text transform="translate(20 ${(box.top + height - box.bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(y.title)}</text>`,
    );
    const step = (width - box.left - box.right) / lines.length;
    lines.forEach((line, i) => {
        const colour = `var(--c${line.colour})`;
        const dash = line.dash ? ` stroke-dasharray="${line.dash}"` : '';
        const way = line.points.map((p) => `${round(px(p.x))} ${round(py(p.median))}`).join('L');
        parts.push(`<path d="M${way}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`);
        for (const p of line.points)
            parts.push(
                `<path d="M${round(px(p.x))} ${round(py(Math.max(p.min, low || 0)))}V${round(py(p.max))}" stroke="${colour}" opacity="0.55" stroke-width="4"/>`,
                `<circle cx="${round(px(p.x))}" cy="${round(py(p.median))}" r="4" fill="${colour}"/>`,
            );
        const at = box.left + i * step;
        parts.push(
            `<path d="M${round(at)} ${height - 20}h22" stroke="${colour}" stroke-width="3"${dash}/>`,
            `<text class="soft" x="${round(at + 28)}" y="${height - 16}">${escape(line.title)}</text>`,
        );
    });
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">
<style>${style}
</style>
<rect width="100%" height="100%" fill="var(--paper)"/>
<text class="title" x="16" y="26">${escape(title)}</text>
<text class="soft" x="16" y="44">${escape(note)}</text>
${parts.join('\n')}
</svg>
`;
}
