// Who may include what: dependencies point one way, cli → protocol and api → vault → protocol, and
// each library is known to one part of the tree only.

const vaultDoor = /^vault\/(vault|lifecycle\/(answer|lifecycle))\.h$/;

// For the first row whose folder a file lies in: what it may include of the tree, and which of the
// fenced libraries it may use.
const rooms = [
    { folder: 'vault/protocol/', own: [/^vault\/protocol\//], libraries: ['jansson'] },
    {
        folder: 'vault/store/',
        own: [/^vault\/protocol\//, /^vault\/store\//, /^vault\/(lifecycle\/\w+|keys\/keyring)\.h$/],
        libraries: ['sqlite3', 'libpq-fe'],
    },
    { folder: 'vault/', own: [/^vault\/(?!store\/)/, /^vault\/store\/store\.h$/] },
    {
        folder: 'api/commands/',
        own: [/^api\//, vaultDoor, /^vault\/admin\.h$/, /^vault\/protocol\//],
        libraries: ['jansson'],
    },
    {
        folder: 'api/',
        own: [/^api\//, vaultDoor, /^vault\/protocol\//],
        libraries: ['jansson', 'microhttpd', 'seccomp', 'confuse'],
    },
    {
        folder: 'cli/',
        own: [/^cli\//, /^vault\/protocol\//],
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

function roomOf(path) {
    return rooms.find((room) => path.startsWith(room.folder));
}

const layering = {
    name: 'dependencies point one way (cli → protocol, api → vault → protocol)',
    check(tree) {
        const found = [];
        for (const file of tree.product)
            for (const { line, own, name } of includes(file))
                if (own && !roomOf(file.path).own.some((allowed) => allowed.test(name)))
                    found.push({ path: file.path, line, what: `may not include ${name}` });
        return found;
    },
    plants: [
        { path: 'cli/planted.c', text: '#include "vault/vault.h"\n' },
        { path: 'api/planted.c', text: '#include "vault/store/store.h"\n' },
        { path: 'api/planted.c', text: '#include "vault/admin.h"\n' },
        { path: 'api/endpoints/planted.c', text: '#include "vault/log/ledger.h"\n' },
        { path: 'vault/planted.c', text: '#include "api/reply.h"\n' },
        { path: 'vault/planted.c', text: '#include "vault/store/sqlite.h"\n' },
        { path: 'vault/store/planted.c', text: '#include "vault/vault.h"\n' },
        { path: 'vault/protocol/planted.c', text: '#include "vault/lifecycle/answer.h"\n' },
        { path: 'cli/commands/planted.c', text: '#include "../../vault/log/ledger.h"\n' },
    ],
};

const libraries = {
    name: 'a library is known to its part of the tree only (SQLite to vault/store/, HTTP to api/ and cli/)',
    check(tree) {
        const found = [];
        for (const file of tree.product)
            for (const { line, own, name } of includes(file)) {
                const library = fenced.find((l) => name === `${l}.h` || name.startsWith(`${l}/`));
                if (!own && library && !(roomOf(file.path).libraries ?? []).includes(library))
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

export const includeRules = [layering, libraries, fromRoot];
