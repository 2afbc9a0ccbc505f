// The page on which something is handed over: what was typed is sealed here, the service gets the
// envelope, and the person a link.

import { ProtocolError } from './protocol/encoding.mjs';
import { readService, ServiceError } from './service.mjs';
import { keep } from './store.mjs';
import { beginForm, readForm } from './submit/form.mjs';
import { beginResult, forgetResult, isLinkSafe, lastResult, showResult }
    from './submit/result.mjs';
import { dropPrepared, handOver } from './submit/sending.mjs';
import { listSent } from './submit/sent.mjs';
import { askToken, beginToken, forgetToken, showToken, takeToken, token }
    from './submit/token.mjs';
import { boot, fail } from './ui/boot.mjs';
import { bytes } from './ui/size.mjs';
import { show, trouble } from './ui/state.mjs';
import { say } from './ui/text.mjs';
import { span } from './ui/time.mjs';

let service = null; // what it says of itself
let form = null;
let isSending = false;

const field = (id) => document.getElementById(id);
const step = (key) => say(field('sealing-step'), key);

// ---- where the person is ----

function showForm() {
    field('last').hidden = lastResult() === null;
    showToken();
    show('form');
    listSent();
}

// The form, or first the token where the service wants one.
function begin() {
    if (service.submissions === 'open' || token())
        showForm();
    else
        askToken();
}

// Back and forward lead between the form and the link that was made: nothing is sent again, and
// what is on its way is not left.
function travel() {
    const result = lastResult();
    if (isSending)
        return;
    if (history.state?.result && result)
        showResult(result);
    else
        begin();
}

// ---- what went wrong ----

const reasons = {
    'too-large': (problem) =>
        ['submit.refused.large', { limit: bytes(problem.limit ?? service.envelope_max) }],
    'rate-limited': (problem) =>
        ['submit.refused.full', { wait: span(problem.retry_after ?? 60) }],
};

function tell(title, key, values) {
    say(field('refused-title'), title);
    say(field('refused-text'), key, values);
    field('refused').hidden = false;
    showForm();
    field('refused').focus();
    field('refused').scrollIntoView({ block: 'center' });
}

function refused({ code, problem, status }) {
    if (code === 'unauthorized' || code === 'forbidden') {
        askToken('submit.token.refused');
        return;
    }
    const name = status === 413 ? 'too-large' : code;
    const reason = Object.hasOwn(reasons, name) ? reasons[name](problem)
        : ['submit.refused.other', { detail: problem.detail ?? `HTTP ${status}.` }];
    tell('submit.refused.title', ...reason);
}

function failed(error) {
    trouble(null);
    if (error instanceof ServiceError && error.kind === 'refused')
        refused(error);
    else if (error instanceof ServiceError)
        tell('down.title', 'submit.gaveup');
    else
        tell('submit.refused.title', 'unexpected.broken');
    if (!(error instanceof ServiceError || error instanceof ProtocolError))
        throw error;
}

// ---- handing over ----

async function put(wanted) {
    try {
        return await handOver(wanted, token(), { step, onTrouble: trouble });
    } catch (error) {
        // Where anyone may hand over, a token that no longer holds is in the way.
        if (service.submissions !== 'open' || !token()
            || !['unauthorized', 'forbidden'].includes(error.code))
            throw error;
        forgetToken();
        return handOver(wanted, null, { step, onTrouble: trouble });
    }
}

async function sendForm() {
    const wanted = await readForm(service);
    if (!wanted)
        return;
    field('refused').hidden = true;
    field('sent').hidden = true;
    show('sealing');
    const { event, receiptKey, ...result } = await put(wanted);
    form.clear();
    const isKept = keep(`sent:${result.id}`, {
        manage: result.manage,
        label: result.label,
        at: result.at,
        expiresAt: result.expiresAt,
        code: result.code !== null,
        receiptKey, // what receipts are checked with, whatever the service says later
        events: [event],
    });
    showResult({ ...result, isKept }, true);
}

// One at a time: a second press of the button is not a second handoff.
async function send() {
    if (isSending)
        return;
    isSending = true;
    try {
        await sendForm();
    } catch (error) {
        failed(error);
    } finally {
        isSending = false;
    }
}

async function start() {
    takeToken();
    beginToken(showForm, () => begin());
    beginResult(() => {
        forgetResult();
        history.replaceState(null, '');
        begin();
    });
    field('last-show').addEventListener('click', () => {
        history.pushState({ result: true }, '');
        showResult(lastResult());
    });
    addEventListener('popstate', travel);
    show('loading');
    try {
        ({ body: service } = await readService({ onTrouble: trouble, patienceMs: 30000 }));
    } catch (error) {
        fail(error, () => location.reload());
        return;
    }
    form = beginForm(service, send, dropPrepared);
    travel();
    // Closing the tab would lose what was typed, or a link that nobody has yet.
    addEventListener('beforeunload', (event) => {
        if (form.hasContent() || !isLinkSafe())
            event.preventDefault();
    });
}

boot(start);
