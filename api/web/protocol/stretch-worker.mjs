// The worker that stretches an access code: Argon2 would stop the page for a moment, and longer on
// a slow machine. It is told {code, id}, the code as normalised bytes, and answers {stretched}, or
// {failed: true}. The code is wiped here; the bytes were moved, not copied.

import { wipe } from './encoding.mjs';
import { stretchBytes } from './keys.mjs';
import { ready } from './sodium.mjs';

async function answer({ data: { code, id } }) {
    try {
        await ready;
        const stretched = stretchBytes(code, id);
        globalThis.postMessage({ stretched }, [stretched.buffer]);
    } catch {
        globalThis.postMessage({ failed: true });
    } finally {
        wipe(code);
    }
}

globalThis.addEventListener('message', answer);
