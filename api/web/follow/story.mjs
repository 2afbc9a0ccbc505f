// What the service tells of a handoff, event by event. Each is held against what its own line has
// committed to, against the line that this device kept when it was handed over, and receipts also
// against the key that was fixed then (docs/protocol.md section 9).

import { equal, unb64u, unb64uExact } from '../protocol/encoding.mjs';
import { hash } from '../protocol/keys.mjs';
import { checkCommitment, parseLine } from '../protocol/log.mjs';
import { statementOf, verifyReceipt } from '../protocol/receipt.mjs';
import { ready } from '../protocol/sodium.mjs';

// An empty story. kept: { index, line, receiptKey? } of its first event, where this device has it.
// events: { index, text, line (an object), details: { field: text }, words, signed, honest }.
export const begin = (id, kept = null) => ({ id, kept, state: null, next: -1, events: [] });

const unreadable = { kind: '', t: 0, details: {} };

function lineOf(text) {
    try {
        const line = parseLine(text);
        return typeof line.kind === 'string' && Number.isSafeInteger(line.t) ? line : unreadable;
    } catch {
        return unreadable;
    }
}

// The words of a receipt: { by, note }, as far as they are disclosed and are texts.
function wordsOf(text) {
    try {
        const { by, note } = JSON.parse(text ?? '{}');
        const word = (value) => (typeof value === 'string' ? value : undefined);
        return { by: word(by), note: word(note) };
    } catch {
        return {};
    }
}

// One event as the service gave it. A detail that is not what its line committed to is left out.
function read({ index, line: text, details: disclosed }) {
    const line = lineOf(text);
    const details = {};
    let honest = line !== unreadable && line.n === index;
    for (const [name, detail] of Object.entries(disclosed ?? {})) {
        if (checkCommitment(name, detail, line.details?.[name]))
            details[name] = detail.value;
        else
            honest = false;
    }
    return { index, text, line, details, words: wordsOf(details.details), signed: null, honest };
}

const isReceipt = ({ line }) => line.kind.startsWith('receipt.');

// ---- what each must fit ----

// What was kept here when it was handed over. The key for receipts is disclosed only with the first.
const fitsKept = ({ kept }, { index, text, details: { receipt_key: key } }) => kept === null
    || (kept.index === index && kept.line === text
        && (kept.receiptKey === undefined || key === undefined || kept.receiptKey === key));

// Its place: the first is the creation, as it was kept; later ones come later.
function fitsPlace(story, one, i) {
    if (i === 0)
        return one.line.kind === 'handoff.created' && fitsKept(story, one);
    const before = story.events[i - 1];
    return one.line.kind !== 'handoff.created'
        && one.index > before.index && one.line.t >= before.line.t;
}

function fitsOpening(story, { line }) {
    const fixed = story.events[0].details.opened_hash;
    try {
        return !fixed || equal(hash(unb64u(line.opened_token)), unb64u(fixed));
    } catch {
        return false;
    }
}

// The statement must be of this handoff and these very words. Where those were erased, their hash
// is all that is not known.
function fitsStatement(story, { line, details }) {
    try {
        const said = statementOf({
            id: story.id,
            outcome: line.kind.slice('receipt.'.length),
            envelopeHash: unb64uExact(story.events[0].line.envelope_hash, 32),
            at: line.at,
            details: details.details,
        });
        const erased = details.details === undefined && line.details.details !== undefined;
        const known = erased ? said.length - '-\n'.length : said.length;
        return details.statement.slice(0, known) === said.slice(0, known)
            && (erased || details.statement.length === known);
    } catch {
        return false;
    }
}

// Whether a receipt was signed by the handoff's own key; null where that cannot be told.
function signed(story, one) {
    const key = story.events[0].details.receipt_key;
    const { statement, signature } = one.details;
    if (!statement || !signature)
        return null;
    if (!fitsStatement(story, one))
        return false;
    return key ? verifyReceipt(statement, signature, unb64u(key)) : null;
}

function judge(story) {
    story.events.forEach((one, i) => {
        one.honest &&= fitsPlace(story, one, i) && one.line.id === story.id;
        if (one.line.kind === 'handoff.opened')
            one.honest &&= fitsOpening(story, one);
        if (isReceipt(one)) {
            one.signed = signed(story, one);
            one.honest &&= one.signed !== false;
        }
    });
}

export const isHonest = (story) => story.events.every(({ honest }) => honest);

// ---- taking what the service answers ----

// Takes an answer. Returns the events that are new.
export async function take(story, { state, next, events }) {
    await ready;
    const news = events.map(read);
    story.state = state;
    story.events.push(...news);
    if (news.length > 0) {
        story.next = next;
        judge(story);
    }
    return news;
}

// Whether something new must be held against what is disclosed of the first event only since then:
// it was read before.
export function wantsFirst(story, news) {
    const { opened_hash: openedHash, receipt_key: receiptKey } = story.events[0]?.details ?? {};
    return (!receiptKey && news.some(isReceipt))
        || (!openedHash && news.some(({ line }) => line.kind === 'handoff.opened'));
}

// Takes the first event once more.
export function takeFirst(story, first) {
    const again = read(first);
    if (again.index !== story.events[0].index || again.text !== story.events[0].text)
        again.honest = false;
    story.events[0] = again;
    judge(story);
}

// ---- what it comes to ----

const ofKind = (story, kind) => story.events.filter(({ line }) => line.kind === kind);

export const lastOf = (story, kind) => ofKind(story, kind).at(-1) ?? null;

export const count = (events) => events.reduce((n, { line }) => n + (line.count ?? 1), 0);

const untaken = ['expired', 'revoked'];

// What the sender must know of, as events: wrong codes; claims by another after it was taken; those
// that came when it was gone unread; receipts by parties not shown to have opened it.
export function alarms(story) {
    const others = ofKind(story, 'claim.refused').filter(({ line }) => !line.claimant);
    return {
        wrong: ofKind(story, 'claim.wrong-code'),
        refused: others.filter(({ line }) => !untaken.includes(line.state)),
        late: others.filter(({ line }) => untaken.includes(line.state)),
        strangers: story.events.filter((one) => isReceipt(one) && !one.line.claimant),
    };
}

export const isAlarming = (story) =>
    Object.values(alarms(story)).some((events) => events.length > 0) || !isHonest(story);

// The receipt that decides: one by the party that opened it before one by another, then the last.
export function receipt(story) {
    const all = ofKind(story, `receipt.${story.state}`);
    return all.filter(({ line }) => line.claimant).at(-1) ?? all.at(-1) ?? null;
}

const settled = ['confirmed', 'rejected', 'expired', 'revoked', 'lapsed'];

// Whether only an alarm, or a late word, can still come.
export const isSettled = (story) => settled.includes(story.state);
export const isRevocable = (story) => ['available', 'claimed'].includes(story.state);
