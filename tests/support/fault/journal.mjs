// What tests/fault/journal.c wrote down of a service: read, looked through, and played back as far as
// a power supply lasted.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from '../service/service.mjs';

const library = join(build, 'tests', 'fault', 'journal.so');
const headBytes = 24;
const sector = 512;

// The environment of a service whose changes below `data` are written to `path`.
export const journaled = (path, data, mode = '') => ({
    LD_PRELOAD: library, JOURNAL: path, JOURNAL_DIR: data, JOURNAL_MODE: mode,
});

// The records of a journal: { kind, name, at, data }. One cut off by a kill is left out.
export function readJournal(path) {
    const bytes = readFileSync(path);
    const records = [];
    for (let at = 0; at + headBytes <= bytes.length;) {
        const nameLength = bytes.readUInt32LE(at + 4);
        const length = Number(bytes.readBigUInt64LE(at + 16));
        const name = at + headBytes;
        const data = name + nameLength;
        if (data + length > bytes.length)
            break;
        records.push({
            kind: String.fromCharCode(bytes[at]),
            name: bytes.toString('utf8', name, data),
            at: Number(bytes.readBigUInt64LE(at + 8)),
            data: bytes.subarray(data, data + length),
        });
        at = data + length;
    }
    return records;
}

function* numbersAfter(mark, data) {
    for (let at = data.indexOf(mark); at >= 0; at = data.indexOf(mark, at + 1))
        yield Number.parseInt(data.toString('latin1', at + mark.length, at + mark.length + 20), 10);
}

// The indices of the events that a record names, as written to the database or as answered.
export const writtenEvents = ({ data }) => [...numbersAfter('{"v":1,"n":', data)];
export const answeredEvents = ({ data }) => [...numbersAfter('"event":{"index":', data)];

// ---- what is on the disk ----

class File {
    durable = Buffer.alloc(0);
    pending = []; // writes and cuts, by their numbers

    constructor(content) {
        if (content)
            this.durable = content;
    }

    settle(number) {
        this.durable = changed(this.durable, this.pending.filter((op) => op.number <= number));
        this.pending = this.pending.filter((op) => op.number > number);
    }
}

// A content after writes and cuts.
function changed(content, ops) {
    if (ops.length === 0)
        return content;
    let room = content.length;
    for (const { kind, at, data } of ops)
        room = Math.max(room, kind === 'T' ? at : at + data.length);
    const bytes = Buffer.alloc(room);
    let { length } = content;
    content.copy(bytes);
    for (const { kind, at, data } of ops) {
        if (kind === 'T')
            bytes.fill(0, at, Math.max(at, length));
        else
            data.copy(bytes, at);
        length = kind === 'T' ? at : Math.max(length, at + data.length);
    }
    return bytes.subarray(0, length);
}

// The sectors of a write, each a write of its own, at the disk's own boundaries.
function* sectors({ at, data }) {
    for (let from = 0; from < data.length;) {
        const to = Math.min(data.length, from + sector - ((at + from) % sector));
        yield { kind: 'W', at: at + from, data: data.subarray(from, to) };
        from = to;
    }
}

// What of a file's unsynced changes survives, by the way of losing it.
export const losses = {
    everything: () => [],
    nothing: (pending) => pending,
    'what came after a moment': (pending, random) => pending.slice(0, random(pending.length + 1)),
    // The disk writes in an order of its own.
    'what came before a moment': (pending, random) => {
        const parts = pending.flatMap((op) => (op.kind === 'W' ? [...sectors(op)] : [op]));
        return parts.slice(random(parts.length + 1));
    },
    'half a write': (pending, random) => {
        const last = random(pending.length);
        const torn = pending[last];
        const kept = pending.slice(0, last);
        if (torn?.kind !== 'W')
            return kept;
        const parts = [...sectors(torn)];
        return [...kept, ...parts.slice(0, random(parts.length + 1))];
    },
    'any sectors': (pending, random) => pending.flatMap((op) => {
        if (op.kind !== 'W')
            return random(2) ? [op] : [];
        return [...sectors(op)].filter(() => random(2) === 1);
    }),
};

// Plays a journal back, record for record, and knows at each moment what is safe on the disk.
export class Disk {
    #durable = new Map(); // names that are safe: name → File
    #names; // names as the service sees them
    #changes = []; // of names, not yet safe
    #begun = new Map();
    #number = 0;

    // `files`: name → content, safe from the beginning.
    constructor(files = new Map()) {
        for (const [name, content] of files)
            this.#durable.set(name, new File(content));
        this.#names = new Map(this.#durable);
    }

    // The files of a folder as they are now.
    static of(dir) {
        const names = readdirSync(dir).filter((name) => !name.endsWith('-shm'));
        return new Disk(new Map(names.map((name) => [name, readFileSync(join(dir, name))])));
    }

    #rename(change) {
        this.#changes.push({ number: this.#number, change });
        change(this.#names);
    }

    play({ kind, name, at, data }) {
        const number = ++this.#number;
        const file = this.#names.get(name);
        const to = data.toString();
        const actions = {
            O: () => {
                const made = new File();
                this.#rename((names) => names.set(name, made));
            },
            R: () => this.#rename((names) => {
                names.delete(name);
                names.set(to, file);
            }),
            U: () => this.#rename((names) => names.delete(name)),
            W: () => file?.pending.push({ kind, number, at, data }),
            T: () => file?.pending.push({ kind, number, at }),
            B: () => this.#begun.set(at, { number, file }),
            E: () => this.#settle(name, this.#begun.get(at)),
            A: () => {},
        };
        actions[kind]();
    }

    #settle(name, { number, file }) {
        if (name !== '')
            return file?.settle(number);
        const safe = this.#changes.filter((c) => c.number <= number);
        this.#changes = this.#changes.filter((c) => c.number > number);
        return safe.forEach(({ change }) => change(this.#durable));
    }

    // Whether something would be lost now.
    get unsafe() {
        return this.#changes.length + [...this.#names.values()].filter((f) => f.pending.length).length;
    }

    // What the power supply's end leaves of it, as files of `dir`. random(n): an integer below n.
    lose(dir, how, random) {
        const kept = losses[how];
        const names = new Map(this.#durable);
        for (const { change } of kept(this.#changes, random))
            change?.(names);
        rmSync(dir, { recursive: true, force: true });
        mkdirSync(dir, { mode: 0o700 });
        for (const [name, file] of names)
            if (file)
                writeFileSync(join(dir, name), changed(file.durable, kept(file.pending, random)),
                    { mode: 0o600 });
    }
}
