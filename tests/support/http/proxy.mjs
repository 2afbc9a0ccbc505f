// A proxy that cuts connections at a chosen point of a chosen exchange, as a bad network would; or has
// each request meet a fate of its own: delayed, repeated, cut at any byte.

import net from 'node:net';
import { once } from 'node:events';

// Where a cut falls. How much of the request reaches the service, whether its answer is waited for,
// and how much of that reaches the client.
const some = (n) => (bytes) => bytes.subarray(0, n(bytes));
const headEnd = (bytes) => bytes.indexOf('\r\n\r\n') + 4;
const half = (bytes) => headEnd(bytes) + ((bytes.length - headEnd(bytes)) >> 1);

export const points = {
    'before the request': { request: some(() => 0) },
    'in the head of the request': { request: some((b) => headEnd(b) >> 1) },
    'between head and body of the request': { request: some(headEnd) },
    'in the body of the request': { request: some(half) },
    'before the last byte of the request': { request: some((b) => b.length - 1) },
    'after the request': { request: some((b) => b.length) },
    'before the reply': { reply: some(() => 0) },
    'in the head of the reply': { reply: some((b) => headEnd(b) >> 1) },
    'between head and body of the reply': { reply: some(headEnd) },
    'in the body of the reply': { reply: some(half) },
    'before the last byte of the reply': { reply: some((b) => b.length - 1) },
    'after the reply': { reply: some((b) => b.length) },
};

function whole(bytes) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0)
        return false;
    const head = bytes.subarray(0, end).toString('latin1');
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    return bytes.length >= end + 4 + length;
}

// Waits for the first of these events, and for none of them any longer.
async function any(socket, names) {
    const heard = new AbortController();
    const { signal } = heard;
    await Promise.race(names.map((name) => once(socket, name, { signal })));
    heard.abort();
}

// Reads from a socket until it holds a whole message; null when it ended before.
async function message(socket) {
    let bytes = Buffer.alloc(0);
    for (;;) {
        const chunk = socket.read();
        if (chunk)
            bytes = Buffer.concat([bytes, chunk]);
        if (whole(bytes))
            return bytes;
        if (!chunk) {
            if (socket.destroyed || socket.readableEnded)
                return null;
            await any(socket, ['readable', 'end', 'close']);
        }
    }
}

const firstLine = (request) => request.subarray(0, request.indexOf('\r\n')).toString('latin1');

export class Proxy {
    #server;
    #sockets = new Set();

    // Forwards to a service until told what to cut.
    constructor(target) {
        this.target = target;
        this.cut = null;
        this.cuts = 0;
        this.#server = net.createServer((client) => {
            this.#serve(client).catch(() => client.destroy());
        });
    }

    async listen() {
        this.#server.listen(0, '127.0.0.1');
        await once(this.#server, 'listening');
        this.port = this.#server.address().port;
        this.url = `http://127.0.0.1:${this.port}`;
        return this;
    }

    // From now on requests whose first line matches are cut at a point, `times` of them.
    break(pattern, point, times = Infinity) {
        this.cut = { pattern, point: points[point], left: times };
        this.cuts = 0;
    }

    heal() {
        this.cut = null;
        this.fate = null;
    }

    // From now on choose(first line, request) gives each request's fate, or null: { repeats: copies that
    // reach the service besides, on connections of their own, late: whether after its answer, delayMs: of
    // the answer, cutRequest, cutReply: how many bytes of it get through }.
    ordain(choose) {
        this.fate = choose;
        this.met = 0;
    }

    // The same bytes once more, as a middlebox or a retrying stack would send them. Its answer is for
    // nobody.
    async #repeat(request) {
        const again = this.#keep(net.connect({ host: this.target.host, port: this.target.port }));
        again.write(request);
        await message(again);
        again.destroy();
    }

    // Has a request meet its fate. Returns the answer that the client is to get, or null when the
    // connection is to end.
    async #meet(fate, request, client, upstream) {
        const { repeats = 0, late = false, delayMs = 0, cutRequest, cutReply } = fate;
        const repeat = async () => {
            for (let i = 0; i < repeats; i++)
                await this.#repeat(request).catch(() => {});
        };
        this.met++;
        if (!late)
            await repeat();
        if (cutRequest !== undefined) {
            await new Promise((resolve) => upstream.write(request.subarray(0, cutRequest), resolve));
            upstream.end();
            client.destroy();
            return null;
        }
        upstream.write(request);
        const reply = await message(upstream);
        if (late)
            await repeat();
        if (delayMs > 0)
            await new Promise((resolve) => setTimeout(resolve, delayMs));
        if (!reply || cutReply === undefined)
            return reply;
        if (cutReply > 0)
            await new Promise((resolve) => client.write(reply.subarray(0, cutReply), resolve));
        client.end();
        return null;
    }

    // From now on the answers to requests whose first line matches are held back for good.
    hold(pattern) {
        this.held = pattern;
        this.holding = false;
    }

    #keep(socket) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => this.#sockets.delete(socket));
        return socket;
    }

    #take(request) {
        const line = firstLine(request);
        if (!this.cut || this.cut.left <= 0 || !this.cut.pattern.test(line))
            return null;
        this.cut.left--;
        this.cuts++;
        return this.cut.point;
    }

    async #serve(client) {
        this.#keep(client);
        const upstream = this.#keep(net.connect({ host: this.target.host, port: this.target.port }));
        const close = () => {
            client.destroySoon();
            upstream.destroy();
        };
        client.on('close', () => upstream.destroy());
        for (;;) {
            const request = await message(client);
            if (!request)
                return close();
            const fate = this.fate?.(firstLine(request), request);
            if (fate) {
                const reply = await this.#meet(fate, request, client, upstream);
                if (!reply)
                    return close();
                client.write(reply);
                continue;
            }
            const point = this.#take(request);
            if (point?.request) {
                const part = point.request(request);
                if (part.length > 0)
                    await new Promise((resolve) => upstream.write(part, resolve));
                upstream.end();
                client.destroy();
                return undefined;
            }
            upstream.write(request);
            const reply = await message(upstream);
            if (!reply)
                return close();
            if (this.held?.test(firstLine(request))) {
                this.holding = true;
                return undefined;
            }
            if (!point) {
                client.write(reply);
                continue;
            }
            const part = point.reply(reply);
            if (part.length > 0)
                await new Promise((resolve) => client.write(part, resolve));
            client.end();
            return undefined;
        }
    }

    async close() {
        for (const socket of this.#sockets)
            socket.destroy();
        this.#server.close();
        await once(this.#server, 'close');
    }
}
