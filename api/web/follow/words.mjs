// What each kind of event is in words: [key, values], its mark in the timeline, and where it came
// from. A kind that this page does not know yet is shown by its name.

import { moment } from '../ui/time.mjs';
import { agentName } from './agent.mjs';

const causes = {
    opened: 'follow.burned.opened',
    'on-claim': 'follow.burned.claim',
    lapsed: 'follow.burned.lapsed',
    expired: 'follow.burned.expired',
    revoked: 'follow.burned.revoked',
    restored: 'follow.burned.restored',
};
const lapses = {
    'lease-over': 'follow.event.lapsed',
    revoked: 'follow.event.lapsed.revoked',
    restored: 'follow.event.lapsed.restored',
};
// Came too late: after another had taken it, or when it was gone unread.
const refusals = {
    expired: ['follow.event.expired', 'follow.event.expired.many'],
    revoked: ['follow.event.revoked', 'follow.event.revoked.many'],
};
const others = ['follow.event.refused', 'follow.event.refused.many'];
const many = ([one, some], { line }) =>
    (line.count > 1 ? [some, { n: line.count }] : [one, {}]);

const kinds = {
    'handoff.created': ({ line }, timeOf) => ({
        what: [line.code ? 'follow.event.created.code' : 'follow.event.created',
            { until: timeOf(line.expires_at) }],
        mark: 'done',
    }),
    'claim.accepted': () => ({ what: ['follow.event.taken', {}], mark: 'done' }),
    'claim.refused': (event) => (event.line.claimant
        ? { what: many(['follow.event.again', 'follow.event.again.many'], event), mark: '' }
        : { what: many(refusals[event.line.state] ?? others, event), mark: 'alarm' }),
    'claim.wrong-code': (event) => ({
        what: many(['follow.event.wrong', 'follow.event.wrong.many'], event),
        mark: 'alarm',
    }),
    'handoff.opened': ({ line }) => ({
        what: [line.late ? 'follow.event.opened.late' : 'follow.event.opened', {}],
        mark: 'done',
    }),
    'handoff.lapsed': ({ line }) => ({
        what: [lapses[line.cause] ?? 'follow.event.lapsed', {}],
        mark: 'alarm',
    }),
    'handoff.burned': ({ line }) => ({
        what: [causes[line.cause] ?? 'follow.burned.lapsed', {}],
        mark: '',
    }),
    'receipt.confirmed': ({ words }) => ({
        what: words.by ? ['follow.event.confirmed', { by: words.by }]
            : ['follow.event.confirmed.unnamed', {}],
        mark: 'good',
    }),
    'receipt.rejected': ({ words }) => ({
        what: words.by ? ['follow.event.rejected', { by: words.by }]
            : ['follow.event.rejected.unnamed', {}],
        mark: 'alarm',
    }),
    'details.erased': () => ({ what: ['follow.event.erased', {}], mark: '' }),
    '': () => ({ what: ['follow.event.unreadable', {}], mark: 'alarm' }),
};

// timeOf: how a moment is told.
export const describe = (event, timeOf = moment) => (Object.hasOwn(kinds, event.line.kind)
    ? kinds[event.line.kind](event, timeOf)
    : { what: ['follow.event.other', { kind: event.line.kind }], mark: '' });

// Where it came from, as one line or none. nameOf: how a User-Agent is told.
export function origin({ details: { address, agent } }, nameOf = agentName) {
    if (address && agent)
        return [['follow.more.from.with', { address, agent: nameOf(agent) }]];
    if (address)
        return [['follow.more.from', { address }]];
    return agent ? [['follow.more.with', { agent: nameOf(agent) }]] : [];
}

// Lines below the event: a receipt's note and whether it is good, and where it came from.
export function more(event, nameOf = agentName) {
    const lines = [];
    if (event.words.note)
        lines.push(['follow.more.note', { note: event.words.note }]);
    if (event.signed === true)
        lines.push(['follow.more.signed', {}]);
    if (event.signed === false)
        lines.push(['follow.more.forged', {}]);
    else if (!event.honest)
        lines.push(['follow.more.wrong', {}]);
    if (event.line.kind.startsWith('receipt.') && !event.line.claimant)
        lines.push(['follow.more.other', {}]);
    lines.push(...origin(event, nameOf));
    if (event.details.token)
        lines.push(['follow.more.token', { token: event.details.token }]);
    return lines;
}
