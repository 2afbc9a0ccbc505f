// Goal: the page keeps what must not be lost and nothing else: it warns before a link is lost that
// nobody has copied, and before what was typed is; it keeps no code that was made up by a person.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { axe, desktop, openBrowser, phone, screenshot, state, storageDump, tree }
    from '../support/pages/browser.mjs';
import { redeemByHttp, giveReceipt } from '../support/pages/pages.mjs';
import { startService } from '../support/service/service.mjs';
import { begin, done, linkAndCode, redeem, secret, sendLogin } from '../support/pages/submitting.mjs';

// Whether the browser asks before the tab goes; it stays where it was.
async function asks({ page, dialogs }) {
    const before = dialogs.length;
    await page.reload();
    return dialogs.slice(before).some(({ type }) => type === 'beforeunload');
}

test('the browser asks while something is typed, and until the link was copied', async (t) => {
    const service = await startService(t);
    const person = await begin(t, service);
    const { page } = person;
    await page.click('#username');
    assert.equal(await asks(person), false, 'nothing is typed');
    await state(page, 'form');
    await page.fill('#username', 'somebody');
    await page.fill('#username', '');
    assert.equal(await asks(person), false, 'nothing is there any more');
    await state(page, 'form');
    await page.fill('#username', 'somebody');
    assert.equal(await asks(person), true, 'typed');
    await state(page, 'form');
    assert.equal(await page.inputValue('#username'), '');

    const made = await sendLogin(page);
    assert.equal(await asks(person), true, 'not copied');
    assert.deepEqual(await linkAndCode(page), made);
    await page.click('#result-copy');
    await page.waitForSelector('#result-copy[data-t="copy.done"]');
    assert.equal(await asks(person), false, 'copied');
    assert.deepEqual(await linkAndCode(page), made);
    await page.click('#result-code-copy');
    assert.equal(await asks(person), false, 'still copied');
});

test('copied by hand counts; done without a copy takes a second press', async (t) => {
    const service = await startService(t);
    const person = await begin(t, service);
    const { page } = person;
    await sendLogin(page);
    await page.click('#result-done');
    await page.waitForSelector('#result-uncopied:has-text("cannot be shown again")');
    await state(page, 'result');
    await page.locator('#result-link').click({ clickCount: 3 });
    await page.keyboard.press('Control+c');
    await page.waitForSelector('#result-uncopied', { state: 'hidden' });
    assert.equal(await asks(person), false);
    await page.click('#result-done');
    await state(page, 'form');

    await sendLogin(page);
    await page.click('#result-done');
    await page.click('#result-done:has-text("all the same")');
    await state(page, 'form');
    assert.equal(await page.isVisible('#last'), false);
});

test('to the page to follow and back: no question, and the link is there again', async (t) => {
    const service = await startService(t);
    const { page, dialogs } = await begin(t, service);
    const made = await sendLogin(page);
    await page.click('#result-follow');
    await page.waitForURL(/\/s\/[0-9a-f-]{36}$/);
    await page.waitForSelector('h1:has-text("Waiting to be opened")');
    await page.goBack();
    assert.deepEqual(await linkAndCode(page), made);
    assert.deepEqual(dialogs, []);
});

test('where the browser keeps nothing, the link to follow holds the key', async (t) => {
    const service = await startService(t);
    const { context, page } = await openBrowser(t);
    await context.addInitScript(() => {
        for (const name of ['localStorage', 'sessionStorage'])
            Object.defineProperty(globalThis, name, {
                get() {
                    throw new DOMException('denied', 'SecurityError');
                },
            });
    });
    await page.goto(`${service.url}/`);
    await state(page, 'form');
    const made = await sendLogin(page);
    assert.equal(redeem(t, made, '--field', 'password').toString(), `${secret}\n`);
    await page.click('#result-follow');
    await page.waitForSelector('h1:has-text("Opened, not confirmed yet")');
});

test('a code of her own is shown once and kept nowhere', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.click('#details summary');
    await page.fill('#own-code', 'blue horse 7');
    const made = await sendLogin(page);
    assert.equal(made.code, 'blue horse 7');
    assert.ok(!(await storageDump(page)).includes('blue horse'));
    await page.reload();
    await state(page, 'result');
    assert.equal(await page.isVisible('#result-code'), false);
    await page.waitForSelector('#result-code-part:has-text("the one that you chose")');
    await page.waitForSelector('.steps:has-text("You tell the code")');
});

test('what was typed does not come back by undo, nor by going back', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.click('#password');
    await page.keyboard.type('Geheim-4711');
    await page.click('#send');
    await state(page, 'result');
    await done(page);
    for (const key of ['Control+z', 'Control+z', 'Control+Shift+z']) {
        await page.click('#password');
        await page.keyboard.press(key);
        assert.equal(await page.inputValue('#password'), '');
    }
});

test('a blank at the end of a password is told, and taken as it is', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.fill('#password', 'with a blank ');
    await page.waitForSelector('#password-hint:has-text("begins or ends with a blank")');
    assert.equal(redeem(t, await sendLogin(page, 'with a blank '), '--json').toString().trim(),
        '{"type":"credential","password":"with a blank "}');
});

test('without a code it says what that means; its validity is on the outside', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.uncheck('#use-code');
    await page.waitForSelector('#code-why:has-text("the link alone opens it")');
    await axe(page, 'without a code');
    await page.waitForSelector('#details summary:has-text("Valid for 7 days")');
    await page.click('#details summary');
    await page.selectOption('#expires', '3600');
    await page.waitForSelector('#details summary:has-text("Valid for 1 hour")');
    await axe(page, 'with details');
    await page.click('#languages button');
    await page.waitForSelector('#details summary:has-text("1 Stunde")');
    await page.waitForSelector('#code-why:has-text("Ohne Code genügt der Link")');
});

test('no longer validity is offered than the service allows', async (t) => {
    const service = await startService(t);
    const { page } = await openBrowser(t);
    await page.route('**/v1/service', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ json: { ...await answer.json(), expires_max: 100000 } });
    });
    await page.goto(`${service.url}/`);
    await state(page, 'form');
    assert.equal(await page.inputValue('#expires'), '86400');
    await sendLogin(page);
    await done(page);
    assert.equal(await page.inputValue('#expires'), '86400', 'also after the form was cleared');
});

test('the list: opened, rejected, confirmed; confirmed ones are then forgotten', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    for (const outcome of [null, 'rejected', 'confirmed']) {
        await page.uncheck('#use-code');
        await page.click('#details summary');
        await page.fill('#label', `it is ${outcome}`);
        const { link } = await sendLogin(page);
        const [id, fragment] = link.split('/h/')[1].split('#');
        const made = { id, key: Buffer.from(fragment, 'base64url').subarray(1) };
        const claimed = await redeemByHttp(service, made);
        if (outcome)
            await giveReceipt(service, made, claimed, outcome, 'Kim', 'a note');
        await done(page);
    }
    const row = (name, words) =>
        page.waitForSelector(`#sent-list li:has-text("it is ${name}"):has-text("${words}")`);
    await row('null', 'opened, not confirmed yet');
    await row('rejected', 'rejected: see why');
    await row('confirmed', 'confirmed');
    await axe(page, 'list');
    await page.reload();
    await row('rejected', 'rejected');
    assert.equal(await page.locator('#sent-list li').count(), 2);
});

test('text, file and every box open: axe, the tree, and pictures', async (t) => {
    const service = await startService(t);
    for (const [name, viewport] of Object.entries({ phone, desktop }))
        for (const dark of [false, true]) {
            const { page } = await begin(t, service, { viewport, dark });
            const shot = `${name}-${dark ? 'dark' : 'light'}`;
            for (const summary of await page.locator('#form summary').all())
                await summary.click();
            await axe(page, 'open');
            await screenshot(page, `submit-open-${shot}`);
            await page.check('input[value="text"]');
            await axe(page, 'text');
            await page.check('input[value="file"]');
            await page.click('#send');
            await page.waitForSelector('#file-error:not([hidden])');
            await axe(page, 'file');
            await screenshot(page, `submit-file-${shot}`);
            const seen = await tree(page);
            assert.ok(seen.includes('heading: How it is handed over'));
        }
});

test('forced colours: the chosen kind and the buttons are seen', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.emulateMedia({ forcedColors: 'active' });
    const outline = (value) => page.evaluate((v) => getComputedStyle(
        document.querySelector(`input[value="${v}"]`).parentElement).outlineStyle, value);
    assert.equal(await outline('credential'), 'solid');
    assert.equal(await outline('text'), 'none');
    await axe(page, 'forced colours');
    await screenshot(page, 'submit-forced');
});
