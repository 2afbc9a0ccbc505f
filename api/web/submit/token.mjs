// The sender's token, where the service wants one: typed, remembered here if she wants that, or in
// the fragment of an address that the operator gave her.

import { forget, keep, recall } from '../store.mjs';
import { show } from '../ui/state.mjs';
import { say } from '../ui/text.mjs';

const form = /^hof_sender_[A-Za-z0-9_-]{43}$/;
let now = null;

export const token = () => now ?? recall('token');

// Takes the token out of the address, before anybody looks at it.
export function takeToken() {
    const fragment = location.hash.slice(1);
    if (!form.test(fragment))
        return;
    now = fragment;
    history.replaceState(history.state, '', location.pathname + location.search);
}

// Asks for it. why: the text of a refusal, or null.
export function askToken(why) {
    const refused = document.getElementById('token-refused');
    refused.hidden = why === null;
    if (why !== null) {
        say(refused, why);
        now = null;
        forget('token');
    }
    show('token');
    document.getElementById('token').focus();
}

export function beginToken(go) {
    const input = document.getElementById('token');
    const error = document.getElementById('token-error');
    document.getElementById('token-form').addEventListener('submit', (event) => {
        event.preventDefault();
        const text = input.value.trim();
        const good = form.test(text);
        error.hidden = good;
        input.setAttribute('aria-invalid', String(!good));
        if (!good) {
            say(error, 'submit.token.malformed');
            input.focus();
            return;
        }
        now = text;
        if (document.getElementById('token-keep').checked)
            keep('token', text);
        input.value = '';
        go();
    });
}
