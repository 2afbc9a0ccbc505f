// What a scenario has to hand: services and responders that end with it, directories that are filled,
// turns that are taken in rounds, and where its figures go.

import http from 'node:http';
import https from 'node:https';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { Fills } from './fills.mjs';
import { goals } from '../report/goals.mjs';
import { spread, summarize, table } from '../report/report.mjs';
import { cpuSeconds, load, residentMib, start, unlimited } from './service.mjs';

// The headers of an answer, whatever certificate it comes with.
function headersOf(url) {
    const { get } = url.startsWith('https:') ? https : http;
    return new Promise((resolve, reject) => {
        get(url, { agent: false, rejectUnauthorized: false }, (answer) => {
            answer.resume();
            answer.on('end', () => resolve(answer.headers));
        }).on('error', reject);
    });
}

const keyOf = ({ kind = 'handoffs', plaintext }) => `${kind} ${plaintext ?? ''}`;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const sampleMs = 100;
const handoffsMax = 600000;

export class Bench {
    #running = new Set();
    #rates = new Map(); // handoffs a second, by kind and size: so many are prepared
    #directories = 0;

    // options: build, dir (for data), rounds, milliseconds (of a turn), sizes, beside (another handoffd)
    constructor(options) {
        Object.assign(this, options);
        this.threads = Math.min(2, cpus().length);
        this.fills = new Fills(this.build, this.dir, (words) => console.log(`  ${words}`));
        this.summaries = [];
        this.raw = [];
        this.measured = {}; // by goal
    }

    // ---- programs ----

    async #start(program, args, env) {
        const service = await start(program, args, env);
        this.#running.add(service);
        const { stop } = service;
        service.stop = async () => {
            this.#running.delete(service);
            await stop();
        };
        return service;
    }

    // A service on what is filled, or on a new directory. options: args, env, program
    async service(fill, { args = [], env = {}, program = `${this.build}/api/handoffd` } = {}) {
        const dir = fill?.dir ?? this.fills.empty(`own-${++this.#directories}`);
        if (fill)
            fill.used = true;
        const service = await this.#start(program,
            ['--data', dir, '--listen', '127.0.0.1:0', '--log-level', 'error', ...unlimited, ...args], env);
        return Object.assign(service, { data: dir });
    }

    // Bare responders whose answers have the headers of a service's, one for each number of connections:
    // so each of its threads has as many of them.
    async bare(like, args = []) {
        const own = new Set(['content-length', 'date', 'connection', 'keep-alive']);
        const headers = Object.entries(await headersOf(`${like.url}/livez`))
            .filter(([name]) => !own.has(name))
            .flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
        const started = new Map();
        return async (connections) => {
            if (!started.has(connections))
                started.set(connections, await this.#start(`${this.build}/tests/bench/bare`,
                    ['--connections', String(connections), ...headers, ...args]));
            return started.get(connections);
        };
    }

    async stopAll() {
        for (const service of [...this.#running])
            await service.stop();
    }

    async killAll() {
        await Promise.all([...this.#running].map((service) => service.kill()));
        this.#running.clear();
    }

    // ---- turns ----

    // Runs the generator; every answer must be right.
    async load(service, options) {
        const threads = Math.min(this.threads, options.connections);
        const result = await load(this.build, { port: service.port, threads, ...options });
        if (result.status !== 0)
            throw new Error(`the generator saw ${result.wrong} wrong answers and ${result.broken} broken`
                + ` connections: ${result.words}`);
        return result;
    }

    // One turn: what the generator saw, what the service used of the CPU, the most it had resident.
    // Then it gets the time to scrub, so that this falls into nobody else's turn.
    async turn(service, options) {
        const resident = [residentMib(service.pid)];
        const timer = setInterval(() => resident.push(residentMib(service.pid)), sampleMs);
        const before = cpuSeconds(service.pid);
        try {
            const result = await this.load(service, options);
            const used = cpuSeconds(service.pid) - before;
            resident.push(residentMib(service.pid));
            if (service.data)
                await sleep(this.sizes.settleMs);
            return {
                ...result,
                resident_mib: Math.max(...resident),
                // Where others waited, what these cost at the start and the end is not a request's.
                ...(!result.woken && { server_cpu_us: (used * 1e6) / result.requests }),
                ...(result.woken && { woken_p50_us: result.woken.p50_us, woken_p99_us: result.woken.p99_us }),
            };
        } finally {
            clearInterval(timer);
        }
    }

    // A turn of new handoffs, of which as many are prepared as will be needed; another try when they
    // were too few. each() gives further options, new ones for each try.
    async fresh(service, { each = () => ({}), ...options }) {
        const key = keyOf(options);
        const milliseconds = options.milliseconds ?? this.milliseconds;
        for (;;) {
            const rate = this.#rates.get(key) ?? 8000;
            const handoffs = Math.min(handoffsMax,
                Math.ceil((rate * milliseconds * 1.6) / 1000) + 4 * options.connections);
            const result = await this.turn(service, { ...options, ...each(), milliseconds, handoffs });
            this.#rates.set(key, Math.max(rate * (result.exhausted ? 2 : 0.7), result.handoffs / result.seconds));
            if (!result.exhausted)
                return result;
            if (handoffs === handoffsMax)
                throw new Error('too few handoffs had been prepared for the time');
        }
    }

    // As many requests to the bare responder; answers: the sizes that it is asked for.
    async bareTurn(bare, options) {
        return this.turn(await bare(options.connections), { milliseconds: this.milliseconds, handoffs: 2000 + options.connections,
            ...options });
    }

    // The sizes of a kind's answers, by a short run that also warms up.
    async learn(service, options) {
        const { steps, handoffs, seconds } = await this.load(service,
            { connections: 8, handoffs: 400, ...options });
        if (!this.#rates.has(keyOf(options)))
            this.#rates.set(keyOf(options), handoffs / seconds);
        return { answers: steps.map((step) => step.answer_bytes).join(','), steps };
    }

    // Lets the sides of a group take turns, round by round, in alternating order, and keeps what they
    // gave. group: title, x (its place in a plot), sides { name: { title, turn(round) } }, ratios
    // [{ title, figure, over, under, goal }], rounds, notes(rounds) → [words].
    async compare(group) {
        const rounds = [];
        const names = Object.keys(group.sides);
        for (let round = 0; round < (group.rounds ?? this.rounds); round++) {
            const result = {};
            for (const name of round % 2 ? [...names].reverse() : names)
                result[name] = await group.sides[name].turn(round);
            if (names.every((name) => result[name]))
                rounds.push(result);
            else
                break;
        }
        if (rounds.length === 0)
            throw new Error(`${group.title}: no round was complete`);
        const summary = summarize(group, rounds);
        summary.scenario = this.scenario;
        summary.notes = group.notes?.(rounds) ?? [];
        summary.ratios.filter(({ goal }) => goal).forEach((ratio) => this.measure(ratio.goal, ratio));
        this.summaries.push(summary);
        this.raw.push({ scenario: this.scenario, title: group.title, rounds });
        console.log(table(summary));
        return summary;
    }

    // What was measured for a goal: values, or a spread.
    measure(goal, value) {
        if (!(goal in goals))
            throw new Error(`there is no goal ${goal}`);
        const { median, min, max } = Array.isArray(value) ? spread(value) : value;
        this.measured[goal] = { median, min, max };
    }

    file(name) {
        return join(this.dir, name);
    }
}
