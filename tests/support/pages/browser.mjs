// A real browser for a test: Debian's Chromium, driven by playwright-core, as the program that has no
// windows (with them half of a machine's time went into toolbars that nobody sees). One for each test
// file, a context of its own for each person in a test. What goes wrong in a page unasked (an error on
// its console, a policy that it breaks, an exception) fails the test.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

export { axe, violations } from './axe.mjs';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];

const patienceMs = 45000; // a busy machine takes its time; nothing is asserted about it

export const phone = { width: 390, height: 844 };
export const desktop = { width: 1280, height: 800 };

let running = null; // { browser, home }, once a test of this file asked for it

async function launch() {
    const home = mkdtempSync(join(tmpdir(), 'handoff-browser-'));
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium-headless-shell',
        args: flags,
        env: {
            ...process.env,
            HOME: home,
            TMPDIR: home,
            XDG_CONFIG_HOME: home,
            XDG_CACHE_HOME: home,
        },
    });
    // Of a test that is interrupted; playwright has killed the browser by then.
    process.once('exit', () => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
    return { browser, home };
}

after(async () => {
    const was = await running;
    await was?.browser.close();
    if (was)
        rmSync(was.home, { recursive: true, force: true, maxRetries: 3 });
});

// What a browser says by itself of each call that is refused or gets no answer; a service that ends
// with its test makes it say so too.
export const networkFailure = /Failed to load resource|net::ERR_/;

// A person with a browser. options: locale ('en'), dark, viewport, touch, mobile, userAgent, noScript,
// noClipboard, allowed (patterns of console messages that this test brings about). Gives { context,
// page, requests, words (of the console), dialogs (all accepted), wrong, tab, close }.
export async function openBrowser(t, options = {}) {
    running ??= launch();
    const { browser } = await running;
    const { locale = 'en-GB', dark = false, viewport = desktop, touch = false } = options;
    const context = await browser.newContext({
        locale,
        viewport,
        colorScheme: dark ? 'dark' : 'light',
        hasTouch: touch,
        isMobile: options.mobile ?? false,
        userAgent: options.userAgent,
        javaScriptEnabled: !options.noScript,
        acceptDownloads: true,
        timezoneId: 'UTC',
        permissions: options.noClipboard ? [] : ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(patienceMs);
    const person = { context, requests: [], words: [], dialogs: [], wrong: [] };
    person.allowed = options.allowed ?? [];
    context.on('request', (request) => person.requests.push({
        method: request.method(),
        url: request.url(),
        headers: request.headers(),
        body: request.postData() ?? '',
    }));
    context.on('console', (message) => {
        person.words.push(message.text());
        if (['error', 'warning'].includes(message.type()))
            person.wrong.push(`console: ${message.text()}`);
    });
    context.on('weberror', (error) => person.wrong.push(`exception: ${error.error().stack}`));
    context.on('page', (page) => page.on('dialog', (dialog) => {
        person.dialogs.push({ type: dialog.type(), message: dialog.message() });
        dialog.accept().catch(() => {});
    }));
    let closing = null;
    person.close = () => closing ??= context.unrouteAll({ behavior: 'ignoreErrors' })
        .then(() => context.close());
    t.after(async () => {
        await person.close();
        const allowed = [networkFailure, ...person.allowed];
        const wrong = person.wrong.filter((words) => !allowed.some((one) => one.test(words)));
        assert.deepEqual(wrong, [], 'what a page said that it should not have to say');
    });
    person.tab = () => context.newPage();
    person.page = await context.newPage();
    return person;
}

// Waits until a state of the page is shown.
export async function state(page, name, ms = patienceMs) {
    try {
        await page.waitForSelector(`[data-state="${name}"]:not([hidden])`, { timeout: ms });
    } catch {
        const shown = await page.evaluate(() => [...document.querySelectorAll('[data-state]')]
            .filter((s) => !s.hidden).map((s) => `${s.dataset.state}: ${s.innerText}`));
        assert.fail(`the page shows ${JSON.stringify(shown)}, not ${name}`);
    }
}

export const shownState = (page) => page.evaluate(() =>
    document.querySelector('[data-state]:not([hidden])')?.dataset.state ?? null);

// Everything that a browser keeps of a page, as one text: for looking what is in it.
export async function storageDump(page) {
    const inPage = await page.evaluate(async () => ({
        local: { ...localStorage },
        session: { ...sessionStorage },
        cookie: document.cookie,
        databases: (await indexedDB.databases?.() ?? []).map((d) => d.name),
        caches: await caches.keys(),
        history: history.state,
        title: document.title,
        url: location.href,
        name: window.name,
        referrer: document.referrer,
    }));
    return JSON.stringify({ ...inPage, cookies: await page.context().cookies() });
}

// The tree that assistive technology walks: ["heading: Your link is ready", "button: Copy", …].
export const tree = async (page) => (await nodes(page))
    .filter(({ name }) => name !== '')
    .map(({ role, name }) => `${role}: ${name}`);

// Its nodes in the order of reading, with what they are like:
// [{ role, name, value, states: { disabled: true, … } }].
export async function nodes(page) {
    const session = await page.context().newCDPSession(page);
    const all = (await session.send('Accessibility.getFullAXTree')).nodes;
    await session.detach();
    const byId = new Map(all.map((node) => [node.nodeId, node]));
    const walk = (node) => [node, ...(node?.childIds ?? []).flatMap((id) => walk(byId.get(id)))];
    return walk(all[0])
        .filter((node) => node && !node.ignored && node.role?.value)
        .filter((node) => node.role.value !== 'InlineTextBox') // a line of text as it is broken here
        .map((node) => ({
            role: node.role.value,
            name: node.name?.value ?? '',
            value: node.value?.value,
            states: Object.fromEntries((node.properties ?? []).map((p) => [p.name, p.value.value])),
        }));
}

// Presses and holds, as a hand does.
export async function hold(page, selector, ms = 1300) {
    const target = page.locator(selector);
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.waitForTimeout(ms);
    await page.mouse.up();
}

// The same with a finger.
export async function holdTouch(page, selector, ms = 1300) {
    const target = page.locator(selector);
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    const session = await page.context().newCDPSession(page);
    const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
    await page.waitForTimeout(ms);
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await session.detach();
}

// The same with a key, "Space" or "Enter".
export async function holdKey(page, selector, key = 'Space', ms = 1300) {
    await page.focus(selector);
    await page.keyboard.down(key);
    await page.waitForTimeout(ms);
    await page.keyboard.up(key);
}

// Where pictures go, when HANDOFF_SCREENSHOTS asks for them; else null.
function pictures() {
    const folder = join(root, 'build', 'screenshots');
    if (!process.env.HANDOFF_SCREENSHOTS)
        return null;
    mkdirSync(folder, { recursive: true });
    return folder;
}

// Keeps a picture of what a test sees.
export async function screenshot(page, name) {
    const folder = pictures();
    if (folder)
        await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

// The same of what would be on paper.
export async function paper(page, name) {
    const folder = pictures();
    if (folder)
        await page.pdf({ path: join(folder, `${name}.pdf`), format: 'A4' });
}

// The same on a phone and a desktop, light and dark; the page is then as it was.
export async function screenshots(page, name) {
    if (!process.env.HANDOFF_SCREENSHOTS)
        return;
    const was = page.viewportSize();
    for (const [size, viewport] of Object.entries({ 390: phone, 1280: desktop }))
        for (const colorScheme of ['light', 'dark']) {
            await page.setViewportSize(viewport);
            await page.emulateMedia({ colorScheme });
            await screenshot(page, `${name}-${size}-${colorScheme}`);
        }
    await page.emulateMedia({ colorScheme: null });
    await page.setViewportSize(was);
}

export const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

// Saves what a press of a button downloads: { name, text, bytes }.
export async function downloaded(page, press) {
    const [download] = await Promise.all([page.waitForEvent('download'), press()]);
    const bytes = readFileSync(await download.path());
    return { name: download.suggestedFilename(), bytes, text: bytes.toString('utf8') };
}
