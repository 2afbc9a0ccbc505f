// The form: what is to be handed over, and how. Nothing of it is stored anywhere, or checked by
// anybody but this page.

import { normaliseCode } from '../protocol/code.mjs';
import { b64u, utf8 } from '../protocol/encoding.mjs';
import { payloadMax } from '../protocol/envelope.mjs';
import { makePassword } from '../protocol/password.mjs';
import { encodePayload } from '../protocol/payload.mjs';
import { ready } from '../protocol/sodium.mjs';
import { bytes } from '../ui/size.mjs';
import { announce, languageNow, say, t } from '../ui/text.mjs';

const labelMax = 200; // bytes, docs/protocol.md
const fileFrame = 300; // what a file's name and the JSON around it take, most often at most

const field = (id) => document.getElementById(id);
const kind = () => document.querySelector('input[name="type"]:checked').value;

// How large a file may be: base64 makes four characters of three bytes.
const fileMax = (service, frame = fileFrame) =>
    Math.max(0, Math.floor((payloadMax(service.envelope_max) - frame) * 3 / 4));

// The same for one file, whose name is known.
const fileMaxFor = (service, name) =>
    fileMax(service, encodePayload({ type: 'file', name, data: '' }).length);

// Two sizes to be told apart: in bytes where they are alike when rounded.
function sizes(size, limit) {
    const are = { size: bytes(size), limit: bytes(limit) };
    if (are.size() !== are.limit())
        return are;
    const exact = (count) => () =>
        new Intl.NumberFormat(languageNow(), { style: 'unit', unit: 'byte', unitDisplay: 'long' })
            .format(count);
    return { size: exact(size), limit: exact(limit) };
}

// ---- faults ----

function fault(id, key, values = {}) {
    const input = field(id);
    const error = field(`${id}-error`);
    error.hidden = key === null;
    if (key === null) {
        input.removeAttribute('aria-invalid');
        return true;
    }
    say(error, key, values);
    input.setAttribute('aria-invalid', 'true');
    return false;
}

const written = ['username', 'password', 'url', 'note', 'text', 'own-code', 'shown-label', 'label'];
const faultable = [...written, 'file'];

// The fields that count now, with what is in them.
const partOf = {
    credential: ['username', 'password', 'url', 'note'],
    text: ['text'],
    file: [],
};
const counting = () => [...partOf[kind()], ...(field('use-code').checked ? ['own-code'] : []),
    'shown-label', 'label'];

// Half of a pair of UTF-16 is no character: no encoding takes it.
const isText = (value) => !/\p{Surrogate}/u.test(value);
const checkText = (id) => fault(id, isText(field(id).value) ? null : 'submit.notext');

// The first field with a fault, made visible and focused.
function toFirstFault() {
    const first = document.querySelector('#form [aria-invalid="true"]');
    for (let box = first.closest('details'); box; box = box.parentElement.closest('details'))
        box.open = true;
    first.focus();
}

function checkLabel(id) {
    const text = field(id).value.trim();
    if (/[\u0000-\u001f\u007f-\u009f]/.test(text))
        return fault(id, 'submit.label.control');
    return fault(id, utf8(text).length > labelMax ? 'submit.label.long' : null);
}

function checkCode() {
    const code = field('own-code').value;
    if (!field('use-code').checked || code === '')
        return fault('own-code', null);
    try {
        normaliseCode(code);
        return fault('own-code', null);
    } catch (error) {
        return fault('own-code',
            error.code === 'code-long' ? 'submit.code.long' : 'submit.code.short');
    }
}

// ---- the payload ----

const optional = (name, value) => (value === '' ? {} : { [name]: value });

function credential() {
    const password = field('password').value;
    if (!fault('password', password === '' ? 'submit.password.missing' : null))
        return null;
    return {
        type: 'credential',
        ...optional('username', field('username').value.trim()),
        password,
        ...optional('url', field('url').value.trim()),
        ...optional('note', field('note').value),
    };
}

function text() {
    const value = field('text').value;
    return fault('text', value === '' ? 'submit.text.missing' : null)
        ? { type: 'text', text: value } : null;
}

async function file(service) {
    const chosen = field('file').files[0];
    if (!fault('file', chosen ? null : 'submit.file.missing'))
        return null;
    const limit = fileMaxFor(service, chosen.name);
    if (!fault('file', chosen.size > limit ? 'submit.large' : null, sizes(chosen.size, limit)))
        return null;
    try {
        const data = b64u(new Uint8Array(await chosen.arrayBuffer()));
        return { type: 'file', name: chosen.name, data };
    } catch {
        fault('file', 'submit.file.unreadable');
        return null;
    }
}

// Whether the payload fits an envelope; the longest of its fields is blamed where it does not.
function fits(payload, service) {
    const size = encodePayload(payload).length;
    const limit = payloadMax(service.envelope_max);
    const length = (id) => utf8(field(id).value).length;
    const [longest = 'file'] = [...partOf[kind()]].sort((a, b) => length(b) - length(a));
    return size <= limit || fault(longest, 'submit.large', sizes(size, limit));
}

function clearFaults() {
    for (const id of faultable)
        fault(id, null);
}

// What the person wants: { payload, withCode, ownCode, expiresIn, label, shownLabel }, or null with
// the faults told.
export async function readForm(service) {
    await ready;
    clearFaults();
    if (counting().map(checkText).includes(false)) {
        toFirstFault();
        return null;
    }
    const payload = await { credential, text, file }[kind()](service);
    const checks = [payload !== null && fits(payload, service), checkCode(),
        checkLabel('shown-label'), checkLabel('label')];
    if (checks.includes(false)) {
        toFirstFault();
        return null;
    }
    return {
        payload,
        withCode: field('use-code').checked,
        ownCode: field('own-code').value,
        expiresIn: Number(field('expires').value),
        ...optional('label', field('label').value.trim()),
        ...optional('shownLabel', field('shown-label').value.trim()),
    };
}

// ---- the parts ----

function showPart() {
    for (const part of document.querySelectorAll('[data-part]'))
        part.hidden = part.dataset.part !== kind();
}

function showPassword(visible) {
    const button = field('password-show');
    field('password').type = visible ? 'text' : 'password';
    say(button, visible ? 'hide' : 'show');
}

function hintPassword() {
    const value = field('password').value;
    say(field('password-hint'), value !== value.trim()
        ? 'submit.password.blank' : 'submit.password.hint');
}

// Why a code is good; or, where there is none, what that means.
function showCodeUse() {
    const isUsed = field('use-code').checked;
    const why = field('code-why');
    field('own-code-field').hidden = !isUsed;
    why.classList.toggle('alarming', !isUsed);
    say(why, isUsed ? 'submit.code.why' : 'submit.code.without');
}

// What stands in the closed box, on its outside.
function showDetails() {
    const valid = () => t(field('expires').selectedOptions[0].dataset.t);
    say(field('details-summary'), 'submit.details', { valid });
}

function offerExpiries(service) {
    const options = [...field('expires').options];
    for (const option of options)
        option.disabled = option.hidden = Number(option.value) > service.expires_max;
    if (!field('expires').selectedOptions[0].disabled)
        return;
    const [longest] = options.filter((option) => !option.disabled).slice(-1);
    for (const option of options)
        option.defaultSelected = option === (longest ?? options[0]);
    field('expires').value = (longest ?? options[0]).value;
}

async function generate() {
    await ready;
    field('password').value = makePassword();
    fault('password', null);
    showPassword(true);
    hintPassword();
    announce('submit.password.made');
}

function showAll() {
    showPart();
    showPassword(false);
    hintPassword();
    showCodeUse();
    showDetails();
}

// Binds the form. send: it is submitted; changed: something in it is another than before. Returns
// { clear(), hasContent() }.
export function beginForm(service, send, changed) {
    const form = field('form');
    say(field('file-hint'), 'submit.file.hint', { size: bytes(fileMax(service)) });
    offerExpiries(service);
    for (const radio of document.querySelectorAll('input[name="type"]'))
        radio.addEventListener('change', showPart);
    field('password-show').addEventListener('click',
        () => showPassword(field('password').type === 'password'));
    field('password').addEventListener('input', hintPassword);
    field('password-make').addEventListener('click', async () => {
        changed();
        await generate();
    });
    field('use-code').addEventListener('change', () => {
        showCodeUse();
        announce(field('code-why').dataset.t);
    });
    field('expires').addEventListener('change', showDetails);
    form.addEventListener('input', changed);
    form.addEventListener('submit', (event) => {
        event.preventDefault();
        send();
    });
    showAll();
    return {
        clear() {
            form.reset();
            clearFaults();
            showAll();
            for (const box of form.querySelectorAll('details'))
                box.open = false;
        },
        hasContent: () => field('file').files.length > 0
            || written.some((id) => field(id).value !== ''),
    };
}
