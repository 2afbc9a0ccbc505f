// Goal: when somebody else may have the link, the sender learns it above all else, also after it
// was confirmed: how often, when, from where and with what, and what to do in which order. Each
// cause has its own words. What a service changes of its story is found out.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { axe, openBrowser, screenshots, state } from '../support/pages/browser.mjs';
import { alarmSays, follow, handOver, headline, iphone, party, rewrite, scanner, steps }
    from '../support/pages/following.mjs';
import { stateOf } from '../support/pages/pages.mjs';
import { poll, startService } from '../support/service/service.mjs';

const bothLooks = async (page, what) => {
    for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await axe(page, `${what} ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: null });
    await screenshots(page, `follow-${what}`);
};

// The alarm is the first thing in the story, whatever else is there.
const isOnTop = (page) => page.evaluate(() => {
    const boxes = [...document.querySelectorAll('[data-state="follow"] > *')]
        .filter((one) => one.checkVisibility());
    return boxes[0].id === 'alarm';
});

test('wrong codes while it waits come up by themselves: ask, then revoke, then anew', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service, { code: 'ABCD-EFGH' });
    const stranger = party(t, service, made, { agent: scanner, address: '127.0.0.9' });
    const { page } = await follow(t, made);
    await headline(page, 'Waiting to be opened');
    assert.equal(await page.isVisible('#alarm'), false);
    await stranger.wrongCode();
    await alarmSays(page, 'Somebody with the link does not know the code');
    await alarmSays(page, 'A wrong code was tried.');
    await recipient.wrongCode('WRNG-2222');
    await alarmSays(page, 'Wrong codes were tried 2 times');
    assert.ok(await isOnTop(page));
    assert.equal(await page.title(), 'Alarm – Handoff');
    const tries = await page.locator('#alarm .tries li').allTextContents();
    assert.equal(tries.length, 2);
    assert.match(tries[0], /\d\d:\d\d from 127\.0\.0\.9, with Mozilla.*LinkChecker\/10\.2/);
    assert.match(tries[1], /from 127\.0\.0\.1, with Firefox 132, Windows/);
    const [ask, revoke, anew, ...rest] = await steps(page);
    assert.match(ask, /^Ask the recipient by phone/);
    assert.match(revoke, /revoke it at once/);
    assert.match(anew, /^Then hand it over again: with a new link/);
    assert.deepEqual(rest, []);
    await bothLooks(page, 'wrong-codes');
    await page.click('#alarm-revoke');
    await state(page, 'revoke');
    await page.goBack();
    await recipient.take();
    await headline(page, 'Opened, not confirmed yet');
    assert.match((await steps(page))[1], /change the password now/);
    assert.equal(await page.isVisible('#alarm-revoke'), false);
});

test('many wrong codes are all counted; the newest are listed', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service, { code: 'ABCD-EFGH' });
    for (let i = 0; i < 7; i++)
        await party(t, service, made, { address: `127.0.0.${10 + i}` }).wrongCode();
    const { page } = await follow(t, made);
    await alarmSays(page, 'tried 7 times');
    const [first, ...tries] = await page.locator('#alarm .tries li').allTextContents();
    assert.match(first, /^3 earlier/);
    assert.deepEqual(tries.map((line) => /127\.0\.0\.\d+/.exec(line)[0]),
        ['127.0.0.13', '127.0.0.14', '127.0.0.15', '127.0.0.16']);
});

test('wrong codes before the right one: ask, and change it if that was not them', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service, { code: 'ABCD-EFGH' });
    await recipient.wrongCode();
    await recipient.take();
    await recipient.receipt('confirmed', 'Ada', 'works');
    const { page } = await follow(t, made);
    await headline(page, 'Confirmed by Ada');
    const [ask, change] = await steps(page);
    assert.match(ask, /^Ask the recipient/);
    assert.match(change, /If it was not, or you reach nobody, change the password now/);
    assert.doesNotMatch(await page.textContent('#lead'), /nothing left/);
});

test('a claim by another, while it is being opened: change, revoke, ask, anew', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    const late = party(t, service, made, { agent: iphone, address: '127.0.0.8' });
    const { page } = await follow(t, made);
    await recipient.claim();
    await headline(page, 'Being opened');
    assert.equal((await late.claim()).status, 410);
    await alarmSays(page, 'Somebody else has the link too');
    const [first, refused] = await page.locator('#alarm .tries li').allTextContents();
    assert.match(first, /taken from 127\.0\.0\.1, with Firefox 132, Windows/);
    assert.match(refused, /refused from 127\.0\.0\.8, with Safari 17, iPhone/);
    const [change, revoke, ask, anew] = await steps(page);
    assert.match(change, /^Change the password now/);
    assert.match(revoke, /^Revoke it: the service then destroys/);
    assert.match(ask, /^Ask the recipient by phone which of the tries/);
    assert.match(anew, /^Then hand it over again/);
    assert.ok(await page.isVisible('#alarm-revoke'));
    await bothLooks(page, 'refused');
});

test('a claim by another after it was confirmed comes up while the page is open', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    await recipient.take();
    await recipient.receipt('confirmed', 'Ada', 'works');
    const { page } = await openBrowser(t);
    await page.clock.install();
    await page.goto(made.follow);
    await headline(page, 'Confirmed by Ada');
    assert.match(await page.textContent('#lead'), /nothing left/);
    await party(t, service, made, { address: '127.0.0.8' }).claim();
    await page.clock.fastForward(25000);
    await alarmSays(page, 'Somebody else has the link too');
    const [change, ask, anew, ...rest] = await steps(page);
    assert.match(change, /^Change the password now/);
    assert.match(ask, /^Ask the recipient/);
    assert.match(anew, /^Then hand it over/);
    assert.deepEqual(rest, [], 'there is nothing left to revoke');
    assert.doesNotMatch(await page.textContent('#lead'), /nothing left/);
    assert.ok(await isOnTop(page));
    await bothLooks(page, 'refused-after-confirmed');
});

test('the party that took it asks again too late: told, and no alarm', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    await recipient.take();
    assert.equal((await recipient.claim()).status, 410);
    const { page } = await follow(t, made);
    await page.waitForSelector('#timeline :text("by the party that had taken it")');
    assert.equal(await page.isVisible('#alarm'), false);
});

test('an answer by who is not shown to have opened it: calm words, and ask', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    await recipient.take();
    await party(t, service, made, { agent: iphone, address: '127.0.0.8' })
        .receipt('confirmed', 'Ada', 'works', { shown: false });
    const { page } = await follow(t, made);
    await headline(page, 'Confirmed by Ada');
    await alarmSays(page, 'The answer may not be from whoever opened it');
    assert.match((await steps(page))[0], /whether the answer is theirs/);
    assert.equal(await page.title(), 'Confirmed – Handoff', 'it is no alarm to run for');
    assert.match(await page.textContent('#timeline'), /Not shown to be the one who opened it/);
    await bothLooks(page, 'stranger');
});

test('a receipt of the party that opened it outranks one of another; both are seen', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service);
    await recipient.take();
    await recipient.receipt('rejected', 'Ada', 'does not work');
    await party(t, service, made).receipt('confirmed', 'Mallory', 'all fine', { shown: false });
    const { page } = await follow(t, made);
    await headline(page, 'Rejected by Ada');
    assert.match(await page.textContent('#timeline'), /Confirmed by Mallory/);
    await alarmSays(page, 'The answer may not be from');
});

test('who comes when it has expired or was revoked got nothing: just that is said', async (t) => {
    const service = await startService(t, { clock: true });
    const [gone, late] = [await handOver(t, service),
        await handOver(t, service, { expires_in: 60 })];
    await gone.recipient.revoke();
    service.clock.advance(70);
    await poll('the expiry', async () => await stateOf(service, late.made.id) === 'expired');
    for (const [one, words] of [[gone, 'it had been revoked'], [late, 'it had expired']]) {
        const { made, recipient } = one;
        assert.equal((await recipient.claim()).status, 410);
        const { page } = await follow(t, made);
        await alarmSays(page, 'They got nothing: nobody has seen the password');
        await page.waitForSelector(`#timeline :text("Refused: ${words}")`);
        assert.match((await steps(page)).join(), /^Ask.*If it is still needed, hand it over again/);
        assert.doesNotMatch(await page.textContent('#alarm'), /Change the password/);
        await bothLooks(page, `late-${await stateOf(service, made.id)}`);
    }
});

// ---- a service that lies ----

async function lied(t, made, change) {
    const person = await openBrowser(t);
    await rewrite(person.context, /\/events\?/, (answer) => {
        const body = JSON.parse(answer);
        change(body);
        return JSON.stringify(body);
    });
    await person.page.goto(made.follow);
    await state(person.page, 'follow');
    return person.page;
}

const find = ({ events }, kind) => events.find(({ line }) => line.includes(`"${kind}"`));
const alter = (event, from, to) => {
    event.line = event.line.replace(from, to);
};

const lies = {
    'another label than it had committed to': (body) => {
        find(body, 'handoff.created').details.label.value = 'Fabrikam';
    },
    'a detail that it never committed to': (body) => {
        find(body, 'handoff.opened').details.note = { salt: 'A'.repeat(43), value: 'x' };
    },
    'other words of a receipt': (body) => {
        const { details } = find(body, 'receipt.confirmed').details;
        details.value = details.value.replace('works', 'fails');
    },
    'a receipt of another time than was signed': (body) =>
        alter(find(body, 'receipt.confirmed'), /"at":\d+/, '"at":1700000000'),
    'an opening by a made-up token': (body) =>
        alter(find(body, 'handoff.opened'), /"opened_token":"[\w-]{43}"/,
            `"opened_token":"${'A'.repeat(43)}"`),
    'an event of another handover': (body) =>
        alter(find(body, 'claim.accepted'), /"id":"[^"]*"/,
            '"id":"01a2076b-447b-7ee9-a3f5-27f5747fbd6b"'),
    'a line that is no event': (body) => {
        find(body, 'claim.accepted').line = '{"kind":';
    },
    'a story out of order': (body) => {
        body.events.splice(1, 2, body.events[2], body.events[1]);
    },
};

for (const [what, lie] of Object.entries(lies))
    test(`a service that shows ${what} is found out`, async (t) => {
        const service = await startService(t);
        const { made, recipient } = await handOver(t, service, { label: 'Contoso' });
        await recipient.take();
        await recipient.receipt('confirmed', 'Ada', 'works');
        const page = await lied(t, made, (body) => {
            if (body.events.length > 0)
                lie(body);
        });
        await page.waitForSelector('#dishonest:visible');
        assert.match(await page.textContent('#dishonest'), /contradicts itself/);
        assert.ok(await page.locator('#timeline .alarm').count() > 0, 'and where, is marked');
        assert.doesNotMatch(await page.textContent('#facts'), /Fabrikam/);
        assert.doesNotMatch(await page.textContent('#lead'), /nothing left/);
        assert.equal(await page.title(), 'Alarm – Handoff');
    });

test('a creation that is not the one this device kept is found out', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service, { label: 'Contoso' });
    const [kept] = (await (await fetch(`${service.url}/v1/handoffs/${made.id}/events`,
        { headers: { Authorization: `Bearer ${made.manage}` } })).json()).events;
    const lookAs = async (line) => {
        const { page } = await openBrowser(t);
        await page.goto(`${service.url}/`);
        await page.evaluate(([name, value]) => localStorage.setItem(name, value), [
            `handoff:sent:${made.id}`,
            JSON.stringify({ manage: made.manage, at: 0, events: [{ index: kept.index, line }] })]);
        await page.goto(made.follow.split('#')[0]);
        await state(page, 'follow');
        return page;
    };
    assert.equal(await (await lookAs(kept.line)).isVisible('#dishonest'), false);
    const other = await lookAs(kept.line.replace(/"t":\d+/, '"t":1700000000'));
    assert.equal(await other.isVisible('#dishonest'), true);
    await bothLooks(other, 'dishonest');
});

test('an honest story is never called a lie', async (t) => {
    const service = await startService(t);
    const { made, recipient } = await handOver(t, service,
        { code: 'ABCD-EFGH', label: 'Übergabe – 試験 🔑', shown_label: '"quoted" \\ </script>' });
    const { page } = await follow(t, made);
    await recipient.wrongCode();
    await recipient.take();
    await recipient.receipt('rejected', 'Jürgen "J" Ω', 'line one\nline two\t– 試験 🔑');
    await headline(page, 'Rejected by Jürgen');
    await recipient.receipt('confirmed');
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await headline(page, 'Confirmed');
    await page.waitForSelector('#timeline li:last-of-type .more:text("Signed with")');
    assert.equal(await page.isVisible('#dishonest'), false);
    await page.reload();
    await headline(page, 'Confirmed');
    assert.equal(await page.isVisible('#dishonest'), false);
    assert.match(await page.textContent('#facts'), /Übergabe – 試験 🔑.*"quoted" \\ <\/script>/s);
});
