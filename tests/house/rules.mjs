// The house's rules. Each has a name, a check that returns what is wrong as {path, line, what}, and
// the violations by which tests/house/check.mjs shows that the check bites: files to write into a
// copy of the tree, each with its text (or what makes it from the text that is there).

import { spawnSync } from 'node:child_process';

import { includeRules } from './includes.mjs';

// Every match of a pattern in one of a file's texts.
function matches(files, pattern, what, textOf = (file) => file.text) {
    const found = [];
    for (const file of files)
        for (const [i, line] of textOf(file).split('\n').entries()) {
            const seen = pattern.exec(line);
            if (seen)
                found.push({ path: file.path, line: i + 1, what: what(seen) });
        }
    return found;
}

const code = (file) => file.code;

function source(body) {
    return `#include "vault/planted.h"\n\n${body}\n`;
}

const layout = {
    name: 'C sources are formatted by the clang-format of the tree',
    check(tree) {
        // Each file stands for itself: of a tree with files exchanged these say it all.
        const paths = tree.sources
            .filter((file) => !tree.changed || tree.changed.includes(file))
            .map((file) => file.path);
        if (paths.length === 0)
            return [];
        const run = spawnSync('clang-format', ['--dry-run', '-Werror', ...paths], {
            cwd: tree.root,
            encoding: 'utf8',
        });
        if (run.error)
            return [{ path: 'clang-format', line: 0, what: run.error.message }];
        const found = [];
        for (const line of run.stderr.split('\n')) {
            const seen = /^(\S+?):(\d+):\d+: error: /.exec(line);
            if (seen && !found.some((f) => f.path === seen[1]))
                found.push({ path: seen[1], line: Number(seen[2]), what: 'run ./dev fmt' });
        }
        if (run.status !== 0 && found.length === 0)
            found.push({ path: 'clang-format', line: 0, what: run.stderr });
        return found;
    },
    plants: [{ path: 'vault/planted.c', text: 'int  planted (void){return 0;}\n' }],
};

const bannedCalls =
    /\b(strcpy|strcat|sprintf|vsprintf|strncpy|strncat|atoi|atol|atoll|alloca|gets|system|popen|strtok|mktemp|tmpnam)\s*\(/;

const calls = {
    name: 'forbidden functions are not called',
    check: (tree) => matches(tree.sources, bannedCalls, (m) => `calls ${m[1]}()`, code),
    plants: [
        { path: 'api/planted.c', text: source('int planted(void)\n{\n    return atoi("1");\n}') },
        { path: 'tests/unit/planted.c', text: source('void p(char *a)\n{\n    strcat(a, "b");\n}') },
        { path: 'cli/planted.c', text: source('int p(char *a)\n{\n    return sprintf (a, "b");\n}') },
    ],
};

const variableArrays = {
    name: 'the build asks the compiler to refuse variable-length arrays and treats warnings as errors',
    check(tree) {
        const build = tree.files.find((file) => file.path === 'meson.build');
        return ["'-Wvla'", "'werror=true'", "'warning_level=3'"]
            .filter((option) => !build?.text.includes(option))
            .map((option) => ({ path: 'meson.build', line: 0, what: `${option} is missing` }));
    },
    plants: [{ path: 'meson.build', change: (text) => text.replace("'-Wvla',", '') }],
};

const typedefs = {
    name: 'structs are not hidden behind a typedef',
    check: (tree) =>
        matches(tree.sources, /\btypedef\s+(struct|union|enum)\b/, (m) => `typedef ${m[1]}`, code),
    plants: [{ path: 'vault/planted.h', text: 'typedef struct planted {\n    int a;\n} planted;\n' }],
};

const guards = {
    name: 'headers have an include guard that is named after their path',
    check(tree) {
        const found = [];
        for (const file of tree.sources.filter((f) => f.path.endsWith('.h'))) {
            const text = file.code.trim();
            const guard = /^#ifndef (\w+)\n#define (\w+)\n/.exec(text);
            const name = `HANDOFF_${file.path.replace(/\W/g, '_').toUpperCase()}`;
            if (!guard || guard[1] !== guard[2] || !text.endsWith('#endif'))
                found.push({ path: file.path, line: 1, what: 'does not consist of #ifndef NAME, #define NAME, …, #endif' });
            else if (guard[1] !== name)
                found.push({ path: file.path, line: 1, what: `its guard ${guard[1]} is not ${name}` });
        }
        return found;
    },
    plants: [
        { path: 'vault/planted.h', text: 'int planted(void);\n' },
        {
            path: 'vault/store/vault.h',
            text: '#ifndef HANDOFF_VAULT_VAULT_H\n#define HANDOFF_VAULT_VAULT_H\n\n#endif\n',
        },
    ],
};

const prefixes = {
    name: "functions that a header offers begin with its file's name, or that of a source beside it",
    check(tree) {
        const found = [];
        for (const file of tree.product.filter((f) => f.path.endsWith('.h'))) {
            const folder = file.path.slice(0, file.path.lastIndexOf('/') + 1);
            const base = file.path.slice(folder.length, -2);
            const bases = tree.product
                .filter((f) => f.path.startsWith(folder) && /^[^/]+\.c$/.test(f.path.slice(folder.length)))
                .map((f) => f.path.slice(folder.length, -2));
            const named = (name) =>
                name === base || [base, ...bases].some((b) => name.startsWith(`${b}_`));
            for (const { name, line } of prototypes(file.code))
                if (!named(name))
                    found.push({ path: file.path, line, what: `${name} does not begin with ${base}_` });
        }
        return found;
    },
    plants: [
        {
            path: 'vault/planted.h',
            text: '#ifndef HANDOFF_VAULT_PLANTED_H\n#define HANDOFF_VAULT_PLANTED_H\n\nint other_name(int a);\n\n#endif\n',
        },
    ],
};

// The functions declared at a header's outermost level.
function prototypes(text) {
    let depth = 0;
    let flat = '';
    for (const c of text.replace(/^#.*$/gm, '')) {
        if (c === '}')
            depth--;
        flat += depth > 0 && c !== '\n' ? ' ' : c;
        if (c === '{')
            depth++;
    }
    const found = [];
    const pattern = /^[a-z][\w \n*]*?\b(\w+)\s*\(/gm;
    for (let seen = pattern.exec(flat); seen; seen = pattern.exec(flat)) {
        const line = flat.slice(0, seen.index).split('\n').length;
        if (!/^\s*(typedef|extern\b[^(]*=)/.test(seen[0]) && seen[1] !== '__attribute__')
            found.push({ name: seen[1], line });
        const end = flat.indexOf(';', seen.index);
        pattern.lastIndex = end < 0 ? flat.length : end + 1;
    }
    return found;
}

const lengths = {
    name: 'no source file is longer than 500 lines, no line of C wider than 100 columns',
    check(tree) {
        const found = [];
        for (const file of tree.files) {
            const written = /\.([chs]|mjs|sh|build)$|^dev$|^tests\/support\/[^.]*$/.test(file.path);
            if (written && file.lines.length - 1 > 500)
                found.push({ path: file.path, line: 501, what: `${file.lines.length - 1} lines` });
        }
        for (const file of tree.sources)
            for (const [i, line] of file.lines.entries())
                if ([...line].length > 100)
                    found.push({ path: file.path, line: i + 1, what: `${[...line].length} columns` });
        return found;
    },
    plants: [
        { path: 'vault/planted.c', text: '\n'.repeat(501) },
        { path: 'vault/planted.c', text: `/* ${'x'.repeat(100)} */\n` },
    ],
};

const whiteSpace = {
    name: 'no trailing white space, no tabs in C, no CR, one newline at the end of every file',
    check(tree) {
        const found = matches(tree.files, /[ \t\r]$/, () => 'white space at the end of the line');
        found.push(...matches(tree.sources, /\t/, () => 'a tab'));
        for (const file of tree.files)
            if (file.text !== '' && (!file.text.endsWith('\n') || file.text.endsWith('\n\n')))
                found.push({ path: file.path, line: file.lines.length, what: 'not one LF at its end' });
        return found;
    },
    plants: [
        { path: 'docs/planted.md', text: 'a line \n' },
        { path: 'docs/planted.md', text: 'a line' },
        { path: 'vault/planted.c', text: '/* \t */\n' },
        { path: 'cli/planted.c', text: '/* */\r\n' },
    ],
};

// Written so that this file does not contain what it looks for.
const machinePaths = new RegExp(
    `(^|[^\\w.$}/-])/(${['work', 'home', 'root', 'tmp', 'Users'].join('|')})/\\w`,
);
const registries = /"resolved":\s*"https?:|\bregistry\.(npm|yarn)|\bnpmmirror\b/;

const places = {
    name: "nothing names a machine's paths or a package registry",
    check: (tree) => [
        ...matches(tree.files, machinePaths, (m) => `names /${m[2]}`),
        ...matches(tree.files, registries, (m) => `names a registry: ${m[0]}`),
    ],
    plants: [
        { path: 'docs/planted.md', text: `See /${'home'}/somebody/handoff.\n` },
        { path: 'tests/planted.mjs', text: `const dir = '/${'tmp'}/x';\n` },
        { path: 'tests/planted.json', text: `{"resolved": "${'https'}://example.org/x.tgz"}\n` },
    ],
};

const unfinished = {
    name: 'nothing is marked as unfinished',
    check: (tree) =>
        matches(
            tree.files.filter((file) => file.path !== 'tests/house/rules.mjs'),
            /\b(TODO|FIXME|XXX|HACK)\b(?!-)/,
            (m) => m[1],
            // XXXX-XXXX is what a code looks like; node --test has a total of this name.
            (file) => file.text.replace(/\bXXXX-XXXX\b/g, '').replace(/TODO\)?\\b/g, ''),
        ),
    plants: [{ path: 'cli/planted.c', text: '/* TODO: later */\n' }],
};

const sql = {
    name: 'SQL is written in vault/store/ only',
    check: (tree) =>
        matches(
            tree.product.filter((file) => !file.path.startsWith('vault/store/')),
            /"\s*(SELECT\s|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA\s)/,
            (m) => m[1],
            (file) => file.withStrings,
        ),
    plants: [{ path: 'api/planted.c', text: 'const char *const p = "SELECT 1 FROM event";\n' }],
};

const listed = {
    name: 'meson.build files list exactly the sources that are there',
    check(tree) {
        const found = [];
        const named = new Map();
        for (const build of tree.files.filter((f) => /(^|\/)meson\.build$/.test(f.path))) {
            const folder = build.path.slice(0, -'meson.build'.length);
            for (const [i, line] of build.text.replace(/#.*$/gm, '').split('\n').entries())
                for (const seen of line.matchAll(/'([\w./-]+\.c)'/g))
                    named.set(resolve(folder + seen[1]), { path: build.path, line: i + 1 });
        }
        const there = new Set(tree.sources.map((f) => f.path));
        for (const [path, at] of named)
            if (!there.has(path))
                found.push({ ...at, what: `lists ${path}, which is not there` });
        for (const path of there)
            if (path.endsWith('.c') && !named.has(path) && !namedByPattern(tree, path))
                found.push({ path, line: 0, what: 'no meson.build lists it' });
        return found;
    },
    plants: [
        { path: 'vault/planted.c', text: source('int planted;') },
        {
            path: 'vault/meson.build',
            change: (text) => text.replace("'lifecycle/alarm.c'", "'lifecycle/alarm.c', 'planted.c'"),
        },
    ],
};

function resolve(path) {
    const parts = [];
    for (const part of path.split('/')) {
        if (part === '..')
            parts.pop();
        else if (part !== '.')
            parts.push(part);
    }
    return parts.join('/');
}

// Test programs of one file each may be listed by name alone: foreach name : ['alarm', …].
function namedByPattern(tree, path) {
    if (!path.startsWith('tests/'))
        return false;
    const name = path.split('/').pop().slice(0, -2);
    const short = name.replace(/^test_|_test$/g, '');
    const folder = path.slice(0, path.lastIndexOf('/'));
    return tree.files
        .filter((f) => f.path === `${folder}/meson.build` || f.path === 'tests/meson.build')
        .some((f) => f.text.includes(`'${name}'`) || f.text.includes(`'${short}'`));
}

const selfContained = {
    name: 'every C file includes its own header first',
    check(tree) {
        const headers = new Set(tree.product.map((f) => f.path));
        return tree.product
            .filter((f) => f.path.endsWith('.c') && headers.has(f.path.replace(/c$/, 'h')))
            .filter((f) => {
                const first = /^#include ["<]([^">]+)[">]/m.exec(f.code);
                return first?.[1] !== f.path.replace(/c$/, 'h');
            })
            .map((f) => ({ path: f.path, line: 1, what: 'its own header is not the first include' }));
    },
    plants: [
        { path: 'vault/lifecycle/alarm.c', change: (text) => `#include <string.h>\n${text}` },
    ],
};

export const rules = [
    layout,
    ...includeRules,
    calls,
    variableArrays,
    typedefs,
    guards,
    prefixes,
    lengths,
    whiteSpace,
    places,
    unfinished,
    sql,
    listed,
    selfContained,
];
