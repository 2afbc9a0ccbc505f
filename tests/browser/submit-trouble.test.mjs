// Goal: whatever goes wrong on the way to the link, the person is told what, nothing that was typed
// is lost, and nothing is stored twice.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { axe, openBrowser, state, storageDump } from '../support/pages/browser.mjs';
import { proxied } from '../support/pages/pages.mjs';
import { scratch, startService } from '../support/service/service.mjs';
import { count, directly, done, makeToken, passwordIn, revokeToken, secret, sendLogin }
    from '../support/pages/submitting.mjs';

async function begin(t, url, options = {}) {
    const person = await openBrowser(t, options);
    await person.page.goto(url);
    return person;
}

test('what is missing or too long is told at its field, which has the focus', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, `${service.url}/`);
    const told = async (id, words) => {
        await page.click('#send');
        await page.waitForSelector(`#${id}-error:not([hidden])`);
        assert.match(await page.textContent(`#${id}-error`), words);
        assert.equal(await page.evaluate(() => document.activeElement.id), id);
        assert.equal(await page.getAttribute(`#${id}`, 'aria-invalid'), 'true');
    };
    await state(page, 'form');
    await told('password', /missing/);
    await page.fill('#password', secret);
    await page.click('#details summary');
    await page.fill('#own-code', 'abc-1');
    await page.click('#details summary'); // closed: the fault opens it
    await told('own-code', /at least 6/);
    await page.fill('#own-code', 'ü'.repeat(65));
    await told('own-code', /128 bytes/);
    await page.fill('#own-code', '');
    await page.fill('#label', 'ä'.repeat(101));
    await told('label', /200 bytes/);
    await page.fill('#label', '');
    await page.fill('#password', 'x'.repeat(70000));
    await told('password', /too large/);
    await page.fill('#password', secret);
    await page.click('summary:has-text("Website address")');
    await page.fill('#note', 'n'.repeat(70000));
    await told('note', /too large: 70 kB are there, 65\.2 kB are possible/);
    await page.evaluate(() => {
        document.getElementById('note').value = `half: ${String.fromCharCode(0xd83d)}`;
    });
    await told('note', /half a character/);
    await page.fill('#note', '');
    await page.fill('#shown-label', 'next\u0085line');
    await told('shown-label', /control characters/);
    await page.fill('#shown-label', '');
    await page.check('input[value="text"]');
    await told('text', /no text/);
    await page.check('input[value="file"]');
    await told('file', /Choose a file/);
    const path = join(scratch(t), 'large');
    writeFileSync(path, Buffer.alloc(60000));
    await page.setInputFiles('#file', path);
    await told('file', /60 kB are there, 48\.\d kB are possible/);
    assert.equal(await count(service), 0);
});

test('a file of the largest size is taken, one byte more is told in bytes', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, `${service.url}/`);
    await state(page, 'form');
    await page.check('input[value="file"]');
    assert.match(await page.textContent('#file-hint'), /Up to 48\.\d kB/);
    const name = `${'n'.repeat(200)}.bin`;
    const path = join(scratch(t), name);
    // What an envelope of 64 KiB holds, without the JSON around the data; base64 makes 4/3 of it.
    const room = 65279 - JSON.stringify({ type: 'file', name, data: '' }).length;
    const most = Math.floor(room * 3 / 4);
    writeFileSync(path, Buffer.alloc(most + 1, 1));
    await page.setInputFiles('#file', path);
    await page.click('#send');
    await page.waitForSelector('#file-error:not([hidden])');
    const told = (await page.textContent('#file-error')).replaceAll(',', '');
    assert.match(told, new RegExp(`: ${most + 1} bytes are there ${most} bytes are possible`));
    writeFileSync(path, Buffer.alloc(most, 1));
    await page.setInputFiles('#file', path);
    await page.click('#send');
    await state(page, 'result');
});

for (const point of ['before the request', 'in the body of the request', 'after the request',
    'before the reply', 'in the body of the reply'])
    test(`the network breaks ${point}: it goes on by itself, and one handoff is there`, async (t) => {
        const service = await startService(t);
        const proxy = await proxied(t, service);
        const { page } = await begin(t, `${proxy.url}/`);
        await state(page, 'form');
        await page.fill('#password', secret);
        proxy.break(/^PUT /, point, 2);
        const made = await sendLogin(page);
        assert.equal(proxy.cuts, 2);
        assert.equal(await count(service), 1);
        assert.equal(passwordIn(t, directly(made, service)), secret);
    });

test('offline: it is told, and goes on when the network is back', async (t) => {
    const service = await startService(t);
    const { page, context } = await begin(t, `${service.url}/`);
    await state(page, 'form');
    await page.fill('#password', secret);
    await context.setOffline(true);
    await page.click('#send');
    await page.waitForSelector('#trouble:has-text("You are offline")');
    await axe(page, 'offline');
    await context.setOffline(false);
    await state(page, 'result');
    assert.equal(await page.isVisible('#trouble'), false);
});

test('the service is down: it is told, and goes on when it is there again', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, `${service.url}/`);
    await state(page, 'form');
    await page.fill('#password', secret);
    await service.stop();
    await page.click('#send');
    await page.waitForSelector('#trouble:has-text("does not answer")');
    await service.restart();
    await state(page, 'result');
});

test('a service that wants a token: asked for first, refused ones lose nothing', async (t) => {
    const service = await startService(t, { args: ['--open-submissions', 'no'] });
    const { page } = await begin(t, `${service.url}/`);
    await state(page, 'token');
    await axe(page, 'token');
    await page.fill('#token', 'hof_sender_short');
    await page.press('#token', 'Enter');
    await page.waitForSelector('#token-error:has-text("not a sender")');
    await page.fill('#token', `hof_sender_${'A'.repeat(43)}`);
    await page.press('#token', 'Enter');
    await state(page, 'form');
    await page.fill('#password', secret);
    await page.click('#send');
    await state(page, 'token');
    await page.waitForSelector('#token-refused:has-text("does not take this token")');
    await axe(page, 'token refused');
    await page.fill('#token', makeToken(service, 'sender'));
    await page.press('#token', 'Enter');
    await state(page, 'form');
    assert.equal(await page.inputValue('#password'), secret);
    await page.click('#send');
    await state(page, 'result');
    assert.ok(!(await storageDump(page)).includes('hof_sender_'), 'not remembered unless asked');
    assert.equal(await count(service), 1);
});

test('a token is remembered where she wants it, and taken from an address', async (t) => {
    const service = await startService(t, { args: ['--open-submissions', 'no'] });
    const token = makeToken(service, 'sender');
    const { page, tab } = await begin(t, `${service.url}/#${token}`);
    await state(page, 'form');
    assert.equal(new URL(page.url()).hash, '');
    await page.fill('#password', secret);
    await page.click('#send');
    await state(page, 'result');

    const other = await tab();
    await other.goto(`${service.url}/`);
    await state(other, 'token');
    await other.fill('#token', token);
    await other.check('#token-keep');
    await other.press('#token', 'Enter');
    await state(other, 'form');
    const third = await tab();
    await third.goto(`${service.url}/`);
    await state(third, 'form');
    await third.click('#token-forget');
    await state(third, 'token');
    assert.ok(!(await storageDump(third)).includes('hof_sender_'));
});

test('too many that wait: told, and what was typed is still there', async (t) => {
    const service = await startService(t, { args: ['--address-live', '1'] });
    const { page } = await begin(t, `${service.url}/`);
    await state(page, 'form');
    await page.fill('#password', secret);
    await page.click('#send');
    await state(page, 'result');
    await done(page);
    await page.fill('#password', secret);
    await page.click('#send');
    await page.waitForSelector('#refused:has-text("Try again in 1 minute")');
    assert.equal(await page.inputValue('#password'), secret);
    assert.equal(await count(service), 1);
});

test('without JavaScript and without WebAssembly each has a page that says what to do', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, `${service.url}/`, { noScript: true, locale: 'de' });
    await page.waitForSelector('h1:has-text("Diese Seite braucht JavaScript")');
    assert.equal(await page.isVisible('[data-state="loading"]'), false);

    const other = await openBrowser(t, {});
    await other.context.addInitScript(() => delete globalThis.WebAssembly);
    await other.page.goto(`${service.url}/`);
    await state(other.page, 'nowasm');
    await axe(other.page, 'no WebAssembly');
});

test('a token that is cut off leaves the address too, and is told', async (t) => {
    const service = await startService(t, { args: ['--open-submissions', 'no'] });
    const { page } = await begin(t, `${service.url}/#hof_sender_short`);
    await state(page, 'token');
    assert.equal(new URL(page.url()).hash, '');
    assert.match(await page.textContent('#token-refused'), /not hold a whole sender's token/);
});

test('a token that is revoked while she types: asked for again, nothing is lost', async (t) => {
    const service = await startService(t, { args: ['--open-submissions', 'no'] });
    const { page } = await begin(t, `${service.url}/#${makeToken(service, 'sender', 'the first')}`);
    await state(page, 'form');
    revokeToken(service, 'the first');
    await page.fill('#password', secret);
    await page.click('#send');
    await state(page, 'token');
    await page.fill('#token', makeToken(service, 'sender'));
    await page.press('#token', 'Enter');
    await state(page, 'form');
    assert.equal(await page.inputValue('#password'), secret);
    await page.click('#send');
    await state(page, 'result');
});

test('where anyone may hand over, an old token is forgotten and not in the way', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, `${service.url}/`);
    await state(page, 'form');
    await page.evaluate((token) => localStorage.setItem('handoff:token', JSON.stringify(token)),
        `hof_sender_${'A'.repeat(43)}`);
    assert.equal(passwordIn(t, await sendLogin(page)), secret);
    assert.ok(!(await storageDump(page)).includes('hof_sender_'));
});
