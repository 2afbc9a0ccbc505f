// What the sender gets: the link, the code apart from it, and what she needs to follow it.

import { gatherEvidence } from '../papers.mjs';
import { base } from '../service.mjs';
import { drop, held, hold } from '../store.mjs';
import { copyButton } from '../ui/copy.mjs';
import { download } from '../ui/download.mjs';
import { qrCode } from '../ui/qr.mjs';
import { show } from '../ui/state.mjs';
import { say, sayAttribute } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';

const field = (id) => document.getElementById(id);
let now = null;

// The link that was made in this tab, until the person is done with it: a reload must not lose it.
export const lastResult = () => held('result');

export function forgetResult() {
    now = null;
    drop('result');
}

function drawCode(link) {
    const picture = qrCode(link);
    sayAttribute(picture, 'aria-label', 'submit.result.qr.label');
    field('result-qr').replaceChildren(picture);
}

// Shows it. made: it was made this moment, so it is kept, and gets a place in the tab's history.
export function showResult(result, made = false) {
    now = result;
    if (made) {
        hold('result', result);
        history.pushState({ result: true }, '');
    }
    say(field('result-lead'), 'submit.result.lead', { until: moment(result.expiresAt) });
    field('result-link').textContent = result.link;
    field('result-code-part').hidden = result.code === null;
    field('result-code').textContent = result.code ?? '';
    say(field('result-step-open'), result.code === null
        ? 'submit.result.step.open' : 'submit.result.step.open.code');
    field('result-follow').href = `${base}/s/${result.id}`;
    field('result-qr-details').open = false;
    field('result-papers-error').hidden = true;
    drawCode(result.link);
    field('sent').hidden = true;
    show('result');
}

const shortId = () => now.id.slice(0, 8);

// What the sender needs to follow and revoke from elsewhere. The link's own key is not in it.
const senderFile = () => `${JSON.stringify({
    type: 'handoff-sender/1',
    id: now.id,
    follow: now.follow,
    manage_key: now.manage,
    label: now.label,
    created_at: now.at,
    expires_at: now.expiresAt,
    envelope_hash: now.envelopeHash,
}, null, 2)}\n`;

async function giveEvidence() {
    const error = field('result-papers-error');
    error.hidden = true;
    try {
        const text = await gatherEvidence(now.id, now.manage, { patienceMs: 15000 });
        download(`handoff-evidence-${shortId()}.json`, text);
    } catch {
        say(error, 'submit.result.papers.error');
        error.hidden = false;
    }
}

// Binds the buttons. done: she is through with it.
export function beginResult(done) {
    copyButton(field('result-copy'),
        { text: () => now.link, shown: field('result-link'), label: 'submit.result.copy' });
    copyButton(field('result-code-copy'),
        { text: () => now.code, shown: field('result-code'), label: 'submit.result.code.copy' });
    copyButton(field('result-follow-copy'),
        { text: () => now.follow, label: 'submit.result.follow.copy' });
    // The page to follow finds the key on this device; where nothing is kept, in the fragment.
    field('result-follow').addEventListener('click', () => {
        hold(`follow:${now.id}`, now.manage);
    });
    field('result-key').addEventListener('click',
        () => download(`handoff-sender-${shortId()}.json`, senderFile()));
    field('result-evidence').addEventListener('click', giveEvidence);
    field('result-done').addEventListener('click', done);
}
