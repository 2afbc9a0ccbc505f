// How soon burned bytes are gone from every file, under load, and what that costs: the same load on a
// service whose checkpoints are held back (unscrubbed.c), and so leaves them where they are.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { Search, atRest } from '../../support/fault/search.mjs';
import { sleep } from '../run/bench.mjs';
import { metrics } from '../run/service.mjs';

const connections = 32;
const walAfterMs = 1500;
const emptyBytes = 256 * 1024; // the service goes on to write a little

// How much of the write-ahead log is in use: an emptied one is zeros.
function walBytes(service) {
    const bytes = readFileSync(join(service.data, 'handoff.db-wal'));
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0)
        end--;
    return end;
}

// A turn on a service that was started for it. held: whether its checkpoints are held back.
async function cost(bench, held) {
    const env = held ? { LD_PRELOAD: join(bench.build, 'tests/bench/unscrubbed.so') } : {};
    const service = await bench.service(null, { env });
    await bench.learn(service, {});
    const result = await bench.fresh(service, { connections });
    await sleep(walAfterMs);
    if ((walBytes(service) > emptyBytes) !== held)
        throw new Error(held ? 'its scrubs could not be held back: there is nothing to compare with'
            : 'the write-ahead log was not emptied');
    await service.stop();
    return result;
}

// The bound of the last bucket of a histogram that counted anything, in seconds.
function longest(samples, name) {
    const buckets = Object.entries(samples)
        .map(([key, count]) => [new RegExp(`^${name}_bucket\\{le="([\\d.]+)"\\}$`).exec(key)?.[1], count])
        .filter(([bound]) => bound)
        .sort(([a], [b]) => a - b);
    return Number(buckets.find(([, count]) => count === samples[`${name}_count`])?.[0] ?? Infinity);
}

// All files of a directory as they are now.
const contents = (dir) => readdirSync(dir)
    .filter((name) => statSync(join(dir, name)).isFile())
    .map((name) => readFileSync(join(dir, name)));

// Redeems a few handoffs while others keep the service busy, and looks for their bytes at rest.
async function gone(bench, round) {
    const count = bench.sizes.searched;
    const fill = await bench.fills.get('live', count + round);
    const address = `127.0.0.1:${20000 + (process.pid % 10000)}`;
    const service = await bench.service(fill, { args: ['--metrics-listen', address] });
    const search = new Search();
    const forms = atRest(service);
    for (const [id, form] of forms)
        search.add(id, form);
    const there = new Set();
    for (const bytes of contents(service.data))
        search.look(bytes, there);
    if (forms.size !== fill.count || there.size !== forms.size)
        throw new Error(`${there.size} of ${fill.count} were found before they were burned`);

    const busy = bench.fresh(service, { connections, milliseconds: bench.milliseconds + 1500 });
    await sleep(bench.milliseconds / 3);
    await bench.load(service, { kind: 'redeem', connections: 8, handoffs: fill.count, ...fill.take(fill.count) });
    const opened = Date.now();
    for (;;) {
        const files = contents(service.data);
        const read = Date.now();
        const found = new Set();
        for (const bytes of files)
            search.look(bytes, found);
        if (found.size === 0) {
            await busy;
            const late_s = longest(await metrics(address), 'handoff_scrub_seconds');
            await service.stop();
            return { gone_s: (read - opened) / 1000, late_s };
        }
        if (read - opened > 20000)
            throw new Error(`${found.size} envelopes are still there after 20 s`);
        await sleep(20);
    }
}

export const scrub = {
    name: 'scrub',
    title: 'from opened to bytes gone, and what that costs',
    async run(bench) {
        await bench.compare({
            title: `whole handoffs, ${connections} connections`,
            sides: {
                scrubbed: { title: 'as it is', turn: () => cost(bench, false) },
                unscrubbed: { title: 'checkpoints held back', turn: () => cost(bench, true) },
            },
            ratios: [{ title: 'as it is / held back', figure: 'requests_per_s', over: 'scrubbed',
                under: 'unscrubbed', goal: 'gone-cost' }],
        });
        const summary = await bench.compare({
            title: `${bench.sizes.searched} envelopes looked for in every file, under load`,
            sides: { service: { title: 'handoffd', turn: (round) => gone(bench, round) } },
            notes: () => ['scrub took: the longest by the service\'s own figures, the upper bound of its bucket'],
        });
        bench.measure('gone', summary.sides.service.gone_s);
    },
};
