// Stretches an access code in a worker where there are workers, else right here.

import { normaliseCode } from './code.mjs';
import { wipe } from './encoding.mjs';
import { stretchBytes } from './keys.mjs';
import { ready } from './sodium.mjs';

const workerUrl = new URL('./stretch-worker.mjs', import.meta.url);

// Where Trusted Types are enforced, a worker's address must come from a policy: this one knows no
// other address than the worker's.
let policy;

function trustedUrl() {
    const createScriptURL = () => workerUrl.href;
    policy ??= globalThis.trustedTypes?.createPolicy('handoff', { createScriptURL })
        ?? { createScriptURL };
    return policy.createScriptURL('');
}

// The answer of a worker to one message; rejects when it cannot be made, or ends in an error.
function ask(message, moved) {
    const worker = new Worker(trustedUrl(), { type: 'module' });
    return new Promise((resolve, reject) => {
        worker.addEventListener('message', ({ data }) => resolve(data));
        worker.addEventListener('error', () => reject(new Error('the worker failed')));
        worker.addEventListener('messageerror', () => reject(new Error('no answer to be read')));
        worker.postMessage(message, moved);
    }).finally(() => worker.terminate());
}

async function inWorker(code, id) {
    const copy = code.slice();
    try {
        const { stretched } = await ask({ code: copy, id }, [copy.buffer]);
        return stretched ?? null;
    } catch {
        return null;
    } finally {
        wipe(copy); // where it was not moved
    }
}

async function here(code, id) {
    await ready;
    return stretchBytes(code, id);
}

// The stretched code: 32 bytes. Rejects for a code that is too short or too long.
export async function stretchInWorker(text, id) {
    const code = normaliseCode(text);
    try {
        return (await inWorker(code, id)) ?? (await here(code, id));
    } finally {
        wipe(code);
    }
}
