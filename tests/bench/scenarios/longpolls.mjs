// Many who wait for the events of a handoff each, while others write: what they cost, and how fast
// they hear of it.

import { readFileSync } from 'node:fs';

const connections = 32;
const spareFiles = 400;

// As many as this process, and so what it starts, may open.
function filesMax() {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1];
    return limit === 'unlimited' ? Infinity : Number(limit);
}

export const longpolls = {
    name: 'longpolls',
    title: 'long-polls held while others write',
    async run(bench) {
        const hold = Math.min(bench.sizes.hold, filesMax() - spareFiles);
        if (hold < bench.sizes.hold)
            console.log(`  only ${hold}: no more files may be open here (ulimit -n)`);
        const fill = await bench.fills.get('live', bench.sizes.live.at(-1));
        const service = await bench.service(fill);
        const bare = await bench.bare(service);
        const { answers } = await bench.learn(service, {});
        await bench.compare({
            title: `whole handoffs, ${connections} connections, ${fill.count.toLocaleString('en')} live`,
            sides: {
                bare: { title: 'bare POSTs', turn: () => bench.bareTurn(bare, { connections, bare: answers }) },
                alone: { title: 'nobody waits', turn: () => bench.fresh(service, { connections }) },
                held: {
                    title: `${hold.toLocaleString('en')} wait`,
                    turn: () => bench.fresh(service, { connections, hold, each: () => fill.take(hold) }),
                },
            },
            ratios: [
                { title: 'with / without those who wait', figure: 'requests_per_s', over: 'held', under: 'alone' },
                { title: 'p99, with / without', figure: 'p99_us', over: 'held', under: 'alone' },
            ],
        });
    },
};
