// A recipient's evidence, `handoff-receipt/1`: that the opening and the receipts stand in the
// signed log, and what was signed. The recipient cannot read the rest of the story.

import { checkFrame, checkPlace, frame, hasJust, refuse, textOf } from './bundle.mjs';
import { b64u, unb64uExact } from './encoding.mjs';
import { statementOf, verifyReceipt } from './receipt.mjs';

const type = 'handoff-receipt/1';
const prefix = 'receipt.';

function bytesOf(text, size, what) {
    try {
        return unb64uExact(text, size);
    } catch {
        return refuse('bundle-malformed', `${what} is malformed`);
    }
}

// What a receipt's statement must be where its event's line says this. All statements of a handoff
// name one envelope; the first tells which.
function expected(is, receipt, envelopeHash) {
    const outcome = is.kind.slice(prefix.length);
    return statementOf({ id: is.id, outcome, at: is.at, details: receipt.details, envelopeHash });
}

const envelopeHashOf = ({ statement }) =>
    bytesOf(String(statement).split('\n')[3], 32, 'a statement');

function checkReceipts(said, receipts, receiptKey) {
    if (receipts.length !== said.length || receipts.length === 0)
        refuse('receipt-wrong', 'not a receipt for each event');
    const isWhole = (receipt) => hasJust(receipt, ['statement', 'signature', 'details?']);
    if (!receipts.every(isWhole))
        refuse('bundle-malformed', 'a receipt is malformed');
    const envelopeHash = envelopeHashOf(receipts[0]);
    receipts.forEach((receipt, i) => {
        if (receipt.statement !== expected(said[i], receipt, envelopeHash))
            refuse('receipt-wrong', 'a statement does not say what the log says');
        if (!verifyReceipt(receipt.statement, receipt.signature, receiptKey))
            refuse('receipt-wrong', 'a signature does not verify');
    });
}

// Throws unless all of a bundle (an object) holds; `trusted` as with evidence.
export function checkReceiptFile(bundle, trusted = null) {
    const checkpoint = checkFrame(bundle, type, ['receipt_key', 'receipts'], trusted);
    const members = ['index', 'line', 'proof'];
    const said = [];
    let [before, opened] = [null, 0];
    for (const event of bundle.events) {
        const is = checkPlace(bundle, checkpoint, event, members, before);
        if (['receipt.confirmed', 'receipt.rejected'].includes(is.kind))
            said.push(is);
        else if (is.kind !== 'handoff.opened' || ++opened > 1)
            refuse('story-twice', `event ${is.n} is none of the recipient's acts`);
        else
            bytesOf(is.opened_token, 32, 'the opened token');
        before = is;
    }
    if (!Array.isArray(bundle.receipts))
        refuse('bundle-malformed', 'no receipts');
    checkReceipts(said, bundle.receipts, bytesOf(bundle.receipt_key, 32, 'the receipt key'));
}

// Of what the service has answered (see makeEvidence; events {index, line, proof}), `receiptKey` as
// bytes, and `receipts` {statement, signature, details?} as makeReceipt gave them, in the order of
// their events. Gives the text of the file.
export function makeReceiptFile({ receiptKey, receipts, trusted = null, ...answered }) {
    const bundle = {
        ...frame(type, answered),
        receipt_key: b64u(receiptKey),
        receipts: receipts.map(({ statement, signature, details }) => ({
            statement,
            signature,
            ...(details === undefined ? {} : { details }),
        })),
    };
    checkReceiptFile(bundle, trusted);
    return textOf(bundle);
}
