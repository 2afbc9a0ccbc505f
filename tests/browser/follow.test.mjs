// Goal: the sender sees what becomes of what she handed over: every state in plain words, as it
// happens, without a reload and without being moved; a phone and a desktop, light and dark, by eye
// and by ear.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { axe, nodes, openBrowser, screenshots, state, tree } from '../support/pages/browser.mjs';
import { follow, handOver, headline, rewrite, timeline } from '../support/pages/following.mjs';
import { poll, startService } from '../support/service/service.mjs';
import { stateOf } from '../support/pages/pages.mjs';

const text = (page, selector) => page.textContent(selector);
const seen = (page) => page.locator('#timeline .waiting').allTextContents();

test('it moves by itself, from handed over to confirmed', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service,
        { label: 'Contoso', shown_label: 'Login for Contoso', ref: 'TICKET-7' });
    const { page } = await follow(t, made);
    const loads = [];
    page.on('framenavigated', () => loads.push(page.url()));

    await headline(page, 'Waiting to be opened');
    assert.match(await text(page, '#lead'), /valid until \d/);
    assert.match(await text(page, '#facts'), /Contoso.*Login for Contoso.*TICKET-7/s);
    assert.equal(await page.title(), 'Waiting to be opened – Handoff');
    assert.deepEqual(await seen(page), ['The recipient opens it', 'The recipient confirms']);
    await page.focus('#print');

    await recipient.claim();
    await headline(page, 'Being opened');
    assert.match(await text(page, '#next'), /change it/);
    await page.waitForSelector('#announce:has-text("New: Taken by somebody with the link")',
        { state: 'attached' });
    await recipient.opened();
    await headline(page, 'Opened, not confirmed yet');
    assert.equal(await page.isVisible('#revoke'), false);
    await recipient.receipt('confirmed', 'Ada, onboarding', 'signed in, works');
    await headline(page, 'Confirmed by Ada, onboarding');

    assert.match(await text(page, '#lead'), /nothing left for you to do/);
    assert.equal(await text(page, '#words'), 'signed in, works');
    assert.deepEqual((await timeline(page)).map((line) => line.replace(/,? valid until.*/, '')), [
        'Handed over', 'Taken by somebody with the link', 'Opened',
        'Destroyed at the service, because it was opened', 'Confirmed by Ada, onboarding']);
    const last = page.locator('#timeline li').last();
    assert.match(await last.textContent(), /Signed with this handover’s own key/);
    assert.match(await last.textContent(), /from 127\.0\.0\.1, with Firefox 132, Windows/);
    for (const box of ['#alarm', '#dishonest', '#revoke'])
        assert.equal(await page.isVisible(box), false, box);
    assert.equal(await page.title(), 'Confirmed – Handoff', 'the title names nobody');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'print', 'focus stays');
    assert.deepEqual(loads, []);
});

// Each state: how it comes about, what is said, and what the person is told to do.
const states = {
    available: { head: 'Waiting to be opened', says: /Nobody has opened it yet/ },
    claimed: {
        make: ({ recipient }) => recipient.claim(),
        head: 'Being opened',
        says: /took it on/,
    },
    delivered: {
        make: ({ recipient }) => recipient.take(),
        head: 'Opened, not confirmed yet',
        says: /ask by phone/,
    },
    confirmed: {
        async make({ recipient }) {
            await recipient.take();
            await recipient.receipt('confirmed', 'Ada, onboarding', 'signed in, works');
        },
        head: 'Confirmed by Ada, onboarding',
        says: /nothing left for you to do/,
    },
    'confirmed without a name': {
        async make({ recipient }) {
            await recipient.take();
            await recipient.receipt('confirmed');
        },
        head: 'Confirmed',
        says: /Confirmed, without a name/,
    },
    rejected: {
        async make({ recipient }) {
            await recipient.take();
            await recipient.receipt('rejected', 'Bob', 'The password\nis refused.');
        },
        head: 'Rejected by Bob',
        says: /The password\nis refused\.\s+Set a new password/,
    },
    revoked: {
        make: ({ recipient }) => recipient.revoke(),
        head: 'Revoked, never opened',
        says: /nobody can open it any more/,
    },
    'revoked after it was taken': {
        async make({ recipient }) {
            await recipient.claim();
            await recipient.revoke();
        },
        head: 'Revoked, but it had been taken',
        says: /Change the password now/,
    },
    expired: {
        own: { expires_in: 60 },
        make: ({ service }) => service.clock.advance(70),
        becomes: 'expired',
        head: 'Expired, never opened',
        says: /need not be changed/,
    },
    lapsed: {
        own: { lease: 60 },
        async make({ recipient, service }) {
            await recipient.claim();
            service.clock.advance(70);
        },
        becomes: 'lapsed',
        head: 'Taken, but never acknowledged',
        says: /Change the password now/,
    },
    'opened late': {
        own: { lease: 60 },
        async make({ recipient, service, made }) {
            await recipient.claim();
            service.clock.advance(70);
            await poll('the lapse', async () => await stateOf(service, made.id) === 'lapsed');
            await recipient.opened();
        },
        head: 'Opened, not confirmed yet',
        says: /Opened, acknowledged late/,
    },
};

for (const [name, one] of Object.entries(states))
    test(`${name}: what it means and what to do, in light and dark`, async (t) => {
        const service = await startService(t, { clock: true });
        const { made, recipient } = await handOver(t, service, one.own);
        await one.make?.({ service, made, recipient });
        if (one.becomes)
            await poll(name, async () => await stateOf(service, made.id) === one.becomes);
        const { page } = await follow(t, made);
        await headline(page, one.head);
        assert.match(await text(page, '[data-state="follow"]'), one.says);
        assert.doesNotMatch(await text(page, 'body'), /1970|undefined|\{\w+\}/);
        for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme });
            await axe(page, `${name} ${colorScheme}`);
        }
        await page.emulateMedia({ colorScheme: null });
        await screenshots(page, `follow-${name.replaceAll(' ', '-')}`);
    });

test('what is due is told as over before the service has written it down', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service, { expires_in: 3600 });
    const { context, page } = await openBrowser(t);
    await rewrite(context, /\/events\?/, (body) => body.replace('"available"', '"expired"'));
    await page.goto(made.follow);
    await headline(page, 'Expired, never opened');
    assert.doesNotMatch(await text(page, '#lead'), /1970/);
});

test('kinds and states of later versions are shown plainly', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { context, page } = await openBrowser(t);
    await rewrite(context, /events\?after=-1&/, (answer) => {
        const body = JSON.parse(answer);
        const { n, t: time, id } = JSON.parse(body.events[0].line);
        const line = JSON.stringify({ v: 1, n: n + 1, t: time, kind: 'handoff.forwarded', id,
            details: {} });
        body.events.push({ index: n + 1, line, details: {} });
        return JSON.stringify({ ...body, next: n + 1, state: 'forwarded' });
    });
    await rewrite(context, /events\?after=\d/,
        (answer) => JSON.stringify({ ...JSON.parse(answer), state: 'forwarded' }));
    await page.goto(made.follow);
    await headline(page, 'The service says: forwarded');
    assert.match((await timeline(page)).at(-1), /does not know yet: handoff\.forwarded/);
    assert.equal(await page.isVisible('#dishonest'), false);
});

test('in German, and from one language to the other while it is open', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service, { code: 'ABCD-EFGH', label: 'Contoso' });
    await recipient.wrongCode();
    await recipient.take();
    await recipient.receipt('confirmed', 'Ada', 'geht');
    const { page } = await follow(t, made, { locale: 'de-AT' });
    await headline(page, 'Bestätigt von Ada');
    assert.match(await text(page, '#alarm'), /kennt den Code nicht.*Fragen Sie den Empfänger/s);
    assert.match(await text(page, '#timeline'), /Übergeben mit einem Code, gültig bis/);
    assert.doesNotMatch(await page.innerText('main'), /\b(the|opened|with)\b/);
    await axe(page, 'German');
    await screenshots(page, 'follow-german');
    await page.click('#languages button');
    await headline(page, 'Confirmed by Ada');
    assert.match(await text(page, '#alarm'), /does not know the code.*Ask the recipient/s);
    assert.doesNotMatch(await page.innerText('main'), /\b(der|wurde|Empfänger|mit)\b/);
});

test('read in order by ear: the alarm, then what it is now, then what happened', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service, { code: 'ABCD-EFGH' });
    await recipient.wrongCode();
    const { page } = await follow(t, made);
    await headline(page, 'Waiting to be opened');
    const all = await tree(page);
    const order = ['heading: Somebody with the link does not know the code',
        'heading: What to do, in this order', 'button: Revoke …', 'heading: Waiting to be opened',
        'heading: What happened', 'button: Revoke …', 'heading: Evidence',
        'button: Download the evidence', 'button: Print the evidence'];
    assert.deepEqual(all.filter((line) => order.includes(line)), order);
    assert.ok((await nodes(page)).some(({ role }) => role === 'alert'), 'and told at once');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'headline');
});

test('320 px wide, with long words, and in forced colours: nothing sticks out', async (t) => {
    const service = await startService(t);
    const long = 'Contoso-Verwaltungsgesellschaft'.repeat(4);
    const { made, recipient } = await handOver(t, service,
        { code: 'ABCD-EFGH', label: long, shown_label: long });
    await recipient.wrongCode();
    await recipient.take();
    await recipient.receipt('rejected', long, long);
    const { page } = await follow(t, made, { viewport: { width: 320, height: 640 } });
    await headline(page, 'Rejected by');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    await page.emulateMedia({ forcedColors: 'active' });
    await axe(page, 'forced colours');
    await page.emulateMedia({ forcedColors: null });
});

test('who followed it is in no event, and nothing but the story is asked for', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page, requests } = await follow(t, made);
    await state(page, 'follow');
    const asked = requests.filter(({ url }) => url.includes('/v1/'));
    assert.ok(asked.every(({ method, url }) => method === 'GET' && url.includes('/events?')));
    assert.ok(requests.every(({ url }) => url.startsWith(service.url)), 'no third party');
    assert.ok(requests.every(({ url, body }) => !(url + body).includes(made.manage)));
    assert.equal((await timeline(page)).length, 1);
});
