// Goal: the evidence that the page gives is taken by the command line, for every way a handover can
// go; on paper it says what it proves and what not; what does not hold is not given.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { downloaded, networkFailure, openBrowser, state } from '../support/pages/browser.mjs';
import { Person } from '../support/service/cli.mjs';
import { firefox, follow, handOver, headline, party, rewrite } from '../support/pages/following.mjs';
import { giveReceipt, proxied, redeemByHttp } from '../support/pages/pages.mjs';
import { startService } from '../support/service/service.mjs';

const pictures = fileURLToPath(new URL('../../build/screenshots', import.meta.url));

const keyOf = async (service) => (await (await fetch(`${service.url}/v1/audit/key`)).text()).trim();

async function verified(t, service, { name, bytes }) {
    const auditor = new Person(t, service.url);
    const path = auditor.file(name, bytes);
    const run = await auditor.run(['verify', '--key', await keyOf(service), path]);
    assert.equal(run.status, 0, run.said);
    return run.out;
}

const told = (page, words) =>
    page.waitForSelector(`#evidence-told:visible:has-text("${words}")`);

const take = (page) => downloaded(page, () => page.click('#evidence'));

async function confirmedOne(t, service, base) {
    const { made, recipient } = await handOver(t, service,
        { code: 'ABCD-EFGH', label: 'Contoso', shown_label: 'Login for Contoso' }, base);
    await recipient.wrongCode();
    await recipient.take();
    await recipient.receipt('confirmed', 'Ada, onboarding', 'signed in, works');
    await party(t, service, made, { address: '127.0.0.8' }).claim();
    return made;
}

const ways = {
    'only handed over': async () => {},
    opened: ({ recipient }) => recipient.take(),
    async rejected({ recipient }) {
        await recipient.take();
        await recipient.receipt('rejected', 'Jürgen Ω', 'line one\nline two 🔑');
        await recipient.receipt('rejected', 'Jürgen Ω', 'again');
    },
    revoked: ({ recipient }) => recipient.revoke(),
    async 'revoked after it was taken'({ recipient }) {
        await recipient.claim();
        await recipient.revoke();
    },
};

for (const [name, make] of Object.entries(ways))
    test(`${name}: the file holds`, async (t) => {
        const service = await startService(t);
        const { made, recipient } = await handOver(t, service);
        await make({ recipient });
        const { page } = await follow(t, made);
        const evidence = await take(page);
        assert.equal(evidence.name, `handoff-evidence-${made.id.slice(0, 8)}.json`);
        await told(page, `handoff verify ${evidence.name}`);
        assert.match(await verified(t, service, evidence), /VALID/);
    });

test('confirmed, with an alarm: the whole story, on a log of many events', async (t) => {
    const service = await startService(t);
    for (let i = 0; i < 5; i++)
        await handOver(t, service);
    const made = await confirmedOne(t, service);
    await handOver(t, service);
    const { page } = await follow(t, made);
    const out = await verified(t, service, await take(page));
    assert.match(out, /signed with this handoff's own key/);
    assert.match(out, /WRONG CODE/);
    assert.match(out, /REFUSED/);
});

// What is printed, as text, and as a file where pictures are asked for.
async function printed(page, name) {
    await page.evaluate(() => {
        globalThis.print = () => {
            globalThis.printed = true;
        };
    });
    await page.click('#print');
    await page.emulateMedia({ media: 'print' });
    await page.waitForFunction(() => globalThis.printed);
    const { text, shown } = await page.evaluate(() => ({
        text: document.getElementById('sheet').innerText,
        shown: [...document.querySelectorAll('body > :not(.visually-hidden), main > *')]
            .filter((one) => one.checkVisibility()).map((one) => one.id || one.localName),
    }));
    assert.deepEqual(shown, ['main', 'sheet'], 'the sheet alone is on the paper');
    if (process.env.HANDOFF_SCREENSHOTS)
        await page.pdf({ path: join(pictures, `follow-evidence-${name}.pdf`), format: 'A4' });
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    await page.emulateMedia({ media: null });
    assert.ok(await page.isVisible('#headline'));
    return text;
}

test('on paper: who, when, what, and what that proves and what not', async (t) => {
    const service = await startService(t);
    const made = await confirmedOne(t, service);
    const { page } = await follow(t, made);
    const paper = await printed(page, 'en');
    const key = await keyOf(service);
    for (const words of ['Evidence of a handover', made.id, 'Contoso', service.url, key,
        'Confirmed by Ada, onboarding', 'signed in, works', firefox.slice(0, 120),
        'handoff/1 receipt', 'had the link and the access code', 'What it does not prove',
        'Which person that was', `handoff verify handoff-evidence-${made.id.slice(0, 8)}.json`])
        assert.ok(paper.includes(words), `${words} is on the paper:\n${paper}`);
    assert.match(paper, /Handed over with a code, valid until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
    assert.match(paper, /— .* [A-Za-z0-9+/=]{80,}/, 'the signed checkpoint');
    assert.doesNotMatch(paper, /undefined|\{\w+\}/);
});

test('on paper in German, of what was never opened', async (t) => {
    const service = await startService(t);
    const { made } = await handOver(t, service);
    const { page } = await follow(t, made, { locale: 'de-DE' });
    const paper = await printed(page, 'de');
    assert.match(paper, /Nachweis einer Übergabe/);
    assert.match(paper, /Nichts über ein Öffnen/);
    assert.doesNotMatch(paper, /Wer geöffnet hat/);
});

// ---- what does not hold ----

const lies = {
    'a checkpoint that its key has not signed': [/\/checkpoint/, (text) =>
        text.replace(/^(\S+\n)(\d+)/, (all, name, size) => `${name}${Number(size) + 1}`)],
    'a proof of another event': [/\/proof\//, (text) => text.replace(/^index \d+/m, 'index 0')],
    'another log': [/\/audit\/keys/, (text) => text.replace(/\+[\w+/=]{40,}/,
        (all) => all.replace(/[a-z]/, (c) => c.toUpperCase()))],
    'a story with other words': [/\/events\?after=-1&wait=0/, (text) =>
        text.replace('signed in, works', 'signed in, fails')],
    'nonsense': [/\/audit\/keys/, () => '{"key":7,"replaced":null}'],
};

for (const [what, [pattern, lie]] of Object.entries(lies))
    test(`${what}: said, and no file`, async (t) => {
        const service = await startService(t);
        const made = await confirmedOne(t, service);
        const { context, page } = await follow(t, made);
        const downloads = [];
        page.on('download', (download) => downloads.push(download));
        await rewrite(context, pattern, lie);
        await page.click('#evidence');
        await told(page, 'does not hold');
        await page.click('#print');
        await told(page, 'does not hold');
        assert.deepEqual(downloads, []);
        assert.equal(await page.textContent('#sheet'), '');
    });

test('replies that are lost while it is gathered: it goes on by itself', async (t) => {
    const service = await startService(t);
    const proxy = await proxied(t, service);
    const made = await confirmedOne(t, service, proxy.url);
    const { page } = await follow(t, made);
    proxy.break(/^GET .*\/audit\//, 'in the body of the reply', 3);
    assert.match(await verified(t, service, await take(page)), /VALID/);
    assert.equal(proxy.cuts, 3);
});

test('a service that is away: said, and the evidence can be had later', async (t) => {
    const service = await startService(t);
    const made = await confirmedOne(t, service);
    const { context, page } = await openBrowser(t, { allowed: [networkFailure] });
    await page.clock.install();
    await page.goto(made.follow);
    await headline(page, 'Confirmed by');
    await context.route(/\/audit\//, (route) => route.abort());
    await page.click('#evidence');
    for (let i = 0; i < 40 && !/later/.test(await page.textContent('#evidence-told')); i++) {
        await page.clock.fastForward(4000);
        await page.waitForTimeout(100);
    }
    await told(page, 'Try again later');
    await context.unroute(/\/audit\//);
    assert.match(await verified(t, service, await take(page)), /VALID/);
});

test('receipts by another key than the one that this device fixed are found out', async (t) => {
    const service = await startService(t);
    const { page } = await openBrowser(t);
    await page.goto(`${service.url}/`);
    await state(page, 'form');
    await page.fill('#password', 'Geheim-123!');
    await page.uncheck('#use-code');
    await page.click('#send');
    await state(page, 'result');
    const link = new URL(await page.textContent('#result-link'));
    const made = {
        id: link.pathname.split('/').at(-1),
        key: Buffer.from(link.hash.slice(1), 'base64url').subarray(1),
    };
    // As if the service had committed to a key of its own when it was handed over.
    await page.evaluate((name) => {
        const kept = JSON.parse(localStorage.getItem(name));
        localStorage.setItem(name, JSON.stringify({ ...kept, receiptKey: 'A'.repeat(43) }));
    }, `handoff:sent:${made.id}`);
    await page.click('#result-follow');
    await state(page, 'follow');
    assert.equal(await page.isVisible('#dishonest'), false);
    await giveReceipt(service, made, await redeemByHttp(service, made), 'confirmed', 'Ada', '');
    await page.waitForSelector('#dishonest', { state: 'visible' });
});
