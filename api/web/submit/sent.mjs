// What was handed over from this device, until it is confirmed.

import { base, readHandoff } from '../service.mjs';
import { forget, recallAll } from '../store.mjs';
import { make, say } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';

const states = {
    available: 'submit.state.available',
    claimed: 'submit.state.claimed',
    delivered: 'submit.state.delivered',
    confirmed: 'submit.state.confirmed',
    rejected: 'submit.state.rejected',
    expired: 'submit.state.expired',
    revoked: 'submit.state.revoked',
    lapsed: 'submit.state.lapsed',
};

async function lookAt(id, place) {
    try {
        const { body } = await readHandoff(id, { patienceMs: 0 });
        say(place, states[body.state] ?? 'submit.state.unknown');
        if (body.state === 'confirmed')
            forget(`sent:${id}`);
    } catch {
        say(place, 'submit.state.unknown');
    }
}

function row(id, record, again) {
    const item = make('li');
    const words = make('div', null, {}, 'grow');
    const name = make('strong');
    const state = make('span', 'submit.state.loading', {}, 'soft');
    const follow = make('a', 'submit.sent.follow');
    const drop = make('button', 'submit.sent.forget', {}, 'quiet');
    if (record.label)
        name.textContent = record.label;
    else
        say(name, 'submit.sent.unnamed', { when: moment(record.at) });
    name.id = `sent-${id}`;
    follow.href = `${base}/s/${id}`;
    for (const control of [follow, drop])
        control.setAttribute('aria-describedby', name.id);
    drop.type = 'button';
    drop.addEventListener('click', () => {
        forget(`sent:${id}`);
        again();
    });
    words.append(name, document.createElement('br'), state);
    item.append(words, follow, drop);
    lookAt(id, state);
    return item;
}

// Fills the list, the newest first.
export function listSent() {
    const found = recallAll('sent:').sort(([, a], [, b]) => b.at - a.at);
    document.getElementById('sent').hidden = found.length === 0;
    document.getElementById('sent-list').replaceChildren(
        ...found.map(([id, record]) => row(id, record, listSent)));
}
