// The sender's token, where the service wants one: typed, remembered here if she wants that, or in
// the fragment of an address that the operator gave her.

import { forget, keep, recall } from '../store.mjs';
import { show } from '../ui/state.mjs';
import { say } from '../ui/text.mjs';

const form = /^hof_sender_[A-Za-z0-9_-]{43}$/;
const field = (id) => document.getElementById(id);
let now = null;
let isDamaged = false; // the address held something, but no whole sender's token

export const token = () => now ?? recall('token');

export function forgetToken() {
    now = null;
    forget('token');
}

// Takes the token out of the address, before anybody looks at it.
export function takeToken() {
    const fragment = location.hash.slice(1);
    if (!fragment.startsWith('hof_'))
        return;
    history.replaceState(history.state, '', location.pathname + location.search);
    isDamaged = !form.test(fragment);
    if (!isDamaged)
        now = fragment;
}

// Asks for it. why: the text of a refusal; the token of now is then forgotten.
export function askToken(why = isDamaged ? 'submit.token.damaged' : null) {
    const refused = field('token-refused');
    refused.hidden = why === null;
    if (why !== null) {
        say(refused, why);
        forgetToken();
    }
    field('sent').hidden = true;
    show('token');
    field('token').focus();
}

// Says in the form whether a token is remembered.
export function showToken() {
    field('token-kept').hidden = recall('token') === null;
}

// go: there is one; gone: it was forgotten, as the person wanted.
export function beginToken(go, gone) {
    const input = field('token');
    const error = field('token-error');
    field('token-form').addEventListener('submit', (event) => {
        event.preventDefault();
        const text = input.value.trim();
        const isGood = form.test(text);
        error.hidden = isGood;
        if (!isGood) {
            say(error, 'submit.token.malformed');
            input.setAttribute('aria-invalid', 'true');
            input.focus();
            return;
        }
        input.removeAttribute('aria-invalid');
        now = text;
        isDamaged = false;
        if (field('token-keep').checked)
            keep('token', text);
        input.value = '';
        go();
    });
    field('token-forget').addEventListener('click', () => {
        forgetToken();
        gone();
    });
}
