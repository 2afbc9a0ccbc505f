// The page's words. Every text comes from the strings of one language, and what was said stays tied
// to its element, so that another language can be chosen at any time without losing what is there.
//
// An element with data-t="key" has that key's text; data-t-NAME="key" gives it the attribute NAME.

import { keep, recall } from '../store.mjs';

const page = JSON.parse(document.getElementById('strings').textContent);
const given = new WeakMap(); // element → { name of attribute or '': values }
let { language, strings } = page;

const attributes = '[data-t-aria-label], [data-t-placeholder], [data-t-title], [data-t-alt]';

// The language that the page speaks now: "en", "de", …
export const languageNow = () => language;

// The text of a key. values fill its {names}; one that is a function is called, so that times and
// the like are made anew in each language. With a value n, "one" or "other" is chosen.
export function t(key, values = {}) {
    let text = strings[key];
    if (text === undefined)
        throw new Error(`no text for ${key}`);
    if (typeof text === 'object')
        text = text[new Intl.PluralRules(language).select(values.n)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
        const value = values[name];
        return value === undefined ? whole : String(typeof value === 'function' ? value() : value);
    });
}

// Gives an element a text; key null takes it away.
export function say(element, key, values = {}) {
    if (key === null) {
        delete element.dataset.t;
        element.textContent = '';
        return;
    }
    element.dataset.t = key;
    given.set(element, { ...given.get(element), '': values });
    element.textContent = t(key, values);
}

// The same for an attribute, such as aria-label.
export function sayAttribute(element, name, key, values = {}) {
    element.setAttribute(`data-t-${name}`, key);
    given.set(element, { ...given.get(element), [name]: values });
    element.setAttribute(name, t(key, values));
}

// An element with a text: make('p', 'key', { values }, 'class names').
export function make(tag, key = null, values = {}, className = '') {
    const element = document.createElement(tag);
    if (className)
        element.className = className;
    if (key !== null)
        say(element, key, values);
    return element;
}

// Tells a screen reader, without moving it.
export function announce(key, values = {}) {
    say(document.getElementById('announce'), key, values);
}

// Says everything below root again, in the language of now.
export function translate(root) {
    for (const element of root.querySelectorAll('[data-t]'))
        element.textContent = t(element.dataset.t, given.get(element)?.['']);
    for (const element of root.querySelectorAll(attributes))
        for (const { name, value } of [...element.attributes])
            if (name.startsWith('data-t-')) {
                const attribute = name.slice('data-t-'.length);
                element.setAttribute(attribute, t(value, given.get(element)?.[attribute]));
            }
}

// A copy of a <template>'s content, in the language of now.
export function fromTemplate(id) {
    const copy = document.getElementById(id).content.cloneNode(true);
    translate(copy);
    return copy;
}

async function change(to) {
    const answer = await fetch(page.languages[to]);
    if (!answer.ok)
        throw new Error(`the texts in ${to} did not arrive`);
    strings = await answer.json();
    language = to;
    document.documentElement.lang = to;
    keep('language', to);
    translate(document);
    document.dispatchEvent(new CustomEvent('language'));
    offer();
}

const ownName = (code) => {
    const name = new Intl.DisplayNames([code], { type: 'language' }).of(code);
    return name[0].toLocaleUpperCase(code) + name.slice(1);
};

// The buttons for the other languages.
function offer() {
    const place = document.getElementById('languages');
    const others = Object.keys(page.languages).filter((code) => code !== language);
    place.replaceChildren(...others.map((code) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'quiet';
        button.lang = code;
        button.textContent = ownName(code);
        // Where the texts do not arrive, the page stays in the language that it has.
        button.addEventListener('click', () => change(code).then(
            () => place.querySelector('button')?.focus(), () => {}));
        return button;
    }));
    place.hidden = others.length === 0;
}

// Offers the other languages, and takes the one that was chosen here before.
export async function beginLanguages() {
    const chosen = recall('language');
    offer();
    if (chosen && chosen !== language && page.languages[chosen])
        await change(chosen).catch(() => {});
}
