// Asks for what is new as long as the page is open: at once where something may happen any moment,
// now and then when all is settled, not at all when nobody has looked at the page for long.

import { readEvents } from '../service.mjs';
import { trouble } from '../ui/state.mjs';
import { isSettled, take, takeFirst, wantsFirst } from './story.mjs';

const waitS = 30; // the service holds its answer back for as long, until something happens
const settledMs = 20000; // between asking, once all is settled
const limitedMs = 15000; // where the service wants to be asked less and does not say how much less
const unseenMs = 5 * 60 * 1000; // hidden for so long: it stops asking
const firstPatienceMs = 30000;

let hiddenSince = document.hidden ? performance.now() : null;
document.addEventListener('visibilitychange', () => {
    hiddenSince = document.hidden ? performance.now() : null;
});

// Until the time is over, or the person comes back to the page, or the network does.
const pause = (ms) => new Promise((resolve) => {
    const done = () => {
        clearTimeout(timer);
        removeEventListener('online', done);
        document.removeEventListener('visibilitychange', look);
        resolve();
    };
    const look = () => document.hidden || done();
    const timer = ms === Infinity ? undefined : setTimeout(done, ms);
    addEventListener('online', done);
    document.addEventListener('visibilitychange', look);
});

const isUnseen = () => hiddenSince !== null && performance.now() - hiddenSince > unseenMs;

// One call. Without a network an answer that is waited for may never come: it is asked for anew.
async function askOnce(story, manage, after, wait, patienceMs) {
    const lost = new AbortController();
    const lose = () => lost.abort();
    addEventListener('offline', lose);
    try {
        const { body } = await readEvents(story.id, manage, after, wait,
            { onTrouble: trouble, patienceMs, signal: wait > 0 ? lost.signal : undefined });
        return body;
    } finally {
        removeEventListener('offline', lose);
    }
}

// Asks, as often as it takes, whatever the network and the service's limits are like.
async function ask(story, manage, after, wait, patienceMs) {
    for (let hold = wait; ;) {
        try {
            const body = await askOnce(story, manage, after, hold, patienceMs);
            trouble(null);
            return body;
        } catch (error) {
            hold = 0; // what came meanwhile, at once
            if (error.kind === 'ended')
                continue;
            if (error.code !== 'rate-limited')
                throw error;
            const waitMs = error.waitMs ?? limitedMs;
            trouble({ why: 'limited', waitMs });
            await pause(waitMs);
        }
    }
}

// All that is there now and was not yet.
async function catchUp(story, manage, wait, patienceMs) {
    const news = [];
    for (let hold = wait; ; hold = 0) {
        const body = await ask(story, manage, story.next, hold, patienceMs);
        const some = await take(story, body);
        news.push(...some);
        if (some.length === 0 || hold > 0)
            break;
    }
    if (wantsFirst(story, news)) {
        const { events } = await ask(story, manage, -1, 0, patienceMs);
        takeFirst(story, events[0]);
    }
    return news;
}

// Calls show(news, first) with every answer. Ends only by what the service refuses.
export async function watch(story, manage, show) {
    show(await catchUp(story, manage, 0, firstPatienceMs), true);
    for (;;) {
        if (isSettled(story))
            await pause(settledMs);
        while (isUnseen())
            await pause(Infinity);
        show(await catchUp(story, manage, isSettled(story) ? 0 : waitS, Infinity), false);
    }
}
