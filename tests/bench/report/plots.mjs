// The plots of a run, from its summaries: those whose scenarios were measured.

import { plot } from './plot.mjs';

// A line through the groups of a scenario that have a place on the axis.
function line(groups, side, figure, title, colour, dash) {
    const points = groups
        .filter((group) => group.sides[side]?.[figure])
        .map((group) => ({ x: group.x, ...group.sides[side][figure] }));
    return { title, colour, dash, points };
}

// A line through the sides of one group, which have their places.
function across(group, title, colour) {
    const points = Object.values(group.sides)
        .filter((side) => side.at !== undefined)
        .map((side) => ({ x: side.at, ...side.requests_per_s }));
    return { title, colour, points };
}

const connections = { title: 'connections', log: true };
const note = 'points: medians; bars: smallest and largest of the rounds';

export function draw(summaries) {
    const plots = {};
    const groups = summaries.filter((s) => s.scenario === 'handoffs' && s.x !== undefined);
    if (groups.length > 1) {
        plots['rate.svg'] = plot({
            title: 'Whole handoffs beside bare POSTs: requests per second', note, x: connections,
            y: { title: 'requests/s' },
            lines: [line(groups, 'bare', 'requests_per_s', 'bare POSTs', 1),
                line(groups, 'service', 'requests_per_s', 'whole handoffs, each request durable', 0)],
        });
        plots['latency.svg'] = plot({
            title: 'Latency under load', note: `${note}; dashed: the bare responder`, x: connections,
            y: { title: 'latency, µs (logarithmic)', log: true },
            lines: [['p50_us', 'p50', 0], ['p99_us', 'p99', 2], ['p999_us', 'p99.9', 3]].flatMap(
                ([figure, title, colour]) => [
                    line(groups, 'service', figure, title, colour),
                    line(groups, 'bare', figure, `bare ${title}`, colour, '5 4'),
                ]),
        });
    }
    const grown = summaries.filter((s) => s.scenario === 'growth' && s.plot);
    for (const group of grown)
        plots[`${group.plot}.svg`] = plot({
            title: `Requests per second: ${group.title}`, note, x: { title: group.axis, log: true }, y: { title: 'requests/s' },
            lines: [across(group, 'whole handoffs, 32 connections', 0)],
        });
    return plots;
}
