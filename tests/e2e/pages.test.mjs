// Goal: the service hands out its pages and what they load: in the language and the form that is
// asked for, with the headers that keep them safe, under names that are their contents' hashes; and
// looking at them, in whatever way, changes nothing.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { Client, problem, sendHandoff } from '../support/http/http.mjs';
import { startService } from '../support/service/service.mjs';

// A plain request: node's own fetch would decompress what a test wants to see.
function get(service, path, headers = {}, method = 'GET') {
    return new Promise((resolve, reject) => {
        const request = http.request({
            host: service.host, port: service.port, path, headers, method, agent: false,
        }, (answer) => {
            const chunks = [];
            answer.on('data', (data) => chunks.push(data));
            answer.on('end', () => resolve({
                status: answer.statusCode,
                headers: answer.headers,
                bytes: Buffer.concat(chunks),
            }));
        });
        request.on('error', reject);
        request.end();
    });
}

const plain = {
    identity: (bytes) => bytes,
    gzip: gunzipSync,
    br: brotliDecompressSync,
};

const pages = ['/', '/h/', '/h/01a207a9-06ac-7cc4-bfe9-7b64f6ed5519', '/h/01a207a9-cut', '/h/a/b',
    '/s/', '/s/01a207a9-06ac-7cc4-bfe9-7b64f6ed5519'];

test('each page, with the headers that keep it safe', async (t) => {
    const service = await startService(t);
    for (const path of pages) {
        const { status, headers, bytes } = await get(service, path);
        assert.equal(status, 200, path);
        assert.equal(headers['content-type'], 'text/html; charset=utf-8');
        assert.equal(headers['cache-control'], 'no-store');
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['referrer-policy'], 'no-referrer');
        assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
        assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
        assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
        assert.equal(headers.vary, 'Accept-Language, Accept-Encoding');
        const policy = headers['content-security-policy'];
        for (const part of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'",
            "require-trusted-types-for 'script'", "form-action 'none'", "frame-ancestors 'none'"])
            assert.ok(policy.includes(part), part);
        assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'/);
        const html = bytes.toString('utf8');
        assert.match(html, /^<!doctype html>\n<html lang="en"/);
        assert.doesNotMatch(html, /<script(?![^>]*(src=|application\/json))|\sstyle=|\son\w+=|(src|href)=\"\w+:/,
            'nothing inline, nothing from elsewhere');
    }
});

test('the language: asked for, or accepted', async (t) => {
    const service = await startService(t);
    const spoken = async (path, accept) => {
        const { headers, bytes } = await get(service, path, accept ? { 'Accept-Language': accept } : {});
        assert.match(bytes.toString(), new RegExp(`^<!doctype html>\\n<html lang="${headers['content-language']}"`));
        return headers['content-language'];
    };
    assert.equal(await spoken('/'), 'en');
    assert.equal(await spoken('/', 'de-AT,de;q=0.9,en;q=0.5'), 'de');
    assert.equal(await spoken('/', 'fr,en;q=0.1,de;q=0.2'), 'de');
    assert.equal(await spoken('/', 'fr'), 'en');
    assert.equal(await spoken('/?lang=de', 'en'), 'de');
    assert.equal(await spoken('/?lang=xx', 'de'), 'de');
    assert.equal(await spoken('/?lang=', '\u00ff;;q=,'), 'en');
});

test('each asset that a page names, in each form, under the hash of its content', async (t) => {
    const service = await startService(t);
    const names = new Set();
    for (const path of ['/', '/h/x', '/s/x']) {
        const base = new URL(path, service.url);
        for (const [, url, texts] of (await get(service, path)).bytes.toString()
            .matchAll(/(?:href|src)="([^"]+)"|"((?:\.\.\/)?assets\/[\w.-]+\.json)"/g))
            names.add(new URL(url ?? texts, base).pathname);
    }
    assert.equal(names.size, 13, 'a script a page, libsodium in two parts, style, icon, six of texts');
    for (const name of names) {
        const hash = /^\/assets\/[\w-]+\.([0-9a-f]{16})\.\w+$/.exec(name)?.[1];
        for (const [coding, open] of Object.entries(plain)) {
            const { status, headers, bytes } = await get(service, name, { 'Accept-Encoding': coding });
            assert.equal(status, 200, name);
            assert.equal(headers['content-encoding'], coding === 'identity' ? undefined : coding);
            assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
            assert.equal(headers['x-content-type-options'], 'nosniff');
            assert.equal(headers.ratelimit, undefined, 'not counted');
            const found = createHash('sha256').update(open(bytes)).digest('hex').slice(0, 16);
            assert.equal(found, hash, `${name} as ${coding}`);
        }
        const head = await get(service, name, {}, 'HEAD');
        assert.equal(head.status, 200);
        assert.equal(head.bytes.length, 0);
    }
});

test('string files are JSON, and name the same texts in each language', async (t) => {
    const service = await startService(t);
    for (const path of ['/', '/h/x', '/s/x']) {
        const html = (await get(service, path)).bytes.toString();
        const block = JSON.parse(/<script type="application\/json" id="strings">(.*?)<\/script>/s.exec(html)[1]);
        const texts = {};
        for (const [language, url] of Object.entries(block.languages)) {
            const { status, headers, bytes } = await get(service, new URL(url, new URL(path, service.url)).pathname);
            assert.equal(status, 200);
            assert.equal(headers['content-type'], 'application/json');
            texts[language] = JSON.parse(bytes.toString());
        }
        assert.deepEqual(texts.en, block.strings);
        assert.deepEqual(Object.keys(texts.de), Object.keys(texts.en));
    }
});

test('what is no asset is not found; other methods are told what there is', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    for (const path of ['/assets/x', '/assets/style.0000000000000000.css', '/assets/../submit.html'])
        problem(await client.call('GET', path), 404, 'not-found');
    for (const path of ['/assets/', '/h', '/s', '/index.html', '/favicon.ico'])
        problem(await client.call('GET', path), 404, 'not-found');
    problem(await client.call('GET', `/h/${'x'.repeat(64)}`), 404, 'not-found');
    for (const path of ['/', '/h/x', '/s/x', '/assets/x']) {
        const reply = await client.call('POST', path, {});
        problem(reply, 405, 'method-not-allowed');
        assert.equal(reply.headers.allow, 'GET, HEAD');
    }
});

test('looking at a handoff\'s pages changes nothing', async (t) => {
    const service = await startService(t);
    const client = new Client(service);
    t.after(() => client.close());
    const handoff = await sendHandoff(client);
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE'])
        for (const path of [`/h/${handoff.id}`, `/s/${handoff.id}`, `/h/${handoff.id}?utm_source=mail`])
            await get(service, path, { 'User-Agent': 'scanner', 'Content-Length': '0' }, method);
    const { body } = await client.call('GET', `/v1/handoffs/${handoff.id}`);
    assert.equal(body.state, 'available');
});

test('what a client must know beforehand: GET /v1/service', async (t) => {
    const service = await startService(t, { args: ['--max-envelope', '100000'] });
    const read = async () => JSON.parse((await get(service, '/v1/service')).bytes.toString());
    const { version, ...rest } = await read();
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.deepEqual(rest, { submissions: 'open', envelope_max: 100000, expires_max: 2592000 });
    await service.restart({ args: ['--open-submissions', 'no'] });
    assert.equal((await read()).submissions, 'token');
});
