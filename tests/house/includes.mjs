// Who may include what: the rooms in the order of docs/architecture.md's table, no circles, and each
// library known to one part of the tree only.

import { cycles } from './cycles.mjs';

// What a folder may know of other folders than its own, and which of the fenced libraries it may
// use. The first row whose folder a file lies in counts.
const doors = [
    { folder: 'vault/protocol/', outside: [], libraries: ['jansson'] },
    { folder: 'vault/store/', outside: [], libraries: ['sqlite3', 'libpq-fe'] },
    { folder: 'vault/', outside: [] },
    {
        folder: 'api/commands/',
        outside: [/^vault\/(vault|admin)\.h$/, /^vault\/lifecycle\/(answer|lifecycle)\.h$/, /^vault\/protocol\//],
        libraries: ['jansson'],
    },
    {
        folder: 'api/',
        outside: [/^vault\/vault\.h$/, /^vault\/lifecycle\/(answer|lifecycle)\.h$/, /^vault\/protocol\//],
        libraries: ['jansson', 'microhttpd', 'seccomp', 'confuse'],
    },
    {
        folder: 'cli/',
        outside: [/^vault\/protocol\//],
        libraries: ['jansson', 'curl', 'qrencode', 'confuse'],
    },
];

const fenced = ['jansson', 'microhttpd', 'curl', 'sqlite3', 'libpq-fe', 'seccomp', 'confuse', 'qrencode'];

function includes(file) {
    const found = [];
    for (const [i, line] of file.code.split('\n').entries()) {
        const seen = /^\s*#\s*include\s*(["<])([^">]+)[">]/.exec(line);
        if (seen)
            found.push({ line: i + 1, own: seen[1] === '"', name: seen[2] });
        else if (/^\s*#\s*include\b/.test(line))
            found.push({ line: i + 1, own: true, name: line.trim() });
    }
    return found;
}

const doorOf = (path) => doors.find((door) => path.startsWith(door.folder));
const folderOf = (path) => path.slice(0, path.lastIndexOf('/'));
const programOf = (path) => path.slice(0, path.indexOf('/') + 1);

const layering = {
    name: 'dependencies point one way (cli → protocol, api → vault → protocol)',
    check(tree) {
        const found = [];
        for (const file of tree.product)
            for (const { line, own, name } of includes(file)) {
                const inside = doorOf(file.path).folder === 'vault/protocol/' ? 'vault/protocol/' : programOf(file.path);
                const behindStore = name.startsWith('vault/store/') && name !== 'vault/store/store.h' &&
                    folderOf(file.path) !== 'vault/store';
                const allowed = name.startsWith(inside) || doorOf(file.path).outside.some((door) => door.test(name));
                if (own && (!allowed || behindStore))
                    found.push({ path: file.path, line, what: `may not include ${name}` });
            }
        return found;
    },
    plants: [
        { path: 'cli/planted.c', text: '#include "vault/vault.h"\n' },
        { path: 'api/planted.c', text: '#include "vault/store/store.h"\n' },
        { path: 'api/planted.c', text: '#include "vault/admin.h"\n' },
        { path: 'api/endpoints/planted.c', text: '#include "vault/log/ledger.h"\n' },
        { path: 'vault/planted.c', text: '#include "api/http/reply.h"\n' },
        { path: 'vault/planted.c', text: '#include "vault/store/sqlite.h"\n' },
        { path: 'vault/protocol/planted.c', text: '#include "vault/lifecycle/answer.h"\n' },
        { path: 'cli/commands/planted.c', text: '#include "../../vault/log/ledger.h"\n' },
    ],
};

// The rooms, from low to high, as docs/architecture.md declares them: rows that begin with a folder
// of C sources.
export function declaredRooms(tree) {
    const text = tree.files.find((file) => file.path === 'docs/architecture.md')?.text ?? '';
    return [...text.matchAll(/^\| `((?:vault|api|cli)(?:\/[\w/]+)?)` \|/gm)].map((seen) => seen[1]);
}

const order = {
    name: 'a room includes itself and lower rooms, in the order of the table in docs/architecture.md',
    check(tree) {
        const rooms = declaredRooms(tree);
        const found = [];
        const wrong = (path, line, what) => found.push({ path, line, what });
        const there = new Set(tree.product.map((file) => folderOf(file.path)));
        for (const room of rooms.filter((name, i) => !there.has(name) || rooms.indexOf(name) !== i))
            wrong('docs/architecture.md', 0, `the room ${room} holds no C source, or stands twice`);
        for (const file of tree.product) {
            const own = rooms.indexOf(folderOf(file.path));
            if (own < 0)
                wrong(file.path, 0, `docs/architecture.md has no room ${folderOf(file.path)}`);
            for (const { line, own: ours, name } of includes(file))
                if (own >= 0 && ours && rooms.indexOf(folderOf(name)) > own)
                    wrong(file.path, line, `includes ${name}, which lies in a higher room`);
        }
        return found;
    },
    plants: [
        { path: 'vault/protocol/encoding/planted.c', text: '#include "vault/protocol/handoff/keys.h"\n' },
        { path: 'vault/log/planted.c', text: '#include "vault/writer/committer.h"\n' },
        { path: 'vault/keys/planted.c', text: '#include "vault/store/store.h"\n' },
        { path: 'api/http/planted.c', text: '#include "api/policy/limits.h"\n' },
        { path: 'api/net/planted.c', text: '#include "api/handler.h"\n' },
        { path: 'cli/io/planted.c', text: '#include "cli/net/client.h"\n' },
        { path: 'cli/elsewhere/planted.c', text: 'extern int planted;\n' },
        {
            path: 'docs/architecture.md',
            change: (text) => text.replace(/^\| `api\/http` .*\n/m, ''),
        },
    ],
};

const modulePath = (path) => path.replace(/\.[ch]$/, '');

// Which module names which: of C a source with its header, of JavaScript a file.
function uses(tree) {
    const graph = new Map();
    const add = (from, to) => graph.set(from, (graph.get(from) ?? new Set()).add(to));
    for (const file of tree.sources)
        for (const { own, name } of includes(file))
            if (own && modulePath(name) !== modulePath(file.path))
                add(modulePath(file.path), modulePath(name));
    for (const file of tree.files.filter((f) => f.path.endsWith('.mjs')))
        for (const seen of file.text.matchAll(/^(?:import|export)\b[^'";]*'(\.\.?\/[^']+)'/gm))
            add(file.path, new URL(seen[1], `file:///${file.path}`).pathname.slice(1));
    return graph;
}

const circles = {
    name: 'no modules include or import each other in a circle',
    check: (tree) =>
        cycles(uses(tree)).map((circle) => ({ path: circle[0], line: 0, what: `in a circle: ${circle.join(', ')}` })),
    plants: [
        {
            path: 'api/config/netaddr.h',
            change: (text) => text.replace('#include <stddef.h>', '#include "api/config/settings.h"'),
        },
        {
            path: 'tests/bench/load/plan.h',
            change: (text) => text.replace('#include <gnutls/gnutls.h>', '#include "tests/bench/load/client.h"'),
        },
        { path: 'api/web/protocol/encoding.mjs', change: (text) => `import './link.mjs';\n${text}` },
    ],
};

const libraries = {
    name: 'a library is known to its part of the tree only (SQLite to vault/store/, HTTP to api/ and cli/)',
    check(tree) {
        const found = [];
        for (const file of tree.product)
            for (const { line, own, name } of includes(file)) {
                const library = fenced.find((l) => name === `${l}.h` || name.startsWith(`${l}/`));
                if (!own && library && !(doorOf(file.path).libraries ?? []).includes(library))
                    found.push({ path: file.path, line, what: `may not use ${library}` });
            }
        return found;
    },
    plants: [
        { path: 'api/planted.c', text: '#include <sqlite3.h>\n' },
        { path: 'vault/planted.c', text: '#include <sqlite3.h>\n' },
        { path: 'vault/planted.c', text: '#include <microhttpd.h>\n' },
        { path: 'vault/store/planted.c', text: '#include <jansson.h>\n' },
        { path: 'vault/protocol/planted.c', text: '#include <curl/curl.h>\n' },
        { path: 'cli/planted.c', text: '#include <microhttpd.h>\n' },
    ],
};

const fromRoot = {
    name: 'includes of the tree are written from its root and are there',
    check(tree) {
        const there = new Set(tree.sources.map((file) => file.path));
        const found = [];
        for (const file of tree.sources)
            for (const { line, own, name } of includes(file))
                if (own && !there.has(name))
                    found.push({ path: file.path, line, what: `there is no ${name}` });
        return found;
    },
    plants: [
        { path: 'vault/planted.c', text: '#include "ledger.h"\n' },
        { path: 'cli/planted.c', text: '#include "vault/protocol/absent.h"\n' },
    ],
};

export const includeRules = [layering, order, circles, libraries, fromRoot];
