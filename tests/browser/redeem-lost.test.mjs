// Goal: whatever is lost on the way, the person gets what was handed over and the sender gets one
// true story: replies that break off at each step, reloads and the back button at each step, two
// tabs at once, a service that is away. No repeat raises an alarm.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { checkReceiptFile } from '../../api/web/protocol/receipt-file.mjs';
import { ready as librariesReady } from '../../api/web/protocol/sodium.mjs';
import { downloaded, shownState, state } from '../support/pages/browser.mjs';
import { kindsOf, login, makeHandoff, proxied, redeemByHttp, stateOf } from '../support/pages/pages.mjs';
import { ready } from '../support/protocol/protocol.mjs';
import { answer, arriveAt, byHold, byWord, isOpened, openLink, refusedBrowser, says, valuesOn }
    from '../support/pages/redeeming.mjs';
import { poll, startService } from '../support/service/service.mjs';

const endings = [];
let service;

before(async () => {
    await ready;
    await librariesReady;
    service = await startService({ after: (end) => endings.push(end) }, { clock: true });
});

after(async () => {
    for (const end of endings.reverse())
        await end();
});

const opened = ['handoff.created', 'claim.accepted', 'handoff.opened', 'handoff.burned'];
const confirmed = [...opened, 'receipt.confirmed'];

async function handoffBehindProxy(t, own = {}) {
    const proxy = await proxied(t, service);
    return { proxy, handoff: await makeHandoff(service, own, proxy.url) };
}

const waitForCut = (proxy) => poll('the proxy cuts', () => proxy.cuts > 0);

// ---- replies that are lost ----

const calls = {
    claim: /^POST .*\/claim/,
    opened: /^POST .*\/opened/,
    receipt: /^POST .*\/receipts/,
};
const points = ['before the request', 'in the body of the request', 'before the reply',
    'in the body of the reply'];

for (const [call, pattern] of Object.entries(calls))
    for (const point of points)
        test(`${call} cut off ${point}, twice`, async (t) => {
            const { proxy, handoff } = await handoffBehindProxy(t);
            const { page } = await refusedBrowser(t);
            await arriveAt(page, handoff.link);
            proxy.break(pattern, point, 2);
            await byHold(page);
            await isOpened(page);
            assert.equal((await valuesOn(page)).Password, login.password);
            await answer(page, 'confirmed');
            await page.waitForSelector('#receipt-result:visible');
            assert.equal(proxy.cuts, 2);
            assert.ok(await page.isHidden('#trouble'));
            assert.deepEqual(await kindsOf(service, handoff), confirmed);
            const saved = await downloaded(page, () => page.click('#evidence'));
            checkReceiptFile(JSON.parse(saved.text));
        });

test('while the service is not told, the page says so, and then that it is', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t);
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    proxy.break(calls.opened, 'before the request');
    await byHold(page);
    await state(page, 'shown');
    await waitForCut(proxy);
    await page.waitForSelector('#trouble:visible');
    assert.match(await page.innerText('#burned'), /is being told/);
    assert.equal((await valuesOn(page)).Password, login.password);
    assert.ok(await page.isHidden('#receipt-form'));
    await page.click('#clear');
    await state(page, 'mine');
    assert.match(await page.innerText('#burned'), /is being told/);
    proxy.heal();
    await page.waitForSelector('#receipt-form:visible', { timeout: 30000 });
    assert.match(await page.innerText('#burned'), /has destroyed its copy/);
    assert.equal(await stateOf(service, handoff.id), 'delivered');
});

test('the service is away while it is opened, and comes back', async (t) => {
    const handoff = await makeHandoff(service, { code: 'ABCD-EFGH' });
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    await service.stop();
    await page.fill('#code', 'ABCDEFGH');
    await byHold(page);
    await page.waitForSelector('#trouble:visible');
    await service.start();
    await isOpened(page);
    assert.deepEqual(await kindsOf(service, handoff), opened);
});

// ---- reloads and the back button ----

for (const code of [undefined, 'ABCD-EFGH']) {
    const how = code ? 'with a code' : 'without a code';

    test(`a reload before it is opened, ${how}`, async (t) => {
        const handoff = await makeHandoff(service, { code });
        const { page } = await refusedBrowser(t);
        await arriveAt(page, handoff.link);
        await page.reload();
        await state(page, 'ready');
        await page.goto('about:blank');
        await page.goBack();
        await state(page, 'ready');
        if (code)
            await page.fill('#code', code);
        await byHold(page);
        await isOpened(page);
        assert.deepEqual(await kindsOf(service, handoff), opened);
    });

    for (const point of ['before the request', 'before the reply'])
        test(`a reload after a claim that was cut off ${point}, ${how}`, async (t) => {
            const { proxy, handoff } = await handoffBehindProxy(t, { code });
            const { page } = await refusedBrowser(t);
            await arriveAt(page, handoff.link);
            proxy.break(calls.claim, point);
            if (code)
                await page.fill('#code', code);
            await byHold(page);
            await waitForCut(proxy);
            await page.reload();
            proxy.heal();
            await isOpened(page);
            assert.equal((await valuesOn(page)).Password, login.password);
            assert.deepEqual(await kindsOf(service, handoff), opened);
        });

    test(`a reload, and back, while it is shown and the service not told, ${how}`, async (t) => {
        const { proxy, handoff } = await handoffBehindProxy(t, { code });
        const { page } = await refusedBrowser(t);
        await arriveAt(page, handoff.link);
        proxy.break(calls.opened, 'before the request');
        if (code)
            await page.fill('#code', code);
        await byHold(page);
        await state(page, 'shown');
        await waitForCut(proxy);
        await page.reload();
        await state(page, 'shown');
        assert.equal((await valuesOn(page)).Password, login.password);
        await page.goto('about:blank');
        await page.goBack();
        await state(page, 'shown');
        assert.equal((await valuesOn(page)).Password, login.password);
        proxy.heal();
        await page.waitForSelector('#receipt-form:visible', { timeout: 30000 });
        assert.deepEqual(await kindsOf(service, handoff), opened);
    });
}

test('a reload, and back, after it was shown: nothing of it is left, the answer is', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await refusedBrowser(t);
    await openLink(page, handoff.link);
    await page.reload();
    await state(page, 'mine');
    assert.ok(!(await page.content()).includes(login.username));
    await page.goto('about:blank');
    await page.goBack();
    await state(page, 'mine');
    await answer(page, 'confirmed');
    await page.waitForSelector('#receipt-result:visible');
    await page.reload();
    await state(page, 'mine');
    await page.waitForSelector('#receipt-result:visible');
    assert.deepEqual(await kindsOf(service, handoff), confirmed);
});

test('back from elsewhere, while it was shown, shows nothing of it', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await refusedBrowser(t);
    await openLink(page, handoff.link);
    await page.goto(`${service.url}/livez`);
    await page.goBack();
    await state(page, 'mine');
    assert.ok(!(await page.content()).includes(login.username));
});

test('a reload after a receipt whose reply was lost sends the same again', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t);
    const { page } = await refusedBrowser(t);
    await openLink(page, handoff.link);
    proxy.break(calls.receipt, 'before the reply');
    await answer(page, 'confirmed', { note: 'works' });
    await waitForCut(proxy);
    await page.reload();
    proxy.heal();
    await state(page, 'mine');
    await page.waitForSelector('#receipt-result:visible');
    assert.match(await page.innerText('#receipt-result'), /works/);
    assert.deepEqual(await kindsOf(service, handoff), confirmed);
    const saved = await downloaded(page, () => page.click('#evidence'));
    checkReceiptFile(JSON.parse(saved.text));
});

test('leaving asks back while it was neither shown nor copied', async (t) => {
    const handoff = await makeHandoff(service);
    const person = await refusedBrowser(t);
    const { page } = person;
    const asked = [];
    page.on('dialog', (dialog) => asked.push(dialog.type()));
    await openLink(page, handoff.link);
    await page.reload();
    await state(page, 'mine');
    assert.deepEqual(asked, ['beforeunload']);
    const other = await makeHandoff(service);
    await openLink(page, other.link);
    await page.locator('#handed button').nth(1).click();
    await page.reload();
    await state(page, 'mine');
    assert.deepEqual(asked, ['beforeunload']);
});

// ---- burned when it is handed out ----

test('burn on-claim: it is shown, and after a reload it says that it is gone', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t, { burn: 'on-claim' });
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    proxy.break(calls.opened, 'before the request');
    await byHold(page);
    await state(page, 'shown');
    assert.equal((await valuesOn(page)).Password, login.password);
    await waitForCut(proxy);
    await page.reload();
    proxy.heal();
    await state(page, 'mine');
    await page.waitForSelector('#receipt-form:visible');
    assert.equal(await stateOf(service, handoff.id), 'delivered', 'the service was told after all');
});

test('burn on-claim, and its only answer is lost', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t, { burn: 'on-claim' });
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    proxy.break(calls.claim, 'before the reply', 1);
    await byHold(page);
    await state(page, 'unshown');
    assert.match(await page.innerText('[data-state=unshown]'), /times agree[^]*nobody else/);
    await page.reload();
    await state(page, 'unshown');
});

test('the lease ends before the answer arrives', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t, { lease: 60 });
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    proxy.break(calls.claim, 'before the reply');
    await byHold(page);
    await poll('the claim', async () => await stateOf(service, handoff.id) === 'claimed');
    service.clock.advance(61);
    proxy.heal();
    await state(page, 'unshown');
    assert.equal(await stateOf(service, handoff.id), 'lapsed');
});

test('the lease ends before the service is told: it is told late', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t, { lease: 60 });
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    proxy.break(calls.opened, 'before the request');
    await byHold(page);
    await state(page, 'shown');
    await waitForCut(proxy);
    service.clock.advance(61);
    await page.reload();
    proxy.heal();
    await state(page, 'mine');
    await page.waitForSelector('#receipt-form:visible');
    assert.equal(await stateOf(service, handoff.id), 'delivered');
});

// ---- two at once ----

test('a second tab while it is shown in the first', async (t) => {
    const handoff = await makeHandoff(service);
    const { page, context } = await refusedBrowser(t);
    await openLink(page, handoff.link);
    const second = await context.newPage();
    await arriveAt(second, handoff.link, 'elsewhere');
    await page.click('#clear');
    await second.click('#look-again');
    await state(second, 'mine');
    assert.deepEqual(await kindsOf(service, handoff), opened);
});

test('two tabs are ready, one opens it', async (t) => {
    const handoff = await makeHandoff(service);
    const { page, context } = await refusedBrowser(t);
    const second = await context.newPage();
    await arriveAt(page, handoff.link);
    await arriveAt(second, handoff.link);
    await page.bringToFront();
    await byHold(page);
    await isOpened(page);
    await state(second, 'elsewhere');
    assert.deepEqual(await kindsOf(service, handoff), opened);
});

test('a second tab goes on where the first was closed after its claim', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t);
    const { page, context } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    proxy.break(calls.claim, 'before the reply');
    await byHold(page);
    await waitForCut(proxy);
    const second = await context.newPage();
    await page.close();
    proxy.heal();
    await arriveAt(second, handoff.link, 'shown');
    await isOpened(second);
    assert.deepEqual(await kindsOf(service, handoff), opened);
});

test('the same with a code asks for the code again', async (t) => {
    const { proxy, handoff } = await handoffBehindProxy(t, { code: 'ABCD-EFGH' });
    const { page, context } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    proxy.break(calls.claim, 'before the reply');
    await page.fill('#code', 'ABCDEFGH');
    await byHold(page);
    await waitForCut(proxy);
    const second = await context.newPage();
    await page.close();
    proxy.heal();
    await arriveAt(second, handoff.link);
    assert.match(await second.innerText('#ready-again'), /this browser alone/);
    await second.fill('#code', 'WRONGCODE');
    await byWord(second);
    await says(second, '#code-error', /4 tries/);
    await second.fill('#code', 'ABCDEFGH');
    await byWord(second);
    await isOpened(second);
    assert.deepEqual((await kindsOf(service, handoff)).filter((kind) => /refused/.test(kind)), []);
});

test('without a channel between tabs, two tabs are one claimant', async (t) => {
    const handoff = await makeHandoff(service);
    const { page, context } = await refusedBrowser(t);
    await context.addInitScript(() => {
        delete globalThis.BroadcastChannel;
    });
    const { proxy, handoff: own } = await handoffBehindProxy(t);
    await arriveAt(page, own.link);
    const second = await context.newPage();
    await arriveAt(second, own.link);
    proxy.break(calls.opened, 'before the request');
    await page.bringToFront();
    await byHold(page);
    await state(page, 'shown');
    await second.bringToFront();
    await byHold(second);
    await state(second, 'shown');
    proxy.heal();
    await isOpened(second);
    assert.deepEqual(await kindsOf(service, own), opened);
    assert.equal(await stateOf(service, handoff.id), 'available');
});

test('somebody else takes it while the page is ready: the act raises the alarm', async (t) => {
    const handoff = await makeHandoff(service);
    const { page } = await refusedBrowser(t);
    await arriveAt(page, handoff.link);
    await redeemByHttp(service, handoff);
    await byHold(page);
    await state(page, 'gone');
    assert.deepEqual(await kindsOf(service, handoff), [...opened, 'claim.refused']);
    await page.reload();
    assert.notEqual(await shownState(page), 'shown');
    assert.equal((await kindsOf(service, handoff)).length, 5, 'a reload tells nothing more');
});

// ---- a browser that keeps nothing ----

test('without storage it opens all the same', async (t) => {
    const handoff = await makeHandoff(service);
    const { page, context } = await refusedBrowser(t);
    await context.addInitScript(() => {
        for (const name of ['localStorage', 'sessionStorage'])
            Object.defineProperty(globalThis, name, {
                get() {
                    throw new DOMException('denied', 'SecurityError');
                },
            });
    });
    await openLink(page, handoff.link);
    await answer(page, 'confirmed');
    await page.waitForSelector('#receipt-result:visible');
    assert.deepEqual(await kindsOf(service, handoff), confirmed);
});
