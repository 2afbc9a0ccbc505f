// Revoking, in two deliberate steps: a button that leads to what it will do, and there the act: to
// hold a button, or to type a word.

import { revoke, ServiceError } from '../service.mjs';
import { drawWord, holdButton, wordInput } from '../ui/hold.mjs';
import { show, stateNow, trouble } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';
import { paint } from './paint.mjs';
import { isRevocable } from './story.mjs';

const field = (id) => document.getElementById(id);
const storyMs = 3000; // as long the page waits to hear of it by itself

let now = null; // { story, manage }
let heard = () => {};

// ---- what came of it ----

function tell(key, values = {}, look = '') {
    field('told').className = `notice ${look}`;
    say(field('told-text'), key, values);
    field('told').hidden = false;
}

// It was no longer there to be revoked.
const tooLate = {
    expired: ['follow.revoked.expired', ''],
    lapsed: ['follow.revoked.lapsed', 'bad'],
    delivered: ['follow.revoked.delivered', 'warn'],
    taken: ['follow.revoked.delivered', 'warn'],
};

function tellRefusal({ code, status, problem }) {
    const [key, look] = status === 410 ? tooLate[code] ?? tooLate.delivered
        : ['follow.revoked.failed', 'warn'];
    tell(key, { at: moment(problem.at ?? 0), detail: problem.detail ?? String(status) }, look);
}

// What the story says came of it: 'revoked', 'lapsed' (it had been taken), or null as yet.
function outcome({ state, events }) {
    const isRevoked = ({ line }) => line.kind === 'handoff.lapsed' && line.cause === 'revoked';
    return state === 'revoked' || events.some(isRevoked) ? state : null;
}

// Until the story has it too, so that the headline and what is told agree.
const untilHeard = () => new Promise((resolve) => {
    const timer = setTimeout(resolve, storyMs);
    heard = () => {
        if (outcome(now.story) === null)
            return;
        clearTimeout(timer);
        resolve();
    };
});

// Revokes. What the story tells counts as the answer too, whichever comes first.
async function revokeNow() {
    const enough = new AbortController();
    heard = () => outcome(now.story) !== null && enough.abort();
    try {
        const { body } = await revoke(now.story.id, now.manage,
            { onTrouble: trouble, signal: enough.signal });
        return body.state;
    } catch (error) {
        if (!enough.signal.aborted)
            throw error;
        return outcome(now.story);
    }
}

async function act() {
    show('revoking');
    try {
        const state = await revokeNow();
        if (outcome(now.story) === null)
            await untilHeard();
        now.story.state = state; // where the story has not come yet
        paint(now.story);
        if (state === 'revoked')
            tell('follow.revoked.told', {}, 'good');
        else
            tell('follow.revoked.late', {}, 'bad');
    } catch (error) {
        if (!(error instanceof ServiceError))
            throw error;
        if (error.kind === 'refused')
            tellRefusal(error);
        else
            tell('follow.revoked.unknown', {}, 'warn');
    }
    heard = () => {};
    trouble(null);
    leave();
}

// ---- the two steps ----

const outcomes = { available: 'follow.revoke.available', claimed: 'follow.revoke.claimed' };

// What it would do now. While the person reads, it may be taken, or opened.
function explain() {
    const { story } = now;
    const key = outcomes[story.state] ?? 'follow.revoke.over';
    field('revoke-act').hidden = !isRevocable(story);
    if (field('revoke-what').dataset.t === key)
        return;
    say(field('revoke-what'), key);
    if (stateNow() === 'revoke')
        announce(key);
}

function enter() {
    field('told').hidden = true;
    field('revoke-short').hidden = true;
    field('revoke-word').value = '';
    field('revoke-typed').disabled = true;
    explain();
    show('revoke');
}

// Back to the story; the step's place in the tab's history goes with it.
function leave() {
    show('follow');
    if (history.state?.revoke)
        history.back();
}

// Called with every new answer.
export function storyMoved() {
    heard();
    explain();
}

export const isRevoking = () => ['revoke', 'revoking'].includes(stateNow());

export function beginRevoke(story, manage) {
    const isFirst = now === null;
    now = { story, manage };
    if (!isFirst)
        return;
    const word = drawWord();
    for (const id of ['revoke', 'alarm-revoke'])
        field(id).addEventListener('click', () => {
            history.pushState({ revoke: true }, '');
            enter();
        });
    field('revoke-back').addEventListener('click', leave);
    addEventListener('popstate', ({ state }) => {
        if (state?.revoke && stateNow() === 'follow' && isRevocable(now.story))
            enter();
        else if (!state?.revoke && stateNow() === 'revoke')
            show('follow');
    });
    holdButton(field('revoke-hold'), act, () => {
        field('revoke-short').hidden = false;
    });
    say(field('revoke-word-label'), 'follow.revoke.word', { word });
    wordInput(field('revoke-word'), field('revoke-typed'), word, act);
}
