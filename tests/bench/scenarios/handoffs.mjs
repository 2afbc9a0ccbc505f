// Whole handoffs (put, claim, opened: three durable requests) beside the bare responder's POSTs of the
// same sizes, by connections.

export const handoffs = {
    name: 'handoffs',
    title: 'whole handoffs beside bare POSTs',
    async run(bench) {
        const service = await bench.service();
        const other = bench.beside && await bench.service(null, { program: bench.beside });
        const bare = await bench.bare(service);
        const { answers, steps } = await bench.learn(service, { handoffs: 4000, connections: 32 });
        if (other)
            await bench.learn(other, { handoffs: 4000, connections: 32 });
        console.log(`  bytes of body and answer: ${steps
            .map((s) => `${s.name} ${s.body_bytes}/${s.answer_bytes}`).join(', ')}`);
        for (const connections of bench.sizes.connections) {
            const sides = {
                bare: {
                    title: 'bare POSTs',
                    turn: () => bench.bareTurn(bare, { connections, bare: answers }),
                },
                service: { title: 'whole handoffs', turn: () => bench.fresh(service, { connections }) },
            };
            const rate = { figure: 'requests_per_s', over: 'service' };
            const ratios = [
                { ...rate, title: 'handoffs / bare', under: 'bare',
                    goal: [32, 128].includes(connections) && `rate-${connections}` },
                { title: 'p99 / bare\'s p99', figure: 'p99_us', over: 'service', under: 'bare',
                    goal: connections === 32 && 'p99-32' },
            ];
            if (other) {
                sides.other = { title: 'the other handoffd', turn: () => bench.fresh(other, { connections }) };
                ratios.push({ ...rate, title: 'handoffs / the other\'s', under: 'other' });
            }
            await bench.compare({ title: `${connections} connections`, x: connections, sides, ratios });
        }
    },
};
