// Evidence, gathered from the service and checked here before it is given to anybody.

import { makeEvidence } from './protocol/evidence.mjs';
import { openCheckpoint, parseKey } from './protocol/log.mjs';
import { ready } from './protocol/sodium.mjs';
import { readAllEvents, readCheckpoint, readLogKeys, readProof } from './service.mjs';

// The log as it is now: { key, replaced, checkpoint, size }.
export async function readLog(more) {
    const { body: keys } = await readLogKeys(more);
    const { body: checkpoint } = await readCheckpoint(more);
    const { size } = openCheckpoint(checkpoint, parseKey(keys.key));
    return { key: keys.key, replaced: keys.replaced, checkpoint, size };
}

// The story of a handoff as the text of a bundle (docs/protocol.md section 9, Evidence). Throws where
// the service's answers do not verify.
export async function gatherEvidence(id, manage, more) {
    await ready;
    const { events } = await readAllEvents(id, manage, -1, more);
    const log = await readLog(more);
    for (const event of events)
        event.proof = (await readProof(event.index, log.size, more)).body;
    return makeEvidence({ id, key: log.key, checkpoint: log.checkpoint, keys: log.replaced, events });
}
