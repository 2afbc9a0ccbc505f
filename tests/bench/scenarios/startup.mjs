// From the start to the first request that could be served, and what is resident when nothing is asked,
// by what lies in the data directory.

import { sleep } from '../run/bench.mjs';
import { eventsEach } from '../run/fills.mjs';
import { residentMib } from '../run/service.mjs';

export const startup = {
    name: 'startup',
    title: 'start and rest, by what is there',
    async run(bench) {
        const { live, events } = bench.sizes;
        const sides = { empty: { title: 'nothing', fill: { dir: bench.fills.empty('nothing') } } };
        for (const count of live)
            sides[`live-${count}`] = {
                title: `${count.toLocaleString('en')} live handoffs`,
                fill: await bench.fills.get('live', count),
            };
        for (const count of events)
            sides[`log-${count}`] = {
                title: `${count.toLocaleString('en')} events`,
                fill: await bench.fills.get('log', count / eventsEach),
            };
        for (const side of Object.values(sides)) {
            side.turn = async () => {
                const service = await bench.service(side.fill);
                const answer = await fetch(`${service.url}/readyz`);
                if (answer.status !== 200)
                    throw new Error(`/readyz: ${answer.status}`);
                await answer.arrayBuffer();
                await sleep(bench.sizes.restMs);
                const rest_mib = residentMib(service.pid);
                await service.stop();
                return { start_ms: service.startMs, rest_mib };
            };
            await side.turn(); // the first of all makes what is not there yet
        }
        const summary = await bench.compare({ title: 'start and rest', rounds: Math.min(3, bench.rounds), sides });
        bench.measure('rest', summary.sides.empty.rest_mib);
    },
};
