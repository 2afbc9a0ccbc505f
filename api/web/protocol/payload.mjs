// What is in the envelope: one flat object of strings (docs/protocol.md section 4). Its values are
// strings here, which cannot be wiped; let go of the object as soon as it was shown.

import { ProtocolError, unb64u, unutf8, utf8, wipe } from './encoding.mjs';

// The members of each type in the order in which they are written.
const types = new Map([
    ['credential', ['username', 'password', 'url', 'note']],
    ['text', ['text']],
    ['file', ['name', 'data']],
]);

const needed = new Set(['password', 'text', 'name', 'data']);

// Throws unless this object may be handed off.
function check(payload) {
    const members = types.get(payload.type);
    if (!members)
        throw new ProtocolError('payload-type', 'not a known type');
    for (const [name, value] of Object.entries(payload)) {
        if (name !== 'type' && !members.includes(name))
            throw new ProtocolError('payload-unknown', 'a member that is not known');
        if (value !== undefined)
            wipe(name === 'data' ? dataOf(value) : utf8(value));
    }
    for (const name of members)
        if (needed.has(name) && (payload[name] === undefined || isEmpty(name, payload[name])))
            throw new ProtocolError('payload-missing', `${name} is missing`);
}

const isEmpty = (name, value) => value === '' && name !== 'data';

function dataOf(text) {
    try {
        return unb64u(text);
    } catch {
        throw new ProtocolError('payload-data', 'data is not base64url');
    }
}

// The one way in which it is written: members in their order, no white space, U+007F escaped too.
export function encodePayload(payload) {
    check(payload);
    const names = ['type', ...types.get(payload.type)];
    const json = JSON.stringify(Object.fromEntries(names.map((name) => [name, payload[name]])));
    return utf8(json.replaceAll('\u007f', '\\u007f'));
}

// ---- reading ----

const malformed = () => new ProtocolError('payload-malformed', 'not a flat object of strings');

// Takes a flat object of strings apart. JSON.parse alone would let a doubled member through.
class Reader {
    constructor(text) {
        this.text = text;
        this.at = 0;
    }

    skipSpace() {
        while (' \t\r\n'.includes(this.text[this.at] ?? 'x'))
            this.at++;
    }

    // Whether this character comes next; takes it if so.
    takes(character) {
        this.skipSpace();
        if (this.text[this.at] !== character)
            return false;
        this.at++;
        return true;
    }

    must(character) {
        if (!this.takes(character))
            throw malformed();
    }

    string() {
        const from = this.at;
        this.must('"');
        for (let c; (c = this.text[this.at++]) !== '"';) {
            if (c === undefined)
                throw malformed();
            if (c === '\\')
                this.at++;
        }
        try {
            return JSON.parse(this.text.slice(from, this.at));
        } catch {
            throw malformed();
        }
    }

    object() {
        const members = new Map();
        this.must('{');
        do {
            this.skipSpace();
            const name = this.string();
            this.must(':');
            this.skipSpace();
            if (members.has(name))
                throw new ProtocolError('payload-doubled', 'a member stands twice');
            members.set(name, this.string());
        } while (this.takes(','));
        this.must('}');
        this.skipSpace();
        if (this.at !== this.text.length)
            throw malformed();
        return members;
    }
}

export function decodePayload(bytes) {
    const payload = Object.fromEntries(new Reader(unutf8(bytes)).object());
    check(payload);
    return payload;
}
