// How every page begins, and what it says where nothing of its own fits.

import { hasWasm } from '../protocol/sodium.mjs';
import { ServiceError } from '../service.mjs';
import { show, stateNow } from './state.mjs';
import { beginLanguages, say } from './text.mjs';

let again = () => location.reload();

// Shows a state with a button that tries again. retry: what to do then.
export function gaveUp(retry) {
    again = retry;
    show('gaveup');
}

// An answer or a fault that no state of the page is for. Says nothing of a handoff.
export function unexpected(error, retry = () => location.reload()) {
    const text = document.getElementById('unexpected-text');
    again = retry;
    if (error instanceof ServiceError && error.kind === 'refused')
        say(text, 'unexpected.text',
            { detail: error.problem.detail ?? `HTTP ${error.status}` });
    else
        say(text, 'unexpected.broken');
    show('unexpected');
}

// What came of a call where the page has no answer of its own: shows gaveup or unexpected.
export function fail(error, retry) {
    if (error instanceof ServiceError && error.kind === 'gaveup')
        gaveUp(retry);
    else
        unexpected(error, retry);
}

// Begins a page: languages, the check for WebAssembly, then start().
export async function boot(start) {
    for (const id of ['gaveup-again', 'unexpected-again'])
        document.getElementById(id).addEventListener('click', () => again());
    // The same page with another fragment is another handoff.
    addEventListener('hashchange', () => location.reload());
    try {
        await beginLanguages();
        if (!hasWasm()) {
            show('nowasm');
            return;
        }
        await start();
    } catch (error) {
        // What is on the screen may be a secret that is nowhere else: it stays.
        if (stateNow() === null || stateNow() === 'loading')
            fail(error);
        else
            throw error;
    }
}
