// A mail scanner at its most aggressive, for tests: it calls a link by every method, loads it with
// scripts on as a desktop and as a phone, fills every field, presses everything that can be pressed,
// with trusted and with made-up events, submits every form, follows every link, and comes back.
// It does not do what only a person does: read a text and type it, or hold a press for long.

import { desktop, openBrowser, phone } from './browser.mjs';
import * as inPage from './scanner-page.mjs';
import { sleep } from '../service/service.mjs';

// Each is a visit of its own: what it is, and what it types.
const agents = [
    {
        viewport: desktop,
        userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) '
            + 'Chrome/140.0.0.0 Safari/537.36',
        text: () => 'test',
    },
    {
        viewport: phone,
        touch: true,
        mobile: true,
        userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 '
            + '(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
        text: ({ placeholder }) => placeholder || 'test1234',
    },
];

const pressMs = 150;
const stillMs = 40;
const arrivedMs = 200;
const youngMs = 500; // what a request takes at most, unless it is held back on purpose
const limitMs = 2000; // what moves for longer moves for ever
const rounds = 4;
const mostPresses = 150; // on one page: one that grows by being pressed would have no end
const mostLinks = 3; // of one page that are followed
const mostDepth = 2;

// ---- waiting ----

// The requests of a page that may still change it; one that is held for long is a long-poll.
class Traffic {
    #open = new Map();
    #wake = () => {};

    constructor(page) {
        page.on('request', (request) => this.#open.set(request, Date.now()));
        for (const name of ['requestfinished', 'requestfailed'])
            page.on(name, (request) => {
                this.#open.delete(request);
                this.#wake();
            });
    }

    async idle() {
        for (;;) {
            const young = [...this.#open.values()].filter((at) => Date.now() - at < youngMs);
            if (young.length === 0)
                return;
            let timer;
            await new Promise((resolve) => {
                this.#wake = resolve;
                timer = setTimeout(resolve, youngMs);
            });
            clearTimeout(timer);
        }
    }
}

// What a page does while it is left behind fails; then the next one is waited for.
const within = (promise) => Promise.race([promise.catch(() => null), sleep(limitMs)]);

async function quiet({ page, traffic }, ms = stillMs) {
    await traffic.idle();
    await within(page.evaluate(inPage.still, [ms, limitMs]));
    await traffic.idle();
    await page.waitForLoadState('load').catch(() => {});
}

// ---- pressing ----

const sendAll = (session, method, events) =>
    within(Promise.all(events.map((event) => session.send(method, event))));

const mouse = (type, { x, y }, clickCount) => ({ type, x, y, button: 'left', clickCount });

const click = (point, count = 1) =>
    [mouse('mousePressed', point, count), mouse('mouseReleased', point, count)];

const key = (name, code, text) => ['keyDown', 'keyUp'].map((type) => ({
    type,
    key: name,
    code: name === ' ' ? 'Space' : name,
    windowsVirtualKeyCode: code,
    ...(type === 'keyDown' ? { text } : {}),
}));

async function typeKey({ page, session }, path, events) {
    await within(page.evaluate(inPage.focusOn, path));
    await sendAll(session, 'Input.dispatchKeyEvent', events);
}

// Down and up are sent at once, but for the slow press, so that no busy machine makes a hold of it.
const ways = {
    async click({ session }, point) {
        await sendAll(session, 'Input.dispatchMouseEvent',
            [{ type: 'mouseMoved', ...point }, ...click(point)]);
    },
    async tap({ session, agent }, point) {
        if (agent.touch)
            await sendAll(session, 'Input.dispatchTouchEvent', [
                { type: 'touchStart', touchPoints: [point] },
                { type: 'touchEnd', touchPoints: [] },
            ]);
    },
    async twice({ session }, point) {
        await sendAll(session, 'Input.dispatchMouseEvent', [...click(point), ...click(point, 2)]);
    },
    async enter(visit, point, path) {
        await typeKey(visit, path, key('Enter', 13, '\r'));
    },
    async space(visit, point, path) {
        await typeKey(visit, path, key(' ', 32, ' '));
    },
    async slowly({ session, report }, point) {
        const began = performance.now();
        const [down, up] = click(point);
        await sendAll(session, 'Input.dispatchMouseEvent', [down]);
        await sleep(pressMs);
        await sendAll(session, 'Input.dispatchMouseEvent', [up]);
        report.longestMs = Math.max(report.longestMs, performance.now() - began);
    },
};

// What to press next: what never was, then in another way, then again where the page is different.
function nextOf(seen, { done }) {
    const scene = seen.map(({ path }) => path).join();
    const fresh = (name) => seen.find(({ path }) => !done.has(`${name} ${path}`));
    for (const way of Object.keys(ways)) {
        const found = fresh(way);
        if (found)
            return { ...found, way, mark: `${way} ${found.path}`, scene };
    }
    const again = seen.find(({ path }) =>
        !done.has(`${scene} ${path}`) && (done.get(`click ${path}`) ?? 0) < 4);
    return again ? { ...again, way: 'click', mark: `click ${again.path}`, scene } : null;
}

async function press(visit, { path, name, way, mark, scene }) {
    const { page, done, report } = visit;
    visit.presses++;
    done.set(mark, (done.get(mark) ?? 0) + 1);
    done.set(`${scene} ${path}`, 1);
    const point = await within(page.evaluate(inPage.pointOf, path));
    if (!point)
        return;
    report.presses++;
    report.pressed.add(name);
    await ways[way](visit, point, path);
}

// ---- fields and forms ----

async function fill(visit, seen) {
    const { page, session, agent, report } = visit;
    for (const one of seen.filter(({ field }) => field)) {
        const text = agent.text(one);
        if (one.field === 'file') {
            const file = { name: 'test.txt', mimeType: 'text/plain', buffer: Buffer.from(text) };
            await within(page.setInputFiles(one.path, file, { timeout: limitMs }));
        } else if (one.field.startsWith('select')) {
            await within(page.evaluate(inPage.choose, one.path));
        } else if (one.value !== text) {
            await within(page.evaluate(inPage.selectAll, one.path));
            await sendAll(session, 'Input.insertText', [{ text }]);
        } else {
            continue;
        }
        report.filled.add(one.path);
    }
}

async function submitForms(visit) {
    const { page, agent, report } = visit;
    for (const way of ['event', 'requestSubmit', 'submit'])
        for (let n = 0; n < 20; n++) {
            await fill(visit, await look(visit));
            if (!await within(page.evaluate(inPage.submitForm, [n, way])))
                break;
            report.submitted++;
            await quiet(visit);
            await comeHome(visit);
        }
    await within(page.evaluate(inPage.pretend, agent.text({})));
    await quiet(visit, arrivedMs);
}

// ---- walking ----

const look = async ({ page }) => await within(page.evaluate(inPage.look)) ?? [];

async function arrive(visit) {
    await visit.page.goto(visit.url).catch(() => {});
    await quiet(visit, arrivedMs);
}

const placeOf = (url) => url.split('#')[0];

// Notes the links that are there; goes back where a press has led away.
async function comeHome(visit) {
    const { page, links } = visit;
    if (placeOf(page.url()) !== placeOf(visit.url)) {
        links.add(page.url());
        await arrive(visit);
    }
    for (const address of await within(page.evaluate(inPage.addresses)) ?? [])
        links.add(address);
    for (const other of page.context().pages().filter((tab) => tab !== page)) {
        links.add(other.url());
        await other.close();
    }
}

// Presses until nothing is left that is new. Gives how many presses that took.
async function walk(visit) {
    for (let n = 0; ; n++) {
        let seen = await look(visit);
        if (!nextOf(seen, visit)) {
            await quiet(visit, arrivedMs);
            seen = await look(visit);
        }
        await fill(visit, seen);
        const next = nextOf(seen, visit);
        const isOver = visit.presses >= mostPresses;
        visit.report.cutShort ||= isOver && next !== null;
        if (!next || isOver || visit.enough())
            return n;
        await press(visit, next);
        await quiet(visit);
        await comeHome(visit);
    }
}

async function explore(visit) {
    await arrive(visit);
    await comeHome(visit);
    for (let n = 0; n < rounds && !visit.enough(); n++) {
        const pressed = await walk(visit);
        if (pressed === 0 && n > 0)
            break;
        await submitForms(visit);
        await comeHome(visit);
        await visit.page.reload().catch(() => {});
        await quiet(visit, arrivedMs);
    }
    if (visit.enough())
        return;
    await visit.page.goto('about:blank');
    await visit.page.goBack().catch(() => {});
    await quiet(visit, arrivedMs);
    await visit.page.goto('about:blank');
    await arrive(visit);
    await walk(visit);
}

// ---- without a browser ----

async function callAll(url, agent, report) {
    for (const method of ['HEAD', 'GET', 'OPTIONS', 'POST']) {
        const answer = await fetch(url, {
            method,
            redirect: 'manual',
            headers: { 'User-Agent': agent.userAgent },
            ...(method === 'POST' ? { body: new URLSearchParams({ test: 'test' }) } : {}),
        });
        await answer.arrayBuffer();
        report.called.push(`${method} ${new URL(url).pathname}: ${answer.status}`);
    }
}

// Scans a link and all that it leads to on its host. Gives { called, followed (lists), pressed, filled
// (sets of what), presses, submitted (numbers), longestMs (the longest press: a busy machine may make
// it longer than it was meant to be), cutShort (whether there was more than it does) }.
// enough: asked now and then whether it may stop.
export async function scan(t, link, enough = () => false) {
    const report = { called: [], followed: [], pressed: new Set(), filled: new Set(), presses: 0,
        submitted: 0, longestMs: 0, cutShort: false };
    const { origin } = new URL(link);
    for (const agent of agents) {
        const { page, close } = await openBrowser(t, { ...agent, allowed: [/^/] });
        const session = await page.context().newCDPSession(page);
        const traffic = new Traffic(page);
        const seen = new Set();
        let depth = 0;
        for (let urls = [link]; urls.length > 0 && depth <= mostDepth; depth++) {
            const links = new Set();
            for (const url of urls) {
                seen.add(url);
                report.followed.push(url);
                await callAll(url, agent, report);
                const done = new Map(); // how often each was pressed in each way
                await explore({ url, page, session, traffic, agent, report, links, done, enough,
                    presses: 0 });
            }
            urls = [...links].filter((url) => url.startsWith(`${origin}/`) && !seen.has(url));
            report.cutShort ||= urls.length > mostLinks;
            urls = urls.slice(0, mostLinks);
        }
        await close();
    }
    return report;
}
