// What the address brought: the handoff's id and the fragment with its key, repaired where a mail
// program has damaged it in a way that has only one reading. And the same for a pasted link.

import { ProtocolError, isId, wipe } from '../protocol/encoding.mjs';
import { formatLink, parseFragment, readLink } from '../protocol/link.mjs';
import { base } from '../service.mjs';
import { held, hold } from '../store.mjs';

const sameService = (other) => new URL(other).href === new URL(base).href;

const fragmentOf = (key) => formatLink('', '', key).split('#')[1];

// The text of a link that was read; wipes its key.
function linkOf({ base: at, id, key }) {
    const link = formatLink(at, id, key);
    wipe(key);
    return link;
}

// Damage that shows in the path too: "%23" for "#", a bracket or a full stop at the end.
function repair() {
    const { base: at, id, key } = readLink(location.origin + location.pathname + location.hash);
    const fragment = fragmentOf(key);
    wipe(key);
    if (!sameService(at))
        throw new ProtocolError('not-handoff');
    return { id, fragment, repaired: true };
}

function read() {
    const { pathname, hash } = location;
    const id = pathname.slice(pathname.lastIndexOf('/') + 1);
    if (!isId(id))
        return repair();
    if (hash === '' || hash === '#')
        return { id, fragment: held(`open:${id}`)?.fragment ?? null, repaired: false };
    try {
        wipe(parseFragment(hash).key);
        return { id, fragment: hash.slice(1), repaired: false };
    } catch {
        return repair();
    }
}

// Takes the fragment out of the address bar; this tab keeps it, so that a reload loses nothing.
function tuckAway({ id, fragment }) {
    const before = held(`open:${id}`);
    if (fragment !== null && before?.fragment !== fragment)
        hold(`open:${id}`, { fragment });
    history.replaceState(null, '', `${base}/h/${id}${location.search}`);
}

// Gives {id, fragment (null: there is none), repaired}, or {wrong: the code of what is wrong}.
export function arrive() {
    try {
        const found = read();
        tuckAway(found);
        return found;
    } catch (error) {
        if (error instanceof ProtocolError)
            return { wrong: error.code };
        throw error;
    }
}

// ---- a link that is pasted ----

const followPath = /\/s\/[0-9a-f]{8}-/i;

// Gives {link, here: whether it is this service's, host}, or {wrong}; 'follow' for a sender's link.
export function readPasted(text) {
    try {
        const found = readLink(text);
        const here = sameService(found.base);
        const { host } = new URL(found.base);
        return { link: linkOf(found), here, host };
    } catch (error) {
        if (error instanceof ProtocolError)
            return { wrong: followPath.test(text) ? 'follow' : error.code };
        return { wrong: 'not-url' }; // what no browser takes for an address
    }
}
