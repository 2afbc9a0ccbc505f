// Goal: an operator's Prometheus reads the service's figures on an address of their own. An unrelated
// tool accepts the page, the figures move with what happens, nothing of a handoff or a client is in
// it, and the public address has no such page. The alert rules fire and keep silent as they should,
// and each has its page in the operator's guide.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Client, b64u, deliver, done, newClaimant, problem, sendHandoff } from '../support/http/http.mjs';
import { testRoot, webServers } from '../support/roots/roots.mjs';
import { poll, startService } from '../support/service/service.mjs';

const docs = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'docs');

// In the folder of the alerts.
async function promtool(args, input) {
    const root = await testRoot(webServers);
    return root.exec(['promtool', ...args], { binds: [{ from: docs, to: '/docs' }], cwd: '/docs', input });
}

function ask(address, path = '/metrics', options = {}) {
    return new Promise((resolve, reject) => {
        const request = http.request(`http://${address}${path}`, { agent: false, ...options });
        request.on('response', (reply) => {
            let text = '';
            reply.setEncoding('utf8');
            reply.on('data', (data) => (text += data));
            reply.on('end', () => resolve({ status: reply.statusCode, headers: reply.headers, text }));
        });
        request.on('error', reject);
        request.end();
    });
}

// A page as a map from each sample's name and labels to its value.
function parse(text) {
    const samples = new Map();
    for (const line of text.split('\n').filter((l) => l && !l.startsWith('#'))) {
        const seen = /^([a-z_]+(?:\{[^\n]*\})?) (\d+(?:\.\d+)?)$/.exec(line);
        assert.ok(seen, `a sample: ${line}`);
        assert.ok(!samples.has(seen[1]), `twice: ${seen[1]}`);
        samples.set(seen[1], Number(seen[2]));
    }
    return samples;
}

async function start(t) {
    const service = await startService(t, {
        args: ['--metrics-listen', '127.0.0.1:0', '--rate-limit', 'off'],
    });
    const client = new Client(service);
    t.after(() => client.close());
    const address = await poll('where the metrics are', () =>
        /metrics at ([\d.]+:\d+)/.exec(service.log)?.[1],
    );
    const page = async () => (await ask(address)).text;
    return { service, client, address, page, read: async () => parse(await page()) };
}

const requests = (method, route, status, code = '') =>
    `handoff_requests_total{method="${method}",route="${route}",status="${status}",code="${code}"}`;

test('promtool finds nothing to object to on the page', async (t) => {
    const { client, address } = await start(t);
    await deliver(client);
    const reply = await ask(address);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const { status, said } = await promtool(['check', 'metrics'], reply.text);
    assert.equal(status, 0, said);
    assert.equal(said.trim(), '');
    const planted = reply.text.replace('# TYPE handoff_live gauge', '# TYPE handoff_live jug');
    assert.notEqual((await promtool(['check', 'metrics'], planted)).status, 0);
});

test('the figures move with what happens', async (t) => {
    const { client, read } = await start(t);
    const before = await read();
    assert.equal(before.get('handoff_live'), 0);
    const h = await sendHandoff(client);
    const waiting = await read();
    assert.equal(waiting.get('handoff_live'), 1);
    assert.ok(waiting.get('handoff_live_bytes') >= h.envelope.length);
    const claim = (body) => client.call('POST', `${h.path}/claim`, body);
    const claimant = newClaimant();
    problem(await claim({ token: b64u(randomBytes(32)), claimant }), 403, 'wrong-token');
    done(await claim({ token: h.token, claimant }));
    for (let i = 0; i < 3; i++)
        problem(await claim({ token: h.token, claimant: newClaimant() }), 410, 'taken');
    done(await client.call('POST', `${h.path}/opened`, { opened_token: h.openedToken, claimant }));
    problem(await client.call('GET', '/nowhere'), 404, 'not-found');

    // A request is counted when its answer has gone out, which is after it was read here.
    const claims = '/v1/handoffs/{id}/claim';
    const after = await poll('everything to be counted', async () => {
        const now = await read();
        return now.get(requests('none', 'none', 404, 'not-found')) === 1 && now;
    });
    const moved = (name) => after.get(name) - (before.get(name) ?? 0);
    assert.equal(moved(requests('PUT', '/v1/handoffs/{id}', 201)), 1);
    assert.equal(moved(requests('POST', claims, 200)), 1);
    assert.equal(moved(requests('POST', claims, 403, 'wrong-token')), 1);
    assert.equal(moved(requests('POST', claims, 410, 'taken')), 3);
    assert.equal(moved(`handoff_request_seconds_count{method="POST",route="${claims}"}`), 5);
    assert.equal(moved('handoff_events_total{kind="handoff.created"}'), 1);
    assert.equal(moved('handoff_events_total{kind="claim.accepted"}'), 1);
    assert.equal(moved('handoff_events_total{kind="claim.refused"}'), 3);
    assert.equal(moved('handoff_events_total{kind="handoff.opened"}'), 1);
    assert.equal(moved('handoff_burned_total{cause="opened"}'), 1);
    assert.equal(moved('handoff_calls_total{answer="taken"}'), 3);
    assert.equal(moved('handoff_commit_failures_total{kind="failed"}'), 0);
    const written = [...after.keys()].filter((name) => name.startsWith('handoff_events_total{'));
    assert.equal(moved('handoff_log_events'), written.reduce((sum, name) => sum + moved(name), 0));
    assert.equal(after.get('handoff_live'), 0);
    assert.equal(after.get('handoff_live_bytes'), 0);
    assert.ok(moved('handoff_commit_seconds_count') >= 6);
    assert.ok(moved('handoff_batch_jobs_sum') >= 6);
    assert.equal(after.get('handoff_store_readable'), 1);
    for (const name of ['handoff_data_free_bytes', 'process_resident_memory_bytes',
        'process_open_fds', 'process_max_fds', 'process_start_time_seconds'])
        assert.ok(after.get(name) > 0, name);
    const scrubbed = await poll('the bytes to be gone', async () => {
        const now = await read();
        return now.get('handoff_scrub_seconds_count') > 0 && now;
    });
    assert.equal(scrubbed.get('handoff_scrub_late'), 0);
});

test('a long-poll is seen while it waits', async (t) => {
    const { client, read } = await start(t);
    const h = await sendHandoff(client);
    const last = done(await h.events(client, '?after=-1')).next;
    const reply = h.events(client, `?after=${last}&wait=30`);
    const waiting = await poll('the wait to be counted', async () => {
        const now = await read();
        return now.get('handoff_waits') === 1 && now;
    });
    assert.ok(waiting.get('handoff_connections') >= 1);
    done(await client.call('POST', `${h.path}/claim`, { token: h.token, claimant: newClaimant() }));
    done(await reply);
    await poll('the wait to be over', async () => (await read()).get('handoff_waits') === 0);
});

test('nothing of a handoff or of a client is on the page', async (t) => {
    const { service, client, page } = await start(t);
    const own = { label: 'Quartz payroll', shown_label: 'Obsidian', recipient: 'basalt', ref: 'T-99173' };
    const h = await sendHandoff(client, own);
    const claimant = newClaimant();
    await client.call('POST', `${h.path}/claim`, { token: h.token, claimant }, {
        'user-agent': 'granite/7',
        'x-forwarded-for': '203.0.113.77',
    });
    await client.call('POST', `${h.path}/claim`, { token: h.token, claimant: newClaimant() });
    await client.call('GET', '/marble?feldspar=1');
    await client.call('FELSITE', h.path);
    const text = await page();
    const secrets = [h.id, h.token, h.openedToken, h.manage, claimant, 'Quartz', 'Obsidian', 'basalt',
        'T-99173', 'granite', '203.0.113.77', 'marble', 'feldspar', 'FELSITE', service.host,
        service.data];
    for (const secret of secrets)
        assert.ok(!text.includes(secret), `the page holds ${secret}`);
    const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map((seen) => seen[1]));
    assert.deepEqual([...labels].sort(), ['answer', 'cause', 'code', 'kind', 'le', 'method', 'route',
        'status', 'version']);
});

test('the page is on its own address only, and that address has nothing else', async (t) => {
    const { client, address } = await start(t);
    problem(await client.call('GET', '/metrics'), 404, 'not-found');
    for (const path of ['/', '/livez', '/readyz', '/v1/handoffs', '/metrics/', '/openapi.json'])
        assert.equal((await ask(address, path)).status, 404, path);
    const head = await ask(address, '/metrics', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    for (const method of ['POST', 'PUT', 'DELETE']) {
        const reply = await ask(address, '/metrics', { method });
        assert.equal(reply.status, 405, method);
        assert.equal(reply.headers.allow, 'GET, HEAD');
    }
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    for (let i = 0; i < 3; i++)
        assert.equal((await ask(address, '/metrics', { agent })).status, 200);
});

test('without being told where, the figures are nowhere', async (t) => {
    const service = await startService(t);
    await poll('the service to serve', () => service.log.includes('serving'));
    const client = new Client(service);
    t.after(() => client.close());
    done(await client.call('GET', '/livez'));
    assert.doesNotMatch(service.log, /metrics at/);
});

test('each alert fires on its illness alone', async () => {
    for (const args of [['check', 'rules', 'alerts.yml'], ['test', 'rules', 'alerts.test.yml']]) {
        const { status, said } = await promtool(args);
        assert.equal(status, 0, said);
    }
});

test('the alerts ask for figures that there are', async (t) => {
    const { client, page } = await start(t);
    await deliver(client);
    const there = new Set([...(await page()).matchAll(/^# TYPE (\w+)/gm)].map((seen) => seen[1]));
    const rules = readFileSync(join(docs, 'alerts.yml'), 'utf8');
    const asked = [...rules.matchAll(/^ +expr: (.*)$/gm)].flatMap(([, expr]) =>
        [...expr.matchAll(/\b(handoff_\w+)/g)].map((seen) => seen[1]),
    );
    assert.ok(asked.length >= 12);
    for (const name of asked)
        if (name !== 'handoff_certificate_expiry_seconds') // there is one with TLS only
            assert.ok(there.has(name), name);
});

test('each alert has its section in the guide, and each section its alert', () => {
    const rules = readFileSync(join(docs, 'alerts.yml'), 'utf8');
    const guide = readFileSync(join(docs, 'operations.md'), 'utf8');
    const alerts = [...rules.matchAll(/^ +- alert: (\w+)$/gm)].map((seen) => seen[1]).sort();
    const links = [...rules.matchAll(/runbook_url: docs\/operations\.md#(\w+)$/gm)];
    const sections = [...guide.matchAll(/^### (Handoff\w+)$/gm)].map((seen) => seen[1]).sort();
    assert.ok(alerts.length > 10);
    assert.deepEqual(sections, alerts);
    assert.deepEqual(links.map((seen) => seen[1]).sort(), alerts.map((a) => a.toLowerCase()).sort());
    for (const name of sections) {
        const section = guide.split(`### ${name}\n`)[1].split(/^##/m)[0];
        for (const part of ['Means', 'Still safe', 'Look', 'Do'])
            assert.match(section, new RegExp(`\\*\\*${part}[.:]\\*\\*`), `${name}: ${part}`);
    }
});
