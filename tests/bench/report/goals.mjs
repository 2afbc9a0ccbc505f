// The goals of the design (section 10): what is measured for each, and what it must be. Scenarios
// measure; the table at the end holds the one beside the other. The last two are of the benchmark
// itself: whether the generator holds back.

export const goals = {
    'rate-32': { what: 'whole handoffs at 32 connections, requests/s of the bare responder\'s', least: 0.4 },
    'rate-128': { what: 'whole handoffs at 128 connections, the same', least: 0.4 },
    'p99-32': { what: 'p99 of a durable request at 32 connections, of the bare responder\'s', most: 20 },
    growth: { what: 'rate with the most live handoffs, of that with the fewest', least: 0.8 },
    sweep: { what: 'p99 while due handoffs are swept, of that without', most: 2 },
    rest: { what: 'resident at rest', unit: 'MiB', most: 12 },
    memory: { what: 'resident with 512 connections and the most live handoffs', unit: 'MiB', most: 48 },
    gone: { what: 'from opened to its bytes gone from every file', unit: 's', most: 2 },
    'gone-cost': { what: 'rate with that, of the rate without', least: 0.9 },
    page: { what: 'the redeem page with all it loads, compressed', unit: 'kB', most: 250 },
    'cli-send': { what: 'handoff send, CPU', unit: 'ms', most: 25 },
    'cli-redeem': { what: 'handoff redeem, CPU', unit: 'ms', most: 25 },
    'generator-32': { what: 'generator on the bare responder, requests/s of wrk\'s, 32 connections', least: 0.9 },
    'generator-128': { what: 'generator at 128 connections, the same', least: 0.9 },
};

// Whether a goal's middle meets it.
export function met(goal, { median }) {
    return (goal.least === undefined || median >= goal.least)
        && (goal.most === undefined || median <= goal.most);
}
