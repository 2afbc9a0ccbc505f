// Before the opening: what waits, the code, and the deliberate act.

import { normaliseCode } from '../protocol/code.mjs';
import { wipe } from '../protocol/encoding.mjs';
import { drawWord, holdButton, wordInput } from '../ui/hold.mjs';
import { show, stateNow } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { moment, span } from '../ui/time.mjs';
import { fault, mending } from './form.mjs';

const get = (id) => document.getElementById(id);

// error: what is wrong with the code, as [key, values].
export function showReady(h, error = null) {
    const again = h.state === 'claimed';
    get('ready-repaired').hidden = !h.repaired;
    get('ready-again').hidden = !again;
    if (again)
        say(get('ready-again-text'), 'redeem.ready.again', { time: moment(h.leaseUntil) });
    for (const element of document.querySelectorAll('.ready-what'))
        element.hidden = !h.label;
    get('ready-label').textContent = h.label ?? '';
    const left = h.expiresAt - Date.now() / 1000 - h.skew + 59; // begun minutes count
    say(get('ready-until'), 'redeem.ready.until.value',
        { time: moment(h.expiresAt), left: span(left) });
    get('code-field').hidden = !h.code;
    get('progress-code').hidden = !h.code;
    show('ready', { focus: error === null });
    if (error)
        fault('code', ...error);
}

// The code as it was typed, or null after saying what is wrong with it.
export function typedCode() {
    const code = get('code').value;
    try {
        wipe(normaliseCode(code));
        return code;
    } catch (error) {
        const key = error.code === 'code-long' ? 'redeem.code.long' : 'redeem.code.short';
        fault('code', key);
        announce(key);
        return null;
    }
}

export function forgetCode() {
    get('code').value = '';
}

// Codes are not taken for so long.
export function showLocked(seconds) {
    const until = Math.ceil(Date.now() / 1000) + seconds;
    say(get('locked-until'), 'redeem.locked.until', { time: moment(until), wait: span(seconds) });
    show('locked');
}

// act: called for the deliberate act; back: for the way back from the lock.
export function prepareReady(act, back) {
    const word = drawWord();
    const once = () => {
        if (stateNow() === 'ready')
            act();
    };
    get('word-shown').textContent = word;
    holdButton(get('hold'), once, () => {
        say(get('hold-hint'), 'redeem.hold.short');
        announce('redeem.hold.short');
    });
    wordInput(get('word'), get('word-open'), word, once);
    mending('code');
    get('locked-again').addEventListener('click', () => {
        if (stateNow() === 'locked')
            back();
    });
}
