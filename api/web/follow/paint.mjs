// Puts a story on the page: the headline, what to do, and the timeline.

import { make, say } from '../ui/text.mjs';
import { moment } from '../ui/time.mjs';
import { isGrave, paintAlarm } from './alarm.mjs';
import { isAlarming, isHonest, isRevocable, lastOf, receipt } from './story.mjs';
import { describe, more } from './words.mjs';

const field = (id) => document.getElementById(id);

// ---- the headline of each state ----

const created = (story) => story.events[0];
const time = (story, kind) => lastOf(story, kind)?.line.t;
// The service says that it is over before it has written that down.
const burned = (story, meanwhile) => moment(time(story, 'handoff.burned') ?? meanwhile);
const leaseEnds = (story) => lastOf(story, 'claim.accepted')?.line.lease_until ?? 0;
const at = (story, kind) => moment(time(story, kind) ?? 0);

const lapses = {
    revoked: { head: 'follow.lapsed.revoked', lead: 'follow.lapsed.revoked.lead' },
    restored: { head: 'follow.lapsed.restored', lead: 'follow.lapsed.restored.lead' },
};
const lapse = { head: 'follow.lapsed', lead: 'follow.lapsed.lead' };

const heads = {
    available: (story) => ({
        sign: '⋯', look: '', head: ['follow.available'],
        lead: ['follow.available.lead', { until: moment(created(story).line.expires_at) }],
    }),
    claimed: (story) => ({
        sign: '⋯', look: '', head: ['follow.claimed'],
        lead: ['follow.claimed.lead', { at: at(story, 'claim.accepted') }],
        next: ['follow.claimed.next', { until: moment(leaseEnds(story)) }],
    }),
    delivered: (story) => ({
        sign: '✓', look: '', head: ['follow.delivered'],
        lead: ['follow.delivered.lead', { at: at(story, 'handoff.opened') }],
        next: ['follow.delivered.next'],
    }),
    confirmed(story) {
        const { by, note } = receipt(story)?.words ?? {};
        return {
            sign: '✓', look: isAlarming(story) ? '' : 'good', title: 'follow.confirmed.unnamed',
            head: by ? ['follow.confirmed', { by }] : ['follow.confirmed.unnamed'],
            lead: [isAlarming(story) ? 'follow.confirmed.lead.alarm' : 'follow.confirmed.lead',
                { at: at(story, 'receipt.confirmed') }],
            words: note,
        };
    },
    rejected(story) {
        const { by, note } = receipt(story)?.words ?? {};
        return {
            sign: '!', look: 'bad', title: 'follow.rejected.unnamed',
            head: by ? ['follow.rejected', { by }] : ['follow.rejected.unnamed'],
            lead: ['follow.rejected.lead', { at: at(story, 'receipt.rejected') }],
            words: note,
            next: ['follow.rejected.next'],
        };
    },
    expired: (story) => ({
        sign: '–', look: 'warn', head: ['follow.expired'],
        lead: ['follow.expired.lead', { at: burned(story, created(story).line.expires_at) }],
        next: ['follow.expired.next'],
    }),
    revoked: (story) => ({
        sign: '–', look: 'warn', head: ['follow.revoked'],
        lead: ['follow.revoked.lead', { at: burned(story, Date.now() / 1000) }],
    }),
    lapsed(story) {
        const { head, lead } = lapses[lastOf(story, 'handoff.lapsed')?.line.cause] ?? lapse;
        return {
            sign: '!', look: 'bad', head: [head],
            lead: [lead, { at: moment(time(story, 'handoff.lapsed') ?? leaseEnds(story)) }],
            next: ['follow.lapsed.next'],
        };
    },
};

// A state of a later version is shown by its name.
const unknown = ({ state }) => ({
    sign: '?', look: '', title: 'follow.title',
    head: ['follow.other', { state }], lead: ['follow.other.lead', { state }],
});

const headOf = (story) =>
    (Object.hasOwn(heads, story.state) ? heads[story.state] : unknown)(story);

function sayOrHide(element, text) {
    element.hidden = !text;
    say(element, ...(text ?? [null]));
}

function paintHead(story) {
    const { sign, look, head, title, lead, words, next } = headOf(story);
    field('sign').textContent = sign;
    field('sign').className = `sign ${look}`;
    say(field('headline'), ...head);
    say(field('lead'), ...lead);
    field('words').textContent = words ?? '';
    field('words').hidden = !words;
    sayOrHide(field('next'), next);
    field('next').className = look === 'bad' ? 'notice bad' : '';
    document.querySelector('[data-state="follow"]').dataset.title =
        isGrave(story) || !isHonest(story) ? 'follow.alarm.window' : title ?? head[0];
}

// ---- facts ----

// A definition list of [key, value]; a value may be a function, for what depends on the language.
export function facts(rows, list = make('dl', null, {}, 'facts')) {
    list.replaceChildren(...rows.filter(([, value]) => value).flatMap(([key, value]) => {
        const dd = make('dd');
        if (typeof value === 'function')
            say(dd, 'follow.fact.time', { time: value });
        else
            dd.textContent = value;
        return [make('dt', key), dd];
    }));
    return list;
}

const paintFacts = (story) => facts([
    ['follow.fact.label', created(story).details.label],
    ['follow.fact.shown', created(story).details.shown_label],
    ['follow.fact.to', created(story).details.recipient],
    ['follow.fact.ref', created(story).details.ref],
    ['follow.fact.id', story.id],
], field('facts'));

// ---- the timeline ----

function item(event) {
    const { what, mark } = describe(event);
    const li = make('li', null, {}, event.honest ? mark : 'alarm');
    const when = make('time', 'follow.fact.time', { time: moment(event.line.t) }, 'when');
    when.dateTime = new Date(event.line.t * 1000).toISOString();
    li.append(make('span', ...what, 'what'), when,
        ...more(event).map((line) => make('span', ...line, 'more')));
    return li;
}

const expected = {
    available: ['follow.wait.open', 'follow.wait.confirm'],
    claimed: ['follow.wait.opened', 'follow.wait.confirm'],
    delivered: ['follow.wait.confirm'],
};

function waiting(key) {
    const li = make('li', null, {}, 'waiting');
    li.append(make('span', key, {}, 'what'));
    return li;
}

// What is there already stays, so that nothing under a pointer or a reader's cursor moves.
function paintTimeline(story) {
    const list = field('timeline');
    const there = list.querySelectorAll('li:not(.waiting)').length;
    const yet = expected[story.state] ?? [];
    for (const old of list.querySelectorAll('.waiting'))
        old.remove();
    list.append(...story.events.slice(there).map(item), ...yet.map(waiting));
}

export function paint(story) {
    paintHead(story);
    paintAlarm(story);
    paintFacts(story);
    paintTimeline(story);
    field('dishonest').hidden = isHonest(story);
    field('revoke').hidden = !isRevocable(story);
    field('live').hidden = false;
}
