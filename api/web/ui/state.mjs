// Which of the page's states is shown. Each is a <section data-state="name" hidden> with an h1 of
// its own, and data-title for the window's title, which never names anything of a handoff.

import { announce, say, t } from './text.mjs';
import { span } from './time.mjs';

let now = null;

export const stateNow = () => now;

const section = (name) => document.querySelector(`[data-state="${name}"]`);

function title() {
    const key = section(now)?.dataset.title;
    if (key)
        document.title = `${t(key)} – Handoff`;
}

// Shows one state and hides the others. With focus, its heading is where a screen reader and the
// keyboard go on.
export function show(name, { focus = true } = {}) {
    const chosen = section(name);
    if (!chosen)
        throw new Error(`no state ${name}`);
    for (const other of document.querySelectorAll('[data-state]'))
        other.hidden = other !== chosen;
    const before = now;
    now = name;
    title();
    if (!focus || before === null || before === name)
        return;
    const heading = chosen.querySelector('h1');
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
}

document.addEventListener('language', title);

// For service.mjs's onTrouble: a notice over the state that says why it takes so long. The page has
// <div id="trouble" class="notice warn" hidden><strong></strong><p></p></div> for it.
export function trouble(what) {
    const box = document.getElementById('trouble');
    if (what === null) {
        box.hidden = true;
        return;
    }
    const [head, text] = {
        offline: ['offline.title', 'offline.text'],
        down: ['down.title', 'down.text'],
        limited: ['limited.title', 'limited.text'],
    }[what.why];
    const values = { wait: span(what.waitMs / 1000) };
    if (box.hidden || box.dataset.why !== what.why)
        announce(head);
    box.dataset.why = what.why;
    say(box.querySelector('strong'), head);
    say(box.querySelector('p'), text, values);
    box.hidden = false;
}
