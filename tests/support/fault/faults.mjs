// Tells a program that runs with tests/fault/faults.c preloaded which of its calls to fail.

import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import { build } from '../service/service.mjs';

const library = join(build, 'tests', 'fault', 'faults.so');
const orderBytes = 40;

// The kinds of calls, in the library's order, and how each may fail.
export const kinds = {
    write: [{ error: 'EIO' }, { error: 'ENOSPC' }, { error: 'ENOSPC', partly: true }],
    sync: [{ error: 'EIO' }, { error: 'ENOSPC' }],
    open: [{ error: 'EMFILE' }, { error: 'EACCES' }],
    cut: [{ error: 'EIO' }],
    read: [{ error: 'EIO' }],
    memory: [{ error: 'ENOMEM' }],
    map: [{ error: 'ENOMEM' }],
    thread: [{ error: 'EAGAIN' }],
    name: [{ error: 'EIO' }],
};
const numbers = Object.fromEntries(Object.keys(kinds).map((kind, i) => [kind, i]));

export class Faults {
    #fd;

    constructor(t, path) {
        writeFileSync(path, Buffer.alloc(orderBytes * Object.keys(kinds).length));
        this.#fd = openSync(path, 'r+');
        t.after(() => closeSync(this.#fd));
        this.env = { LD_PRELOAD: library, FAULTS: path };
    }

    #read(kind) {
        const bytes = Buffer.alloc(orderBytes);
        readSync(this.#fd, bytes, 0, orderBytes, numbers[kind] * orderBytes);
        return bytes;
    }

    // How many calls of a kind there were.
    calls(kind) {
        return Number(this.#read(kind).readBigUInt64LE(0));
    }

    // How many failed.
    failed(kind) {
        return Number(this.#read(kind).readBigUInt64LE(16));
    }

    // From now on the n-th call of a kind fails, with lasting: and all after it, until mended.
    order(kind, n, { error, partly = false, lasting = false }) {
        const bytes = Buffer.alloc(orderBytes - 24);
        bytes.writeUInt32LE(constants.errno[error], 0);
        bytes.writeUInt32LE(lasting ? 1 : 0, 4);
        bytes.writeUInt32LE(partly ? 1 : 0, 8);
        writeSync(this.#fd, bytes, 0, bytes.length, numbers[kind] * orderBytes + 24);
        this.#setAt(kind, this.calls(kind) + n);
    }

    #setAt(kind, at) {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(at));
        writeSync(this.#fd, bytes, 0, 8, numbers[kind] * orderBytes + 8);
    }

    // Nothing fails any more.
    mend() {
        Object.keys(kinds).forEach((kind) => this.#setAt(kind, 0));
    }
}
