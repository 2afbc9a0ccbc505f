// The assets: scripts, style sheet, picture, texts, each under a name that is made of its content's
// hash, so that a browser may keep it for ever. The modules of a page become one script, so that a
// page takes one round trip behind its HTML; it is not minified, and can be read.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';

// libsodium stays apart: most of the weight, and the same for all pages and the worker. By the names
// under which its parts are imported.
const library = {
    'libsodium-wrappers-sumo':
        'libsodium-wrappers-sumo/dist/modules-sumo-esm/libsodium-wrappers.mjs',
    'libsodium-sumo': 'libsodium-sumo/dist/modules-sumo-esm/libsodium-sumo.mjs',
};
const imports = /(\bfrom\s*|\bimport\s*\(\s*)(["'])(libsodium-(?:wrappers-)?sumo)\2/g;
const workers = /(\bnew URL\(\s*)(["'])\.\/([\w-]+\.mjs)\2(?=,\s*import\.meta\.url)/g;

const hashed = (path, bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const ext = extname(path);
    return `${basename(path, ext)}.${hash}${ext}`;
};

// One script of a module and all that it imports: { text, inputs: paths in the folder }.
function bundle(folder, entry) {
    const out = mkdtempSync(join(tmpdir(), 'handoff-pages-'));
    try {
        const made = spawnSync('esbuild', [entry, '--bundle', '--format=esm', '--target=es2022',
            '--charset=utf8', '--log-level=error', `--outfile=${out}/script`,
            `--metafile=${out}/meta`, ...Object.keys(library).map((name) => `--external:${name}`)],
        { cwd: folder, encoding: 'utf8' });
        if (made.error)
            throw new Error(`esbuild cannot be run: ${made.error.message}`);
        if (made.status !== 0)
            throw new Error(made.stderr.trim());
        const { inputs } = JSON.parse(readFileSync(`${out}/meta`, 'utf8'));
        return { text: readFileSync(`${out}/script`, 'utf8'), inputs: Object.keys(inputs) };
    } finally {
        rmSync(out, { recursive: true });
    }
}

// The assets of a folder. read(path) gives a file's bytes; uses(path) is told of what else is read.
export function assets(folder, read, uses) {
    const made = new Map(); // name of the source → { name, bytes, needs: [asset], inputs: [path] }

    const add = (source, bytes, more = {}) => {
        const asset = { name: hashed(source, bytes), bytes, needs: [], inputs: [], ...more };
        made.set(source, asset);
        return asset;
    };

    // Names the parts of libsodium in a text as they are served.
    const link = (text, needs) => text.replace(imports, (whole, before, quote, name) => {
        const part = packaged(name);
        needs.push(part, ...part.needs);
        return `${before}${quote}./${part.name}${quote}`;
    });

    const packaged = (name) => {
        if (made.has(name))
            return made.get(name);
        const needs = [];
        const path = join(folder, 'node_modules', library[name]);
        const text = link(read(path).toString('utf8'), needs);
        return add(basename(path), Buffer.from(text), { needs });
    };

    const script = (source) => {
        const needs = [];
        const { text, inputs } = bundle(folder, source);
        const named = text.replace(workers, (whole, before, quote, worker) =>
            `${before}${quote}./${of(join('protocol', worker)).name}${quote}`);
        inputs.forEach((path) => uses(join(folder, path)));
        return add(source, Buffer.from(link(named, needs)), {
            needs,
            inputs: inputs.filter((path) => !path.startsWith('node_modules/')),
        });
    };

    // The asset of a file in the folder.
    const of = (source) => {
        if (made.has(source))
            return made.get(source);
        return extname(source) === '.mjs' ? script(source) : add(source, read(join(folder, source)));
    };

    return {
        of,
        // An asset of contents that were made.
        add: (source, text) => add(source, Buffer.from(text)),
        // The modules that a script is made of, as paths in the folder.
        modules: (source) => of(source).inputs,
        // What a page should begin to fetch at once, the largest first.
        preloads: (source) => [of(source), ...new Set(of(source).needs)]
            .sort((a, b) => b.bytes.length - a.bytes.length),
        files: () => [...made.values()]
            .map(({ name, bytes }) => ({ name: `assets/${name}`, bytes }))
            .sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
}
