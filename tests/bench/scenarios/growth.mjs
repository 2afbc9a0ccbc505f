// The rate of whole handoffs by what lies in the database already: live handoffs, and events of those
// that are over. With the most of both, the memory too.

import { eventsEach } from '../run/fills.mjs';

const connections = 32;
const crowd = 512;

async function grown(bench, sort, counts, { title, axis, plot, each = 1 }) {
    const sides = {};
    const services = [];
    for (const count of counts) {
        const fill = count > 0 ? await bench.fills.get(sort, count / each) : null;
        const service = await bench.service(fill);
        await bench.learn(service, {});
        services.push(service);
        sides[count] = {
            title: count.toLocaleString('en'),
            turn: () => bench.fresh(service, { connections }),
        };
    }
    const [few, many] = [counts[0], counts.at(-1)].map(String);
    const summary = await bench.compare({
        title,
        sides,
        ratios: [{ title: 'with the most / with the fewest', figure: 'requests_per_s', over: many, under: few,
            goal: sort === 'live' && 'growth' }],
    });
    counts.forEach((count) => (summary.sides[count].at = Math.max(count, 1)));
    Object.assign(summary, { plot, axis });
    return services.at(-1);
}

export const growth = {
    name: 'growth',
    title: 'the rate as the database grows',
    async run(bench) {
        const { live, events } = bench.sizes;
        const most = await grown(bench, 'live', live,
            { title: `whole handoffs, ${connections} connections, by live handoffs`, plot: 'growth-live', axis: 'live handoffs' });
        const full = await bench.compare({
            title: `${live.at(-1).toLocaleString('en')} live handoffs, ${crowd} connections`,
            sides: { service: { title: 'handoffd', turn: () => bench.fresh(most, { connections: crowd }) } },
        });
        bench.measure('memory', full.sides.service.resident_mib);
        await bench.stopAll();
        await grown(bench, 'log', events,
            { title: `whole handoffs, ${connections} connections, by events in the log`, plot: 'growth-log',
                axis: 'events in the log', each: eventsEach });
    },
};
