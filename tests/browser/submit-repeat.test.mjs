// Goal: however often something is sent, pressed or repeated, one handoff is there, and the link
// and the code that the page shows are the ones that open it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { axe, shownState, state } from '../support/pages/browser.mjs';
import { makeHandoff, proxied } from '../support/pages/pages.mjs';
import { poll, scratch, startService } from '../support/service/service.mjs';
import { begin, count, directly, handoffsOf, linkAndCode, passwordIn, puts, redeem, secret,
    sendLogin } from '../support/pages/submitting.mjs';

const problem = (status, code, more = {}) => ({
    status,
    contentType: 'application/problem+json',
    body: JSON.stringify({ type: `urn:handoff:problem:${code}`, status, code, ...more }),
});

// Sends, with a network that loses every reply, until the page gives up: minutes, in a moment.
async function giveUp(page, proxy) {
    proxy.break(/^PUT /, 'before the reply');
    await page.clock.install();
    await page.click('#send');
    await poll('the first try', () => proxy.cuts > 0);
    await page.waitForSelector('#trouble:not([hidden])');
    await page.clock.fastForward(200000);
    await page.waitForSelector('#refused:has-text("does not answer")');
    proxy.heal();
}

test('given up, then tried again: the code shown opens what was stored first', async (t) => {
    const service = await startService(t);
    const proxy = await proxied(t, service);
    const { page, requests } = await begin(t, service, { url: `${proxy.url}/` });
    await page.fill('#password', secret);
    await giveUp(page, proxy);
    assert.equal(await page.inputValue('#password'), secret);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'refused');
    await axe(page, 'given up');
    await page.click('#send');
    const made = await linkAndCode(page);
    assert.equal(await count(service), 1);
    assert.equal(new Set(puts(requests).map((r) => r.url + r.body)).size, 1, 'the very same');
    assert.ok(!requests.some((r) => r.method === 'DELETE'), 'what was handed over stays');
    assert.equal(passwordIn(t, directly(made, service)), secret);
});

test('given up, then changed: what was stored of it before is withdrawn', async (t) => {
    const service = await startService(t);
    const proxy = await proxied(t, service);
    const { page } = await begin(t, service, { url: `${proxy.url}/` });
    await page.fill('#password', 'the wrong one');
    await giveUp(page, proxy);
    assert.equal(await count(service), 1);
    const made = await sendLogin(page);
    await poll('withdrawn', async () => (await handoffsOf(service))
        .map(({ state: is }) => is).sort().join() === 'available,revoked');
    assert.equal(passwordIn(t, directly(made, service)), secret);
});

test('the button pressed twice, while a file is read: one handoff', async (t) => {
    const service = await startService(t);
    const { page, requests } = await begin(t, service);
    const path = join(scratch(t), 'file');
    writeFileSync(path, Buffer.alloc(40000, 7));
    await page.check('input[value="file"]');
    await page.setInputFiles('#file', path);
    await page.evaluate(() => {
        for (let i = 0; i < 3; i++)
            document.getElementById('form').requestSubmit();
    });
    const made = await linkAndCode(page);
    assert.ok(redeem(t, made).equals(Buffer.alloc(40000, 7)));
    assert.equal(await count(service), 1);
    assert.equal(puts(requests).length, 1);
});

test('another handoff has the same id: a new id by itself', async (t) => {
    const service = await startService(t);
    const { page, requests } = await begin(t, service);
    // The first one finds its id taken, by the service's own word.
    await page.route('**/v1/handoffs/*', async (route) => {
        const other = await makeHandoff(service, { id: route.request().url().split('/').at(-1) });
        assert.equal(other.id, route.request().url().split('/').at(-1));
        await route.continue();
    }, { times: 1 });
    const made = await sendLogin(page);
    assert.equal(passwordIn(t, made), secret);
    assert.equal(new Set(puts(requests).map((r) => r.url)).size, 2);
    assert.equal(await count(service), 2);
});

test('an outcome that the service does not know: the very same again', async (t) => {
    const service = await startService(t);
    const { page, requests } = await begin(t, service);
    await page.route('**/v1/handoffs/*', async (route) => {
        await route.fetch(); // it was stored all the same
        await route.fulfill(problem(503, 'outcome-unknown', { retry_after: 1 }));
    }, { times: 1 });
    const made = await sendLogin(page);
    assert.equal(passwordIn(t, made), secret);
    assert.equal(await count(service), 1);
    assert.equal(new Set(puts(requests).map((r) => r.url + r.body)).size, 1);
});

test('too large for the service, or for what is before it: told, with the number', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    const answers = [
        [problem(413, 'too-large', { limit: 65536 }), /at most 65\.\d kB/],
        [{ status: 413, contentType: 'text/html', body: '<h1>413</h1>' }, /at most 65\.\d kB/],
        [{ status: 403, contentType: 'text/html', body: '<h1>No</h1>' }, /HTTP 403/],
        [problem(400, 'bad-request', { detail: 'The member x is wrong.' }), /member x is wrong/],
    ];
    await page.fill('#password', secret);
    for (const [answer, words] of answers) {
        await page.route('**/v1/handoffs/*', (route) => route.fulfill(answer), { times: 1 });
        await page.click('#send');
        await page.waitForSelector('#refused:not([hidden])');
        assert.match(await page.textContent('#refused'), words);
        assert.equal(await page.inputValue('#password'), secret);
    }
    await axe(page, 'refused');
    assert.equal(await count(service), 0);
    assert.equal(passwordIn(t, await sendLogin(page)), secret);
    assert.equal(await count(service), 1);
});

test('back while it is sent: it goes on, is sent once, and the link is there', async (t) => {
    const service = await startService(t);
    const { page, requests } = await begin(t, service);
    await sendLogin(page);
    await page.goBack();
    await state(page, 'form');
    await page.evaluate(() => history.pushState(null, '')); // a place to go back from
    let go;
    const held = new Promise((resolve) => {
        go = resolve;
    });
    await page.route('**/v1/handoffs/*', async (route) => {
        if (route.request().method() === 'PUT')
            await held;
        await route.continue();
    });
    await page.fill('#password', 'the second');
    await page.click('#send');
    await state(page, 'sealing');
    await page.waitForSelector('#sealing-step:has-text("Handing it to the service")');
    await axe(page, 'sealing');
    await page.goBack();
    assert.equal(await shownState(page), 'sealing');
    go();
    assert.equal(passwordIn(t, await linkAndCode(page)), 'the second');
    assert.equal(puts(requests).length, 2);
    assert.equal(await count(service), 2);
});
