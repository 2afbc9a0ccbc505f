// The sender's page: the story of one handoff as it goes on, its alarms, revoking, and evidence.

import { isId } from './protocol/encoding.mjs';
import { ServiceError } from './service.mjs';
import { forget, recall } from './store.mjs';
import { beginEvidence } from './follow/evidence.mjs';
import { dropKey, findKeys, goTo, idInAddress, keepKey, readPasted } from './follow/key.mjs';
import { paint } from './follow/paint.mjs';
import { beginRevoke, isRevoking, storyMoved } from './follow/revoking.mjs';
import { begin } from './follow/story.mjs';
import { watch } from './follow/watch.mjs';
import { describe } from './follow/words.mjs';
import { boot, fail } from './ui/boot.mjs';
import { show, trouble } from './ui/state.mjs';
import { announce, say, t } from './ui/text.mjs';

const field = (id) => document.getElementById(id);
const id = idInAddress();
let keys = []; // that may be the right one, the likeliest first
let story = null;

// ---- without the right key ----

// A state with the field for the whole link.
function askForLink(name, why = null) {
    document.querySelector(`[data-state="${name}"]`).append(field('paste'));
    field('paste').hidden = false;
    if (why)
        say(field('cutoff-why'), why);
    show(name);
}

const wrongs = {
    empty: 'follow.paste.empty',
    recipient: 'follow.paste.recipient',
    elsewhere: 'follow.paste.elsewhere',
    none: 'follow.paste.wrong',
};

function takePasted(event) {
    event.preventDefault();
    const found = readPasted(field('paste-link').value);
    if (found.key) {
        goTo(found.id, found.key);
        return;
    }
    say(field('paste-error'), wrongs[found.wrong], found);
    field('paste-error').hidden = false;
    field('paste-link').setAttribute('aria-invalid', 'true');
    field('paste-link').focus();
}

function beginPaste() {
    field('paste').addEventListener('submit', takePasted);
    field('paste-link').addEventListener('input', () => {
        field('paste-error').hidden = true;
        field('paste-link').removeAttribute('aria-invalid');
    });
}

// What came of it where the service refuses: another key that is at hand, or the whole link.
function refused(error) {
    trouble(null);
    if (error.status === 404) {
        askForLink('notfound');
        return;
    }
    keys.shift();
    if (keys.length > 0) {
        follow();
        return;
    }
    dropKey(id);
    askForLink('wrongkey');
}

// ---- what this device remembers ----

let isOver = false; // it was remembered here until it was confirmed

function paintKept() {
    const kept = recall(`sent:${id}`) !== null;
    if (kept && story.state === 'confirmed') {
        forget(`sent:${id}`);
        isOver = true;
    }
    field('kept').hidden = !kept && !isOver;
    field('forget').hidden = isOver;
    say(field('kept-text'), isOver ? 'follow.kept.over' : 'follow.kept');
}

function forgetHere() {
    forget(`sent:${id}`);
    field('forget').hidden = true;
    say(field('kept-text'), 'follow.kept.gone');
    announce('follow.kept.gone');
}

// ---- the story ----

// Everything that is new in one breath, without moving the reader.
function tellNews(news) {
    const words = () => news.map((event) => t(...describe(event).what)).join('. ');
    announce('follow.news', { words });
}

function shown(news, first) {
    paint(story);
    if (first || news.length > 0)
        paintKept();
    storyMoved();
    if (!isRevoking())
        show('follow', { focus: first });
    if (!first && news.length > 0)
        tellNews(news);
}

async function follow() {
    const [manage] = keys;
    const { events, receiptKey } = recall(`sent:${id}`) ?? {};
    story = begin(id, events?.[0] ? { ...events[0], receiptKey } : null);
    field('timeline').replaceChildren();
    keepKey(id, manage);
    beginRevoke(story, manage);
    try {
        await watch(story, manage, shown);
    } catch (error) {
        trouble(null);
        const isRefused = error instanceof ServiceError && [401, 403, 404].includes(error.status);
        if (isRefused)
            refused(error);
        else
            fail(error, follow);
    }
}

async function start() {
    const found = findKeys(id);
    ({ keys } = found);
    beginPaste();
    if (!isId(id)) {
        askForLink('cutoff', 'follow.cutoff.id');
        return;
    }
    if (keys.length === 0) {
        if (found.kind === 'recipient')
            askForLink('recipient');
        else
            askForLink('cutoff',
                found.kind === 'none' ? 'follow.cutoff.nokey' : 'follow.cutoff.key');
        return;
    }
    beginEvidence(id, () => keys[0]);
    field('forget').addEventListener('click', forgetHere);
    show('loading');
    await follow();
}

boot(start);
