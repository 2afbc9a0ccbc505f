// Whole handoffs while many that are due are swept, beside the same with none due. In between the
// sweeping service is stopped, and so sweeps in its own turns alone.

import { sleep } from '../run/bench.mjs';
import { metrics } from '../run/service.mjs';

const connections = 32;

export const sweep = {
    name: 'sweep',
    title: 'sweeping many that are due, while others write',
    async run(bench) {
        const due = await bench.fills.get('due', bench.sizes.due);
        const live = await bench.fills.get('live', bench.sizes.live.at(-1));
        const calm = await bench.service(live);
        await bench.learn(calm, {});
        const port = 20000 + (process.pid % 10000);
        const address = `127.0.0.1:${port}`;
        const sweeping = await bench.service(due, { args: ['--metrics-listen', address] });
        sweeping.pause();
        let over = false;

        async function turn(round) {
            if (over)
                return null;
            sweeping.resume();
            const before = await metrics(address);
            const result = await bench.fresh(sweeping, { connections });
            const after = await metrics(address);
            sweeping.pause();
            over = after.handoff_due === 0;
            // A turn that swept only for a part of its time does not count, unless it is all there is.
            return over && round > 0 ? null
                : { ...result, swept: Math.max(0, before.handoff_live - after.handoff_live) };
        }
        const summary = await bench.compare({
            title: `whole handoffs, ${connections} connections`,
            sides: {
                calm: {
                    title: `${live.count.toLocaleString('en')} live, none due`,
                    turn: () => bench.fresh(calm, { connections }),
                },
                sweeping: { title: `${due.count.toLocaleString('en')} due, being swept`, turn },
            },
            ratios: [
                { title: 'p99, sweeping / calm', figure: 'p99_us', over: 'sweeping', under: 'calm', goal: 'sweep' },
                { title: 'rate, sweeping / calm', figure: 'requests_per_s', over: 'sweeping', under: 'calm' },
            ],
            notes: (rounds) => (over && rounds.length === 1
                ? ['they were too few: all were swept before the turn was over'] : []),
        });
        await calm.stop();
        sweeping.resume();
        await finish(address, summary);
    },
};

// Lets it sweep what is left, with nothing else to do.
async function finish(address, summary) {
    const began = Date.now();
    const before = (await metrics(address)).handoff_live;
    for (;;) {
        const now = await metrics(address);
        const seconds = (Date.now() - began) / 1000;
        if (now.handoff_due === 0) {
            summary.idle_per_s = seconds > 0 ? (before - now.handoff_live) / seconds : 0;
            console.log(`  the last ${(before - now.handoff_live).toLocaleString('en')} with nothing else to do: `
                + `${seconds.toFixed(1)} s`);
            return;
        }
        await sleep(100);
    }
}
