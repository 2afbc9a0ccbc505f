// Goal: the build of the pages gives the same for the same sources, names everything after its
// content, and refuses what would be wrong on a page: a text that is missing, unused or different
// between languages, an import that leads nowhere.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { build } from '../../api/web/assemble.mjs';

const page = (name) => `<html lang="{lang}" data-root="{root}"><link href="{asset:style.css}">
{preloads}
{strings}
<script type="module" src="{asset:${name}.mjs}"></script>
{include:part.html}
<p data-t="${name}.title"></p><b data-t-aria-label="word"></b></html>
`;

// The smallest tree that builds; files: what is other in it (null: not there).
function tree(t, files = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'handoff-test-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const all = {
        'style.css': 'p {}\n',
        'pages/part.html': '<i data-t="word"></i>\n',
        'shared.mjs': "export const shared = 1;\n// import './nothing.mjs' stands in a comment\n",
        'protocol/worker.mjs': "import { shared } from '../shared.mjs';\nself.x = shared;\n",
        'node_modules/libsodium-wrappers-sumo/dist/modules-sumo-esm/libsodium-wrappers.mjs':
            'import a from"libsodium-sumo";export default a;',
        'node_modules/libsodium-sumo/dist/modules-sumo-esm/libsodium-sumo.mjs':
            'export default 1;',
        'strings/en/common.json': '{"word": "a <word>"}',
        'strings/de/common.json': '{"word": "ein <Wort>"}',
        'node_modules/lean-qr/index.js': 'export const generate = 1;\n',
    };
    for (const name of ['submit', 'redeem', 'follow']) {
        all[`pages/${name}.html`] = page(name);
        all[`${name}.mjs`] = "import { shared } from './shared.mjs';\n"
            + "import { generate } from 'lean-qr';\n"
            + "new Worker(new URL('./worker.mjs', import.meta.url));\n"
            + "const sodium = import('libsodium-wrappers-sumo');\n"
            + `console.log(${JSON.stringify(name)}, shared, generate, sodium);\n`;
        for (const [language, text] of [['en', 'Title {n} & more'], ['de', 'Titel {n} & mehr']])
            all[`strings/${language}/${name}.json`] = JSON.stringify({ [`${name}.title`]: text });
    }
    for (const [path, text] of Object.entries({ ...all, ...files })) {
        if (text === null)
            continue;
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
    }
    return folder;
}

const namesOf = ({ files }) => files.map(({ name }) => name);
const textOf = ({ files }, start, language) => files
    .find((f) => f.name.startsWith(start) && (!language || f.language === language)).bytes.toString();
const named = (built, start) => namesOf(built).find((name) => name.startsWith(start));

test('pages in each language, with their texts, assets and what they load', (t) => {
    const built = build(tree(t));
    const html = textOf(built, 'redeem.html', 'de');
    assert.match(html, /<html lang="de" data-root="\.\.\/">/);
    assert.match(html, /<p data-t="redeem.title">Titel \{n\} &amp; mehr<\/p>/);
    assert.match(html, /<b data-t-aria-label="word" aria-label="ein &lt;Wort&gt;"><\/b>/);
    assert.match(html, /<i data-t="word">ein &lt;Wort&gt;<\/i>/);
    assert.ok(html.includes(`<link href="../${named(built, 'assets/style.')}">`));
    assert.ok(html.includes('"word":"ein \\u003cWort>"'), 'nothing in a text ends the script');
    const preloads = [...html.matchAll(/modulepreload" href="\.\.\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(preloads.sort(), ['assets/libsodium-sumo.', 'assets/libsodium-wrappers.',
        'assets/redeem.'].map((start) => named(built, start)), 'all that it will load, and no more');
    assert.match(textOf(built, 'submit.html', 'en'), /data-root=""[^]*href="assets\/style\./);
});

test('names follow contents, and those of whoever imports them', (t) => {
    const [one, same, other] = [build(tree(t)), build(tree(t)),
        build(tree(t, { 'shared.mjs': 'export const shared = 2;\n' }))];
    assert.deepEqual(namesOf(one), namesOf(same));
    for (const start of ['assets/worker.', 'assets/redeem.'])
        assert.notEqual(named(one, start), named(other, start), start);
    for (const start of ['assets/style.', 'assets/libsodium-sumo.'])
        assert.equal(named(one, start), named(other, start));
    const refers = (start, to) => assert.ok(textOf(one, `assets/${start}.`)
        .includes(`"./${named(one, `assets/${to}.`).slice('assets/'.length)}"`), `${start}: ${to}`);
    refers('redeem', 'worker');
    refers('redeem', 'libsodium-wrappers');
    refers('libsodium-wrappers', 'libsodium-sumo');
    assert.ok(one.sources.some((path) => path.endsWith('/shared.mjs')), 'ninja knows of it');
});

for (const [what, files, words] of [
    ['a text that a template wants and nobody wrote',
        { 'pages/part.html': '<i data-t="nothing"></i><i data-t="word"></i>' }, /no text for nothing/],
    ['a text that nothing uses',
        { 'strings/en/redeem.json': '{"redeem.title": "{n}", "redeem.x": ""}',
            'strings/de/redeem.json': '{"redeem.title": "{n}", "redeem.x": ""}' },
        /redeem\.json: nothing uses redeem\.x/],
    ['a common text that no page uses',
        { 'strings/en/common.json': '{"word": "", "x": ""}',
            'strings/de/common.json': '{"word": "", "x": ""}' }, /no page uses x/],
    ['a text that one language lacks',
        { 'strings/de/redeem.json': '{}' }, /strings\/de\/redeem\.json: redeem\.title is missing/],
    ['a text with other {names} in one language',
        { 'strings/de/redeem.json': '{"redeem.title": "{m}"}' }, /redeem\.title has other \{names\}/],
    ['strings that are no JSON', { 'strings/de/redeem.json': '{' }, /strings\/de\/redeem\.json: /],
    ['an import of nobody knows what',
        { 'shared.mjs': "import x from 'left-pad';\nexport const shared = x;\n" },
        /Could not resolve "left-pad"/],
    ['an import of a file that is not there',
        { 'shared.mjs': "import './gone.mjs';\nexport const shared = 1;\n" }, /gone\.mjs/],
])
    test(`refused: ${what}`, (t) => {
        assert.throws(() => build(tree(t, files)), words);
    });
