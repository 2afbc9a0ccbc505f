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
let isFollowing = false; // on the way to the page to follow, from which Back leads here

// The link that was made in this tab, until the person is done with it: a reload must not lose it.
export const lastResult = () => held('result');

export function forgetResult() {
    now = null;
    drop('result');
}

// Whether the tab may go: there is no link in it that nobody has copied.
export function isLinkSafe() {
    const result = lastResult();
    return isFollowing || result === null || result.isCopied === true;
}

// A code that she made up is hers to remember: it was typed, and so it is kept nowhere.
const holdable = (result) => ({ ...result, code: result.ownCode ? null : result.code });

function markCopied() {
    if (!now || now.isCopied)
        return;
    now.isCopied = true;
    hold('result', holdable(now));
    askDone(false);
}

// ---- showing ----

function drawCode(link) {
    const picture = qrCode(link);
    sayAttribute(picture, 'aria-label', 'submit.result.qr.label');
    field('result-qr').replaceChildren(picture);
}

function showCode({ code, ownCode }) {
    const isThere = code !== null;
    field('result-code-part').hidden = !isThere && !ownCode;
    field('result-code').textContent = code ?? '';
    field('result-code-box').hidden = !isThere;
    field('result-code-own').hidden = isThere;
    say(field('result-step-open'), isThere || ownCode
        ? 'submit.result.step.open.code' : 'submit.result.step.open');
}

// Says that the link is not copied yet, or no longer.
function askDone(isAsked) {
    field('result-uncopied').hidden = !isAsked;
    say(field('result-done'), isAsked ? 'submit.result.done.sure' : 'submit.result.done');
}

// Shows it. isMade: it was made this moment, so it is kept, and gets a place in the tab's history.
export function showResult(result, isMade = false) {
    now = result;
    if (isMade) {
        hold('result', holdable(result));
        history.pushState({ result: true }, '');
    }
    say(field('result-lead'), 'submit.result.lead', { until: moment(result.expiresAt) });
    field('result-link').textContent = result.link;
    showCode(result);
    // The page to follow finds the key on this device; where nothing is kept, in the fragment.
    field('result-follow').href = result.isKept ? `${base}/s/${result.id}` : result.follow;
    field('result-qr-details').open = false;
    field('result-papers-error').hidden = true;
    askDone(false);
    drawCode(result.link);
    field('sent').hidden = true;
    show('result');
}

// ---- papers ----

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
    copyButton(field('result-copy'), {
        text: () => now.link,
        shown: field('result-link'),
        label: 'submit.result.copy',
        copied: markCopied,
    });
    // By hand: the link, marked and copied by key or menu.
    field('result-link').addEventListener('copy', markCopied);
    copyButton(field('result-code-copy'),
        { text: () => now.code, shown: field('result-code'), label: 'submit.result.code.copy' });
    copyButton(field('result-follow-copy'),
        { text: () => now.follow, label: 'submit.result.follow.copy' });
    field('result-follow').addEventListener('click', (event) => {
        hold(`follow:${now.id}`, now.manage);
        isFollowing = !(event.ctrlKey || event.metaKey || event.shiftKey);
    });
    addEventListener('pageshow', () => {
        isFollowing = false;
    });
    field('result-key').addEventListener('click',
        () => download(`handoff-sender-${shortId()}.json`, senderFile()));
    field('result-evidence').addEventListener('click', giveEvidence);
    field('result-done').addEventListener('click', () => {
        if (now.isCopied || !field('result-uncopied').hidden)
            done();
        else
            askDone(true);
    });
}
