// A sender's evidence, `handoff-evidence/1` (docs/protocol.md section 9): one handoff's story in a
// file that anyone can check. It is checked here first: what does not hold is never handed on.

import { checkFrame, checkPlace, frame, hasJust, isObject, refuse, textOf } from './bundle.mjs';
import { equal, unb64uExact } from './encoding.mjs';
import { hash } from './keys.mjs';
import { checkCommitment } from './log.mjs';
import { statementOf, verifyReceipt } from './receipt.mjs';
import { makeReceiptFile } from './receipt-file.mjs';

export { makeReceiptFile };

const type = 'handoff-evidence/1';
const receiptsMax = 16;

// Bytes, or null where they are absent or malformed.
function bytesOf(text, size = 32) {
    try {
        return unb64uExact(text, size);
    } catch {
        return null;
    }
}

function checkDetails({ n, details: committed }, disclosed) {
    if (!isObject(disclosed) || !isObject(committed))
        refuse('event-malformed', `event ${n} has no details`);
    for (const [field, detail] of Object.entries(disclosed)) {
        if (!hasJust(detail, ['salt', 'value']) || !Object.hasOwn(committed, field))
            refuse('event-malformed', `event ${n} has no detail ${field}`);
        if (!checkCommitment(field, detail, committed[field]))
            refuse('detail-wrong', `event ${n}: ${field} is not what the line committed to`);
    }
}

// What each kind must fit. `story` holds what earlier events fixed, `value` the disclosed details.
const kinds = {
    'handoff.created'(story, is, value) {
        if (story.created)
            refuse('story-twice', 'created a second time');
        story.created = true;
        story.envelopeHash = bytesOf(is.envelope_hash);
        story.openedHash = bytesOf(value('opened_hash'));
        story.receiptKey = bytesOf(value('receipt_key'));
        if (story.envelopeHash === null)
            refuse('event-malformed', 'no hash of the envelope');
    },
    'claim.accepted'(story) {
        if (story.claimed)
            refuse('story-twice', 'handed out a second time');
        story.claimed = true;
    },
    'handoff.opened'(story, is) {
        const token = bytesOf(is.opened_token);
        if (token === null)
            refuse('event-malformed', `event ${is.n} has no opened token`);
        if (story.openedHash && !equal(hash(token), story.openedHash))
            refuse('opened-wrong', 'the opened token is not the one whose hash was fixed');
    },
    'receipt.confirmed': receipt,
    'receipt.rejected': receipt,
};

function receipt(story, is, value) {
    const details = value('details');
    const said = { id: is.id, outcome: is.kind.slice('receipt.'.length), at: is.at, details };
    const expected = statementOf({ ...said, envelopeHash: story.envelopeHash });
    const statement = value('statement');
    // Where the words were erased, their hash is all that is not known.
    const isHidden = details === undefined && Object.hasOwn(is.details, 'details');
    const fits = isHidden
        ? statement?.startsWith(expected.replace(/[^\n]*\n$/, ''))
        : statement === expected;
    if (!fits)
        refuse('receipt-wrong', `event ${is.n}: the statement does not say what the log says`);
    const signature = value('signature');
    if (bytesOf(signature, 64) === null)
        refuse('receipt-wrong', `event ${is.n}: no signature`);
    if (story.receiptKey && !verifyReceipt(statement, signature, story.receiptKey))
        refuse('receipt-wrong', `event ${is.n}: the signature is not by the key that was fixed`);
    if (++story.receipts > receiptsMax)
        refuse('story-twice', 'more receipts than a handoff can have');
}

function checkStory(story, is, details) {
    if (!story.created && is.kind !== 'handoff.created')
        refuse('story-begin', 'the story does not begin with the creation');
    if (Object.hasOwn(kinds, is.kind)) // others come from newer services
        kinds[is.kind](story, is, (field) =>
            Object.hasOwn(details, field) ? details[field].value : undefined);
}

// Throws unless all of a bundle (an object) holds; `trusted`: the verifier key that one trusts, or
// null to go by the bundle's own.
export function checkEvidence(bundle, trusted = null) {
    const checkpoint = checkFrame(bundle, type, [], trusted);
    const story = { created: false, claimed: false, receipts: 0 };
    const members = ['index', 'line', 'proof', 'details'];
    let before = null;
    for (const event of bundle.events) {
        const is = checkPlace(bundle, checkpoint, event, members, before);
        checkDetails(is, event.details);
        checkStory(story, is, event.details);
        before = is;
    }
}

// Of what the service has answered: `key` and `keys` (its `replaced`) of GET /v1/audit/keys; the
// text of the newest checkpoint; events {index, line, details, proof}, each proof the text of the
// tlog-proof under that checkpoint. `trusted`, where there is one, is a verifier key from before.
// Gives the text of the file.
export function makeEvidence({ trusted = null, ...answered }) {
    const bundle = frame(type, answered, ({ details }) => ({ details }));
    checkEvidence(bundle, trusted);
    return textOf(bundle);
}
