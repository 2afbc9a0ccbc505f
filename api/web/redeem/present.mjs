// What was handed over, on the screen and nowhere else: in no storage, address, title or request.

import { unb64u, wipe } from '../protocol/encoding.mjs';
import { copyButton } from '../ui/copy.mjs';
import { download } from '../ui/download.mjs';
import { secretField } from '../ui/secret.mjs';
import { bytes as sizeOf } from '../ui/size.mjs';
import { make, say } from '../ui/text.mjs';

const place = document.getElementById('handed');
let touched = false;

// Whether the person has done something with it: shown, copied, saved.
export const wasTouched = () => touched;
export const isOnScreen = () => place.firstChild !== null;

const touch = () => {
    touched = true;
};
place.addEventListener('click', (event) => {
    if (event.target.closest('button, a'))
        touch();
});
place.addEventListener('copy', touch);

// ---- the parts ----

// A way to the address, if it is one that a browser can open safely.
function opener(text) {
    const url = parse(text);
    if (url?.protocol !== 'https:' || url.username || url.password)
        return null;
    const link = make('a', 'redeem.url.open', {}, 'button');
    link.href = url.href;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    return link;
}

function parse(text) {
    try {
        return new URL(text);
    } catch {
        return null;
    }
}

// A field that needs the whole width for its value.
function long(field) {
    field.classList.add('long');
    return field;
}

function credential({ username, password, url, note }) {
    const parts = [];
    if (username)
        parts.push(secretField('redeem.username', username));
    parts.push(secretField('redeem.password', password, { masked: true }));
    if (url) {
        const field = secretField('redeem.url', url);
        const link = opener(url);
        if (link)
            long(field).querySelector('.actions').append(link);
        parts.push(field);
    }
    if (note)
        parts.push(long(secretField('redeem.note', note)));
    return parts;
}

const text = (payload) => [long(secretField('redeem.text', payload.text))];

// A name for the disk: no folders, nothing that is not seen or that turns the reading direction.
const fileName = (name) =>
    name.replace(/[\p{Cc}\p{Cf}]/gu, '').replace(/[/\\:*?"<>|]/g, '_') || 'file';

function file({ name, data }) {
    const bytes = unb64u(data);
    const box = make('div', null, {}, 'secret');
    const actions = make('div', null, {}, 'actions');
    const button = make('button', 'redeem.file.save', {}, 'primary');
    const title = make('span', null, {}, 'value');
    button.type = 'button';
    title.textContent = fileName(name);
    button.addEventListener('click', () =>
        download(fileName(name), bytes, 'application/octet-stream'));
    actions.append(button);
    box.append(make('span', 'redeem.file.label', { size: sizeOf(bytes.length) }, 'label'),
        title, actions);
    cleaners.push(() => wipe(bytes));
    return [box];
}

// ---- the whole ----

const cleaners = [];

const kinds = {
    credential: { parts: credential, title: 'redeem.shown.credential' },
    text: { parts: text, title: 'redeem.shown.text' },
    file: { parts: file, title: 'redeem.shown.file' },
};

export function present(payload) {
    const { parts, title } = kinds[payload.type];
    touched = false;
    say(document.getElementById('shown-title'), title);
    place.replaceChildren(...parts(payload));
}

export function clear() {
    place.replaceChildren();
    cleaners.splice(0).forEach((clean) => clean());
}

// A button that copies what another element says: for texts that are no secret.
export const copies = (button, element) =>
    copyButton(button, { text: () => element.textContent, shown: element });
