// The manage key: from the address, from where it leaves at once, or as this tab or this device has
// it; and from a whole link that is pasted.

import { isId, unb64u } from '../protocol/encoding.mjs';
import { base } from '../service.mjs';
import { drop, held, hold, recall } from '../store.mjs';

const keyBytes = 32;
const recipientBytes = 33; // behind the # in the recipient's link, the first of them this:
const recipientVersion = 0x01;
const hidden = /[\s\u00a0\u200b-\u200d\u202f\u2060\ufeff]/g; // spaces that nobody sees

function bytesIn(text) {
    try {
        return unb64u(text);
    } catch {
        return [];
    }
}

const isKey = (text) => typeof text === 'string' && bytesIn(text).length === keyBytes;

// The id in the address; whatever else stands there is none.
export const idInAddress = () => location.pathname.split('/').filter(Boolean).at(-1) ?? '';

// What the fragment is: 'none', 'key', 'recipient' (it opens, and follows nothing) or 'damaged'.
function kindOf(fragment) {
    if (fragment === '')
        return 'none';
    if (isKey(fragment))
        return 'key';
    const bytes = bytesIn(fragment);
    return bytes.length === recipientBytes && bytes[0] === recipientVersion
        ? 'recipient' : 'damaged';
}

// Takes the fragment out of the address. Gives { kind, keys }: the keys that may be right, the one
// that was given first. They are kept in this tab, since a reload must not lose them.
export function findKeys(id) {
    const fragment = location.hash.slice(1);
    history.replaceState(null, '', location.pathname + location.search);
    const kind = kindOf(fragment);
    const found = [fragment, held(`follow:${id}`), recall(`sent:${id}`)?.manage].filter(isKey);
    return { kind, keys: [...new Set(found)] };
}

export const keepKey = (id, key) => hold(`follow:${id}`, key);
export const dropKey = (id) => drop(`follow:${id}`);

// A link in which a program has written "#" as "%23", or which it carries as a parameter.
function unwrap(text) {
    let link = text;
    for (let layer = 0; layer < 3 && !link.includes('#') && link.includes('%'); layer++) {
        const at = link.search(/=https?(?:%3a|:\/\/)/i);
        const inner = at < 0 ? link : link.slice(at + 1).split('&', 1)[0];
        try {
            link = decodeURIComponent(inner);
        } catch {
            break;
        }
    }
    return link;
}

// Reads a pasted text: { id, key }, or { wrong }: 'empty', 'recipient' (his link), 'elsewhere' (of
// another service, host) or 'none'.
export function readPasted(text) {
    const link = unwrap(text.replace(hidden, ''));
    const seen = /(https?:\/\/.+)\/([hs])\/([0-9a-f-]{36})(?:#([\w-]*))?/.exec(link);
    if (link === '')
        return { wrong: 'empty' };
    if (!seen || !isId(seen[3]))
        return { wrong: 'none' };
    const [, at, page, id, key] = seen;
    if (page === 'h')
        return { wrong: 'recipient' };
    if (!isKey(key))
        return { wrong: 'none' };
    return at === base ? { id, key } : { wrong: 'elsewhere', host: new URL(at).host };
}

// Goes on with a pasted link's key.
export function goTo(id, key) {
    keepKey(id, key);
    const target = `${base}/s/${id}`;
    if (location.href === target)
        location.reload();
    else
        location.replace(target);
}
