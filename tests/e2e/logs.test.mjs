// Goal: with --log-format json every line of a busy run is one JSON object with a time, a level and a
// message, each answer's X-Request-Id is in the line of its request, and in neither format does
// anything that a client sent reach the log.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Client, Raw, deliver, newClaimant, sendHandoff } from '../support/http/http.mjs';
import { poll, startService } from '../support/service/service.mjs';

async function start(t, format) {
    const service = await startService(t, {
        args: ['--log-level', 'debug', '--log-format', format, '--rate-limit', 'off'],
    });
    const client = new Client(service);
    t.after(() => client.close());
    return { service, client };
}

// Calls of many kinds; returns each answer with what was asked, and words that must not be seen.
async function beBusy(service, client) {
    const answers = [];
    const agent = { 'user-agent': 'granite/7' };
    const call = async (route, method, path, body) => {
        const reply = await client.call(method, path, body, agent);
        answers.push({ route, method, id: reply.headers['x-request-id'], reply });
        return reply;
    };
    const h = await sendHandoff(client, { label: 'Quartz payroll' });
    const claimant = newClaimant();
    const claim = '/v1/handoffs/{id}/claim';
    await call(claim, 'POST', `${h.path}/claim`, { token: newClaimant(), claimant });
    await call(claim, 'POST', `${h.path}/claim`, { token: h.token, claimant });
    await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
            i % 2
                ? call('/livez', 'GET', '/livez')
                : call(claim, 'POST', `${h.path}/claim`, { token: h.token, claimant: newClaimant() }),
        ),
    );
    await call('/v1/handoffs/{id}/opened', 'POST', `${h.path}/opened`, {
        opened_token: h.openedToken,
        claimant,
    });
    await call('/v1/handoffs/{id}', 'GET', `${h.path}?feldspar=1`);
    await call('/v1/handoffs/{id}', 'PUT', h.path, '{"basalt": "gneiss"');
    await call('-', 'GET', '/marble');
    await deliver(client);
    const raw = new Raw(service);
    await raw.connected;
    raw.write('GET /livez HTTP/1.1\r\nHost: "x\\\r\nX-Slate: {"\x1b[31m\r\n\r\n');
    await raw.answer();
    raw.destroy();
    const words = [h.id, h.token, h.openedToken, h.manage, claimant, 'Quartz', 'granite', 'feldspar',
        'basalt', 'gneiss', 'marble', 'Slate', '\x1b'];
    return { answers, words };
}

const numberOf = (answers) => answers[answers.length - 1].id;

test('every line is a JSON object, and each answer has its line', async (t) => {
    const { service, client } = await start(t, 'json');
    const { answers, words } = await beBusy(service, client);
    await poll('the last request to be logged', () => service.log.includes(numberOf(answers)));
    await service.stop();
    const lines = service.log.trimEnd().split('\n').map((line) => JSON.parse(line));
    const requests = new Map();
    for (const line of lines) {
        assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        assert.ok(['error', 'warning', 'info', 'debug'].includes(line.level), line.level);
        assert.ok(typeof line.message === 'string' && line.message !== '');
        if (line.message !== 'request')
            continue;
        assert.ok(!requests.has(line.request_id), 'one line for each request');
        requests.set(line.request_id, line);
        assert.ok(Number.isInteger(line.microseconds) && line.microseconds >= 0);
    }
    for (const { route, method, id, reply } of answers) {
        const line = requests.get(id);
        assert.ok(line, `no line for ${method} ${route} ${id}`);
        assert.equal(line.route, route);
        assert.equal(line.status, reply.status);
        assert.equal(line.code, reply.status >= 400 ? reply.body.code : undefined);
        assert.equal(line.level, reply.status >= 400 ? 'info' : 'debug');
        assert.equal(line.method, route === '-' ? '-' : method);
    }
    const messages = lines.map((line) => line.message);
    assert.ok(messages.includes('serving') && messages.includes('ended'));
    for (const word of words)
        assert.ok(!service.log.includes(word), `the log holds ${word}`);
});

test('as text, every line begins with a time and a level, and holds nothing of a client', async (t) => {
    const { service, client } = await start(t, 'text');
    const { answers, words } = await beBusy(service, client);
    await poll('the last request to be logged', () => service.log.includes(numberOf(answers)));
    await service.stop();
    for (const line of service.log.trimEnd().split('\n'))
        assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (error|warning|info|debug) \S/);
    for (const { id, reply } of answers)
        assert.match(service.log, new RegExp(` request ${id} \\S+ \\S+ ${reply.status} `));
    for (const word of words)
        assert.ok(!service.log.includes(word), `the log holds ${word}`);
});
