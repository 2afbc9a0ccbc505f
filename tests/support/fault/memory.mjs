// Looks through the memory of a process, as root (through sudo where the tests are not): a program
// that forbids dumps shows its memory to nobody else.
//
// usage: node tests/support/fault/memory.mjs PID    (JSON on standard input: { name: base64, … })

import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Search } from './search.mjs';

const self = fileURLToPath(import.meta.url);
const chunk = 1 << 24;
const overlap = 4096;

// The argument vector of a command as root.
export const asRoot = (...argv) => (process.getuid() === 0 ? argv : ['sudo', '-n', ...argv]);

// The names of those byte strings, of 16 bytes at least, that the process holds somewhere, in part or
// whole.
export function findInMemory(pid, needles) {
    const input = JSON.stringify(
        Object.fromEntries([...needles].map(([name, bytes]) => [name, bytes.toString('base64')])),
    );
    const [command, ...args] = asRoot(process.execPath, self, String(pid));
    const { status, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8' });
    if (status !== 0)
        throw new Error(`the memory of ${pid} cannot be read: ${stderr}`);
    return JSON.parse(stdout);
}

// The parts of the memory, by /proc/PID/maps (proc(5)): those that nobody may read for now, too.
function* regions(pid) {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
        const seen = /^([0-9a-f]+)-([0-9a-f]+) (?!.*\[v)/.exec(line);
        if (seen)
            yield [Number.parseInt(seen[1], 16), Number.parseInt(seen[2], 16)];
    }
}

function search(pid, needles) {
    const found = new Set();
    const memory = openSync(`/proc/${pid}/mem`, 'r');
    for (const [from, to] of regions(pid))
        for (let at = from; at < to; at += chunk - overlap) {
            const bytes = Buffer.alloc(Math.min(chunk, to - at));
            let length = 0;
            try {
                length = readSync(memory, bytes, 0, bytes.length, at);
            } catch {
                continue; // a guard page, or gone meanwhile
            }
            needles.look(bytes.subarray(0, length), found);
        }
    closeSync(memory);
    return [...found].sort();
}

if (process.argv[1] === self) {
    const input = JSON.parse(readFileSync(0, 'utf8'));
    const needles = new Search();
    for (const [name, text] of Object.entries(input))
        needles.add(name, Buffer.from(text, 'base64'));
    console.log(JSON.stringify(search(Number(process.argv[2]), needles)));
}
