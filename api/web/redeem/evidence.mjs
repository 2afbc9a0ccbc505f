// The recipient's evidence: a file with what this browser said, and the log's proof that it stands
// there. It is checked before it is handed over.

import { readLog } from '../papers.mjs';
import { unb64u, wipe } from '../protocol/encoding.mjs';
import { makeReceiptFile } from '../protocol/evidence.mjs';
import { receiptKeyOf } from '../protocol/keys.mjs';
import { ready } from '../protocol/sodium.mjs';
import { ServiceError, readProof } from '../service.mjs';
import { download } from '../ui/download.mjs';
import { trouble } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { deviceRecord } from './record.mjs';

const nameDigits = 8;

// The events of a record, each with its proof under one checkpoint.
async function proven(events, size, more) {
    const found = [];
    for (const { index, line } of [...events].sort((a, b) => a.index - b.index)) {
        const { body } = await readProof(index, size, more);
        found.push({ index, line, proof: body });
    }
    return found;
}

function receiptKey(seedText) {
    const seed = unb64u(seedText);
    try {
        return receiptKeyOf(seed);
    } finally {
        wipe(seed);
    }
}

async function makeFile(id) {
    const more = { onTrouble: trouble };
    const { receiptSeed, events, receipts } = deviceRecord(id);
    await ready;
    const { key, replaced, checkpoint, size } = await readLog(more);
    return makeReceiptFile({
        id,
        key,
        checkpoint,
        keys: replaced,
        events: await proven(events, size, more),
        receiptKey: receiptKey(receiptSeed),
        receipts,
    });
}

// Downloads it, or says why not.
export async function saveEvidence(id) {
    const error = document.getElementById('evidence-error');
    const complain = (key) => {
        error.hidden = false;
        say(error, key);
        announce(key);
    };
    error.hidden = true;
    try {
        download(`handoff-receipt-${id.slice(0, nameDigits)}.json`, await makeFile(id));
    } catch (reason) {
        if (reason instanceof ServiceError)
            complain('redeem.evidence.down');
        else
            complain('redeem.evidence.wrong');
    }
}
