// Measures whole handoffs beside the bare responder, in turns, in one run on one machine: the ratio
// is what counts. Writes build/bench.json and build/bench.svg and prints a table.
//
// usage: node tests/bench/run.mjs [--build DIR] [--quick] [--rounds N] [--milliseconds MS] [--beside PROGRAM]
// PROGRAM is another handoffd, say of an earlier commit, that takes its turn in the same rounds.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { plot, summarize, table } from './report.mjs';
import { cpuSeconds, load, start, unlimited } from './service.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
    options: {
        build: { type: 'string', default: join(here, '..', '..', 'build') },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        milliseconds: { type: 'string' },
        beside: { type: 'string' },
    },
});
const build = resolve(values.build);
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
const milliseconds = Number(values.milliseconds ?? (values.quick ? 1000 : 3000));
const connectionCounts = [32, 128];
const threads = Math.min(2, cpus().length);
const handoffsMax = 400000;

// The headers of a real answer, so that the bare one carries as many bytes.
async function headersOf(url) {
    const answer = await fetch(`${url}/livez`);
    await answer.arrayBuffer();
    const own = new Set(['content-length', 'date', 'connection', 'keep-alive']);
    return [...answer.headers]
        .filter(([name]) => !own.has(name))
        .flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
}

function insist(result) {
    if (result.status !== 0)
        throw new Error(
            `the generator saw ${result.wrong} wrong answers and ${result.broken} broken` +
                ` connections: ${result.words}`,
        );
    if (result.exhausted)
        throw new Error('too few handoffs had been prepared for the time');
    return result;
}

async function measured(service, options) {
    const before = cpuSeconds(service.pid);
    const result = insist(await load(build, { port: service.port, threads, ...options }));
    const used = cpuSeconds(service.pid) - before;
    return { ...result, server_cpu_us: (used * 1e6) / result.requests };
}

function wrk(url, connections, steps) {
    const seconds = Math.max(1, Math.round(milliseconds / 1000));
    const sizes = steps.map((step) => `${step.body_bytes},${step.answer_bytes}`);
    const run = spawnSync(
        'wrk',
        [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, '-s', join(here, 'wrk.lua'), url, '--', ...sizes],
        { encoding: 'utf8' },
    );
    if (run.error)
        return null;
    const seen = /Requests\/sec:\s+([\d.]+)/.exec(run.stdout);
    if (!seen || /Non-2xx|Socket errors/.test(run.stdout))
        throw new Error(`wrk: ${run.stdout}${run.stderr}`);
    return Number(seen[1]);
}

async function main(data, services) {
    const real = await start(`${build}/api/handoffd`, [
        ...['--data', `${data}/own`, '--listen', '127.0.0.1:0'],
        ...unlimited,
    ]);
    services.push(real);
    const other = values.beside && (await start(resolve(values.beside), [
        ...['--data', `${data}/beside`, '--listen', '127.0.0.1:0'],
        ...unlimited,
    ]));
    if (other)
        services.push(other);
    const bare = await start(`${build}/tests/bench/bare`, await headersOf(real.url));
    services.push(bare);

    // A first run warms up, tells the sizes of the answers and how many handoffs to prepare.
    const first = insist(await load(build, { port: real.port, threads, handoffs: 4000 }));
    const { steps } = first;
    const sizes = steps.map((step) => step.answer_bytes).join(',');
    let rate = first.requests_per_s;

    const summaries = [];
    const raw = [];
    for (const connections of connectionCounts) {
        const results = [];
        for (let round = 0; round < rounds; round++) {
            const result = {};
            const wanted = () =>
                Math.min(handoffsMax, Math.ceil(((rate / 3) * milliseconds * 2) / 1000) + 1000);
            const turns = {
                bare: async () => {
                    result.bare = await measured(bare, {
                        connections,
                        milliseconds,
                        handoffs: 4000,
                        bare: sizes,
                    });
                },
                handoffs: async () => {
                    const options = { connections, milliseconds, handoffs: wanted() };
                    result.handoffs = await measured(real, options);
                    rate = Math.max(rate, result.handoffs.requests_per_s);
                },
                beside: async () => {
                    if (other)
                        result.beside = await measured(other, { connections, milliseconds, handoffs: wanted() });
                },
                wrk: async () => {
                    result.wrk_per_s = wrk(bare.url, connections, steps);
                },
            };
            const order = ['bare', 'handoffs', 'beside', 'wrk'];
            for (const name of round % 2 ? order.reverse() : order)
                await turns[name]();
            results.push(result);
        }
        raw.push({ connections, rounds: results });
        summaries.push(summarize(connections, results));
    }
    const bodies = steps.map((s) => `${s.name} ${s.body_bytes}/${s.answer_bytes}`).join(', ');
    console.log(
        `${cpus().length} cores, ${rounds} rounds of ${milliseconds} ms each; bytes of body and` +
            ` answer: ${bodies}`,
    );
    console.log(table(summaries));
    writeFileSync(join(build, 'bench.json'), `${JSON.stringify({ summaries, raw }, null, 1)}\n`);
    writeFileSync(join(build, 'bench.svg'), plot(summaries));
    console.log(`\n${join(build, 'bench.json')}\n${join(build, 'bench.svg')}`);
    for (const service of services.splice(0))
        await service.stop();
}

// Beside the build and not in a temporary folder, which may lie in memory: the disk counts.
const data = mkdtempSync(join(build, 'bench-data-'));
const services = [];
const cleanup = () => {
    services.forEach((service) => service.kill());
    rmSync(data, { recursive: true, force: true });
};
process.on('SIGINT', () => {
    cleanup();
    process.exit(130);
});
process.on('SIGTERM', () => {
    cleanup();
    process.exit(143);
});
try {
    await main(data, services);
} catch (error) {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
} finally {
    cleanup();
}
