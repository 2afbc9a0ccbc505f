// Goal: what was handed over by the command line arrives at a person with a browser, whatever it is
// and however it is opened (mouse, finger, keyboard, the word, with and without a code), and the
// sender learns of the answer. Nothing less than the deliberate act opens anything.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { checkReceiptFile } from '../../api/web/protocol/receipt-file.mjs';
import { ready as librariesReady } from '../../api/web/protocol/sodium.mjs';
import { clipboard, downloaded, hold, openBrowser, phone, shownState, state, tree }
    from '../support/pages/browser.mjs';
import { Person, idOf } from '../support/service/cli.mjs';
import { eventsOf, kindsOf, login, makeHandoff, stateOf } from '../support/pages/pages.mjs';
import { ready } from '../support/protocol/protocol.mjs';
import { answer, arriveAt, byFinger, byHold, byWord, changes, isOpened, openLink, refusedBrowser,
    says, valuesOn } from '../support/pages/redeeming.mjs';
import { poll, startService } from '../support/service/service.mjs';

const endings = [];
let service;

before(async () => {
    await ready;
    await librariesReady;
    service = await startService({ after: (end) => endings.push(end) });
});

after(async () => {
    for (const end of endings.reverse())
        await end();
});

// ---- command line to page ----

async function send(t, sender, args, stdin) {
    const { out, err, status } = await sender.run(['send', ...args, '--json'], { stdin });
    assert.equal(status, 0, err);
    return JSON.parse(out);
}

const key = '-----BEGIN KEY-----\n  two  spaces, äöü 漢字, <b>&amp;</b>\n-----END KEY-----\n';
const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7) % 256));

const kinds = {
    credential: {
        args: ['--username', 'u@x', '--url', 'https://portal.example/', '--note', 'a\nb'],
        stdin: 'S3cret!"\\ü\n',
        async check(page) {
            assert.deepEqual(await valuesOn(page), {
                'User name': 'u@x',
                Password: 'S3cret!"\\ü',
                Address: 'https://portal.example/',
                Note: 'a\nb',
            });
            const link = page.locator('#handed a');
            assert.equal(await link.getAttribute('href'), 'https://portal.example/');
            assert.match(await link.getAttribute('rel'), /noreferrer/);
        },
    },
    text: {
        args: ['--text'],
        stdin: key,
        async check(page) {
            await page.click('#handed button');
            assert.equal(await clipboard(page), key);
            assert.equal((await valuesOn(page)).Text, key);
        },
    },
    file: {
        args: (sender) => ['--file', sender.file('vpn config.bin', bytes)],
        async check(page) {
            const saved = await downloaded(page, () => page.click('#handed button'));
            assert.equal(saved.name, 'vpn config.bin');
            assert.deepEqual(saved.bytes, bytes);
        },
    },
};

const acts = { hold: byHold, finger: byFinger, word: byWord };

for (const [i, [kind, { args, stdin, check }]] of Object.entries(kinds).entries())
    for (const withCode of [false, true]) {
        const act = Object.keys(acts)[(i + withCode) % 3];
        test(`${kind}, ${withCode ? 'with' : 'without'} a code, by ${act}`, async (t) => {
            const sender = new Person(t, service.url);
            const own = typeof args === 'function' ? args(sender) : args;
            const sent = await send(t, sender, [...own, ...(withCode ? ['--code'] : [])], stdin);
            const { page } = await openBrowser(t, { touch: act === 'finger', viewport: phone });
            const code = withCode ? ` ${sent.code.toLowerCase().replace('-', ' ')} ` : undefined;
            await openLink(page, sent.link, { code, act: acts[act] });
            await check(page);
            assert.equal(await stateOf(service, idOf(sent.link)), 'delivered');
        });
    }

// ---- the answer ----

test('confirms, shows what was said, saves evidence that holds, and remembers', async (t) => {
    const sender = new Person(t, service.url);
    const { link } = await send(t, sender, ['--username', 'u'], 'pw');
    const { page, context } = await openBrowser(t);
    await openLink(page, link);
    await answer(page, 'confirmed', { note: 'signed in' });
    await page.waitForSelector('#receipt-result:visible');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'receipt-said');
    assert.equal((await valuesOn(page)).Password, 'pw', 'what was handed over stays on the screen');
    const { out } = await sender.run(['status', link]);
    assert.match(out, /confirmed/i);
    assert.match(out, /Ada, onboarding/);
    assert.match(out, /signed in/);

    const saved = await downloaded(page, () => page.click('#evidence'));
    assert.equal(saved.name, `handoff-receipt-${idOf(link).slice(0, 8)}.json`);
    const bundle = JSON.parse(saved.text);
    checkReceiptFile(bundle);
    assert.deepEqual(bundle.events.map(({ line }) => JSON.parse(line).kind),
        ['handoff.opened', 'receipt.confirmed']);

    await page.click('#clear');
    await state(page, 'mine');
    assert.equal(await page.locator('#handed').innerText(), '');
    const later = await context.newPage();
    await page.close();
    await arriveAt(later, link, 'mine');
    assert.match(await later.innerText('#receipt-result'), /Ada, onboarding[^]*signed in/);
    const again = await downloaded(later, () => later.click('#evidence'));
    checkReceiptFile(JSON.parse(again.text));
});

test('confirms later, from the same link, without the code', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
    const { page } = await openBrowser(t);
    await openLink(page, handoff.link, { code: 'abcdefgh' });
    await page.goto('about:blank');
    await arriveAt(page, handoff.link, 'mine');
    await answer(page, 'rejected', {});
    await says(page, '#note-error', /what is wrong/);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'note');
    await answer(page, 'rejected', { note: 'the password is refused' });
    await page.waitForSelector('#receipt-result:visible');
    assert.equal(await stateOf(service, handoff.id), 'rejected');
    await page.click('#change');
    await answer(page, 'confirmed', { note: 'it was my keyboard' });
    await page.waitForSelector('#receipt-result:visible');
    assert.equal(await stateOf(service, handoff.id), 'confirmed');
    const events = await eventsOf(service, handoff);
    const receipts = events.filter(({ line }) => line.kind.startsWith('receipt.'));
    assert.deepEqual(receipts.map(({ line }) => line.claimant), [true, true]);
    const saved = await downloaded(page, () => page.click('#evidence'));
    checkReceiptFile(JSON.parse(saved.text));
    assert.equal(JSON.parse(saved.text).receipts.length, 2);
});

test('name and note have limits, and the name is remembered', async (t) => {
    const [first, second] = [await makeHandoff(service), await makeHandoff(service)];
    const { page, ...person } = await openBrowser(t);
    await openLink(page, first.link);
    await answer(page, 'confirmed', { by: '' });
    await says(page, '#by-error', /who you are/);
    await answer(page, 'confirmed', { by: 'ü'.repeat(101) });
    await says(page, '#by-error', /too long/);
    await answer(page, 'confirmed', { note: 'x'.repeat(1001) });
    await says(page, '#note-error', /too long/);
    assert.ok(!changes(person).includes('POST receipts'));
    await answer(page, 'confirmed', { by: 'ü'.repeat(100), note: 'x'.repeat(1000) });
    await page.waitForSelector('#receipt-result:visible');
    await openLink(page, second.link);
    assert.equal(await page.inputValue('#by'), 'ü'.repeat(100));
    await page.click('#confirm');
    await page.waitForSelector('#receipt-result:visible');
});

test('who opened it on another device confirms with link and code', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
    const there = await openBrowser(t);
    await openLink(there.page, handoff.link, { code: 'ABCDEFGH' });
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link, 'gone');
    await page.click('#gone-confirm summary');
    await answer(page, 'confirmed');
    await says(page, '#gone-code-error', /at least 6/);
    await page.fill('#gone-code', 'wrong code');
    await page.click('#confirm');
    await says(page, '#receipt-error', /do not fit/);
    await page.fill('#gone-code', 'abcd efgh');
    await page.click('#confirm');
    await page.waitForSelector('#receipt-result:visible');
    const [event] = (await eventsOf(service, handoff)).slice(-1);
    assert.deepEqual([event.line.kind, event.line.claimant], ['receipt.confirmed', false]);
    const saved = await downloaded(page, () => page.click('#evidence'));
    checkReceiptFile(JSON.parse(saved.text));
});

// ---- the deliberate act ----

test('a short press, clicks, made-up events and submitted forms do nothing', async (t) => {
    const handoff = await makeHandoff(service);
    const person = await openBrowser(t);
    const { page } = person;
    await arriveAt(page, handoff.link);
    await hold(page, '#hold', 200);
    await says(page, '#hold-hint', /Keep it pressed/);
    await page.click('#hold');
    await page.dblclick('#hold');
    await page.press('#hold', 'Enter');
    await page.evaluate(async () => {
        const button = document.getElementById('hold');
        const word = document.getElementById('word');
        const options = { bubbles: true, isPrimary: true, button: 0, pointerId: 1 };
        button.dispatchEvent(new PointerEvent('pointerdown', options));
        button.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }));
        word.value = document.getElementById('word-shown').textContent;
        for (const name of ['input', 'change'])
            word.dispatchEvent(new Event(name, { bubbles: true }));
        word.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
        for (const element of document.querySelectorAll('button, a, summary, input'))
            if (element.offsetParent !== null)
                element.click();
        for (const form of document.forms)
            form.requestSubmit();
        // Longer than the button is to be held.
        await new Promise((resolve) => setTimeout(resolve, 1500));
    });
    assert.equal(await shownState(page), 'ready');
    // Also what is hidden now: some of that loads the page anew.
    await page.evaluate(() => {
        for (const button of document.querySelectorAll('main button'))
            button.click();
    }).catch(() => {});
    const next = await person.tab();
    await arriveAt(next, handoff.link);
    assert.deepEqual(changes(person), []);
    assert.deepEqual(await kindsOf(service, handoff), ['handoff.created']);
    await byHold(next); // the control: the same page opens for a person
    await isOpened(next);
});

test('a wrong word does nothing', async (t) => {
    const handoff = await makeHandoff(service);
    const person = await openBrowser(t);
    const { page } = person;
    await arriveAt(page, handoff.link);
    await page.locator('#word').pressSequentially('nonsense');
    await page.press('#word', 'Enter');
    assert.ok(await page.isDisabled('#word-open'));
    assert.deepEqual(changes(person), []);
    assert.equal(await shownState(page), 'ready');
});

// Tabs until this element has the focus.
async function tabTo(page, id) {
    for (let i = 0; i < 40; i++) {
        if (await page.evaluate(() => document.activeElement.id) === id)
            return;
        await page.keyboard.press('Tab');
    }
    assert.fail(`the keyboard does not come to ${id}`);
}

test('by keyboard alone: code, word, copy, receipt', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
    const { page } = await openBrowser(t);
    await arriveAt(page, handoff.link);
    await tabTo(page, 'code');
    await page.keyboard.type('abcd-efgh');
    await tabTo(page, 'word');
    await page.keyboard.type(await page.textContent('#word-shown'));
    await tabTo(page, 'word-open');
    await page.keyboard.press('Enter');
    await isOpened(page);
    const focused = await page.evaluate(() => document.activeElement.textContent);
    assert.equal(focused, 'Here are the sign-in details', 'the focus went to the heading');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await clipboard(page), login.username);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await says(page, '#handed', new RegExp(login.password.replace(/[^\w]/g, '.')));
    await tabTo(page, 'by');
    await page.keyboard.type('Grace');
    await tabTo(page, 'confirm');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#receipt-result:visible');
    assert.equal(await stateOf(service, handoff.id), 'confirmed');
});

test('holding the space bar opens it too', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await openBrowser(t);
    await arriveAt(page, handoff.link);
    await page.focus('#hold');
    await page.keyboard.down('Space');
    await isOpened(page);
    await page.keyboard.up('Space');
});

test('a screen reader finds what it needs, in order', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH', shown_label: 'Contoso admin' });
    const { page } = await openBrowser(t);
    await arriveAt(page, handoff.link);
    const word = await page.textContent('#word-shown');
    const inOrder = (nodes, wanted) => {
        let at = -1;
        for (const one of wanted) {
            at = nodes.findIndex((node, i) => i > at && one.test(node));
            assert.ok(at >= 0, `${one} in its place:\n${nodes.join('\n')}`);
        }
    };
    inOrder(await tree(page), [
        /^heading: Something was handed over to you/,
        /Contoso admin/,
        /^textbox: Access code/,
        /^button: Hold to open/,
        new RegExp(`^textbox: Type this word: ${word}`),
        /^button: Open/,
        /What happens then/,
    ]);
    await page.fill('#code', 'ABCDEFGH');
    await byWord(page);
    await isOpened(page);
    const nodes = await tree(page);
    inOrder(nodes, [
        /^heading: Here are the sign-in details/,
        /^group: User name/,
        /practiceprotect@/,
        /^button: Copy/,
        /^group: Password/,
        /^(image|img): hidden/,
        /^button: Show/,
        /^group: Address/,
        /destroyed its copy/,
        /^heading: Does it work\?/,
        /^textbox: Your name/,
        /^textbox: Note to the sender/,
        /^button: It works: confirm receipt/,
        /^button: Something is wrong: reject/,
    ]);
    assert.ok(!nodes.join().includes(login.password), 'what is masked is read to nobody');
});

// ---- the code ----

test('a code that is too short is not sent, a wrong one leaves tries, then locks', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
    const person = await refusedBrowser(t);
    const { page } = person;
    await arriveAt(page, handoff.link);
    await page.fill('#code', 'a b-c');
    await byHold(page);
    await says(page, '#code-error', /at least 6/);
    assert.deepEqual(changes(person), []);
    for (let left = 4; left >= 0; left--) {
        await page.fill('#code', `wrong-${left}`);
        await byHold(page);
        await says(page, '#code-error', new RegExp(`${left} (try is|tries are) left`));
        await state(page, 'ready');
        const field = await page.evaluate(() => {
            const { activeElement: { id, value, selectionStart, selectionEnd } } = document;
            return [id, value, selectionEnd - selectionStart];
        });
        assert.deepEqual(field, ['code', `wrong-${left}`, 7], 'kept, marked, in focus');
    }
    await page.fill('#code', 'abcd-efgh');
    await byHold(page);
    await state(page, 'locked');
    assert.match(await page.innerText('#locked-until'), /\d:\d\d/);
    await page.click('#locked-again');
    await state(page, 'ready');
    assert.equal(await page.inputValue('#code'), 'abcd-efgh', 'nothing that was typed is lost');
    assert.equal(await stateOf(service, handoff.id), 'available');
});

test('the right code after a wrong one opens it', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    await page.fill('#code', 'WRONGCODE');
    await byWord(page);
    await says(page, '#code-error', /4 tries/);
    await page.reload();
    await state(page, 'ready');
    await page.fill('#code', 'ABCDEFGH');
    await byWord(page);
    await isOpened(page);
});

// ---- German ----

test('everything is there in German', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
    const { page } = await openBrowser(t, { locale: 'de-DE' });
    const english = JSON.parse(readFileSync(new URL('../../api/web/strings/en/redeem.json',
        import.meta.url), 'utf8'));
    const german = JSON.parse(readFileSync(new URL('../../api/web/strings/de/redeem.json',
        import.meta.url), 'utf8'));
    const telling = Object.keys(english).filter((name) => english[name] !== german[name]
        && typeof english[name] === 'string' && /^[^{]{12,}$/.test(english[name]));
    assert.ok(telling.length > 80);
    await arriveAt(page, handoff.link);
    assert.equal(await page.getAttribute('html', 'lang'), 'de');
    await page.fill('#code', 'ABCDEFGH');
    await byHold(page);
    await isOpened(page);
    await answer(page, 'confirmed');
    await page.waitForSelector('#receipt-result:visible');
    const words = await page.evaluate(() => document.querySelector('main').textContent);
    assert.deepEqual(telling.filter((name) => words.includes(english[name])), []);
    assert.ok(words.includes(german['redeem.said.confirmed']));
});

test('the language can be changed while the credential is shown', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await openBrowser(t);
    await openLink(page, handoff.link);
    await page.fill('#by', 'Ada');
    await page.click('#languages button');
    await poll('German', async () => await page.getAttribute('html', 'lang') === 'de');
    assert.match(await page.innerText('h1:visible'), /Zugangsdaten/);
    assert.equal((await valuesOn(page)).Passwort, login.password);
    assert.equal(await page.inputValue('#by'), 'Ada');
});
