// Does the generator hold back? wrk and the generator send the bare responder one and the same
// request. wrk makes it once and looks at no answer; the generator judges each.

import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = join(dirname(dirname(fileURLToPath(import.meta.url))), 'wrk.lua');

function wrk(bench, bare, connections, step) {
    const path = `/b/${step.answer_bytes}/`;
    const done = spawnSync('wrk', [`-t${bench.threads}`, `-c${connections}`,
        `-d${Math.max(1, Math.round(bench.milliseconds / 1000))}s`, '-s', script,
        `${bare.url}${path.padEnd(49, '0')}`, '--', String(step.body_bytes)], { encoding: 'utf8' });
    const seen = /Requests\/sec:\s+([\d.]+)/.exec(done.stdout ?? '');
    if (!seen || /Non-2xx|Socket errors/.test(done.stdout))
        throw new Error(`wrk: ${done.error?.message ?? ''}${done.stdout}${done.stderr}`);
    return { requests_per_s: Number(seen[1]) };
}

export const generator = {
    name: 'generator',
    title: 'the generator beside wrk, on the bare responder',
    async run(bench) {
        const service = await bench.service();
        const bare = await bench.bare(service);
        const { answers, steps } = await bench.learn(service, { kind: 'create' });
        await service.stop();
        for (const connections of [32, 128]) {
            await bench.compare({
                title: `${connections} connections`,
                sides: {
                    wrk: { title: 'wrk', turn: () => wrk(bench, bare, connections, steps[0]) },
                    load: {
                        title: 'generator',
                        turn: () => bench.bareTurn(bare, { kind: 'create', connections, bare: answers }),
                    },
                },
                ratios: [{ title: 'generator / wrk', figure: 'requests_per_s', over: 'load', under: 'wrk',
                    goal: `generator-${connections}` }],
            });
        }
    },
};
