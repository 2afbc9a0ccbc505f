// The page on which something is handed over: what was typed is sealed here, the service gets the
// envelope, and the person a link.

import { makeCode } from './protocol/code.mjs';
import { b64u, newId, ProtocolError } from './protocol/encoding.mjs';
import { formatLink } from './protocol/link.mjs';
import { ready } from './protocol/sodium.mjs';
import { stretchInWorker } from './protocol/stretching.mjs';
import { makeSubmission } from './protocol/submission.mjs';
import { base, readService, ServiceError, submit } from './service.mjs';
import { keep } from './store.mjs';
import { beginForm, readForm } from './submit/form.mjs';
import { beginResult, forgetResult, lastResult, showResult } from './submit/result.mjs';
import { listSent } from './submit/sent.mjs';
import { askToken, beginToken, takeToken, token } from './submit/token.mjs';
import { boot, fail } from './ui/boot.mjs';
import { bytes } from './ui/size.mjs';
import { show, stateNow, trouble } from './ui/state.mjs';
import { say } from './ui/text.mjs';
import { span } from './ui/time.mjs';

let service = null; // what it says of itself
let prepared = null; // sealed, sent perhaps, not answered: the very same is repeated
let form = null;

const step = (key) => say(document.getElementById('sealing-step'), key);

// ---- where the person is ----

function showForm() {
    document.getElementById('last').hidden = lastResult() === null;
    show('form');
    listSent();
}

// The form, or first the token where the service wants one.
function begin() {
    if (service.submissions === 'open' || token())
        showForm();
    else
        askToken(null);
}

// Back and forward lead between the form and the link that was made: nothing is sent again.
function travel() {
    const result = lastResult();
    if (history.state?.result && result)
        showResult(result);
    else
        begin();
}

// ---- sealing and sending ----

async function seal(wanted) {
    const id = newId();
    let stretched;
    if (wanted.code) {
        step('submit.sealing.code');
        stretched = await stretchInWorker(wanted.code, id);
    }
    step('submit.sealing.seal');
    await ready;
    return makeSubmission({ ...wanted, code: undefined, id, stretched });
}

function refused(error) {
    const { code, problem, status } = error;
    if (status === 401 || status === 403) {
        askToken('submit.token.refused');
        return;
    }
    const text = document.getElementById('refused-text');
    const byCode = {
        'too-large': ['submit.refused.large', { limit: bytes(problem.limit ?? 0) }],
        'rate-limited': ['submit.refused.full', { wait: span(problem.retry_after ?? 60) }],
    }[code] ?? ['submit.refused.other', { detail: problem.detail ?? `HTTP ${status}.` }];
    say(document.getElementById('refused-title'), 'submit.refused.title');
    say(text, ...byCode);
    tell();
}

function gaveUp() {
    say(document.getElementById('refused-title'), 'down.title');
    say(document.getElementById('refused-text'), 'submit.gaveup');
    tell();
}

function tell() {
    document.getElementById('refused').hidden = false;
    showForm();
    document.getElementById('refused').scrollIntoView({ block: 'center' });
}

// Sends what is prepared. Another handoff under the same id (it is random: next to impossible) gets
// a new id once.
async function put(wanted) {
    for (let again = true; ; again = false) {
        prepared ??= await seal(wanted);
        step('submit.sealing.send');
        try {
            return await submit(prepared.id, prepared.body, token(), { onTrouble: trouble });
        } catch (error) {
            if (error.code !== 'conflict' || !again)
                throw error;
            prepared = null;
        }
    }
}

async function handOver(wanted) {
    document.getElementById('refused').hidden = true;
    document.getElementById('sent').hidden = true;
    show('sealing');
    const { body } = await put(wanted);
    const manage = b64u(prepared.manageKey);
    const result = {
        id: prepared.id,
        link: formatLink(base, prepared.id, prepared.key),
        code: wanted.code ?? null,
        manage,
        follow: `${base}/s/${prepared.id}#${manage}`,
        label: wanted.label ?? wanted.shownLabel ?? null,
        at: body.created_at,
        expiresAt: body.expires_at,
        envelopeHash: b64u(prepared.envelopeHash),
    };
    const receiptKey = prepared.body.receipt_key;
    prepared = null;
    form.clear();
    keep(`sent:${result.id}`, {
        manage,
        label: result.label,
        at: result.at,
        expiresAt: result.expiresAt,
        code: result.code !== null,
        receiptKey, // what receipts are checked with, whatever the service says later
        events: [{ index: body.event.index, line: body.event.line }],
    });
    showResult(result, true);
}

async function send() {
    const wanted = await readForm(service);
    if (!wanted)
        return;
    try {
        await handOver({ ...wanted, code: wanted.withCode ? wanted.code || makeCode() : undefined });
    } catch (error) {
        trouble(null);
        if (error instanceof ServiceError && error.kind === 'refused') {
            prepared = null;
            refused(error);
        } else if (error instanceof ServiceError) {
            gaveUp();
        } else if (error instanceof ProtocolError) {
            prepared = null;
            say(document.getElementById('refused-title'), 'submit.refused.title');
            say(document.getElementById('refused-text'), 'unexpected.broken');
            tell();
        } else {
            throw error;
        }
    }
}

async function start() {
    takeToken();
    beginToken(showForm);
    beginResult(() => {
        forgetResult();
        history.replaceState(null, '');
        begin();
    });
    document.getElementById('last-show').addEventListener('click', () => {
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
    form = beginForm(service, send, () => {
        prepared = null;
    });
    const result = lastResult();
    if (result && (history.state?.result || !history.state))
        showResult(result);
    else
        begin();
    // Closing the tab would lose what was typed; what is sealed already is safe.
    addEventListener('beforeunload', (event) => {
        if (stateNow() !== 'result' && form.isTouched())
            event.preventDefault();
    });
}

boot(start);
