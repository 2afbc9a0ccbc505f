// Goal: a mail scanner that loads every link, presses everything, fills and submits every form opens
// and revokes nothing of ours, while it burns each page of a control that a mere press would open.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { addToken, bearer } from '../support/service/operator.mjs';
import { kindsOf, makeHandoff, stateOf } from '../support/pages/pages.mjs';
import { ready } from '../support/protocol/protocol.mjs';
import { scan } from '../support/pages/scanner.mjs';
import { startService } from '../support/service/service.mjs';

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

// ---- the control: pages that burn too easily ----

const burn = `const burn = () => fetch('/burn', { method: 'POST' });
const b = document.getElementById('b');`;

const page = (body, script = '') => `<!doctype html><html lang="en"><title>Control</title>
<link rel="icon" href="data:,"><body>${body}<script>${burn}\n${script}</script></body></html>`;

const button = '<button type="button" id="b">Show the password</button>';
const onEvent = (name, more = 'true') =>
    page(button, `b.addEventListener('${name}', (event) => { if (${more}) burn(); });`);

const controls = {
    'a plain button': page(button, 'b.onclick = burn;'),
    'a button for people only': onEvent('click', 'event.isTrusted'),
    'a button that wants two clicks': onEvent('dblclick', 'event.isTrusted'),
    'a button for fingers': onEvent('touchstart', 'event.isTrusted'),
    'a button for the keyboard': onEvent('keydown', 'event.isTrusted && event.key === "Enter"'),
    'a button for made-up events': onEvent('mousedown', '!event.isTrusted'),
    'a button for a short press': page(button, `let at;
        b.onpointerdown = () => { at = performance.now(); };
        b.onpointerup = () => { if (performance.now() - at > 100) burn(); };`),
    'a button behind a question': page(`${button}<p id="p" hidden><button id="y">Yes</button>`, `
        b.onclick = () => { b.hidden = true; document.getElementById('p').hidden = false; };
        document.getElementById('y').onclick = (event) => { if (event.isTrusted) burn(); };`),
    'a button that comes late': page('<p id="p"></p>', `setTimeout(() => {
        document.getElementById('p').innerHTML = '<span style="cursor: pointer">Show</span>';
        document.querySelector('span').onclick = burn; }, 200);`),
    'a question of the browser': page(button,
        'b.onclick = () => { if (confirm("Really?")) burn(); };'),
    'a form': page('<form method="post" action="/burn"><button>Show</button></form>'),
    'a form that wants to be filled': page(`<form method="post" action="/burn"><input required
        placeholder="open" pattern="open"><select required><option value="">-</option><option>x</option>
        </select><label><input type="checkbox" required> Yes</label><button>Show</button></form>`),
    'a form without a button': page('<form id="f"><input name="x"></form>',
        'document.getElementById("f").onsubmit = (e) => { e.preventDefault(); burn(); };'),
    'a link': page('<a href="/burn?by=link">Show</a>'),
    'a link behind a link': page('<a href="?next">Next</a>',
        `if (location.search) document.querySelector('a').href = '/burn?by=link';`),
    'a fragment': page('', 'if (location.hash === "#key") burn();'),
};

// Serves one such page; counts what a claim would be.
async function control(t, html) {
    const seen = { burned: 0 };
    const server = http.createServer((request, reply) => {
        const isBurn = request.url.startsWith('/burn') && ['GET', 'POST'].includes(request.method);
        seen.burned += isBurn ? 1 : 0;
        reply.setHeader('Content-Type', 'text/html; charset=utf-8');
        reply.end(isBurn ? page('<p>Burned</p>') : html);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return { seen, link: `http://127.0.0.1:${server.address().port}/x#key` };
}

test('the scanner burns what a press, a form or a link burns', { concurrency: 2 }, (t) =>
    Promise.all(Object.entries(controls).map(([name, html]) => t.test(name, async (u) => {
        const { seen, link } = await control(u, html);
        await scan(u, link, () => seen.burned > 0);
        assert.ok(seen.burned > 0, `${name} was burned`);
    }))));

// ---- ours ----

const heldMs = 800; // a press that a busy machine has made longer than that shows nothing

// Scans what `make` gives, and checks it; once more where the machine was too busy to press shortly.
async function scanned(t, make, check, times) {
    for (let tries = 1; ; tries++) {
        const made = await make();
        const reports = [];
        while (reports.length < times)
            reports.push(await scan(t, made.url));
        const longest = Math.max(...reports.map(({ longestMs }) => longestMs));
        for (const { presses, pressed, filled, submitted } of reports)
            t.diagnostic(`${presses} presses of ${pressed.size} things, ${filled.size} fields, `
                + `${submitted} forms; the longest press ${Math.round(longest)} ms`);
        if (longest < heldMs || tries === 3)
            return check(made, reports);
    }
}

function bit({ pressed, called }, ...names) {
    for (const name of names)
        assert.ok([...pressed].some((one) => one.includes(name)),
            `${name} was pressed, among: ${[...pressed].join(', ')}`);
    assert.ok(called.length >= 8, called.join());
}

// A handoff for which the scanner has one of the links: nothing happens to it.
const untouched = (link, own, pressed, times) => (t) => scanned(t,
    async () => {
        const handoff = await makeHandoff(service, own);
        return { handoff, url: handoff[link] };
    },
    async ({ handoff }, reports) => {
        assert.deepEqual(await kindsOf(service, handoff), ['handoff.created']);
        assert.equal(await stateOf(service, handoff.id), 'available');
        for (const report of reports) {
            bit(report, ...pressed);
            assert.equal(report.cutShort, false, 'there was nothing more to press');
        }
    }, times);

// The handoffs of a service, as its operator sees them.
async function stored(one) {
    const token = await addToken(one.data, 'operator', 'counting');
    const answer = await fetch(`${one.url}/v1/handoffs?limit=100`, { headers: bearer(token) });
    return (await answer.json()).handoffs;
}

// Where anyone may hand something over, what fills a form and sends it has done so. It has its own
// words alone to send, and what others have handed over stays as it is.
const submitPage = (open, pressed) => async (t) => {
    const own = await startService(t, { args: ['--open-submissions', open] });
    const there = open === 'yes' ? [await makeHandoff(own)] : [];
    await scanned(t, async () => ({ url: `${own.url}/` }), async (made, reports) => {
        for (const report of reports)
            bit(report, ...pressed);
    }, 1);
    const handoffs = await stored(own);
    t.diagnostic(`${handoffs.length - there.length} handoffs made by the scanner itself`);
    if (open === 'no')
        assert.deepEqual(handoffs, []);
    for (const handoff of there)
        assert.deepEqual(await kindsOf(own, handoff), ['handoff.created']);
    assert.deepEqual([...new Set(handoffs.map(({ state }) => state))],
        handoffs.length ? ['available'] : []);
};

const ours = {
    'a link without a code is not opened': untouched('link', {}, ['#hold', 'summary', '#word'], 2),
    'a link with a code is not opened':
        untouched('link', { code: 'ABCD-EFGH' }, ['#hold', '#code', '#word'], 2),
    "a sender's page revokes nothing":
        untouched('follow', {}, ['#revoke', '#revoke-hold', '#revoke-word', '#evidence'], 1),
    'the page to hand something over, for those with a token, makes nothing':
        submitPage('no', ['#token', 'button']),
    'the page to hand something over, for anyone, opens and revokes nothing':
        submitPage('yes', ['#send', '#password', 'summary']),
};

test('the scanner does nothing with our pages', { concurrency: 2 }, (t) =>
    Promise.all(Object.entries(ours).map(([name, run]) => t.test(name, run))));
