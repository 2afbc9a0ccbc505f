// The evidence on paper: what happened, in which log it stands, what that proves and what not. The
// file is what proves it; the sheet says so.

import { openCheckpoint, parseKey } from '../protocol/log.mjs';
import { base } from '../service.mjs';
import { make } from '../ui/text.mjs';
import { facts } from './paint.mjs';
import { describe, more } from './words.mjs';

// The same for whoever reads it, wherever: to the second, in UTC.
const exact = (seconds) => `${new Date(seconds * 1000).toISOString().slice(0, 19)
    .replace('T', ' ')} UTC`;

const plain = (tag, text, className = '') => {
    const element = make(tag, null, {}, className);
    element.textContent = text;
    return element;
};

const raw = (agent) => agent;
const isReceipt = ({ line }) => line.kind.startsWith('receipt.');

function row(event) {
    const { what, mark } = describe(event, exact);
    const line = make('tr', null, {}, mark === 'alarm' ? 'alarm' : '');
    const words = make('td');
    words.append(make('span', ...what, 'what'),
        ...more(event, raw).map((one) => make('span', ...one, 'more')));
    line.append(plain('td', String(event.index)), plain('td', exact(event.line.t), 'exact'), words);
    return line;
}

function table(story) {
    const whole = make('table');
    const [head, headRow, body] = [make('thead'), make('tr'), make('tbody')];
    headRow.append(...['follow.sheet.number', 'follow.sheet.time', 'follow.sheet.what']
        .map((key) => make('th', key)));
    head.append(headRow);
    body.append(...story.events.map(row));
    whole.append(head, body);
    return whole;
}

// Each receipt's words as its sender signed them.
function receipts(story) {
    return story.events.filter(isReceipt).flatMap(({ index, details, words }) => [
        make('h2', 'follow.sheet.receipt', { index }),
        facts([
            ['follow.sheet.by', words.by],
            ['follow.sheet.note', words.note],
            ['follow.sheet.signature', details.signature],
        ]),
        make('p', 'follow.sheet.statement', {}, 'above'),
        plain('pre', details.statement ?? ''),
    ]);
}

const list = (items) => {
    const ul = make('ul');
    ul.append(...items.map((item) => make('li', ...item)));
    return ul;
};

const has = (story, kind) => story.events.find(({ line }) => line.kind === kind);

function proven(story, { name, size }) {
    const opened = story.events[0].line.code
        ? 'follow.sheet.proven.opened.code' : 'follow.sheet.proven.opened';
    return [
        ['follow.sheet.proven.log', { n: story.events.length, size, name }],
        ...(has(story, 'handoff.opened') ? [[opened]] : []),
        ...story.events.filter(({ signed }) => signed)
            .map(({ index }) => ['follow.sheet.proven.signed', { index }]),
        ...(has(story, 'handoff.burned') ? [['follow.sheet.proven.burned']] : []),
    ];
}

function unproven(story) {
    const opened = has(story, 'handoff.opened');
    const signed = story.events.some(isReceipt);
    return [
        ...(opened || signed ? [['follow.sheet.unproven.who']] : []),
        ['follow.sheet.unproven.service'],
        ['follow.sheet.unproven.more'],
        ...(opened ? [] : [['follow.sheet.unproven.opened']]),
        ...(signed ? [] : [['follow.sheet.unproven.receipt']]),
        ['follow.sheet.unproven.key'],
    ];
}

function fill(sheet, bundle, story, file) {
    const { name } = parseKey(bundle.key);
    const { size } = openCheckpoint(bundle.checkpoint, parseKey(bundle.key));
    const { details } = story.events[0];
    const command = make('p');
    command.append(make('span', 'follow.sheet.check'), ' ',
        plain('code', `handoff verify ${file} --key '${bundle.key}'`));
    sheet.replaceChildren(
        make('h1', 'follow.sheet.title'),
        facts([
            ['follow.fact.id', story.id],
            ['follow.fact.label', details.label],
            ['follow.fact.shown', details.shown_label],
            ['follow.fact.to', details.recipient],
            ['follow.fact.ref', details.ref],
            ['follow.sheet.service', base],
            ['follow.sheet.log', name],
            ['follow.sheet.size', String(size)],
            ['follow.sheet.key', bundle.key],
            ['follow.sheet.made', exact(Date.now() / 1000)],
        ]),
        make('h2', 'follow.story'),
        table(story),
        make('h2', 'follow.sheet.proven'),
        list(proven(story, { name, size })),
        make('h2', 'follow.sheet.unproven'),
        list(unproven(story)),
        ...receipts(story),
        make('h2', 'follow.sheet.checkpoint'),
        plain('pre', bundle.checkpoint),
        command,
    );
}

// Fills the sheet from a bundle that was checked, and prints it in place of the page.
export function printSheet(bundle, story, file) {
    fill(document.getElementById('sheet'), bundle, story, file);
    document.body.classList.add('with-sheet');
    addEventListener('afterprint', () => document.body.classList.remove('with-sheet'),
        { once: true });
    print();
}
