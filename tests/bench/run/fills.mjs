// Data directories with something in them, made by `fill` when a scenario first asks for one, each on
// top of the largest smaller one of its sort, and shared by all scenarios that ask.

import { mkdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { run } from './service.mjs';

export const eventsEach = 4; // created, claimed, opened, burned

const sorts = {
    // Handoffs that wait to be taken.
    live: { title: 'live handoffs', seed: 1, args: [], wrapper: [] },
    // Handoffs that were due a day ago: the vault's clock was eight days back when they were made.
    due: { title: 'due handoffs', seed: 2, args: [], wrapper: ['faketime', '-m', '-f', '-8d'] },
    // Handoffs that are over: four events each.
    log: { title: 'handoffs that are over', seed: 3, args: ['--opened'], wrapper: [] },
};

export class Fills {
    #made = []; // { sort, count, dir, seed, taken }

    constructor(build, dir, say) {
        this.build = build;
        this.dir = dir;
        this.say = say;
        this.seconds = 0; // that filling took so far
    }

    // count handoffs of a sort: { dir, seed, count, take }. take(n) gives n of them to the caller
    // alone, as options of the generator: whoever changes handoffs takes them first.
    async get(sort, count) {
        const found = this.#made.find((fill) => fill.sort === sort && fill.count === count);
        if (found)
            return found;
        const fill = { sort, count, seed: sorts[sort].seed, dir: join(this.dir, `${sort}-${count}`), taken: 0 };
        const base = this.#made
            .filter((other) => other.sort === sort && other.count < count && !other.used)
            .sort((a, b) => b.count - a.count)[0];
        if (base)
            execFileSync('cp', ['-r', '--reflink=auto', base.dir, fill.dir]);
        await this.#grow(fill, base?.count ?? 0);
        fill.all = () => {
            fill.used = true;
            return { seed: fill.seed, filled: count };
        };
        fill.take = (wanted) => {
            if (fill.taken + wanted > count)
                throw new Error(`${sort} ${count}: all are taken, ${wanted} more are wanted`);
            const from = fill.taken;
            fill.taken += wanted;
            return { ...fill.all(), from };
        };
        this.#made.push(fill);
        return fill;
    }

    async #grow(fill, from) {
        const { title, args, wrapper } = sorts[fill.sort];
        const [program, ...rest] = [...wrapper, `${this.build}/tests/bench/fill`, '--data', fill.dir,
            '--seed', String(fill.seed), '--from', String(from), '--count', String(fill.count - from), ...args];
        const began = Date.now();
        const { status, out, words } = await run(program, rest, {
            env: { DONT_FAKE_MONOTONIC: '1', FAKETIME_FORCE_MONOTONIC_FIX: '0' }, // as Clock of service.mjs
        });
        if (status !== 0)
            throw new Error(`fill ended with ${status}: ${words}`);
        fill.filled = JSON.parse(out);
        const seconds = (Date.now() - began) / 1000;
        this.seconds += seconds;
        this.say(`filled: ${fill.count.toLocaleString('en')} ${title}, ${fill.filled.events.toLocaleString('en')} events`
            + ` (${seconds.toFixed(0)} s)`);
    }

    // An empty directory.
    empty(name) {
        const dir = join(this.dir, name);
        mkdirSync(dir, { mode: 0o700 });
        return dir;
    }
}
