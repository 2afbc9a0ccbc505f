// How hard the torture tests press. Within ./dev test they run short and name what they leave out;
// ./dev torture --rounds N sets HANDOFF_TORTURE_ROUNDS and runs them at length. What they counted
// goes, a line of JSON each, into the file that HANDOFF_FIGURES names.

import { appendFileSync } from 'node:fs';

export const rounds = Number(process.env.HANDOFF_TORTURE_ROUNDS ?? 0);

// Whether this is the long run.
export const long = rounds > 0;

// How many to do: `short` of them within ./dev test, `perRound` for each round of the long run (at
// least `short`). What the short run leaves out is noted under `part`.
export function amount(part, short, perRound) {
    if (long)
        return Math.max(short, Math.ceil(rounds * perRound));
    leftOut(part, `${short} here, in a long run ${perRound} a round`);
    return short;
}

function note(line) {
    if (process.env.HANDOFF_FIGURES)
        appendFileSync(process.env.HANDOFF_FIGURES, `${JSON.stringify(line)}\n`);
}

// Something counted or measured, for docs/reliability.md: figure('crash', 'kills', 500).
export function figure(part, name, value) {
    note({ part, name, value });
}

// Something that only the long run does.
export function leftOut(part, what) {
    if (!long)
        note({ part, leftOut: what });
}

// What random choices begin with: a run that failed names it, and HANDOFF_SEED repeats it.
export const seed = Number(process.env.HANDOFF_SEED ?? Date.now() % 1000000);

// A generator of pseudo-random integers below n, the same for the same seed (mulberry32).
export function randomFrom(from) {
    let state = from >>> 0;
    return (n) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return n > 0 ? ((t ^ (t >>> 14)) >>> 0) % n : 0;
    };
}
