// Redemption (claim, opened) in random order: each touches other pages, which the more there are the
// less fit into the service's cache.

const connections = 32;

export const redeem = {
    name: 'redeem',
    title: 'redemption in random order from many',
    async run(bench) {
        const handoffs = bench.sizes.redeem;
        const sides = {};
        let bare;
        let answers;
        for (const count of bench.sizes.live.slice(-2)) {
            const fill = await bench.fills.get('live', count);
            const service = await bench.service(fill);
            bare ??= await bench.bare(service);
            answers ??= (await bench.learn(service, { kind: 'redeem', handoffs: 100, ...fill.take(100) })).answers;
            sides[count] = {
                title: `from ${count.toLocaleString('en')}`,
                turn: () => bench.turn(service, { kind: 'redeem', connections, handoffs, ...fill.take(handoffs) }),
            };
        }
        const [few, many] = Object.keys(sides);
        await bench.compare({
            title: `claim and opened, ${connections} connections, ${handoffs.toLocaleString('en')} a turn`,
            sides: {
                bare: {
                    title: 'bare POSTs',
                    turn: () => bench.bareTurn(bare, { kind: 'redeem', connections, bare: answers }),
                },
                ...sides,
            },
            ratios: [
                { title: 'from the most / bare', figure: 'requests_per_s', over: many, under: 'bare' },
                { title: 'from the most / from fewer', figure: 'requests_per_s', over: many, under: few },
            ],
        });
    },
};
