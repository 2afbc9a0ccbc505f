// The HTML: each page's template once for each language, with its texts and the names of its assets.

import { join, relative } from 'node:path';

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text) => text.replace(/[&<>"]/g, (c) => escapes[c]);

const placeholders = (text) => [...new Set(Object.values(typeof text === 'string' ? [text] : text)
    .flatMap((form) => [...form.matchAll(/\{\w+\}/g)].map(([name]) => name)))].sort().join(' ');

// Throws where two languages do not say the same things.
function compare(file, languages, texts) {
    const [first, ...others] = languages;
    for (const other of others) {
        const missing = (a, b) => Object.keys(texts[a]).filter((key) => !(key in texts[b]));
        for (const [a, b] of [[first, other], [other, first]])
            for (const key of missing(a, b))
                throw new Error(`strings/${b}/${file}: ${key} is missing`);
        for (const key of Object.keys(texts[first]))
            if (placeholders(texts[first][key]) !== placeholders(texts[other][key]))
                throw new Error(`strings/${other}/${file}: ${key} has other {names} than in `
                    + `strings/${first}`);
    }
}

// The texts of a page (null: those common to all) in each language: { en: { key: text } }.
export function readStrings(folder, page, languages, read) {
    const file = `${page ?? 'common'}.json`;
    const texts = Object.fromEntries(languages.map((language) => {
        const path = join(folder, 'strings', language, file);
        try {
            return [language, JSON.parse(read(path).toString('utf8'))];
        } catch (error) {
            throw new Error(`${relative(folder, path)}: ${error.message}`);
        }
    }));
    compare(file, languages, texts);
    return texts;
}

// Which keys a page's template and modules name, in quotes.
const named = (sources) => new Set(sources.flatMap((text) =>
    [...text.matchAll(/(['"])([a-z][\w-]*(?:\.[\w-]+)*)\1/g)].map(([, , key]) => key)));

const first = (text) => (typeof text === 'string' ? text : text.other);

// Puts the texts in: of <p data-t="key"></p>, and of attributes by data-t-NAME="key".
function say(html, text, where) {
    return html
        .replace(/(<(\w+)[^>]*\sdata-t="([^"]+)"[^>]*>)(?=<\/\2>)/g,
            (whole, tag, name, key) => tag + escape(text(key, where)))
        .replace(/\sdata-t-([a-z-]+)="([^"]+)"/g,
            (whole, name, key) => `${whole} ${name}="${escape(text(key, where))}"`);
}

// Fills a page's template. Returns { outputs: [{ name, language, bytes }], usedCommon: [key] }.
export function fillTemplate({ folder, page, languages, texts, library, read, root }) {
    const common = readStrings(folder, null, languages, read);
    const include = (name) => read(join(folder, 'pages', name)).toString('utf8')
        .replace(/\{include:([\w.-]+)\}\n?/g, (whole, inner) => include(inner));
    const template = include(`${page}.html`);
    const keys = named([template, ...library.modules(`${page}.mjs`)
        .map((path) => read(join(folder, path)).toString('utf8'))]);
    const unused = Object.keys(texts[languages[0]]).filter((key) => !keys.has(key));
    if (unused.length)
        throw new Error(`strings/*/${page}.json: nothing uses ${unused.join(', ')}`);
    const usedCommon = Object.keys(common[languages[0]]).filter((key) => keys.has(key));

    const strings = (language) => ({
        ...Object.fromEntries(usedCommon.map((key) => [key, common[language][key]])),
        ...texts[language],
    });
    const urls = Object.fromEntries(languages.map((language) => {
        const asset = library.add(`strings-${page}-${language}.json`,
            JSON.stringify(strings(language)));
        return [language, `${root}assets/${asset.name}`];
    }));
    const outputs = languages.map((language) => {
        const all = strings(language);
        const text = (key) => {
            if (!Object.hasOwn(all, key))
                throw new Error(`pages/${page}.html: no text for ${key} in strings/${language}`);
            return first(all[key]);
        };
        const block = JSON.stringify({ language, languages: urls, strings: all })
            .replaceAll('<', '\\u003c');
        const fill = {
            lang: () => language,
            root: () => root,
            strings: () => `<script type="application/json" id="strings">${block}</script>`,
            preloads: () => library.preloads(`${page}.mjs`)
                .map(({ name }) => `<link rel="modulepreload" href="${root}assets/${name}">`)
                .join('\n'),
        };
        const html = say(template, text).replace(/\{(?:asset:([\w./-]+)|(\w+))\}/g,
            (whole, asset, name) => {
                if (asset)
                    return `${root}assets/${library.of(asset).name}`;
                return Object.hasOwn(fill, name) ? fill[name]() : whole;
            });
        return { name: `${page}.html`, language, bytes: Buffer.from(html) };
    });
    return { outputs, usedCommon };
}
