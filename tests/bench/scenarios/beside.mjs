// Scenarios that differ in one thing from whole handoffs: what is asked, how large, by TLS. Each is
// held beside the bare responder asked for as much in the same way.

import { mkdirSync } from 'node:fs';

import { makePair } from '../../support/service/certificates.mjs';

// connections: the groups'; options: of the generator; turn: what the service's side does.
async function beside(bench, service, { title, connections, options = {}, bareArgs = [], learn = {}, turn }) {
    const bare = await bench.bare(service, bareArgs);
    const { answers } = await bench.learn(service, { ...options, ...learn });
    for (const count of connections) {
        const all = { ...options, connections: count };
        await bench.compare({
            title: `${title}, ${count} connections`,
            sides: {
                bare: {
                    title: 'bare responder',
                    turn: () => bench.bareTurn(bare, { ...all, bare: answers, seed: undefined, filled: undefined }),
                },
                service: { title: 'handoffd', turn: () => turn(all) },
            },
            ratios: [{ title: 'handoffd / bare', figure: 'requests_per_s', over: 'service', under: 'bare' }],
        });
    }
}

export const creates = {
    name: 'create',
    title: 'submissions alone',
    async run(bench) {
        const service = await bench.service();
        await beside(bench, service, {
            title: 'PUT',
            connections: [32],
            options: { kind: 'create' },
            turn: (all) => bench.fresh(service, all),
        });
    },
};

export const reads = {
    name: 'status',
    title: 'status reads, at random among the live handoffs',
    async run(bench) {
        const fill = await bench.fills.get('live', bench.sizes.live.at(-1));
        const service = await bench.service(fill);
        const handoffs = Math.min(100000, fill.count);
        const options = { kind: 'status', ...fill.all() };
        await beside(bench, service, {
            title: `GET, ${fill.count.toLocaleString('en')} live`,
            connections: [32, 128],
            options,
            learn: { milliseconds: 200 },
            turn: (all) => bench.turn(service, { ...all, handoffs, milliseconds: bench.milliseconds }),
        });
    },
};

export const envelopes = {
    name: 'envelopes',
    title: 'envelopes of 64 KiB',
    async run(bench) {
        const service = await bench.service();
        await beside(bench, service, {
            title: 'whole handoffs with 65,321 bytes of envelope',
            connections: [32],
            options: { plaintext: 65279 }, // the longest that fits: 255 blocks and their overhead
            learn: { handoffs: 40 },
            turn: (all) => bench.fresh(service, all),
        });
    },
};

export const tls = {
    name: 'tls',
    title: 'TLS on both sides',
    async run(bench) {
        const dir = bench.file('certificates');
        mkdirSync(dir);
        const pair = makePair(dir, 'bench');
        const files = ['--tls-cert', pair.cert, '--tls-key', pair.key];
        const service = await bench.service(null, { args: [...files] });
        await beside(bench, service, {
            title: 'whole handoffs by TLS',
            connections: [32],
            options: { tls: pair.cert },
            bareArgs: files,
            turn: (all) => bench.fresh(service, all),
        });
    },
};
