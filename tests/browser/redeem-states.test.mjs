// Goal: every state in which the redeem page can be says what happened, whether anything is lost
// and what to do next, in a way that axe finds nothing wrong with, light and dark. Arriving burns
// nothing and alarms nobody.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { axe, clipboard, desktop, openBrowser, phone, screenshot, shownState, state }
    from '../support/pages/browser.mjs';
import { kindsOf, makeHandoff, redeemByHttp, stateOf } from '../support/pages/pages.mjs';
import { ready } from '../support/protocol/protocol.mjs';
import { answer, arriveAt, byHold, changes, isOpened, openLink, refusedBrowser, says }
    from '../support/pages/redeeming.mjs';
import { startService } from '../support/service/service.mjs';

const endings = [];
let service;

before(async () => {
    await ready;
    service = await startService({ after: (end) => endings.push(end) }, { clock: true });
});

after(async () => {
    for (const end of endings.reverse())
        await end();
});

const revoke = ({ id, manage }) => fetch(`${service.url}/v1/handoffs/${id}`,
    { method: 'DELETE', headers: { Authorization: `Bearer ${manage}` } });

// A receipt by somebody else.
async function answerElsewhere(t, handoff, outcome) {
    const { page } = await openBrowser(t);
    await openLink(page, handoff.link);
    await answer(page, outcome, { note: 'said elsewhere' });
    await page.waitForSelector('#receipt-result:visible');
}

// Each state: how a person comes there. Gives the page.
const states = {
    async ready(t, person) {
        const handoff = await makeHandoff(service, { code: 'ABCD-EFGH', shown_label: 'Contoso' });
        await arriveAt(person.page, handoff.link);
        await person.page.click('summary:visible');
    },
    async 'wrong code'(t, person) {
        const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
        await arriveAt(person.page, handoff.link);
        await person.page.fill('#code', 'wrong one');
        await byHold(person.page);
        await says(person.page, '#code-error', /4 tries/);
    },
    async locked(t, person) {
        const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
        for (let i = 0; i < 5; i++)
            await redeemByHttp(service, handoff, { code: `WRONG${i}` });
        await arriveAt(person.page, handoff.link);
        await person.page.fill('#code', 'ABCDEFGH');
        await byHold(person.page);
        await state(person.page, 'locked');
    },
    async opening(t, person) {
        const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
        await arriveAt(person.page, handoff.link);
        await person.page.route('**/claim', (route) => route.abort());
        await person.page.fill('#code', 'ABCDEFGH');
        await byHold(person.page);
        await person.page.waitForSelector('#trouble:visible');
        await state(person.page, 'opening');
    },
    async shown(t, person) {
        const handoff = await makeHandoff(service);
        await openLink(person.page, handoff.link);
    },
    async text(t, person) {
        const payload = { type: 'text', text: `${'a long line of text '.repeat(9)}\nand another` };
        const handoff = await makeHandoff(service, { payload });
        await openLink(person.page, handoff.link);
    },
    async file(t, person) {
        const payload = { type: 'file', name: 'contoso vpn profile.ovpn', data: 'AAAA' };
        const handoff = await makeHandoff(service, { payload });
        await openLink(person.page, handoff.link);
    },
    async 'nothing said'(t, person) {
        const handoff = await makeHandoff(service);
        await openLink(person.page, handoff.link);
        await answer(person.page, 'rejected', { by: '' });
        await says(person.page, '#by-error', /who you are/);
    },
    async confirmed(t, person) {
        const handoff = await makeHandoff(service);
        await openLink(person.page, handoff.link);
        await answer(person.page, 'confirmed', { note: 'works' });
        await person.page.waitForSelector('#receipt-result:visible');
    },
    async mine(t, person) {
        const handoff = await makeHandoff(service);
        await openLink(person.page, handoff.link);
        await person.page.click('#clear');
        await state(person.page, 'mine');
        await answer(person.page, 'rejected', { note: 'the password is refused' });
        await person.page.waitForSelector('#receipt-result:visible');
    },
    async elsewhere(t, person) {
        const handoff = await makeHandoff(service);
        await openLink(person.page, handoff.link);
        person.page = await person.tab();
        await arriveAt(person.page, handoff.link, 'elsewhere');
    },
    async taken(t, person) {
        const handoff = await makeHandoff(service);
        await redeemByHttp(service, handoff, { opened: false });
        await arriveAt(person.page, handoff.link, 'gone');
        assert.match(await person.page.innerText('h1:visible'), /Somebody else/);
        assert.ok(await person.page.isHidden('#gone-confirm'));
        assert.deepEqual(await kindsOf(service, handoff), ['handoff.created', 'claim.accepted']);
    },
    async delivered(t, person) {
        const handoff = await makeHandoff(service);
        await redeemByHttp(service, handoff);
        await arriveAt(person.page, handoff.link, 'gone');
        assert.match(await person.page.innerText('h1:visible'), /already opened/);
        await person.page.click('#gone-copy');
        const sentence = await clipboard(person.page);
        assert.match(sentence, /Please change the password now/);
        assert.ok(sentence.includes(handoff.id));
        await person.page.click('#gone-confirm summary');
        assert.deepEqual(changes(person), []);
    },
    async 'confirmed by others'(t, person) {
        const handoff = await makeHandoff(service);
        await answerElsewhere(t, handoff, 'confirmed');
        await arriveAt(person.page, handoff.link, 'gone');
        assert.match(await person.page.innerText('h1:visible'), /opened and confirmed/);
    },
    async 'rejected by others'(t, person) {
        const handoff = await makeHandoff(service);
        await answerElsewhere(t, handoff, 'rejected');
        await arriveAt(person.page, handoff.link, 'gone');
        assert.match(await person.page.innerText('h1:visible'), /opened and rejected/);
    },
    async lapsed(t, person) {
        const handoff = await makeHandoff(service, { lease: 60 });
        await redeemByHttp(service, handoff, { opened: false });
        service.clock.advance(61);
        await arriveAt(person.page, handoff.link, 'gone');
        assert.match(await person.page.innerText('h1:visible'), /did not arrive/);
    },
    async expired(t, person) {
        const handoff = await makeHandoff(service, { expires_in: 60 });
        service.clock.advance(61);
        await arriveAt(person.page, handoff.link, 'over');
        assert.match(await person.page.innerText('h1:visible'), /expired/);
    },
    async revoked(t, person) {
        const handoff = await makeHandoff(service);
        await revoke(handoff);
        await arriveAt(person.page, handoff.link, 'over');
        assert.match(await person.page.innerText('h1:visible'), /withdrawn/);
    },
    async 'not found'(t, person) {
        const handoff = await makeHandoff(service);
        const last = handoff.id.endsWith('0') ? '1' : '0';
        const other = handoff.id.slice(0, -1) + last;
        await arriveAt(person.page, handoff.link.replace(handoff.id, other), 'notfound');
    },
    async 'cut off'(t, person) {
        const handoff = await makeHandoff(service);
        await arriveAt(person.page, handoff.link.slice(0, -7), 'cutoff');
        assert.ok(!person.requests.some(({ url }) => url.includes('/v1/')), 'nothing was asked');
        await person.page.fill('#paste-link', handoff.link.replace(/127[\d.:]+/, 'other.example'));
        await person.page.click('#paste button');
        await says(person.page, '#paste-other', /other\.example/);
    },
    async broken(t, person) {
        const handoff = await makeHandoff(service);
        await arriveAt(person.page, handoff.link);
        await person.page.route('**/claim', async (route) => {
            const response = await route.fetch();
            const body = await response.json();
            body.envelope = body.envelope.replace(/.{8}$/, 'AAAAAAAA');
            await route.fulfill({ response, json: body });
        });
        await byHold(person.page);
        await says(person.page, '#broken-left', /not destroyed/);
        assert.equal(await stateOf(service, handoff.id), 'claimed');
        await person.page.unroute('**/claim');
    },
    async 'gave up'(t, person) {
        const handoff = await makeHandoff(service);
        await person.page.clock.install();
        await person.page.route('**/v1/**', (route) => route.fulfill({
            status: 502, body: '<html>Bad Gateway</html>',
        }));
        await person.page.goto(handoff.link);
        await person.page.waitForSelector('#trouble:visible');
        for (let i = 0; i < 40 && await shownState(person.page) !== 'gaveup'; i++)
            await person.page.clock.runFor(9000);
        await state(person.page, 'gaveup');
        await person.page.unroute('**/v1/**');
    },
};

for (const [name, come] of Object.entries(states))
    for (const dark of [false, true])
        test(`${name}, ${dark ? 'dark' : 'light'}`, async (t) => {
            const person = await refusedBrowser(t, { dark, viewport: dark ? phone : desktop });
            await come(t, person);
            const { page } = person;
            assert.equal(await page.locator('h1:visible').count(), 1, 'one heading');
            assert.match(await page.title(), /( – Handoff|^Open a handoff)$/);
            await axe(page, name);
            const shade = dark ? 'dark' : 'light';
            await screenshot(page, `redeem-${name.replaceAll(' ', '-')}-${shade}`);
            await page.setViewportSize({ width: 320, height: 640 });
            const over = await page.evaluate(() =>
                document.documentElement.scrollWidth - innerWidth);
            assert.ok(over <= 0, `at 320 px it is ${over} px too wide`);
        });

// ---- links that arrive damaged ----

// What is done to the link, and whether the page can undo it.
const damages = {
    'a full stop at its end': [(link) => `${link}.`, 'ready'],
    'a bracket at its end': [(link) => `${link}%3E`, 'ready'],
    'no fragment': [(link) => link.replace(/#.*/, ''), 'cutoff', /behind the # is missing/],
    'an empty fragment': [(link) => link.replace(/#.*/, '#'), 'cutoff', /behind the # is missing/],
    'a short fragment': [(link) => link.slice(0, -1), 'cutoff', /end is missing/],
    'a long fragment': [(link) => `${link}x`, 'cutoff', /does not belong/],
    'a bad fragment': [(link) => `${link.slice(0, -3)}a+b`, 'cutoff', /was changed/],
    'another version': [(link) => link.replace(/#../, '#Ag'), 'cutoff', /newer version/],
    'a cut id': [(link) => link.replace(/.{6}#.*/, ''), 'cutoff', /end is missing/],
    'no id': [(link) => link.replace(/[^/]*$/, ''), 'cutoff', /end is missing/],
};

for (const [name, [damage, becomes, why]] of Object.entries(damages))
    test(`a link with ${name}`, async (t) => {
        const handoff = await makeHandoff(service);
        const { page } = await openBrowser(t);
        await arriveAt(page, damage(handoff.link), becomes);
        if (becomes === 'ready') {
            assert.match(await page.innerText('#ready-repaired'), /repaired/);
            assert.equal(page.url(), `${service.url}/h/${handoff.id}`);
            return;
        }
        assert.match(await page.innerText('#cutoff-why'), why);
        await page.fill('#paste-link', ` <${handoff.link.replace('#', '#\n')}>.`);
        await page.click('#paste button');
        await state(page, 'ready');
        assert.equal(page.url(), `${service.url}/h/${handoff.id}`);
        await byHold(page);
        await isOpened(page);
    });

test('a key that was changed on the way opens nothing, and the right one goes on', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await refusedBrowser(t);
    const at = handoff.link.indexOf('#') + 9;
    const other = handoff.link[at] === 'A' ? 'B' : 'A';
    await arriveAt(page, handoff.link.slice(0, at) + other + handoff.link.slice(at + 1));
    await byHold(page);
    await state(page, 'cutoff');
    assert.match(await page.innerText('#cutoff-why'), /was changed/);
    assert.equal(await stateOf(service, handoff.id), 'available');
    await page.fill('#paste-link', handoff.link);
    await page.click('#paste button');
    await state(page, 'ready');
    await byHold(page);
    await isOpened(page);
});

test('what is pasted and is no such link', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await openBrowser(t);
    await arriveAt(page, handoff.link.replace(/#.*/, ''), 'cutoff');
    const tries = [
        ['', /nothing here yet/],
        ['hello', /no whole link/],
        [handoff.follow, /sender’s own link/],
        [handoff.link.slice(0, -2), /end is missing/],
    ];
    for (const [text, says_] of tries) {
        await page.fill('#paste-link', text);
        await page.click('#paste button');
        await says(page, '#paste-link-error', says_);
        assert.equal(await page.evaluate(() => document.activeElement.id), 'paste-link');
    }
    await page.fill('#paste-link', 'https://other.example/h/'
        + handoff.link.slice(handoff.link.indexOf(handoff.id)));
    await page.click('#paste button');
    await says(page, '#paste-other', /other\.example/);
    const href = await page.getAttribute('#paste-other-link', 'href');
    assert.match(href, /^https:\/\/other\.example\/h\//);
    assert.equal(await shownState(page), 'cutoff', 'nothing opens by itself');
});

test('a handoff that is over says so even where the link is cut off', async (t) => {
    const handoff = await makeHandoff(service);
    await revoke(handoff);
    const { page } = await openBrowser(t);
    await arriveAt(page, handoff.link.replace(/#.*/, ''), 'over');
});

// ---- by a clock that is wrong ----

test('a receipt is taken where the clock of the device is days off', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await openBrowser(t);
    await page.clock.install({ time: Date.now() - 3 * 86400 * 1000 });
    await page.clock.resume();
    await openLink(page, handoff.link);
    await answer(page, 'confirmed');
    await page.waitForSelector('#receipt-result:visible');
    assert.equal(await stateOf(service, handoff.id), 'confirmed');
});
