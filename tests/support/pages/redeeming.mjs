// What the tests of the redeem page have in common: a person who opens a link in a browser, by each
// of the ways in which that can be done, and answers.

import assert from 'node:assert/strict';

import { networkFailure, openBrowser, state } from './browser.mjs';
import { poll } from '../service/service.mjs';

// A browser for a person who is told no by the service now and then: the console says so too.
export const refusedBrowser = (t, options = {}) =>
    openBrowser(t, { allowed: [networkFailure], ...options });

export async function arriveAt(page, link, name = 'ready') {
    await page.goto(link);
    await state(page, name);
}

// The act was taken, or it was said what is wrong with the code: a hand holds on until then, however
// slow the machine is.
const isDone = () => document.querySelector('[data-state="ready"]').hidden
    || !document.getElementById('code-error').hidden;

async function middle(page) {
    const button = page.locator('#hold');
    await button.scrollIntoViewIfNeeded();
    const { x, y, width, height } = await button.boundingBox();
    return { x: x + width / 2, y: y + height / 2 };
}

export async function byHold(page) {
    const { x, y } = await middle(page);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.waitForFunction(isDone);
    await page.mouse.up();
}

export async function byFinger(page) {
    const session = await page.context().newCDPSession(page);
    const touch = (type, touchPoints) =>
        session.send('Input.dispatchTouchEvent', { type, touchPoints });
    await touch('touchStart', [await middle(page)]);
    await page.waitForFunction(isDone);
    await touch('touchEnd', []);
    await session.detach();
}

export async function byWord(page) {
    const word = await page.textContent('#word-shown');
    await page.fill('#word', '');
    await page.locator('#word').pressSequentially(word);
    await page.press('#word', 'Enter');
}

// Opens the link as far as the credential on the screen and the service's word that it is burned.
export async function openLink(page, link, { code, act = byHold } = {}) {
    await arriveAt(page, link);
    if (code)
        await page.fill('#code', code);
    await act(page);
    await isOpened(page);
}

// The credential is on the screen, and the service knows.
export async function isOpened(page) {
    await state(page, 'shown');
    await page.waitForSelector('#receipt-form:visible');
    assert.match(await page.getAttribute('#burned', 'class'), /good/);
}

// The values on the screen by the names beside them; what is masked is shown first.
export const valuesOn = (page) => page.evaluate(() => {
    const values = {};
    for (const box of document.querySelectorAll('#handed .secret')) {
        const value = box.querySelector('.value');
        if (value.getAttribute('role') === 'img')
            box.querySelector('button').click();
        values[box.querySelector('.label').textContent] = value.textContent;
    }
    return values;
});

export async function answer(page, outcome, { by = 'Ada, onboarding', note = '' } = {}) {
    await page.fill('#by', by);
    await page.fill('#note', note);
    await page.click(outcome === 'confirmed' ? '#confirm' : '#reject');
}

// What was sent that changes something: ["POST claim", …].
export const changes = (person) => person.requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, url }) => `${method} ${new URL(url).pathname.split('/').at(-1)}`);

// Waits until a condition holds for the page's text.
export const says = (page, selector, pattern) =>
    poll(`${selector} says ${pattern}`, async () =>
        pattern.test(await page.locator(selector).innerText().catch(() => '')));
