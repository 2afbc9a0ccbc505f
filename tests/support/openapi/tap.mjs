// A proxy that passes every byte untouched between clients and the service, and holds a copy of each
// answer against the description. Clients keep their addresses, connections begin and end together.
// What it finds goes into files of the directory that HANDOFF_OPENAPI names.

import { appendFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';

import { parseAnswer, uncoded } from '../http/http.mjs';
import { judge } from './openapi.mjs';

export const directory = process.env.HANDOFF_OPENAPI;

const note = (file, record) =>
    appendFileSync(join(directory, `${file}-${process.pid}`), `${JSON.stringify(record)}\n`);

// Reads requests out of a client's bytes, as long as they are well-formed.
class Requests {
    #bytes = Buffer.alloc(0);
    #lost = false;
    waiting = [];

    add(data) {
        if (this.#lost)
            return;
        this.#bytes = Buffer.concat([this.#bytes, data]);
        while (!this.#lost && this.#next());
    }

    // A request whose head is not whole, where its line is.
    begun() {
        const line = /^([A-Z]+) (\/[^ ?]*)(?:\?[^ ]*)? HTTP\/1\.[01]\r\n/.exec(this.#bytes.toString('latin1'));
        return line && !this.#lost ? { method: line[1], path: line[2] } : null;
    }

    // One request; false when it is not whole yet.
    #next() {
        const end = this.#bytes.indexOf('\r\n\r\n');
        if (end < 0)
            return false;
        const head = this.#bytes.subarray(0, end).toString('latin1');
        const line = /^([A-Z]+) (\/[^ ?]*)(?:\?[^ ]*)? HTTP\/1\.[01]\r?\n/.exec(`${head}\r\n`);
        const lengths = [...head.matchAll(/^content-length: *(\d+)\r?$/gim)];
        const length = Number(lengths[0]?.[1] ?? 0);
        if (!line || lengths.length > 1 || /^transfer-encoding/im.test(head)) {
            this.#lost = true; // the rest is no request that can be told from another
            return false;
        }
        // It is waited for from its head on: it may be refused before its body is there.
        if (this.pending === undefined) {
            this.pending = { method: line[1], path: line[2], body: undefined };
            this.waiting.push(this.pending);
        }
        const total = end + 4 + length;
        if (this.#bytes.length < total)
            return false;
        try {
            this.pending.body = JSON.parse(this.#bytes.toString('utf8', end + 4, total));
        } catch {
            this.pending.body = undefined;
        }
        this.pending = undefined;
        this.#bytes = this.#bytes.subarray(total);
        return this.#bytes.length > 0;
    }
}

// Reads answers out of the service's bytes and judges each.
class Answers {
    #bytes = Buffer.alloc(0);
    #requests;

    constructor(requests) {
        this.#requests = requests;
    }

    add(data) {
        this.#bytes = Buffer.concat([this.#bytes, data]);
        for (;;) {
            const request = this.#requests.waiting[0] ?? this.#requests.begun();
            const reply = parseAnswer(this.#bytes, { head: request?.method === 'HEAD' });
            if (!reply)
                return;
            const whole = this.#bytes.subarray(0, this.#bytes.length - reply.rest.length);
            Object.assign(reply, uncoded(reply.headers, whole.subarray(whole.indexOf('\r\n\r\n') + 4)));
            this.#bytes = reply.rest;
            if (reply.status < 200)
                continue;
            this.#requests.waiting.shift();
            const { violation, name } = judge(request, reply);
            if (violation) {
                const path = request?.path.replaceAll(/[0-9a-f-]{36}/g, '{id}');
                const { status, text } = reply;
                note('violation', { method: request?.method, path, status, violation, text });
            }
            if (name)
                note('seen', name);
        }
    }
}

function join2(client, server, requests, answers) {
    client.on('data', (data) => {
        requests.add(data);
        if (server.writable)
            server.write(data);
    });
    server.on('data', (data) => {
        answers.add(data);
        if (client.writable)
            client.write(data);
    });
    client.on('end', () => server.end());
    client.on('error', () => server.resetAndDestroy());
    client.on('close', () => server.destroy());
    // What the service said last still reaches the client, even where it did not hear it out.
    for (const event of ['end', 'error', 'close'])
        server.on(event, () => client.end());
}

// Listens at host:port (0: a free one) for a service at host:target. Gives { port, close }.
export function tap(host, port, target) {
    const sockets = new Set();
    const listener = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
        const server = net.connect({
            host,
            port: target,
            localAddress: client.remoteAddress,
            allowHalfOpen: true,
            noDelay: true,
        });
        for (const socket of [client, server]) {
            sockets.add(socket);
            socket.on('close', () => sockets.delete(socket));
        }
        const requests = new Requests();
        join2(client, server, requests, new Answers(requests));
    });
    return new Promise((resolve, reject) => {
        listener.on('error', reject);
        listener.listen(port, host, () =>
            resolve({ port: listener.address().port, close: () => listener.close() }),
        );
    });
}
