// Looks for what must not be left: byte strings in files, and what a handoff could leave.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { sleep } from '../service/service.mjs';

const piece = 16;

// Searches files, or bytes, for many byte strings at once: each is looked for by pieces of 16 bytes at every
// 64 bytes, so that a page boundary inside a long one hides it nowhere.
export class Search {
    #marks = new Uint8Array(1 << 24);
    #pieces = new Map();

    add(name, bytes) {
        for (let at = 0; at + piece <= bytes.length; at += 64)
            this.#addPiece(name, bytes.subarray(at, at + piece));
        this.#addPiece(name, bytes.subarray(bytes.length - piece));
    }

    #addPiece(name, bytes) {
        this.#marks[bytes.readUIntLE(0, 3)] = 1;
        this.#pieces.set(bytes.toString('latin1'), name);
    }

    // The names found in the files of a directory.
    run(dir) {
        const found = new Set();
        for (const file of readdirSync(dir)) {
            if (!statSync(join(dir, file)).isFile())
                continue;
            this.look(readFileSync(join(dir, file)), found);
        }
        return found;
    }

    // Adds the names found in these bytes.
    look(bytes, found) {
        for (let at = 0; at + piece <= bytes.length; at++) {
            if (!this.#marks[bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)])
                continue;
            const name = this.#pieces.get(bytes.toString('latin1', at, at + piece));
            if (name)
                found.add(name);
        }
    }
}

// The at-rest forms as they lie in the slots by now: 8 bytes of the free list's link, then the
// sealed envelope.
export function atRest(service) {
    const file = join(service.data, 'handoff.db');
    const sql = (query) =>
        execFileSync('sqlite3', ['-readonly', '-list', file, query], { encoding: 'utf8' }).trim();
    const rows = sql(
        `SELECT lower(hex(id)) || ' ' || slot || ' ' || sealed_len FROM handoff WHERE slot > 0`,
    );
    const forms = new Map();
    for (const row of rows.split('\n').filter(Boolean)) {
        const [id, slot, length] = row.split(' ');
        const blocks = Math.ceil((Number(length) - 81) / 256);
        const k = Math.ceil(Math.log2(blocks));
        const hex = sql(`SELECT hex(substr(data, 9, ${length})) FROM slot_${k} WHERE slot=${slot}`);
        assert.equal(hex.length, 2 * Number(length), 'the at-rest form is there');
        forms.set(id, Buffer.from(hex, 'hex'));
    }
    return forms;
}

// Everything that must not be left of a handoff, by name.
export function traces(h) {
    const token = Buffer.from(h.keys.claimToken);
    return {
        envelope: h.envelope,
        'envelope as base64url': Buffer.from(h.body.envelope),
        'claim token': token,
        'claim token as base64url': Buffer.from(h.token),
        'claim token as hex': Buffer.from(token.toString('hex')),
        'claim token as HEX': Buffer.from(token.toString('hex').toUpperCase()),
    };
}

// Waits until a search finds nothing, at most so long after `since`.
export async function emptied(search, dir, since, withinMs = 2000) {
    for (;;) {
        const found = search.run(dir);
        if (found.size === 0)
            return;
        const ms = Date.now() - since;
        assert.ok(ms <= withinMs, `after ${ms} ms: ${[...found].slice(0, 5).join(', ')}`);
        await sleep(50);
    }
}
