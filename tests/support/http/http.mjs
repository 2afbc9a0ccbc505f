// Clients for tests: one that speaks the API in earnest and checks the shape of every answer, one
// that puts raw bytes on a connection, and one handoff with the parties to it.

import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { randomBytes } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import * as protocol from '../protocol/protocol.mjs';

export const json = 'application/json';

// ---- answers ----

const always = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
};

// What every answer has, whatever was asked.
export function checkAnswer(reply) {
    assert.match(reply.headers['x-request-id'] ?? '', /^[\w-]{1,64}$/, 'X-Request-Id');
    for (const [name, value] of Object.entries(always))
        assert.equal(reply.headers[name], value, name);
    assert.match(reply.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/);
}

// Insists that an answer is the problem of this code; returns its members.
export function problem(reply, status, code) {
    const said = `${reply.status} ${reply.text}`;
    assert.equal(reply.status, status, said);
    checkAnswer(reply);
    assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json(;|$)/, said);
    const { type, title, status: inside, detail, code: named } = reply.body;
    assert.equal(named, code, said);
    assert.equal(type, `urn:handoff:problem:${code}`, said);
    assert.equal(inside, status, said);
    for (const words of [title, detail])
        assert.ok(typeof words === 'string' && words.length > 0, said);
    return reply.body;
}

// Insists on a success with this status; returns the members.
export function done(reply, status = 200) {
    const said = `${reply.status} ${reply.text}`;
    assert.equal(reply.status, status, said);
    checkAnswer(reply);
    assert.match(reply.headers['content-type'] ?? '', /^application\/json(;|$)/, said);
    return reply.body;
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

// ---- the client ----

export class Client {
    // options: localAddress (which loopback address to come from), agent, ca (of a service with TLS), name
    // (how the service is called, where not by its address or, with TLS, localhost)
    constructor(service, options = {}) {
        this.service = service;
        this.options = options;
        const { Agent } = service.url?.startsWith('https:') ? https : http;
        this.agent = options.agent ?? new Agent({ keepAlive: true });
    }

    close() {
        this.agent.destroy();
    }

    // What is refused before it was read goes past a tap: the answer would be lost with the reset.
    #port(bytes) {
        return (bytes?.length > 100000 && this.service.directPort) || this.service.port;
    }

    // One request; body: undefined, a string or Buffer as it is, or an object as JSON.
    call(method, path, body, headers = {}) {
        const bytes = encode(body);
        const all = { ...(bytes ? { 'content-type': json, 'content-length': bytes.length } : {}) };
        if (!bytes && ['PUT', 'POST'].includes(method))
            all['content-length'] = 0;
        const named = this.options.name ? { host: this.options.name } : {};
        return new Promise((resolve, reject) => {
            const { request: ask } = this.service.url?.startsWith('https:') ? https : http;
            const request = ask(
                {
                    ...(this.service.socketPath
                        ? { socketPath: this.service.socketPath }
                        : { host: this.service.host, port: this.#port(bytes) }),
                    ca: this.options.ca,
                    servername: this.options.ca ? (this.options.name ?? 'localhost') : undefined,
                    method,
                    path,
                    agent: this.agent,
                    localAddress: this.options.localAddress,
                    headers: { ...named, ...all, ...headers },
                },
                (reply) => {
                    const chunks = [];
                    reply.on('data', (data) => chunks.push(data));
                    reply.on('error', reject);
                    reply.on('end', () => {
                        const text = Buffer.concat(chunks).toString('utf8');
                        const { statusCode: status, headers: got, rawHeaders } = reply;
                        resolve({ status, headers: got, rawHeaders, text, body: parse(text) });
                    });
                },
            );
            request.on('error', reject);
            request.end(bytes ?? undefined);
        });
    }
}

function encode(body) {
    if (body === undefined)
        return null;
    if (Buffer.isBuffer(body))
        return body;
    return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

// ---- one handoff and its parties ----

export const b64u = (bytes) => Buffer.from(bytes).toString('base64url');

// A new claimant, as text.
export const newClaimant = () => b64u(randomBytes(32));

// What a sender made, with the calls that it and the holders of its link can make. Each call takes
// the client by which it goes.
export class Handoff {
    constructor(made) {
        this.made = made;
        this.id = made.id;
        this.body = made.body;
        this.keys = made.keys;
        this.path = `/v1/handoffs/${made.id}`;
        this.manage = typeof made.manageKey === 'string' ? made.manageKey : b64u(made.manageKey);
    }

    get token() {
        return b64u(this.keys.claimToken);
    }

    get openedToken() {
        return b64u(this.keys.openedToken);
    }

    get envelope() {
        return Buffer.from(this.body.envelope, 'base64url');
    }

    // The body of a claim, with or without the link token, as the code asks for it.
    claimBody(claimant, keys = this.keys) {
        const body = { token: b64u(keys.claimToken), claimant };
        if (this.body.code)
            body.link_token = b64u(keys.linkToken);
        return body;
    }

    // The body of a receipt over what is in `own`, by default a confirmation made now.
    receiptBody(own = {}) {
        const { outcome = 'confirmed', at = Math.floor(Date.now() / 1000) } = own;
        const statement = protocol.receiptStatement({
            id: this.id,
            outcome,
            envelopeHash: protocol.sha256(this.envelope),
            at,
            details: own.details,
        });
        const body = {
            outcome,
            at,
            signature: b64u(protocol.signReceipt(statement, own.seed ?? this.keys.receiptSeed)),
        };
        if (own.details !== undefined)
            body.details = own.details;
        if (own.claimant !== undefined)
            body.claimant = own.claimant;
        return body;
    }

    put(client, body = this.body) {
        return client.call('PUT', this.path, body);
    }

    read(client) {
        return client.call('GET', this.path);
    }

    claim(client, claimant, keys) {
        return client.call('POST', `${this.path}/claim`, this.claimBody(claimant, keys));
    }

    opened(client, claimant, token = this.openedToken) {
        return client.call('POST', `${this.path}/opened`, { opened_token: token, claimant });
    }

    receipt(client, own) {
        return client.call('POST', `${this.path}/receipts`, this.receiptBody(own));
    }

    revoke(client, key = this.manage) {
        return client.call('DELETE', this.path, undefined, { authorization: `Bearer ${key}` });
    }

    events(client, query = '', key = this.manage) {
        const headers = { authorization: `Bearer ${key}` };
        return client.call('GET', `${this.path}/events${query}`, undefined, headers);
    }

    // All events so far: their lines parsed, each with its index, line and details.
    async log(client) {
        const all = [];
        for (let after = -1; ; ) {
            const { events, next } = done(await this.events(client, `?after=${after}`));
            if (events.length === 0)
                return all;
            for (const event of events)
                all.push({ ...event, is: JSON.parse(event.line) });
            after = next;
        }
    }

    async kinds(client) {
        return (await this.log(client)).map((event) => event.is.kind);
    }
}

// A handoff that is only made. What is no input of the cryptography becomes a member of the body.
export async function makeHandoff(own = {}) {
    const { id, key, code, payload, ...body } = own;
    await protocol.ready;
    return new Handoff(protocol.makeSubmission({ id, key, code, payload, body }));
}

// One that the service has accepted.
export async function sendHandoff(client, own = {}) {
    const handoff = await makeHandoff(own);
    done(await handoff.put(client), 201);
    return handoff;
}

// Brings one as far as delivered; returns it with its claimant.
export async function deliver(client, own = {}) {
    const handoff = await sendHandoff(client, own);
    handoff.claimant = newClaimant();
    done(await handoff.claim(client, handoff.claimant));
    done(await handoff.opened(client, handoff.claimant));
    return handoff;
}

// ---- raw bytes ----

// Reads one answer of HTTP/1.1 out of bytes; null while it is not whole.
export function parseAnswer(bytes, { head = false } = {}) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0)
        return null;
    const [start, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(start)?.[1]);
    const headers = {};
    for (const line of lines) {
        const colon = line.indexOf(':');
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const from = end + 4;
    const length = head ? 0 : Number(headers['content-length'] ?? bytes.length - from);
    if (bytes.length < from + length)
        return null;
    const text = bytes.subarray(from, from + length).toString('utf8');
    return { status, headers, text, body: parse(text), rest: bytes.subarray(from + length) };
}

const decoders = { gzip: gunzipSync, br: brotliDecompressSync };

// What a body stands for, its content coding undone: { bytes, text, body }. An answer to HEAD has none.
export function uncoded(headers, coded) {
    const decode = coded.length > 0 && decoders[headers['content-encoding']];
    const bytes = decode ? decode(coded) : coded;
    const text = bytes.toString('utf8');
    return { bytes, text, body: parse(text) };
}

// A connection on which a test writes what it likes.
export class Raw {
    constructor({ host, port, localAddress }) {
        this.bytes = Buffer.alloc(0);
        this.closed = false;
        this.socket = net.connect({ host, port, localAddress });
        this.socket.setNoDelay(true);
        this.socket.on('data', (data) => {
            this.bytes = Buffer.concat([this.bytes, data]);
        });
        this.socket.on('error', () => {});
        this.gone = new Promise((resolve) =>
            this.socket.on('close', () => {
                this.closed = true;
                resolve();
            }),
        );
        this.connected = new Promise((resolve) => this.socket.on('connect', resolve));
    }

    write(data) {
        this.socket.write(data);
        return this;
    }

    // The next whole answer; null when the connection ended, or nothing came in time.
    async answer(ms = 10000, options) {
        const end = Date.now() + ms;
        for (;;) {
            const found = parseAnswer(this.bytes, options);
            if (found && found.status >= 200) {
                this.bytes = found.rest;
                return found;
            }
            if (found)
                this.bytes = found.rest;
            else if (this.closed || Date.now() > end)
                return null;
            await new Promise((resolve) => setTimeout(resolve, 5));
        }
    }

    // Whether the other side ends the connection within this time.
    async ends(ms = 10000) {
        let timer;
        const late = new Promise((resolve) => {
            timer = setTimeout(resolve, ms);
        });
        await Promise.race([this.gone, late]);
        clearTimeout(timer);
        return this.closed;
    }

    destroy() {
        this.socket.destroy();
    }
}
