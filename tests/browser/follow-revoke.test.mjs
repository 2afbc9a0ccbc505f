// Goal: revoking takes two deliberate steps, by mouse, finger or keyboard alone, and nothing less
// does it; what came of it is told for every state, also when replies are lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { axe, hold, holdKey, holdTouch, openBrowser, phone, screenshots, shownState, state }
    from '../support/pages/browser.mjs';
import { follow, handOver, headline } from '../support/pages/following.mjs';
import { kindsOf, proxied, stateOf } from '../support/pages/pages.mjs';
import { poll, startService } from '../support/service/service.mjs';

const told = (page, words) =>
    page.waitForSelector(`#told:visible:has-text(${JSON.stringify(words)})`);

async function confirmStep(page) {
    await page.click('#revoke');
    await state(page, 'revoke');
}

const revoked = ['handoff.created', 'handoff.burned'];

test('a click does nothing, made-up events do nothing, holding does it', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page } = await follow(t, made);
    await confirmStep(page);
    assert.match(await page.textContent('#revoke-what'), /Nobody has opened it/);
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await axe(page, `revoke ${colorScheme}`);
    }
    await screenshots(page, 'follow-revoke');
    await page.click('#revoke-hold');
    await page.waitForSelector('#revoke-short:visible');
    await page.evaluate(() => {
        const button = document.getElementById('revoke-hold');
        for (const name of ['pointerdown', 'mousedown', 'touchstart', 'keydown', 'click'])
            button.dispatchEvent(new Event(name, { bubbles: true }));
        const word = document.getElementById('revoke-word');
        word.value = document.getElementById('revoke-word-label').textContent.split(' ').at(-1);
        word.dispatchEvent(new Event('input', { bubbles: true }));
        document.getElementById('revoke-typed').click();
    });
    await page.waitForTimeout(1500); // longer than holding takes
    assert.equal(await stateOf(service, made.id), 'available');
    await hold(page, '#revoke-hold');
    await told(page, 'It is revoked: nobody took it');
    await headline(page, 'Revoked, never opened');
    assert.equal(await page.isVisible('#revoke'), false);
    assert.deepEqual(await kindsOf(service, made), revoked);
    await axe(page, 'revoked');
});

test('with a finger, and with a key that is held', async (t) => {
    const service = await startService(t);
    for (const act of [
        (page) => holdTouch(page, '#revoke-hold'),
        (page) => holdKey(page, '#revoke-hold', 'Space'),
    ]) {
        const { made } = await handOver(t, service);
        const { page } = await follow(t, made, { touch: true, viewport: phone });
        await confirmStep(page);
        await act(page);
        await headline(page, 'Revoked, never opened');
    }
});

test('by keyboard alone, with the word that the page shows', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page } = await follow(t, made);
    const reach = async (selector) => {
        for (let i = 0; i < 40; i++) {
            if (await page.evaluate((s) => document.activeElement?.matches(s), selector))
                return;
            await page.keyboard.press('Tab');
        }
        assert.fail(`the keyboard does not reach ${selector}`);
    };
    await reach('#revoke');
    await page.keyboard.press('Enter');
    await state(page, 'revoke');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
    await reach('[data-state="revoke"] summary');
    await page.keyboard.press('Enter');
    await reach('#revoke-word');
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    assert.equal(await shownState(page), 'revoke');
    const word = (await page.textContent('#revoke-word-label')).split(' ').at(-1);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(word);
    await reach('#revoke-typed');
    await page.keyboard.press('Enter');
    await headline(page, 'Revoked, never opened');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'headline');
});

test('after it was taken: said beforehand, and what must be done after', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    await recipient.claim();
    const { page } = await follow(t, made);
    await headline(page, 'Being opened');
    await confirmStep(page);
    assert.match(await page.textContent('#revoke-what'), /password must be changed all the same/);
    await hold(page, '#revoke-hold');
    await told(page, 'Change the password now');
    await headline(page, 'Revoked, but it had been taken');
    assert.equal(await stateOf(service, made.id), 'lapsed');
    assert.match(await page.textContent('#timeline'), /Revoked, after it had been taken/);
    await axe(page, 'revoked after it was taken');
    await screenshots(page, 'follow-revoked-late');
});

test('while the person reads, it is taken and opened: the page says so', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const { page } = await follow(t, made);
    await confirmStep(page);
    const says = (words) => page.waitForSelector(`#revoke-what:has-text("${words}")`);
    await recipient.claim();
    await says('Somebody has taken it');
    assert.ok(await page.isVisible('#revoke-hold'));
    await recipient.opened();
    await says('nothing left to revoke');
    assert.equal(await page.isVisible('#revoke-hold'), false);
    await axe(page, 'nothing left to revoke');
    await page.click('#revoke-back');
    await headline(page, 'Opened, not confirmed yet');
});

// Until it is let through, the page does not hear of what happens.
async function deaf(context) {
    const held = [];
    await context.route(/wait=30/, (route) => held.push(route));
    return async () => {
        await context.unroute(/wait=30/);
        await Promise.all(held.splice(0).map((route) => route.continue().catch(() => {})));
    };
}

const late = {
    'opened': {
        make: ({ recipient }) => recipient.take(),
        words: 'Too late to revoke: it was taken on',
        head: 'Opened, not confirmed yet',
    },
    'lapsed': {
        own: { lease: 60 },
        async make({ recipient, service }) {
            await recipient.claim();
            service.clock.advance(70);
        },
        becomes: 'lapsed',
        words: 'never acknowledged. Change the password now',
        head: 'Taken, but never acknowledged',
    },
    'expired': {
        own: { expires_in: 60 },
        make: ({ service }) => service.clock.advance(70),
        becomes: 'expired',
        words: 'it had expired on',
        head: 'Expired, never opened',
    },
};

for (const [name, one] of Object.entries(late))
    test(`too late, since it is ${name} in the meantime`, async (t) => {
        const service = await startService(t, { clock: true });
        const { made, recipient } = await handOver(t, service, one.own);
        const { context, page } = await openBrowser(t);
        const hear = await deaf(context);
        await page.goto(made.follow);
        await state(page, 'follow');
        await confirmStep(page);
        await one.make({ service, made, recipient });
        if (one.becomes)
            await poll(name, async () => await stateOf(service, made.id) === one.becomes);
        await hold(page, '#revoke-hold');
        await told(page, one.words);
        assert.doesNotMatch(await page.textContent('#told'), /1970|\{/);
        await hear();
        await headline(page, one.head);
    });

test('it was revoked from elsewhere already: done, and no second event', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const { context, page } = await openBrowser(t);
    const hear = await deaf(context);
    await page.goto(made.follow);
    await state(page, 'follow');
    await confirmStep(page);
    await recipient.revoke();
    await hold(page, '#revoke-hold');
    await told(page, 'It is revoked');
    await hear();
    await headline(page, 'Revoked, never opened');
    assert.deepEqual(await kindsOf(service, made), revoked);
});

for (const point of ['before the request', 'in the head of the request', 'before the reply',
    'in the body of the reply'])
    test(`cut off ${point}, twice: it goes on by itself, and is told as done`, async (t) => {
        const service = await startService(t);
        const proxy = await proxied(t, service);
        const { made } = await handOver(t, service, {}, proxy.url);
        const { page } = await follow(t, made);
        await confirmStep(page);
        proxy.break(/^DELETE /, point, 2);
        await hold(page, '#revoke-hold');
        await told(page, 'It is revoked: nobody took it');
        await headline(page, 'Revoked, never opened');
        assert.ok(proxy.cuts > 0); // where it was done, the story may tell before the second
        assert.deepEqual(await kindsOf(service, made), revoked);
    });

test('no reply at all, but the story tells of it: that is the answer', async (t) => {
    const service = await startService(t);
    const proxy = await proxied(t, service);
    const { made } = await handOver(t, service, {}, proxy.url);
    const { page } = await follow(t, made);
    await confirmStep(page);
    proxy.break(/^DELETE /, 'before the reply');
    await hold(page, '#revoke-hold');
    await told(page, 'It is revoked: nobody took it');
    await headline(page, 'Revoked, never opened');
    assert.equal(await page.isVisible('#trouble'), false);
});

test('nothing is heard for long: not known, and again does no harm', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { context, page } = await openBrowser(t);
    await page.clock.install();
    await page.goto(made.follow);
    await state(page, 'follow');
    await confirmStep(page);
    await context.route(/\/v1\//, (route) => route.abort());
    await page.locator('[data-state="revoke"] summary').click();
    const word = (await page.textContent('#revoke-word-label')).split(' ').at(-1);
    await page.locator('#revoke-word').pressSequentially(word);
    await page.click('#revoke-typed');
    await poll('it is tried again and again', async () => {
        await page.clock.fastForward(8000);
        return page.isVisible('#told');
    }, 30000, 200);
    assert.match(await page.textContent('#told'), /not known whether it is revoked: try again/);
    await headline(page, 'Waiting to be opened');
    assert.equal(await stateOf(service, made.id), 'available');
    await context.unroute(/\/v1\//);
    await confirmStep(page);
    await page.locator('#revoke-word').pressSequentially(word);
    await page.click('#revoke-typed');
    await told(page, 'It is revoked');
});

test('back, forward and a reload leave the step, and revoke nothing', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page } = await follow(t, made);
    await confirmStep(page);
    await page.goBack();
    await state(page, 'follow');
    await page.goForward();
    await state(page, 'revoke');
    await page.click('#revoke-back');
    await state(page, 'follow');
    await confirmStep(page);
    await page.reload();
    await state(page, 'follow');
    assert.equal(await stateOf(service, made.id), 'available');
});

test('two tabs: what one revokes, the other shows', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page, tab } = await follow(t, made);
    const second = await tab();
    await second.goto(made.follow);
    await state(second, 'follow');
    await second.click('#revoke');
    await state(second, 'revoke');
    await page.bringToFront();
    await confirmStep(page);
    await hold(page, '#revoke-hold');
    await headline(page, 'Revoked, never opened');
    await second.waitForSelector('#revoke-what:has-text("nothing left to revoke")');
    await second.click('#revoke-back');
    await headline(second, 'Revoked, never opened');
});
