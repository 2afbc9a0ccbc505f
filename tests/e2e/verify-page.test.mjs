// Goal: handoff verify-page says of a server that serves the pages of this build that it does, and of
// one that changes a byte, a header or a page, for all or for browsers alone, that it does not: it names
// the file, and how it differs.

import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { gzipSync, gunzipSync } from 'node:zlib';

import { must } from '../support/log/auditor.mjs';
import { Person } from '../support/service/cli.mjs';
import { addToken } from '../support/service/operator.mjs';
import { startService } from '../support/service/service.mjs';

const endings = [];
let service;

before(async () => {
    service = await startService({ after: (end) => endings.push(end) });
});

after(async () => {
    for (const end of endings.reverse())
        await end();
});

const collect = async (stream) => {
    const chunks = [];
    for await (const chunk of stream)
        chunks.push(chunk);
    return Buffer.concat(chunks);
};

// A server before the service that may change each answer {status, headers, body} as it likes.
async function between(t, change = () => {}) {
    const asked = [];
    const server = http.createServer(async (request, response) => {
        const { method, url: path, headers } = request;
        asked.push({ path, headers });
        const upstream = http.request({ host: service.host, port: service.port, method, path, headers });
        upstream.end();
        const [reply] = await once(upstream, 'response');
        const answer = { status: reply.statusCode, headers: { ...reply.headers }, body: await collect(reply) };
        change(answer, { path, headers });
        delete answer.headers['transfer-encoding'];
        answer.headers['content-length'] = answer.body.length;
        response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.close();
        server.closeAllConnections();
    });
    return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

const isModule = (path) => /^\/assets\/redeem\.[0-9a-f]{16}\.mjs$/.test(path);
const isBrowser = (headers) => headers['user-agent'].startsWith('Mozilla/');

// One byte of what is in an answer, however it is coded.
function flip(answer) {
    const coded = answer.headers['content-encoding'];
    const bytes = coded === 'gzip' ? gunzipSync(answer.body) : answer.body;
    bytes[bytes.length >> 1] ^= 1;
    answer.body = coded === 'gzip' ? gzipSync(bytes) : bytes;
}

// A check that must find something: what it says.
async function found(t, change) {
    const { url, asked } = await between(t, change);
    const person = new Person(t, 'http://127.0.0.1:1');
    const { out, err } = await must(7, person, ['verify-page', url]);
    assert.match(err, /THIS SERVER DOES NOT SERVE THE PAGES OF HANDOFF/);
    assert.doesNotMatch(out, /unchanged/);
    const lines = out.split('\n').filter((line) => /^! .*: /.test(line) && !/ files that they load/.test(line));
    return { out, lines, url, person, asked };
}

test('the service itself: every page, every file, and what that does not show', async (t) => {
    const person = new Person(t, service.url);
    const { out, err } = await must(0, person, ['verify-page']);
    assert.equal(err, '');
    for (const page of ['/', '/h/ID', '/s/ID'])
        for (const language of ['de', 'en'])
            assert.match(out, new RegExp(`^  ${page} +${language} +as built$`, 'm'));
    assert.match(out, /^ {2}\d\d+ files that they load: as built$/m);
    assert.match(out, /^This server serves the pages of Handoff \d+\.\d+\.\d+, unchanged\.$/m);
    assert.match(out, /^Not shown: that it serves the same to somebody else, or at another time\.$/m);
    const json = JSON.parse((await must(0, person, ['verify-page', `${service.url}/`, '--json'])).out);
    assert.deepEqual([json.server, json.same, json.differences], [service.url, true, []]);
    assert.ok(json.files > 10 && json.requests > 3 * json.files, JSON.stringify(json));
});

test('each file is asked for as this program, compressed, and as a browser would', async (t) => {
    const { url, asked } = await between(t);
    const token = await addToken(service.data, 'auditor', 'checker');
    await must(0, new Person(t, url, { env: { HANDOFF_TOKEN: token } }), ['verify-page']);
    const of = (pattern) => asked.filter(({ path }) => pattern.test(path));
    for (const { headers } of asked)
        assert.equal(headers.authorization, undefined);
    assert.deepEqual(of(/^\/\?lang=de$/).map(({ headers }) => isBrowser(headers)), [false, false, true]);
    const plain = of(/^\/h\/[0-9a-f-]{36}$/);
    assert.deepEqual(plain.map(({ headers }) => headers['accept-language']).sort(), ['de', 'en']);
    assert.ok(plain.every(({ headers }) => isBrowser(headers) && headers.accept.startsWith('text/html')));
    const module = asked.filter(({ path }) => isModule(path)).map(({ headers }) => headers);
    assert.deepEqual(module.map((headers) => headers['accept-encoding'].split(',')[0]),
        ['identity', 'gzip', 'gzip']);
    assert.equal(isBrowser(module[2]), true);
});

test('one byte of a module', async (t) => {
    const { out, lines, url, person } = await found(t, (answer, { path }) => {
        if (isModule(path) && answer.headers['content-encoding'] !== 'br')
            flip(answer);
    });
    assert.equal(lines.length, 1, out);
    assert.match(lines[0], /^! assets\/redeem\.[0-9a-f]{16}\.mjs.*: other bytes: (\d+) instead of \1, SHA-256 /);
    assert.match(out, /^! \d+ files that they load: 1 DIFFERENT$/m);
    assert.match(out, /^ {2}\/h\/ID +en +as built$/m);
    const { out: text } = await must(7, person, ['verify-page', url, '--json']);
    const { same, differences } = JSON.parse(text);
    assert.equal(same, false);
    assert.equal(differences.length, 1);
    assert.match(differences[0].file, /^assets\/redeem\./);
    assert.deepEqual(differences[0].as.slice(0, 2), ['program', 'gzip']);
});

test('one byte, in the compressed form alone', async (t) => {
    const { lines } = await found(t, (answer, { path }) => {
        if (isModule(path) && answer.headers['content-encoding'] === 'gzip')
            flip(answer);
    });
    assert.match(lines[0], /^! assets\/redeem\.[0-9a-f]{16}\.mjs \(in gzip[^)]*\): other bytes/);
});

test('a header that is gone, weaker, or leads elsewhere', async (t) => {
    const csp = 'content-security-policy';
    const changes = [
        [({ headers }) => delete headers[csp], /the header Content-Security-Policy is missing/],
        [({ headers }) => (headers[csp] = headers[csp].replace("connect-src 'self'", 'connect-src *')),
            /the header Content-Security-Policy is another one: .*connect-src \*/],
        [({ headers }) => (headers[csp] = [headers[csp], "default-src 'self'"]),
            /the header Content-Security-Policy is another one: default-src 'self'/],
        [({ headers }) => delete headers['x-content-type-options'], /X-Content-Type-Options is missing/],
        [({ headers }) => (headers['cross-origin-opener-policy'] = 'unsafe-none'),
            /Cross-Origin-Opener-Policy is another one: unsafe-none/],
        [({ headers }) => delete headers['cross-origin-embedder-policy'], /Cross-Origin-Embedder-Policy is missing/],
        [({ headers }) => (headers.refresh = '0;url=https://elsewhere.example/'),
            /the header Refresh must not be there: 0;url=https:\/\/elsewhere\.example\//],
    ];
    for (const [change, words] of changes) {
        const { lines } = await found(t, (answer, { path }) => path.startsWith('/h/') && change(answer));
        assert.equal(lines.length, 2, lines.join('\n'));
        for (const [i, language] of ['de', 'en'].entries()) {
            assert.ok(lines[i].startsWith(`! redeem.html ${language}: `), lines[i]);
            assert.match(lines[i], words);
        }
    }
});

test('a header that a proxy sets once more is no difference', async (t) => {
    const { url } = await between(t, ({ headers }) => {
        headers['x-content-type-options'] = ['nosniff', 'nosniff'];
        headers['strict-transport-security'] = 'max-age=1';
    });
    await must(0, new Person(t, url), ['verify-page']);
});

test('another page for browsers', async (t) => {
    const other = (answer, { headers }) => {
        if (!isBrowser(headers) || !answer.headers['content-type'].startsWith('text/html'))
            return;
        delete answer.headers['content-encoding'];
        answer.body = Buffer.from('<!doctype html><title>Handoff</title>');
    };
    const { lines, out } = await found(t, other);
    assert.equal(lines.length, 6, out);
    for (const line of lines)
        assert.match(line, /^! \w+\.html \w\w \(for a browser, for a browser of this language\): other bytes/);
    // Only for those who did not ask for a language.
    const later = await found(t, (answer, request) => request.path === '/' && other(answer, request));
    assert.deepEqual(later.lines.map((line) => line.split(':')[0]), [
        '! submit.html de (for a browser of this language)',
        '! submit.html en (for a browser of this language)',
    ]);
});

test('what is missing, led elsewhere, or cannot be read', async (t) => {
    for (const [status, words] of [[404, /HTTP 404/], [302, /HTTP 302/]]) {
        const { lines } = await found(t, (answer, { path }) => {
            if (isModule(path))
                answer.status = status;
        });
        assert.match(lines[0], words);
    }
    const { lines } = await found(t, (answer, { path }) => {
        if (isModule(path) && answer.headers['content-encoding'] === 'gzip')
            answer.body = Buffer.from('no gzip at all');
    });
    assert.match(lines[0], /^! assets\/redeem\S+ \(in gzip[^)]*\): its answer cannot be read: /);
});

test('another version is said, and nothing is compared', async (t) => {
    const { url, asked } = await between(t, (answer, { path }) => {
        if (path === '/v1/service')
            answer.body = Buffer.from(JSON.stringify({ ...JSON.parse(answer.body), version: '99.0.0' }));
    });
    const { out, err } = await must(7, new Person(t, url), ['verify-page']);
    assert.equal(out, '');
    assert.match(err, /This is handoff \d+\.\d+\.\d+, and the server says that it is 99\.0\.0/);
    assert.equal(asked.length, 1);
    const none = await between(t, (answer) => {
        answer.status = 404;
    });
    const said = await must(7, new Person(t, none.url), ['verify-page']);
    assert.match(said.err, /does not tell its version/);
});

test('a server that limits is waited for; one that fails, or is not there, is no verdict', async (t) => {
    let refused = 0;
    const slow = await between(t, (answer, { path }) => {
        if (isModule(path) && refused++ === 0)
            Object.assign(answer, { status: 429, headers: { 'retry-after': '1' }, body: Buffer.from('') });
    });
    const { err } = await must(0, new Person(t, slow.url), ['verify-page']);
    assert.match(err, /limits how often it is asked/);
    const failing = await between(t, (answer, { path }) => {
        if (isModule(path))
            answer.status = 500;
    });
    const broken = await must(3, new Person(t, failing.url), ['verify-page']);
    assert.match(broken.err, /The check was not finished/);
    const dead = await must(3, new Person(t, 'http://127.0.0.1:1'), ['verify-page']);
    assert.match(dead.err, /No answer from http:\/\/127\.0\.0\.1:1/);
    assert.equal(dead.out, '');
});

test('what is no address of a service', async (t) => {
    const person = new Person(t, service.url);
    for (const url of ['http://handoff.example', 'handoff.example', 'https://a/h/x#y'])
        await must(2, person, ['verify-page', url]);
    await must(2, person, ['verify-page', service.url, service.url]);
});
