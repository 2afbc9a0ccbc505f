// One value of a credential: masked until it is asked for, with buttons to show and to copy it. While
// masked the document does not hold it.

import { copyButton } from './copy.mjs';
import { make, say, sayAttribute } from './text.mjs';

const mask = '••••••••••••'; // says nothing about the length

// labelKey: its name's text; value: a string; masked: whether it begins hidden.
export function secretField(labelKey, value, { masked = false } = {}) {
    const box = make('div', null, {}, 'secret');
    const label = make('span', labelKey, {}, 'label');
    const shown = make('span', null, {}, 'value');
    const actions = make('div', null, {}, 'actions');
    const copy = make('button', 'copy');
    copy.type = 'button';
    let hidden = masked;

    const toggle = masked ? make('button', 'show') : null;
    const paint = () => {
        shown.textContent = hidden ? mask : value;
        if (hidden) {
            shown.setAttribute('role', 'img');
            sayAttribute(shown, 'aria-label', 'hidden.value');
        } else {
            shown.removeAttribute('role');
            shown.removeAttribute('aria-label');
            shown.removeAttribute('data-t-aria-label');
        }
        if (toggle)
            say(toggle, hidden ? 'show' : 'hide');
    };
    if (toggle) {
        toggle.type = 'button';
        toggle.addEventListener('click', () => {
            hidden = !hidden;
            paint();
        });
        actions.append(toggle);
    }
    copyButton(copy, {
        text: () => value,
        shown,
        reveal: () => {
            hidden = false;
            paint();
        },
    });
    paint();
    actions.append(copy);
    box.append(label, shown, actions);
    box.setAttribute('role', 'group');
    sayAttribute(box, 'aria-label', labelKey);
    return box;
}
