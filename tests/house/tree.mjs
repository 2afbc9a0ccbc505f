// The files that the house's rules look at: everything that could be committed.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const skipped = /^(\.git|\.cache|node_modules)$/;
const built = /^build[^/]*$/; // at the root
const binary = /\.(png|ico|woff2?|wasm|gz|zip)$/;

export function listTree(root) {
    const found = [];
    const walk = (folder) => {
        for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
            const path = folder ? `${folder}/${entry.name}` : entry.name;
            if (skipped.test(entry.name) || built.test(path))
                continue;
            if (entry.isDirectory())
                walk(path);
            else if (entry.isFile() && !binary.test(entry.name))
                found.push(path);
        }
    };
    walk('');
    return found.sort();
}

// What rules see: root (where the files lie), files, and of them the C sources and what is built of
// those; changed, where the tree is another one with a few files exchanged, lists these.
export const readTree = (root) =>
    treeOf(root, listTree(root).map((path) => fileOf(path, readFileSync(join(root, path), 'utf8'))));

// The same tree as it would be read from `root` with one file exchanged or added.
export function exchange(tree, root, path, text) {
    const file = fileOf(path, text);
    const there = tree.files.some((other) => other.path === path);
    const files = there
        ? tree.files.map((other) => (other.path === path ? file : other))
        : [...tree.files, file].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { ...treeOf(root, files), changed: [file] };
}

function treeOf(root, files) {
    const sources = files.filter((file) => file.code !== undefined);
    return { root, files, sources, product: sources.filter((f) => !f.path.startsWith('tests/')) };
}

function fileOf(path, text) {
    const file = { path, text, lines: text.split('\n') };
    if (/^(vault|api|cli|tests)\/.*\.[ch]$/.test(path)) {
        file.withStrings = blank(text, false);
        file.code = blank(text, true);
    }
    return file;
}

// Replaces comments, and with strings set also what string and character literals hold, by spaces,
// so that lines and columns stay where they are. Include lines keep their names.
function blank(text, strings) {
    const parts =
        /\/\*[\s\S]*?\*\/|\/\/[^\n]*|^[ \t]*#[ \t]*include[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/gm;
    return text.replace(parts, (part) => {
        if (part[0] === '/')
            return part.replace(/[^\n]/g, ' ');
        if (!strings || part.trimStart()[0] === '#')
            return part;
        return part[0] + ' '.repeat(part.length - 2) + part[0];
    });
}
