// What the command line costs: a handoff sent and redeemed, without a code, by a local service.

import { mkdirSync } from 'node:fs';

import { cost } from '../run/service.mjs';

const password = 'kN8-horse-battery-staple';

export const cli = {
    name: 'cli',
    title: 'CPU of handoff send and handoff redeem',
    async run(bench) {
        const service = await bench.service();
        const home = bench.file('home');
        mkdirSync(home);
        const env = { HANDOFF_URL: service.url, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home };

        async function command(args, input = '') {
            const { out, cpu_us, max_kib } = await cost(bench.build, `${bench.build}/cli/handoff`, args,
                { env, input });
            return { out, cpu_ms: cpu_us / 1000, max_mib: max_kib / 1024 };
        }
        const links = [];
        const send = async () => {
            const { out, ...figures } = await command(['send', '--username', 'ada@example.org', '--label', 'bench'],
                `${password}\n`);
            links.push(out.trim());
            return figures;
        };
        const redeem = async () => {
            const { out, ...figures } = await command(['redeem', links.pop()]);
            if (!out.includes(`password: ${password}\n`))
                throw new Error('handoff redeem printed something else');
            return figures;
        };
        await send(); // one ahead, since the order alternates; and the program's files are in memory
        const { sides } = await bench.compare({
            title: `${bench.sizes.commands} times each`,
            rounds: bench.sizes.commands,
            sides: {
                send: { title: 'handoff send', turn: send },
                redeem: { title: 'handoff redeem', turn: redeem },
            },
        });
        bench.measure('cli-send', sides.send.cpu_ms);
        bench.measure('cli-redeem', sides.redeem.cpu_ms);
    },
};
