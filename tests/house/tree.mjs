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

export function readTree(root) {
    const files = listTree(root).map((path) => {
        const text = readFileSync(join(root, path), 'utf8');
        return { path, text, lines: text.split('\n') };
    });
    const sources = files.filter((file) => /^(vault|api|cli|tests)\/.*\.[ch]$/.test(file.path));
    for (const file of sources) {
        file.withStrings = blank(file.text, false);
        file.code = blank(file.text, true);
    }
    return { root, files, sources, product: sources.filter((f) => !f.path.startsWith('tests/')) };
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
