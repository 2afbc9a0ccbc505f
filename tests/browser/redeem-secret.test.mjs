// Goal: what was handed over leaves the page by the person's own copy alone. No request, storage,
// title, address or word on the console holds it, nor the link's key once it was opened; and the
// search that says so finds what is planted.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { clipboard, openBrowser, state, storageDump } from '../support/pages/browser.mjs';
import { login, makeHandoff, proxied } from '../support/pages/pages.mjs';
import { ready } from '../support/protocol/protocol.mjs';
import { answer, arriveAt, byHold, isOpened, openLink, refusedBrowser, valuesOn }
    from '../support/pages/redeeming.mjs';
import { poll, startService } from '../support/service/service.mjs';

const endings = [];
let service;

before(async () => {
    await ready;
    service = await startService({ after: (end) => endings.push(end) });
});

after(async () => {
    for (const end of endings.reverse())
        await end();
});

// Every form in which a text could be carried off.
const forms = (text) => {
    const bytes = Buffer.from(text);
    return [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1),
        bytes.toString('hex'), bytes.toString('base64').replace(/=*$/, '').slice(0, -1),
        bytes.toString('base64url').slice(0, -1)];
};

// Which of the needles a haystack holds.
const found = (haystack, needles) => Object.entries(needles)
    .filter(([, text]) => forms(text).some((form) => haystack.includes(form)))
    .map(([name]) => name);

const sent = ({ requests }) => requests
    .map(({ url, headers, body }) => `${url}\n${JSON.stringify(headers)}\n${body}`)
    .join('\n');

const fragmentOf = ({ link }) => link.slice(link.indexOf('#') + 1);

const needlesOf = (handoff) => ({
    password: login.password,
    username: login.username,
    note: login.note,
    fragment: fragmentOf(handoff),
    key: Buffer.from(handoff.key).toString('base64url'),
    ...(handoff.code ? { code: handoff.code.replace('-', '') } : {}),
});

for (const code of [undefined, 'QRST-VWXY'])
    test(`after it was opened, ${code ? 'with' : 'without'} a code, it is nowhere`, async (t) => {
        const handoff = await makeHandoff(service, { code, shown_label: 'to be seen' });
        const needles = needlesOf(handoff);
        const person = await openBrowser(t);
        const { page } = person;
        await openLink(page, handoff.link, { code });
        assert.equal((await valuesOn(page)).Password, login.password, 'it is on the screen');
        await page.locator('#handed button').nth(2).click();
        assert.equal(await clipboard(page), login.password);
        await answer(page, 'confirmed');
        await page.waitForSelector('#receipt-result:visible');
        assert.deepEqual(found(sent(person), needles), [], 'requests');
        assert.deepEqual(found(await storageDump(page), needles), [], 'storage, title, address');
        assert.deepEqual(found(person.words.join('\n'), needles), [], 'the console');
        assert.ok(!(await storageDump(page)).includes('to be seen'));
        assert.ok((await page.content()).includes(login.password), 'and the page itself holds it');
        await page.click('#clear');
        await state(page, 'mine');
        assert.deepEqual(found(await page.content(), needles), [], 'the cleared page');
    });

test('the control: what is planted is found', async (t) => {
    const handoff = await makeHandoff(service, { code: 'QRST-VWXY' });
    const needles = needlesOf(handoff);
    const person = await refusedBrowser(t);
    const { page } = person;
    await openLink(page, handoff.link, { code: 'QRSTVWXY' });
    await page.evaluate(async ({ password, username, note, code, fragment, key }) => {
        localStorage.setItem('handoff:planted', btoa(password));
        sessionStorage.setItem('handoff:planted', username);
        localStorage.setItem('handoff:planted-key', key);
        document.title = note;
        history.replaceState(null, '', `#${fragment}`);
        await fetch(`/livez?${encodeURIComponent(password)}`);
        await fetch('/livez', { method: 'POST', body: code });
        console.log(code);
    }, { ...needles });
    const inStorage = ['password', 'username', 'note', 'fragment', 'key'];
    assert.deepEqual(found(await storageDump(page), needles), inStorage);
    assert.deepEqual(found(sent(person), needles), ['password', 'code']);
    assert.deepEqual(found(person.words.join('\n'), needles), ['code']);
});

test('the fragment is gone from the address bar at once, and from the tab after the opening',
    async (t) => {
        const proxy = await proxied(t, service);
        const handoff = await makeHandoff(service, {}, proxy.url);
        const { page } = await refusedBrowser(t);
        const [address, fragment] = handoff.link.split('#');
        await arriveAt(page, `${address}?lang=de#${fragment}`);
        assert.equal(page.url(), `${address}?lang=de`);
        assert.equal(await page.getAttribute('html', 'lang'), 'de');
        const tabHas = () => page.evaluate((id) =>
            sessionStorage.getItem(`handoff:open:${id}`), handoff.id);
        assert.ok((await tabHas()).includes(fragment), 'this tab keeps it for a reload');
        proxy.break(/^POST .*\/opened/, 'before the request');
        await byHold(page);
        await state(page, 'shown');
        await poll('a cut', () => proxy.cuts > 0);
        assert.ok((await tabHas()).includes('claimant'));
        proxy.heal();
        await isOpened(page);
        assert.equal(await tabHas(), null);
        const device = await page.evaluate(() => ({ ...localStorage }));
        assert.ok(!JSON.stringify(device).includes(fragment));
        const { claimant, receiptSeed, envelopeHash, at } =
            JSON.parse(device[`handoff:received:${handoff.id}`]);
        assert.ok(claimant && receiptSeed && envelopeHash && at);
    });

test('a masked password is not in the document until it is asked for', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await openBrowser(t);
    await openLink(page, handoff.link);
    assert.ok(!(await page.content()).includes(login.password));
    await page.locator('#handed button').nth(1).click();
    assert.ok((await page.content()).includes(login.password));
    await page.locator('#handed button').nth(1).click();
    assert.ok(!(await page.content()).includes(login.password));
});

test('what was handed over is text, whatever it says', async (t) => {
    const nasty = '<img src=x onerror=alert(1)>"\'\u202e{lang}</script>';
    const handoff = await makeHandoff(service, {
        payload: { type: 'credential', username: nasty, password: nasty, url: 'javascript:alert(1)',
            note: nasty },
        shown_label: '<b>bold</b> \u201cquoted\u201d',
    });
    const { page } = await openBrowser(t);
    await arriveAt(page, handoff.link);
    assert.equal(await page.textContent('#ready-label'), '<b>bold</b> \u201cquoted\u201d');
    await byHold(page);
    await isOpened(page);
    assert.equal((await valuesOn(page)).Note, nasty);
    assert.equal(await page.locator('#handed a, #handed img').count(), 0);
    await page.click('#languages button');
    await poll('German', async () => await page.getAttribute('html', 'lang') === 'de');
    assert.equal((await valuesOn(page)).Notiz, nasty);
});

test('a file brings no folders and no hidden characters in its name', async (t) => {
    const name = '../../etc/\u202etxt.exe';
    const handoff = await makeHandoff(service, { payload: { type: 'file', name, data: 'AAAA' } });
    const { page } = await openBrowser(t);
    await openLink(page, handoff.link);
    const [download] = await Promise.all([page.waitForEvent('download'),
        page.click('#handed button')]);
    assert.doesNotMatch(download.suggestedFilename(), /[/\\\u202e]/);
    assert.match(download.suggestedFilename(), /txt\.exe$/);
});
