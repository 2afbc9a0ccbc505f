// The evidence: gathered and checked when it is asked for, then given as a file or put on paper.

import { gatherEvidence } from '../papers.mjs';
import { ServiceError } from '../service.mjs';
import { download } from '../ui/download.mjs';
import { trouble } from '../ui/state.mjs';
import { announce, say } from '../ui/text.mjs';
import { printSheet } from './sheet.mjs';
import { begin, take } from './story.mjs';

const field = (id) => document.getElementById(id);
const patienceMs = 20000;

const fileName = (id) => `handoff-evidence-${id.slice(0, 8)}.json`;

function tell(key, values = {}, look = '') {
    field('evidence-told').className = `notice ${look}`;
    say(field('evidence-told-text'), key, values);
    field('evidence-told').hidden = false;
    announce(key, values);
}

// Gives it on; says so where the service's answers do not verify.
async function withEvidence(id, manage, give) {
    const buttons = [field('evidence'), field('print')];
    tell('follow.evidence.busy');
    for (const button of buttons)
        button.setAttribute('aria-disabled', 'true');
    try {
        await give(await gatherEvidence(id, manage, { onTrouble: trouble, patienceMs }));
    } catch (error) {
        trouble(null);
        if (error instanceof ServiceError)
            tell('follow.evidence.failed', {}, 'warn');
        else
            tell('follow.evidence.wrong', {}, 'bad');
    }
    for (const button of buttons)
        button.removeAttribute('aria-disabled');
}

async function print(id, text) {
    const bundle = JSON.parse(text);
    const story = begin(id);
    await take(story, { state: null, next: -1, events: bundle.events });
    field('evidence-told').hidden = true;
    printSheet(bundle, story, fileName(id));
}

export function beginEvidence(id, manage) {
    const bind = (name, give) => field(name).addEventListener('click', () => {
        if (field(name).getAttribute('aria-disabled') !== 'true')
            withEvidence(id, manage(), give);
    });
    bind('evidence', (text) => {
        download(fileName(id), text);
        tell('follow.evidence.done', { file: fileName(id) }, 'good');
    });
    bind('print', (text) => print(id, text));
}
