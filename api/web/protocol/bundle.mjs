// What the files that prove something have in common: the log's key and checkpoint, and events that
// stand under it. All is checked as `handoff verify` checks it, before a file is handed to anyone.

import { ProtocolError, b64, isId } from './encoding.mjs';
import {
    checkInclusion,
    checkKeys,
    leafHash,
    openCheckpoint,
    parseHashes,
    parseKey,
    parseLine,
    parseProof,
    unbrokenKeys,
} from './log.mjs';

export function refuse(code, message) {
    throw new ProtocolError(code, message);
}

export const isObject = (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

// Whether an object has these members and no others; a '?' behind a name: it may be absent.
export function hasJust(object, names) {
    if (!isObject(object))
        return false;
    const known = names.map((name) => name.replace('?', ''));
    return Object.keys(object).every((name) => known.includes(name))
        && names.every((name) => name.endsWith('?') || Object.hasOwn(object, name));
}

// ---- making ----

const isList = (value) => Array.isArray(value) && value.every(isObject);

// The hashes of a tlog-proof's text, which must be of this event.
function proofHashes({ index, proof }) {
    const found = parseProof(proof);
    if (found.index !== index)
        refuse('event-misplaced', `the proof of event ${index} is another's`);
    return found.hashes.map(b64);
}

// What the files have in common, of what the service has answered: `keys` is the `replaced` of
// GET /v1/audit/keys, an event's proof the text of its tlog-proof. `more` gives an event's further
// members.
export function frame(type, { id, key, checkpoint, keys, events }, more = () => ({})) {
    if (!isList(keys) || !isList(events))
        refuse('bundle-malformed', 'no list of keys, or none of events');
    return {
        type,
        id,
        key,
        checkpoint,
        keys: unbrokenKeys(keys).map(({ index, line, proof }) => ({ index, line, proof })),
        events: events.map((event) => ({
            index: event.index,
            line: event.line,
            proof: proofHashes(event),
            ...more(event),
        })),
    };
}

export const textOf = (bundle) => `${JSON.stringify(bundle, null, 1)}\n`;

// ---- checking ----

// All but the events; gives the checkpoint. `trusted`: the text of a verifier key, or null.
export function checkFrame(bundle, type, more, trusted) {
    const members = ['type', 'id', 'key', 'checkpoint', 'keys', 'events', ...more];
    if (!hasJust(bundle, members) || bundle.type !== type || !isId(bundle.id))
        refuse('bundle-malformed', `not of the type ${type}`);
    if (!Array.isArray(bundle.events) || bundle.events.length === 0 || !Array.isArray(bundle.keys))
        refuse('bundle-malformed', 'no events, or no keys');
    if (!bundle.keys.every((step) => hasJust(step, ['index', 'line', 'proof'])))
        refuse('bundle-malformed', 'a step of the keys is malformed');
    checkKeys(bundle.keys, bundle.key, trusted);
    return openCheckpoint(bundle.checkpoint, parseKey(bundle.key));
}

// One event's place in the log and in the story of the handoff; gives what its line says. `before`
// is what the event before it said, if any.
export function checkPlace(bundle, checkpoint, event, members, before) {
    const { index, line, proof } = event ?? {};
    if (!hasJust(event, members) || !Number.isSafeInteger(index) || typeof line !== 'string')
        refuse('event-malformed', 'an event is malformed');
    const { size, root } = checkpoint;
    if (!checkInclusion(leafHash(line), index, size, parseHashes(proof), root))
        refuse('event-misplaced', `event ${index} is not in the log that was signed`);
    const is = parseLine(line);
    if (is.n !== index || is.id !== bundle.id || typeof is.kind !== 'string')
        refuse('event-foreign', `event ${index} is of another place or handoff`);
    if (!Number.isSafeInteger(is.t) || (before && (is.n <= before.n || is.t < before.t)))
        refuse('event-order', `event ${index} is out of order`);
    return is;
}
