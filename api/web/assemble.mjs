// Builds the pages: names each asset after its content, puts those names and the texts of each
// language into the HTML, compresses, and writes what the daemon embeds.
//
// usage: node assemble.mjs OUTDIR [SOURCES]
//
// Needs esbuild, which makes one script of a page's modules. Written are pages.bin (all bytes one
// after the other), pages_table.c (the daemon's table over them), page_hashes.c (the command line's),
// pages.json (for people) and pages.d (for ninja).

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { assets } from './assemble/assets.mjs';
import { fillTemplate, readStrings } from './assemble/template.mjs';

const types = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.json': 'application/json',
    '.mjs': 'text/javascript; charset=utf-8',
    '.svg': 'image/svg+xml',
};

// Where each page lies, seen from the folder that the service serves.
export const pages = { submit: '', redeem: 'h/', follow: 's/' };

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

// Builds the pages of a folder: { files: [{ name, page?, language?, type, bytes }], sources }.
export function build(folder) {
    const sources = new Set();
    const read = (path) => {
        sources.add(path);
        return readFileSync(path);
    };
    const library = assets(folder, read, (path) => sources.add(path));
    const languages = readdirSync(join(folder, 'strings')).sort();
    const html = [];
    const usedCommon = new Set();
    for (const page of Object.keys(pages)) {
        const texts = readStrings(folder, page, languages, read);
        const template = fillTemplate({ folder, page, languages, texts, library, read,
            root: '../'.repeat(pages[page].split('/').length - 1) });
        template.usedCommon.forEach((key) => usedCommon.add(key));
        html.push(...template.outputs);
    }
    const common = Object.keys(readStrings(folder, null, languages, read)[languages[0]]);
    const unused = common.filter((key) => !usedCommon.has(key));
    if (unused.length)
        throw new Error(`strings/*/common.json: no page uses ${unused.join(', ')}`);
    return { files: [...html, ...library.files()], sources: [...sources].sort() };
}

const brotli = (bytes) => brotliCompressSync(bytes, {
    params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
});

// Appends a file's forms to the chunks, and tells where they lie; in the order of api/pages/pages.h.
const place = (file, chunks) =>
    [file.bytes, gzipSync(file.bytes, { level: 9 }), brotli(file.bytes)].map((bytes) => {
        const offset = chunks.size;
        chunks.list.push(bytes);
        chunks.size += bytes.length;
        return { offset, length: bytes.length };
    });

const cString = (text) => (text === undefined ? 'NULL' : JSON.stringify(text));
const cBytes = (bytes) => [...bytes].join(', ');

// The daemon's table, over bytes that the assembler takes in as they are: see api/pages/pages.h.
const cTable = (rows, bytes) => `#include "api/pages/pages.h"

__asm__(".section .rodata\\n.balign 16\\n.global pages_bytes\\npages_bytes:\\n"
        ".incbin \\"${bytes}\\"\\n.previous\\n");

const struct pages_file pages_files[] = {
${rows.map(({ name, language, type, forms }) => `    {${cString(name)}, ${cString(language)}, `
    + `${cString(type)}, {${forms.map((form) => `{${form.offset}, ${form.length}}`).join(', ')}}},`)
        .join('\n')}
};
const size_t pages_files_len = sizeof(pages_files) / sizeof(pages_files[0]);
`;

// The command line's, to hold a server's pages against: see cli/pages/pagehashes.h.
const cHashes = (rows) => `#include "cli/pages/pagehashes.h"

const struct page_hash page_hashes[] = {
${rows.map((row) => `    {${cString(row.name)}, ${cString(row.language)}, ${row.forms[0].length}, `
    + `{${cBytes(row.sha256)}}},`).join('\n')}
};
const size_t page_hashes_len = sizeof(page_hashes) / sizeof(page_hashes[0]);
`;

function write(out, { files, sources }) {
    const chunks = { list: [], size: 0 };
    const rows = files.map((file) => ({
        name: file.name,
        language: file.language,
        type: types[extname(file.name)],
        sha256: sha256(file.bytes),
        forms: place(file, chunks),
    }));
    const targets = {
        'pages_table.c': cTable(rows, join(out, 'pages.bin')),
        'page_hashes.c': cHashes(rows),
        'pages.bin': Buffer.concat(chunks.list),
        'pages.json': `${JSON.stringify(rows.map((row) => ({
            name: row.name,
            language: row.language,
            sha256: row.sha256.toString('hex'),
            bytes: row.forms.map(({ length }) => length),
        })), null, 4)}\n`,
    };
    mkdirSync(out, { recursive: true });
    for (const [name, content] of Object.entries(targets))
        writeFileSync(join(out, name), content);
    const made = Object.keys(targets).map((name) => join(out, name));
    writeFileSync(join(out, 'pages.d'), `${made.join(' ')}: ${sources.join(' ')}\n`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    const [out, folder = dirname(fileURLToPath(import.meta.url))] = process.argv.slice(2);
    try {
        write(resolve(out), build(resolve(folder)));
    } catch (error) {
        console.error(`${basename(process.argv[1])}: ${error.message}`);
        process.exitCode = 1;
    }
}
