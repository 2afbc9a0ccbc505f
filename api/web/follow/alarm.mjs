// The alarm, above everything: what happened that should not have, when and from where, and what to
// do, in the order in which it is to be done.

import { make, say } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';
import { alarms, count, lastOf } from './story.mjs';
import { origin } from './words.mjs';

const field = (id) => document.getElementById(id);
const triesMax = 4; // shown here; the timeline has all

// What happened, the worst first.
const parts = {
    refused: { title: 'follow.alarm.refused', text: 'follow.alarm.refused.text' },
    wrong: { title: 'follow.alarm.wrong', text: 'follow.alarm.wrong.text' },
    strangers: { title: 'follow.alarm.strangers', text: 'follow.alarm.strangers.text' },
    late: { title: 'follow.alarm.late', text: 'follow.alarm.late.text' },
};

// What is to be done about wrong codes: they have opened nothing by themselves.
const afterWrong = {
    available: ['follow.alarm.ask', 'follow.alarm.revoke', 'follow.alarm.anew'],
    lapsed: ['follow.alarm.change.lapsed', 'follow.alarm.ask', 'follow.alarm.anew'],
    expired: ['follow.alarm.ask', 'follow.alarm.anew.needed'],
    revoked: ['follow.alarm.ask', 'follow.alarm.anew.needed'],
};

const revoking = ['follow.alarm.revoke', 'follow.alarm.revoke.rest']; // with a button at hand

// Steps by what happened and what it is in now.
function stepsFor({ refused, wrong, strangers }, state) {
    if (refused.length > 0)
        return ['follow.alarm.change',
            ...(state === 'claimed' ? ['follow.alarm.revoke.rest'] : []),
            'follow.alarm.ask.both', 'follow.alarm.anew'];
    if (wrong.length > 0)
        return afterWrong[state]
            ?? ['follow.alarm.ask', 'follow.alarm.change.else', 'follow.alarm.anew'];
    if (strangers.length > 0)
        return ['follow.alarm.ask.receipt', 'follow.alarm.change.else', 'follow.alarm.anew'];
    return ['follow.alarm.ask.late', 'follow.alarm.anew.needed'];
}

// One try: when, how often, from where. named: what it was, where more than one thing is listed.
function tryLine(event, named = null) {
    const line = make('li');
    const n = event.line.count ?? 1;
    const words = [...(named ? [[named]] : []), ...(n > 1 ? [['follow.alarm.times', { n }]] : []),
        ...origin(event)];
    line.append(make('time', 'follow.fact.time', { time: moment(event.line.t) }, 'when'));
    line.firstChild.dateTime = new Date(event.line.t * 1000).toISOString();
    for (const one of words)
        line.append(' ', make('span', ...one));
    return line;
}

// The newest tries of one kind, and how many there are besides; taken: by whom they were outrun.
function tries(events, taken = null) {
    const list = make('ul', null, {}, 'tries');
    const shown = events.slice(-triesMax);
    const rest = count(events.slice(0, -triesMax));
    list.append(...(taken ? [tryLine(taken, 'follow.alarm.taken')] : []),
        ...(rest > 0 ? [make('li', 'follow.alarm.earlier', { n: rest })] : []),
        ...shown.map((event) => tryLine(event, taken && 'follow.alarm.refusal')));
    return list;
}

function part(name, events, story) {
    const { title, text } = parts[name];
    const taken = name === 'refused' ? lastOf(story, 'claim.accepted') : null;
    return [make('h2', title), make('p', text, { n: count(events) }), tries(events, taken)];
}

// Only what is new is written, so that a screen reader tells it once.
export function paintAlarm(story) {
    const found = alarms(story);
    const names = Object.keys(parts).filter((name) => found[name].length > 0);
    const box = field('alarm');
    const seen = `${story.state} ${names.map((name) => `${name} ${count(found[name])}`)}`;
    if (names.length === 0 || box.dataset.seen === seen)
        return;
    const isBad = found.refused.length + found.wrong.length > 0;
    box.dataset.seen = seen;
    box.className = `notice alarm ${isBad ? 'bad' : 'warn'}`;
    field('alarm-what').replaceChildren(...names.flatMap((name) => part(name, found[name], story)));
    const steps = stepsFor(found, story.state);
    field('alarm-steps').replaceChildren(...steps.map((key) => make('li', key)));
    field('alarm-revoke').hidden = !steps.some((key) => revoking.includes(key));
    say(field('alarm-do'), isBad ? 'follow.alarm.do' : 'follow.alarm.do.calm');
    box.hidden = false;
}

// Whether somebody else may have it, so that even the window's title says so.
export const isGrave = (story) => {
    const { refused, wrong } = alarms(story);
    return refused.length + wrong.length > 0;
};
