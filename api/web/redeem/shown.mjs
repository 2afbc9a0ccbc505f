// From the moment when it is on the screen: the service is told, the receipt is asked for, and
// nothing of it stays behind. And what a return to it finds.

import { wipeKeys } from '../protocol/keys.mjs';
import { show, stateNow } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';
import { offerReceipt, signerOnDevice } from './acknowledge.mjs';
import { tellOpened } from './opening.mjs';
import { clear, isOnScreen, wasTouched } from './present.mjs';
import { deviceRecord } from './record.mjs';
import { holdHere } from './tabs.mjs';

const get = (id) => document.getElementById(id);
const section = (name) => document.querySelector(`[data-state="${name}"]`);

let told = true; // whether the service knows that it was opened

// What became of the service's copy.
function sayBurned(look, key, values = {}) {
    const box = get('burned');
    box.className = `notice screen-only ${look}`;
    say(box.querySelector('p'), key, values);
    announce(key, values);
}

const askForReceipt = (h) => offerReceipt(section(stateNow()), h, () => signerOnDevice(h));

// The credential is on the screen: shows it, and tells the service. Wipes the keys.
export async function acknowledge(h, keys) {
    show('shown');
    told = false;
    sayBurned('', 'redeem.burned.telling', { time: moment(h.leaseUntil) });
    try {
        await tellOpened(h, keys);
        told = true;
        if (isOnScreen())
            sayBurned('good', 'redeem.burned.done');
        else
            sayBurned('good', 'redeem.burned.done.cleared');
    } catch (error) {
        const detail = error.problem?.detail ?? error.code ?? '';
        sayBurned('warn', 'redeem.burned.refused', { detail });
        return;
    } finally {
        told = true;
        wipeKeys(keys);
    }
    await askForReceipt(h);
}

// It was opened in this browser; told: the service knows.
export function showMine(h) {
    say(get('mine-when'), 'redeem.mine.when', { time: moment(deviceRecord(h.id).at) });
    show('mine');
    if (told)
        askForReceipt(h);
}

function clearScreen(h) {
    if (stateNow() !== 'shown')
        return;
    clear();
    holdHere(null);
    if (!told)
        section('mine').append(get('burned'));
    showMine(h);
}

// What is on the screen is nowhere else.
export function guardScreen(handoff) {
    get('clear').addEventListener('click', () => clearScreen(handoff()));
    addEventListener('beforeunload', (event) => {
        if (isOnScreen() && !(told && wasTouched()))
            event.preventDefault();
    });
    // Neither "back" nor a page that the browser has put aside brings it up again.
    addEventListener('pagehide', clear);
    addEventListener('pageshow', (event) => {
        if (event.persisted)
            location.reload();
    });
}
