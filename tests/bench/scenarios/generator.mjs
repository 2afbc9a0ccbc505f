// Does the generator hold back? wrk and the generator send the bare responder one and the same
// request. wrk makes it once and looks at no answer; the generator judges each. What both use of the
// CPU for a request is the steadier figure: they share the cores with the responder.

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { cost, loadArgs } from '../run/service.mjs';

const script = join(dirname(dirname(fileURLToPath(import.meta.url))), 'programs/wrk.lua');

async function wrk(bench, bare, connections, step) {
    const path = `/b/${step.answer_bytes}/`;
    const { out, cpu_us } = await cost(bench.build, 'wrk', [`-t${bench.threads}`, `-c${connections}`,
        `-d${Math.max(1, Math.round(bench.milliseconds / 1000))}s`, '-s', script,
        `${bare.url}${path.padEnd(49, '0')}`, '--', String(step.body_bytes)]);
    const rate = /Requests\/sec:\s+([\d.]+)/.exec(out);
    const requests = /(\d+) requests in/.exec(out);
    if (!rate || !requests || /Non-2xx|Socket errors/.test(out))
        throw new Error(`wrk: ${out}`);
    return { requests_per_s: Number(rate[1]), client_cpu_us: cpu_us / Number(requests[1]) };
}

async function load(bench, bare, connections, step) {
    const { out, cpu_us } = await cost(bench.build, `${bench.build}/tests/bench/load`, loadArgs({
        port: bare.port, threads: bench.threads, kind: 'create', connections, handoffs: 1000,
        milliseconds: bench.milliseconds, bare: step.answer_bytes,
    }));
    const { requests_per_s, requests } = JSON.parse(out);
    return { requests_per_s, client_cpu_us: cpu_us / requests };
}

export const generator = {
    name: 'generator',
    title: 'the generator beside wrk, on the bare responder',
    async run(bench) {
        const service = await bench.service();
        const responders = await bench.bare(service);
        const { steps: [step] } = await bench.learn(service, { kind: 'create' });
        await service.stop();
        const pair = { over: 'load', under: 'wrk' };
        for (const connections of [32, 128]) {
            const bare = await responders(connections);
            await bench.compare({
                title: `one POST, ${connections} connections`,
                sides: {
                    wrk: { title: 'wrk', turn: () => wrk(bench, bare, connections, step) },
                    load: { title: 'generator', turn: () => load(bench, bare, connections, step) },
                },
                ratios: [
                    { ...pair, title: 'generator / wrk', figure: 'requests_per_s', goal: `generator-${connections}` },
                    { ...pair, title: 'their CPU for a request', figure: 'client_cpu_us' },
                ],
            });
        }
    },
};
