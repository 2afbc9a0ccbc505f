// Goal: the programs keep no mutable state outside of what is passed around. What the compiler put
// into writable sections is compared with the few objects that may be there.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const build = process.env.HANDOFF_BUILD;

// Each with the reason why it cannot live anywhere else.
const allowed = new Map([
    ['vault/protocol/encoding_secret.c: lock_failed', 'a fact about the process, asked by /readyz'],
    ['vault/protocol/encoding_secret.c: reserve', "a thread's: libraries that ask for memory tell nobody what for"],
    ['vault/store_sqlite_heap.c: once', 'a library that is set up once in a process'],
    ['vault/store_sqlite_wal.c: vfs', 'a file system, to which SQLite keeps a pointer'],
    ['cli/io_terminal.c: caught', 'set by a signal handler'],
]);

function objectFiles(folder) {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const path = join(folder, entry.name);
        if (entry.isDirectory())
            return objectFiles(path);
        return entry.name.endsWith('.o') ? [path] : [];
    });
}

// The writable objects of object files: [{ file, name }]. Constants that hold addresses lie in
// .data.rel.ro and are read-only once the program runs.
function writable(files) {
    return execFileSync('nm', ['-A', '--format=sysv', '--defined-only', ...files], { encoding: 'utf8' })
        .split('\n')
        .map((line) => line.split('|').map((cell) => cell.trim()))
        .filter((cells) => /^\.t?(data|bss)\b(?!\.rel\.ro)/.test(cells[6] ?? ''))
        .map(([where]) => /^(.*\.o):(.*)$/.exec(where))
        .map(([, file, name]) => ({ file, name: name.replace(/\.\d+$/, '') }));
}

// Meson names an object after its source's path below the folder of the meson.build.
function sourceOf(room, file) {
    return `${room}/${file.split('/').pop().replace(/\.o$/, '')}`;
}

for (const room of ['vault/protocol', 'vault', 'api', 'cli'])
    test(`${room} has no mutable globals`, () => {
        const files = objectFiles(join(build, room)).filter(
            (file) => room !== 'vault' || !file.startsWith(join(build, 'vault', 'protocol')),
        );
        assert.ok(files.length > 0, `there are no objects of ${room}`);
        const found = writable(files).map(({ file, name }) => `${sourceOf(room, file)}: ${name}`);
        assert.deepEqual(found.filter((name) => !allowed.has(name)), []);
    });

test('a planted global is seen, constants are not', () => {
    const dir = mkdtempSync(join(tmpdir(), 'handoff-globals-'));
    try {
        const source = join(dir, 'planted.c');
        writeFileSync(
            source,
            'static int counter;\nint planted_next(void)\n{\n    return ++counter;\n}\n' +
                'int planted_level = 3;\n' +
                'static const char *const names[] = {"a", "b"};\n' +
                'const char *planted_name(int i)\n{\n    return names[i];\n}\n',
        );
        execFileSync('cc', ['-O2', '-fPIE', '-c', source, '-o', join(dir, 'planted.o')]);
        const names = writable([join(dir, 'planted.o')]).map(({ name }) => name);
        assert.deepEqual(names.sort(), ['counter', 'planted_level']);
    } finally {
        rmSync(dir, { recursive: true, force: true });
    }
});
