// Fields and their errors.

import { say } from '../ui/text.mjs';

const get = (id) => document.getElementById(id);

// Says what is wrong below the field of this id, and brings the person there; null takes it away.
export function fault(id, key, values = {}) {
    const field = get(id);
    const error = get(`${id}-error`);
    error.hidden = key === null;
    say(error, key, values);
    if (key === null) {
        field.removeAttribute('aria-invalid');
        return;
    }
    field.setAttribute('aria-invalid', 'true');
    field.focus();
    field.select();
}

// An error goes as soon as the person does something about it.
export function mending(...ids) {
    for (const id of ids)
        get(id).addEventListener('input', () => fault(id, null));
}
