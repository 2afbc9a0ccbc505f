// The form: what is to be handed over, and how. Nothing of it is stored anywhere, or checked by
// anybody but this page.

import { normaliseCode } from '../protocol/code.mjs';
import { b64u, utf8 } from '../protocol/encoding.mjs';
import { payloadMax } from '../protocol/envelope.mjs';
import { makePassword } from '../protocol/password.mjs';
import { encodePayload } from '../protocol/payload.mjs';
import { ready } from '../protocol/sodium.mjs';
import { bytes } from '../ui/size.mjs';
import { say } from '../ui/text.mjs';

const labelMax = 200; // bytes, docs/protocol.md
const fileFrame = 300; // what a file's name and the JSON around it take, at most

const field = (id) => document.getElementById(id);
const kind = () => document.querySelector('input[name="type"]:checked').value;

// How large a file may be: base64 makes four characters of three bytes.
const fileMax = (service) => Math.floor((payloadMax(service.envelope_max) - fileFrame) / 4) * 3;

let touched = false;

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

const faultable = ['password', 'text', 'file', 'own-code', 'shown-label', 'label'];

// The first field with a fault, made visible and focused.
function toFirstFault() {
    const first = document.querySelector('#form [aria-invalid="true"]');
    for (let box = first.closest('details'); box; box = box.parentElement.closest('details'))
        box.open = true;
    first.focus();
}

function checkLabel(id) {
    const text = field(id).value;
    if (/[\u0000-\u001f\u007f]/.test(text))
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
    const limit = fileMax(service);
    if (!fault('file', chosen.size > limit ? 'submit.large' : null,
        { size: bytes(chosen.size), limit: bytes(limit) }))
        return null;
    try {
        const data = b64u(new Uint8Array(await chosen.arrayBuffer()));
        return { type: 'file', name: chosen.name, data };
    } catch {
        fault('file', 'submit.file.unreadable');
        return null;
    }
}

// Whether the payload fits an envelope; its field is blamed where it does not.
function fits(payload, service) {
    const size = encodePayload(payload).length;
    const limit = payloadMax(service.envelope_max);
    return fault(kind() === 'credential' ? 'password' : kind(),
        size > limit ? 'submit.large' : null, { size: bytes(size), limit: bytes(limit) });
}

// What the person wants: { payload, withCode, code, expiresIn, label, shownLabel }, or null with the
// faults told.
export async function readForm(service) {
    await ready;
    for (const id of faultable)
        fault(id, null);
    const payload = await { credential, text, file }[kind()](service);
    let good = payload !== null && fits(payload, service);
    for (const check of [() => checkCode(), () => checkLabel('shown-label'),
        () => checkLabel('label')])
        good = check() && good;
    if (!good) {
        toFirstFault();
        return null;
    }
    return {
        payload,
        withCode: field('use-code').checked,
        code: field('own-code').value,
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
    button.setAttribute('aria-pressed', String(visible));
    say(button, visible ? 'hide' : 'show');
}

function hintPassword() {
    const value = field('password').value;
    say(field('password-hint'), value !== value.trim()
        ? 'submit.password.blank' : 'submit.password.hint');
}

// Binds the form. send: it is submitted; changed: something in it is another than before. Returns
// { clear(), isTouched() }.
export function beginForm(service, send, changed) {
    const form = field('form');
    say(field('file-hint'), 'submit.file.hint', { size: bytes(fileMax(service)) });
    for (const option of field('expires').options)
        option.disabled = option.hidden = Number(option.value) > service.expires_max;
    for (const radio of document.querySelectorAll('input[name="type"]'))
        radio.addEventListener('change', showPart);
    field('password-show').addEventListener('click',
        () => showPassword(field('password').type === 'password'));
    field('password').addEventListener('input', hintPassword);
    field('password-make').addEventListener('click', async () => {
        await ready;
        field('password').value = makePassword();
        fault('password', null);
        showPassword(true);
        hintPassword();
        touched = true;
        changed();
    });
    field('use-code').addEventListener('change', () => {
        field('own-code-field').hidden = !field('use-code').checked;
    });
    form.addEventListener('input', () => {
        touched = true;
        changed();
    });
    form.addEventListener('submit', (event) => {
        event.preventDefault();
        send();
    });
    showPart();
    return {
        clear() {
            form.reset();
            touched = false;
            showPassword(false);
            hintPassword();
            showPart();
            field('own-code-field').hidden = false;
            for (const box of form.querySelectorAll('details'))
                box.open = false;
        },
        isTouched: () => touched,
    };
}
