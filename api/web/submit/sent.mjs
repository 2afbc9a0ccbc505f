// What was handed over from this device, until it is confirmed.

import { base, readHandoff } from '../service.mjs';
import { forget, recallAll } from '../store.mjs';
import { announce, make, say } from '../ui/text.mjs';
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
const alarms = ['rejected', 'lapsed']; // she has something to do

let round = 0; // of asking: a newer list ends it

async function lookAt(id, place) {
    try {
        const { body } = await readHandoff(id, { patienceMs: 0 });
        say(place, states[body.state] ?? 'submit.state.unknown');
        if (alarms.includes(body.state))
            place.className = 'alarming';
        if (body.state === 'confirmed')
            forget(`sent:${id}`);
    } catch {
        say(place, 'submit.state.unknown');
    }
}

// One after another: a long list is no flood of requests.
async function lookAtAll(places) {
    const mine = ++round;
    for (const [id, place] of places) {
        if (mine !== round)
            return;
        await lookAt(id, place);
    }
}

// Forgetting gives away the key to revoke: it takes a second press.
function forgetButton(id, item, state) {
    const button = make('button', 'submit.sent.forget', {}, 'quiet');
    let isAsked = false;
    button.type = 'button';
    button.addEventListener('click', () => {
        if (!isAsked) {
            isAsked = true;
            say(state, 'submit.sent.forget.why');
            announce('submit.sent.forget.why');
            say(button, 'submit.sent.forget.sure');
            return;
        }
        const near = item.nextElementSibling ?? item.previousElementSibling;
        forget(`sent:${id}`);
        item.remove();
        announce('submit.sent.forgotten');
        if (near)
            near.querySelector('a').focus();
        else
            listSent();
    });
    return button;
}

function row(id, record) {
    const item = make('li');
    const words = make('div', null, {}, 'grow');
    const name = make('strong');
    const state = make('span', 'submit.state.loading', {}, 'soft');
    const follow = make('a', 'submit.sent.follow');
    const drop = forgetButton(id, item, state);
    if (record.label)
        name.textContent = record.label;
    else
        say(name, 'submit.sent.unnamed', { when: moment(record.at) });
    name.id = `sent-${id}`;
    follow.href = `${base}/s/${id}`;
    for (const control of [follow, drop])
        control.setAttribute('aria-describedby', name.id);
    words.append(name, document.createElement('br'), state);
    item.append(words, follow, drop);
    return { item, state };
}

// Fills the list, the newest first.
export function listSent() {
    const found = recallAll('sent:').sort(([, a], [, b]) => b.at - a.at);
    const rows = found.map(([id, record]) => row(id, record));
    document.getElementById('sent').hidden = found.length === 0;
    document.getElementById('sent-list').replaceChildren(...rows.map(({ item }) => item));
    lookAtAll(found.map(([id], i) => [id, rows[i].state]));
}
