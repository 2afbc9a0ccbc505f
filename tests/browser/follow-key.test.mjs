// Goal: the sender gets to her handover whatever became of her link, by what this tab or this
// device remembers, and nobody else does; the key stays where it belongs; networks and services
// that fail lose nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { axe, openBrowser, phone, screenshots, state, storageDump } from '../support/pages/browser.mjs';
import { alarmSays, follow, handOver, headline, party, timeline } from '../support/pages/following.mjs';
import { proxied, redeemByHttp } from '../support/pages/pages.mjs';
import { poll, startService } from '../support/service/service.mjs';

const other = '01a2076b-447b-7ee9-a3f5-27f5747fbd6b';

const bothLooks = async (page, what) => {
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await axe(page, `${what} ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: null });
    await screenshots(page, `follow-${what}`);
};

async function look(t, url, name, words) {
    const { page } = await openBrowser(t);
    await page.goto(url);
    await state(page, name);
    assert.match(await page.textContent(`[data-state="${name}"]`), words);
    assert.equal(new URL(page.url()).hash, '', 'nothing stays in the address');
    return page;
}

async function paste(page, text) {
    await page.fill('#paste-link', text);
    await page.press('#paste-link', 'Tab');
    await page.keyboard.press('Enter');
}

// ---- links ----

test('a key that is cut off or missing, an id that is damaged: own words, a field', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const [bare] = made.follow.split('#');
    const cases = [
        [made.follow.slice(0, -1), /not a whole key/],
        [`${made.follow}x`, /not a whole key/],
        [`${bare}#@@@`, /not a whole key/],
        [bare, /from # on is missing/],
        [`${service.url}/s/${made.id.slice(0, 20)}#${made.manage}`, /first part is damaged/],
        [`${service.url}/s/${made.id.toUpperCase()}#${made.manage}`, /first part is damaged/],
        [`${service.url}/s/`, /first part is damaged/],
    ];
    for (const [url, words] of cases)
        await bothLooks(await look(t, url, 'cutoff', words), 'cutoff');
});

test('an id that this service never had; a key of another handover', async (t) => {
    const service = await startService(t);
    const [{ made }, { made: another }] = [await handOver(t, service), await handOver(t, service)];
    await bothLooks(await look(t, made.follow.replace(made.id, other), 'notfound', /never had/),
        'notfound');
    const page = await look(t, `${made.follow.split('#')[0]}#${another.manage}`, 'wrongkey',
        /does not belong/);
    await bothLooks(page, 'wrongkey');
    assert.doesNotMatch(await storageDump(page), new RegExp(another.manage), 'it is not kept');
});

test("the recipient's key in the address: said, not used, not kept", async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page, requests } = await openBrowser(t);
    const fragment = made.link.split('#')[1];
    await page.goto(`${made.follow.split('#')[0]}#${fragment}`);
    await state(page, 'recipient');
    await bothLooks(page, 'recipient');
    assert.ok(requests.every(({ url }) => !url.includes('/v1/')), 'nothing is asked');
    assert.doesNotMatch(await storageDump(page), new RegExp(fragment));
});

test('pasting: what is wrong is said; however mail programs wrap it, it goes on', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const wrong = [
        ['', 'Paste the link here first'],
        ['hello', 'not a whole link'],
        [made.link, 'for the recipient'],
        [made.follow.slice(0, -2), 'not a whole link'],
        [made.follow.split('#')[0], 'not a whole link'],
        [made.follow.replace(service.url, 'https://other.example'), 'belongs to other.example'],
    ];
    const page = await look(t, `${service.url}/s/`, 'cutoff', /damaged/);
    for (const [text, words] of wrong) {
        await paste(page, text);
        await page.waitForSelector(`#paste-error:visible:has-text("${words}")`);
        assert.equal(await page.evaluate(() => document.activeElement.id), 'paste-link');
    }
    await axe(page, 'a fault in the field');
    await page.press('#paste-link', 'End');
    await page.keyboard.type('x');
    assert.equal(await page.isVisible('#paste-error'), false);
    const half = made.follow.length - 20;
    for (const text of [made.follow, `  <${made.follow}>. `, made.follow.replace('#', '%23'),
        `${made.follow.slice(0, half)}\n  ${made.follow.slice(half)}`,
        `https://safe.example/?url=${encodeURIComponent(made.follow)}&data=5`]) {
        const fresh = await look(t, `${service.url}/s/`, 'cutoff', /damaged/);
        await paste(fresh, text);
        await headline(fresh, 'Waiting to be opened');
        assert.equal(fresh.url(), made.follow.split('#')[0]);
    }
    const again = await look(t, made.follow.slice(0, -1), 'cutoff', /not a whole key/);
    await paste(again, made.follow);
    await headline(again, 'Waiting to be opened');
});

// ---- what is remembered ----

test('the key leaves the address at once; reload, back and forward keep the page', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page, tab } = await follow(t, made);
    const [bare] = made.follow.split('#');
    assert.equal(page.url(), bare);
    await page.reload();
    await headline(page, 'Waiting to be opened');
    await page.goto(`${service.url}/`);
    await page.goBack();
    await headline(page, 'Waiting to be opened');
    assert.equal(page.url(), bare);
    const dump = await storageDump(page);
    assert.ok(dump.includes(`handoff:follow:${made.id}`) && dump.includes(made.manage));
    assert.equal(await page.evaluate(() => localStorage.length), 0, 'and in this tab alone');
    const second = await tab();
    await second.goto(bare);
    await state(second, 'cutoff');
});

// As if it had been handed over from this device.
const remember = (page, made) => page.evaluate(([name, value]) =>
    localStorage.setItem(name, value), [`handoff:sent:${made.id}`,
    JSON.stringify({ manage: made.manage, label: null, at: 0, expiresAt: 0, events: [] })]);

const keptHere = (page, made) =>
    page.evaluate((name) => localStorage.getItem(name) !== null, `handoff:sent:${made.id}`);

test('what this device remembers is enough, and is gone once it is confirmed', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const { page, tab } = await openBrowser(t);
    await page.goto(`${service.url}/`);
    await remember(page, made);
    await page.goto(made.follow.slice(0, -3));
    await headline(page, 'Waiting to be opened');
    assert.match(await page.textContent('#kept'), /this device remembers the key/);
    await recipient.take();
    await headline(page, 'Opened, not confirmed yet');
    assert.ok(await keptHere(page, made));
    await recipient.receipt('confirmed', 'Ada', 'works');
    await headline(page, 'Confirmed by Ada');
    await page.waitForSelector('#kept:has-text("no longer remembers the key")');
    assert.equal(await keptHere(page, made), false);
    assert.equal(await page.isVisible('#forget'), false);
    await axe(page, 'forgotten');
    await page.reload();
    await headline(page, 'Confirmed by Ada');
    const second = await tab();
    await second.goto(made.follow.split('#')[0]);
    await state(second, 'cutoff');
});

test('a link with the wrong key, on the device that knows the right one', async (t) => {
    const service = await startService(t);
    const [{ made }, { made: another }] = [await handOver(t, service), await handOver(t, service)];
    const { page } = await openBrowser(t);
    await page.goto(`${service.url}/`);
    await remember(page, made);
    await page.goto(`${made.follow.split('#')[0]}#${another.manage}`);
    await headline(page, 'Waiting to be opened');
});

test('it can be forgotten on this device, and goes on in this tab', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const { page } = await openBrowser(t, { viewport: phone });
    await page.goto(`${service.url}/`);
    await remember(page, made);
    await page.goto(made.follow.split('#')[0]);
    await headline(page, 'Waiting to be opened');
    await screenshots(page, 'follow-kept');
    await page.click('#forget');
    await page.waitForSelector('#kept:has-text("has forgotten the key")');
    assert.equal(await keptHere(page, made), false);
    await axe(page, 'forgotten');
    await recipient.take();
    await headline(page, 'Opened, not confirmed yet');
    await page.reload();
    await headline(page, 'Opened, not confirmed yet');
});

test('from handing over in the page to its confirmation, in one browser', async (t) => {
    const service = await startService(t);
    const { page } = await openBrowser(t);
    await page.goto(`${service.url}/`);
    await state(page, 'form');
    await page.fill('#password', 'Geheim-123!');
    await page.uncheck('#use-code');
    await page.click('#send');
    await state(page, 'result');
    const link = await page.textContent('#result-link');
    await page.click('#result-follow');
    await headline(page, 'Waiting to be opened');
    assert.equal(await page.isVisible('#dishonest'), false, 'it is what this device kept');
    await page.waitForSelector('#kept:visible');
    const id = link.split('/h/')[1].split('#')[0];
    const key = Buffer.from(link.split('#')[1], 'base64url').subarray(1);
    await redeemByHttp(service, { id, key });
    await headline(page, 'Opened, not confirmed yet');
    assert.doesNotMatch(await storageDump(page) + await page.content(), /Geheim/);
});

// ---- networks and services that fail ----

test('the service goes away and comes back: told, and both tabs go on', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const { page, tab } = await follow(t, made);
    const second = await tab();
    await second.goto(made.follow);
    await state(second, 'follow');
    await service.stop();
    await page.waitForSelector('#trouble:visible:has-text("does not answer")');
    assert.ok(await page.isVisible('#headline'), 'the story stays');
    await service.restart();
    await recipient.take();
    for (const one of [page, second]) {
        await headline(one, 'Opened, not confirmed yet');
        await one.waitForSelector('#trouble', { state: 'hidden' });
        assert.equal((await timeline(one)).length, 4, 'nothing twice');
    }
});

test('offline and back', async (t) => {
    const service = await startService(t);
    const proxy = await proxied(t, service);
    const { made, recipient } = await handOver(t, service, {}, proxy.url);
    const { context, page } = await follow(t, made);
    await context.setOffline(true);
    await page.waitForSelector('#trouble:visible:has-text("You are offline")');
    await axe(page, 'offline');
    await recipient.take();
    await context.setOffline(false);
    await headline(page, 'Opened, not confirmed yet');
});

test('the service is away when the page is opened: given up, and again by hand', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { context, page } = await openBrowser(t);
    await page.clock.install();
    await context.route(/\/v1\//, (route) => route.abort());
    await page.goto(made.follow);
    await poll('it gives up', async () => {
        await page.clock.fastForward(5000);
        return page.isVisible('[data-state="gaveup"]');
    }, 20000, 200);
    await axe(page, 'gave up');
    await context.unroute(/\/v1\//);
    await page.click('#gaveup-again');
    await headline(page, 'Waiting to be opened');
});

test('too many requests: told how long, and it goes on by itself', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const { context, page } = await openBrowser(t);
    await page.clock.install();
    let refusals = 2;
    await context.route(/\/v1\//, async (route) => {
        if (refusals-- <= 0)
            return route.continue();
        return route.fulfill({ status: 429, contentType: 'application/problem+json',
            headers: { 'Retry-After': '90' },
            body: JSON.stringify({ code: 'rate-limited', status: 429, retry_after: 90 }) });
    });
    await page.goto(made.follow);
    await page.waitForSelector('#trouble:visible:has-text("Too many requests")');
    await poll('the story comes', async () => {
        await page.clock.fastForward(30000);
        return page.isVisible('#headline');
    }, 60000, 200);
    await headline(page, 'Waiting to be opened');
    assert.equal(await page.isVisible('#trouble'), false);
    await recipient.take();
    await headline(page, 'Opened, not confirmed yet');
});

test('a page that nobody looks at stops asking, and goes on when somebody does', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const { page, requests } = await openBrowser(t);
    await page.clock.install();
    await page.addInitScript(() => {
        globalThis.away = false;
        Object.defineProperty(document, 'hidden', { get: () => globalThis.away });
    });
    await page.goto(made.follow);
    await headline(page, 'Waiting to be opened');
    const look = (away) => page.evaluate((value) => {
        globalThis.away = value;
        document.dispatchEvent(new Event('visibilitychange'));
    }, away);
    await look(true);
    await page.clock.fastForward(6 * 60 * 1000);
    await recipient.claim(); // ends the one that was waiting
    await headline(page, 'Being opened');
    const before = requests.length;
    await recipient.opened();
    await page.waitForTimeout(1000);
    assert.equal(requests.length, before, 'it has stopped');
    await look(false);
    await headline(page, 'Opened, not confirmed yet');
});

test('what settled keeps being asked about, slowly', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    await recipient.revoke();
    const { page, requests } = await openBrowser(t);
    await page.clock.install();
    await page.goto(made.follow);
    await headline(page, 'Revoked, never opened');
    const asked = () => requests.filter(({ url }) => url.includes('/events?')).length;
    const before = asked();
    await page.waitForTimeout(1000);
    assert.equal(asked(), before);
    await party(t, service, made).claim();
    await page.clock.fastForward(21000);
    await alarmSays(page, 'Somebody came too late');
});
