// Goal: what is handed over on the page arrives, byte for byte, at whoever redeems it by the command
// line: each kind of payload, with and without a code; and what was typed is then nowhere.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Person } from '../support/service/cli.mjs';
import { axe, clipboard, desktop, downloaded, phone, screenshot, state, storageDump, tree }
    from '../support/pages/browser.mjs';
import { stateOf } from '../support/pages/pages.mjs';
import { handoff, scratch, startService } from '../support/service/service.mjs';
import { begin, done, linkAndCode, puts, redeem, user } from '../support/pages/submitting.mjs';

const secret = ' Zx9#mQ2!vKe7_"ß€😀\\ ';

test('a login with a code: page to command line, every character as typed', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.fill('#username', user);
    await page.fill('#password', secret);
    await page.click('summary:has-text("Website address")');
    await page.fill('#url', 'https://login.microsoftonline.com/');
    await page.fill('#note', 'Exchange Administrator\nsecond line');
    await page.click('#send');
    const made = await linkAndCode(page);
    assert.match(made.code, /^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    assert.deepEqual(JSON.parse(redeem(t, made, '--json')), {
        type: 'credential',
        username: user,
        password: secret,
        url: 'https://login.microsoftonline.com/',
        note: 'Exchange Administrator\nsecond line',
    });
});

test('a login without a code, and with one of her own', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.fill('#password', secret);
    await page.uncheck('#use-code');
    await page.click('#send');
    const bare = await linkAndCode(page);
    assert.equal(bare.code, null);
    assert.deepEqual(JSON.parse(redeem(t, bare, '--json')), { type: 'credential', password: secret });

    await done(page);
    await page.fill('#password', secret);
    await page.click('#details summary');
    await page.fill('#own-code', 'blue horse 7');
    await page.click('#send');
    const own = await linkAndCode(page);
    assert.equal(own.code, 'blue horse 7');
    assert.equal(redeem(t, { ...own, code: 'BLUE-HORSE-7' }, '--field', 'password').toString(),
        `${secret}\n`);
});

test('a text and a file arrive byte for byte', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    const text = 'line one\n\tline two — ÄÖÜ 😀\n\nlast without a newline';
    await page.check('input[value="text"]');
    await page.fill('#text', text);
    await page.click('#send');
    assert.equal(redeem(t, await linkAndCode(page)).toString(), text);

    await done(page);
    const bytes = Buffer.from(Array.from({ length: 40000 }, (_, i) => (i * 7919) & 255));
    const path = join(scratch(t), 'wg0 ü.conf');
    writeFileSync(path, bytes);
    await page.check('input[value="file"]');
    await page.setInputFiles('#file', path);
    await page.click('#send');
    const made = await linkAndCode(page);
    assert.ok(redeem(t, made).equals(bytes));
});

test('a generated password is shown, and has what Microsoft 365 asks for', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.click('#password-make');
    const made = await page.inputValue('#password');
    assert.equal(await page.getAttribute('#password', 'type'), 'text');
    assert.equal(made.length, 20);
    for (const some of [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/])
        assert.match(made, some);
    await page.click('#password-make');
    assert.notEqual(await page.inputValue('#password'), made);
});

test('the QR code reads as the link, by another program', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.fill('#password', secret);
    await page.click('#send');
    const { link } = await linkAndCode(page);
    await page.click('#result-qr-details summary');
    const path = join(scratch(t), 'qr.png');
    await page.locator('#result-qr svg').screenshot({ path });
    const read = spawnSync('zbarimg', ['--raw', '--quiet', path], { encoding: 'utf8' });
    assert.equal(read.stdout.trim(), link, read.stderr ?? String(read.error));
});

test('copying gives the link, the code and the link to follow; each alone', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.fill('#password', secret);
    await page.click('#send');
    const { link, code } = await linkAndCode(page);
    await page.click('#result-copy');
    await page.waitForSelector('#result-copy:has-text("Copied")');
    assert.equal(await clipboard(page), link);
    await page.click('#result-code-copy');
    await page.waitForSelector('#result-code-copy:has-text("Copied")');
    assert.equal(await clipboard(page), code);
    await page.click('#result-follow-copy');
    await page.waitForSelector('#result-follow-copy:has-text("Copied")');
    assert.match(await clipboard(page), /\/s\/[0-9a-f-]{36}#[A-Za-z0-9_-]{43}$/);
});

test('the papers: the key follows and revokes on the command line, the evidence verifies', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.fill('#password', secret);
    await page.click('#send');
    const { link } = await linkAndCode(page);
    await page.click('summary:has-text("For your records")');
    const key = JSON.parse((await downloaded(page, () => page.click('#result-key'))).text);
    assert.equal(key.type, 'handoff-sender/1');
    assert.ok(link.includes(key.id) && !JSON.stringify(key).includes(link.split('#')[1]),
        'the papers do not open the handoff');

    const evidence = await downloaded(page, () => page.click('#result-evidence'));
    const path = join(scratch(t), evidence.name);
    writeFileSync(path, evidence.bytes);
    const logKey = (await (await fetch(`${service.url}/v1/audit/key`)).text()).trim();
    const verified = spawnSync(handoff, ['verify', '--key', logKey, path], { encoding: 'utf8' });
    assert.equal(verified.status, 0, verified.stderr);

    const sender = new Person(t, service);
    const revoked = await sender.run(['revoke', key.follow]);
    assert.equal(revoked.status, 0, revoked.stderr);
    assert.equal(await stateOf(service, key.id), 'revoked');
});

test('what was typed is nowhere when the link is there; a planted value is found', async (t) => {
    const service = await startService(t);
    const { page, requests, words } = await begin(t, service);
    const typed = ['Geheim-4711-Pass', 'user4711@contoso.example', 'note4711'];
    await page.fill('#password', typed[0]);
    await page.fill('#username', typed[1]);
    await page.click('summary:has-text("Website address")');
    await page.fill('#note', typed[2]);
    await page.click('#send');
    await state(page, 'result');
    const dump = async () => JSON.stringify([requests, words, await storageDump(page),
        await page.content(), await page.evaluate(() =>
            [...document.querySelectorAll('input, textarea')].map((i) => i.value))]);
    const clean = await dump();
    for (const value of typed)
        for (const form of [value, Buffer.from(value).toString('base64url'),
            encodeURIComponent(value)])
            assert.ok(!clean.includes(form), `${form} is somewhere`);
    await page.evaluate((value) => sessionStorage.setItem('planted', value), typed[0]);
    assert.ok((await dump()).includes(typed[0]), 'the control is found');
});

test('the link outlives reloads and the back button; nothing is sent twice', async (t) => {
    const service = await startService(t);
    const { page, requests } = await begin(t, service);
    await page.fill('#password', secret);
    await page.click('#send');
    const { link, code } = await linkAndCode(page);
    await page.reload();
    assert.deepEqual(await linkAndCode(page), { link, code });
    await page.goBack();
    await state(page, 'form');
    assert.equal(await page.inputValue('#password'), '');
    await page.click('#last-show');
    assert.deepEqual(await linkAndCode(page), { link, code });
    await page.goBack();
    await state(page, 'form');
    await page.goForward();
    assert.deepEqual(await linkAndCode(page), { link, code });
    await done(page);
    assert.equal(await page.isVisible('#last'), false);
    assert.ok(!(await storageDump(page)).includes(link.split('#')[1]), 'the link is forgotten');
    assert.equal(puts(requests).length, 1);
});

test('two tabs hand over two things, and both are in the list', async (t) => {
    const service = await startService(t);
    const { page, tab } = await begin(t, service);
    const other = await tab();
    await other.goto(`${service.url}/`);
    for (const [p, label] of [[page, 'first'], [other, 'second']]) {
        await state(p, 'form');
        await p.fill('#password', secret);
        await p.click('#details summary');
        await p.fill('#label', label);
        await p.click('#send');
        await state(p, 'result');
    }
    assert.notEqual(await page.textContent('#result-link'), await other.textContent('#result-link'));
    await done(page);
    await page.waitForSelector('#sent-list li:has-text("second"):has-text("not opened yet")');
    assert.equal(await page.locator('#sent-list li').count(), 2);
    const forget = page.locator('#sent-list li:has-text("first") button');
    await forget.click();
    await page.waitForSelector('#sent-list li:has-text("no longer be followed or revoked")');
    assert.equal(await page.locator('#sent-list li').count(), 2);
    await forget.click();
    assert.equal(await page.locator('#sent-list li').count(), 1);
    assert.equal(await page.evaluate(() => Object.keys(localStorage)
        .filter((name) => name.startsWith('handoff:sent:')).length), 1);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Follow');
});

test('by keyboard alone, and as a screen reader walks it', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    const reach = async (selector) => {
        for (let i = 0; i < 60; i++) {
            if (await page.evaluate((s) => document.activeElement?.matches(s), selector))
                return;
            await page.keyboard.press('Tab');
        }
        assert.fail(`the keyboard does not reach ${selector}`);
    };
    await reach('#username');
    await page.keyboard.type(user);
    await reach('#password');
    await page.keyboard.type('Geheim-123!');
    await page.keyboard.press('Enter');
    const made = await linkAndCode(page);
    assert.equal(redeem(t, made, '--field', 'password').toString(), 'Geheim-123!\n');
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
    const seen = await tree(page);
    const order = ['heading: Your link is ready', 'heading: The link for the recipient',
        'button: Copy the link', 'heading: The code', 'button: Copy the code',
        'heading: What happens next', 'link: Follow what happens'];
    assert.deepEqual(seen.filter((line) => order.includes(line)), order);
});

test('form and result: no rule of axe is broken, in each language, light and dark', async (t) => {
    const service = await startService(t);
    for (const [name, viewport] of Object.entries({ phone, desktop }))
        for (const dark of [false, true]) {
            const locale = dark ? 'de-AT' : 'en-GB';
            const { page } = await begin(t, service, { viewport, dark, locale });
            const shot = `${name}-${dark ? 'dark' : 'light'}`;
            assert.equal(await page.getAttribute('html', 'lang'), dark ? 'de' : 'en');
            await axe(page, 'form');
            await screenshot(page, `submit-form-${shot}`);
            await page.click('#send');
            await page.waitForSelector('#password-error:not([hidden])');
            await axe(page, 'form with a fault');
            await page.fill('#username', user);
            await page.click('#password-make');
            await page.click('#send');
            await state(page, 'result');
            await page.click('#result-qr-details summary');
            await axe(page, 'result');
            await screenshot(page, `submit-result-${shot}`);
            await page.click('#result-done');
            await page.waitForSelector('#result-uncopied:not([hidden])');
            await axe(page, 'result that was not copied');
            await done(page);
            await page.waitForSelector('#sent-list li');
            await axe(page, 'form with a list');
            assert.equal(await page.evaluate(() =>
                document.documentElement.scrollWidth > innerWidth), false, 'nothing sticks out');
        }
});

test('on 320 px nothing sticks out', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service, { viewport: { width: 320, height: 640 } });
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
    assert.equal(await wide(), 320);
    await page.fill('#password', secret);
    await page.click('#send');
    await state(page, 'result');
    assert.equal(await wide(), 320);
});

test('another language, chosen while something is typed, loses nothing and is remembered', async (t) => {
    const service = await startService(t);
    const { page } = await begin(t, service);
    await page.fill('#password', secret);
    await page.click('#languages button');
    await page.waitForSelector('h1:has-text("Zugangsdaten übergeben")');
    assert.equal(await page.inputValue('#password'), secret);
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    await page.click('#send');
    await state(page, 'result');
    assert.match(await page.textContent('#result-lead'), /einmal öffnen, und nur bis \d/);
    await page.reload();
    await page.waitForSelector('h1:has-text("Ihr Link ist fertig")');
});
