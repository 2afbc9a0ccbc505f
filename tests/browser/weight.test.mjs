// Goal: the redeem page weighs at most 250 kB with all that it ever loads, takes nothing from anyone
// else, and names in its HTML all that it needs, so that nothing waits for a chain of requests.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';

import { openBrowser, state } from '../support/pages/browser.mjs';
import { makeHandoff } from '../support/pages/pages.mjs';
import { ready } from '../support/protocol/protocol.mjs';
import { byHold } from '../support/pages/redeeming.mjs';
import { poll, startService } from '../support/service/service.mjs';
import { isLate, named } from '../support/pages/weight.mjs';

const most = 250 * 1000;
const code = 'ABCD-EFGH';

// Every answer that the page and its workers get: { path, type, bytes (on the wire), at }.
function weigh(page) {
    const answers = [];
    page.on('requestfinished', async (request) => {
        const answer = { path: new URL(request.url()).pathname, url: request.url(), bytes: null };
        answers.push(answer);
        const { responseHeadersSize, responseBodySize } = await request.sizes();
        answer.head = responseBodySize > 0 ? responseHeadersSize : 0;
        answer.bytes = responseHeadersSize + responseBodySize;
        answer.encoding = (await request.response()).headers()['content-encoding'] ?? '-';
    });
    return answers;
}

// A connection to the service on which every byte that it sends is counted.
async function counted(t, service) {
    const seen = { bytes: 0 };
    const server = net.createServer((client) => {
        const upstream = net.connect({ host: service.host, port: service.port });
        upstream.on('data', (data) => (seen.bytes += data.length));
        client.pipe(upstream).pipe(client);
        for (const [one, other] of [[client, upstream], [upstream, client]])
            one.on('error', () => other.destroy()).on('close', () => other.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    return { seen, url: `http://127.0.0.1:${server.address().port}` };
}

// Opens a link with a code as far as the secret; what the page has loaded by then.
async function openAll(t) {
    await ready;
    const service = await startService(t);
    const { seen, url } = await counted(t, service);
    const handoff = await makeHandoff(service, { code }, url);
    const person = await openBrowser(t);
    const { page } = person;
    const answers = weigh(page);
    const html = await (await fetch(handoff.link)).text();
    seen.bytes = 0;
    await page.goto(handoff.link);
    await state(page, 'ready');
    const arrived = { bytes: seen.bytes };
    await page.fill('#code', code);
    await byHold(page);
    await state(page, 'shown');
    await poll('every answer is weighed', () => answers.every(({ bytes }) => bytes !== null));
    await page.waitForSelector('#receipt-form:visible');
    return { answers, html, arrived, person, url, handoff, wire: seen.bytes };
}

test('weight, origin and depth of the redeem page', async (t) => {
    const { answers, html, arrived, person, url, handoff, wire } = await openAll(t);
    const own = answers.filter(({ path }) => !path.startsWith('/v1/'));

    for (const { path, bytes, encoding } of own.sort((a, b) => b.bytes - a.bytes))
        t.diagnostic(`${String(bytes).padStart(7)}  ${encoding.padEnd(4)}  ${path}`);
    const total = own.reduce((sum, { bytes }) => sum + bytes, 0);
    const heads = own.reduce((sum, { head }) => sum + head, 0);
    t.diagnostic(`${String(total).padStart(7)}  page and assets, ${heads} of it headers; by a count of the `
        + `connections ${arrived.bytes} until it was ready, ${wire} with all calls of the service`);

    await t.test('it weighs at most 250 kB', () => {
        assert.ok(total > 50 * 1000, `${total} bytes: the page was weighed`);
        assert.ok(total <= most, `${total} bytes`);
        for (const { path, encoding } of own.filter(({ bytes }) => bytes > 2000))
            assert.notEqual(encoding, '-', `${path} is compressed`);
    });

    await t.test('it asks nobody else', () => {
        const others = person.requests.filter((request) => !request.url.startsWith(`${url}/`));
        assert.deepEqual(others.map((request) => request.url), []);
    });

    await t.test('its HTML names all that it needs', () => {
        const known = new Set(named(html, handoff.link).map((address) => new URL(address).pathname));
        const page = new URL(handoff.link).pathname;
        const unnamed = own.map(({ path }) => path)
            .filter((path) => path !== page && !known.has(path) && !isLate(path));
        assert.deepEqual(unnamed, []);
        assert.ok(own.some(({ path }) => /libsodium/.test(path)), 'the library was among them');
    });
});
