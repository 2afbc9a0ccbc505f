// The link arrived incomplete: says how, and takes the whole one.

import { show } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { fault, mending } from './form.mjs';
import { readPasted } from './arrive.mjs';

const get = (id) => document.getElementById(id);

// What the address says, by the codes of docs/protocol.md section 2.
const reasons = {
    'no-fragment': 'redeem.cutoff.missing',
    'fragment-short': 'redeem.cutoff.cut',
    'fragment-long': 'redeem.cutoff.longer',
    'fragment-version': 'redeem.cutoff.version',
    'fragment-bad': 'redeem.cutoff.changed',
    'wrong-token': 'redeem.cutoff.changed',
};

// What a pasted text is instead.
const pasted = {
    ...reasons,
    empty: 'redeem.paste.empty',
    follow: 'redeem.paste.follow',
};

export function showCutOff(code) {
    say(get('cutoff-why'), reasons[code] ?? 'redeem.cutoff.cut');
    show('cutoff');
}

function offerOther({ link, host }) {
    const anchor = get('paste-other-link');
    say(get('paste-other-text'), 'redeem.paste.other', { host });
    anchor.href = link;
    get('paste-other').hidden = false;
    announce('redeem.paste.other', { host });
}

function take(event) {
    event.preventDefault();
    const found = readPasted(get('paste-link').value);
    get('paste-other').hidden = true;
    if (found.wrong) {
        const key = pasted[found.wrong] ?? 'redeem.paste.no-link';
        fault('paste-link', key);
        announce(key);
    } else if (found.here) {
        location.replace(found.link); // where only the fragment is new, boot.mjs loads anew
    } else {
        offerOther(found);
    }
}

export function prepareCutOff() {
    mending('paste-link');
    get('paste').addEventListener('submit', take);
}
