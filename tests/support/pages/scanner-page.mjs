// What the scanner of scanner.mjs does inside a page: each function here is sent there on its own, and
// so uses nothing from outside.

/* global document, window, MutationObserver, getComputedStyle, Event, MouseEvent, PointerEvent */
/* global KeyboardEvent, SubmitEvent, CSS */

// Resolves once nothing has changed for stillMs, at the latest after limitMs.
export const still = ([stillMs, limitMs]) => new Promise((resolve) => {
    const observer = new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(done, stillMs);
    });
    const done = () => {
        observer.disconnect();
        clearTimeout(timer);
        clearTimeout(end);
        resolve();
    };
    let timer = setTimeout(done, stillMs);
    const end = setTimeout(done, limitMs);
    observer.observe(document,
        { subtree: true, childList: true, attributes: true, characterData: true });
});

// What can be pressed or filled now: [{ path, name, field, value, placeholder }], path: a selector.
export function look() {
    const pressable = 'a[href], area, button, input, select, textarea, summary, label, [onclick], '
        + '[tabindex], [contenteditable], [role=button], [role=link], [role=tab], [role=menuitem], '
        + '[role=checkbox], [role=switch], [role=option]';
    const typed = 'input:not([type=checkbox], [type=radio], [type=button], [type=submit], '
        + '[type=reset], [type=image], [type=hidden]), textarea, [contenteditable], select';
    const pathOf = (element) => {
        const steps = [];
        for (let at = element; at; at = at.parentElement) {
            if (at.id) {
                steps.unshift(`#${CSS.escape(at.id)}`);
                break;
            }
            const tag = at.localName;
            const alike = [...at.parentElement?.children ?? [at]].filter((c) => c.localName === tag);
            steps.unshift(`${tag}:nth-of-type(${alike.indexOf(at) + 1})`);
        }
        return steps.join(' > ');
    };
    return [...document.querySelectorAll('body *')]
        .filter((element) => element.matches(pressable) || getComputedStyle(element).cursor === 'pointer')
        .filter((element) => element.getClientRects().length > 0
            && getComputedStyle(element).visibility === 'visible')
        .map((element) => ({
            path: pathOf(element),
            name: `${element.localName}${element.id && `#${element.id}`} `
                + (element.textContent || element.value || '').trim().slice(0, 30),
            field: element.matches(typed) ? element.type || 'text' : null,
            value: element.value,
            placeholder: element.placeholder,
        }));
}

// Where to press an element; null where it is not to be seen.
export function pointOf(path) {
    const element = document.querySelector(path);
    element?.scrollIntoView({ block: 'center', behavior: 'instant' });
    const box = element?.getClientRects()[0];
    return box ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : null;
}

export function focusOn(path) {
    document.querySelector(path)?.focus();
}

export function selectAll(path) {
    const element = document.querySelector(path);
    element?.focus();
    element?.select?.();
}

export function choose(path) {
    const select = document.querySelector(path);
    select.selectedIndex = select.options.length - 1;
    for (const type of ['input', 'change'])
        select.dispatchEvent(new Event(type, { bubbles: true }));
}

// Made-up events of every kind at every element, seen or not; links are followed elsewhere.
export function pretend(value) {
    const common = { bubbles: true, cancelable: true, composed: true };
    const pointer = { ...common, isPrimary: true, pointerId: 1, button: 0, buttons: 1, view: window };
    const steps = [
        ['pointerdown', PointerEvent], ['mousedown', MouseEvent], ['touchstart', Event],
        ['pointerup', PointerEvent], ['mouseup', MouseEvent], ['touchend', Event],
        ['click', PointerEvent], ['dblclick', MouseEvent], ['contextmenu', PointerEvent],
        ['input', Event], ['change', Event],
    ];
    const keys = ['Enter', ' '];
    for (const element of document.querySelectorAll('body, body *')) {
        if (element.closest('a[href]'))
            continue;
        if (element.matches('input:not([type=file], [type=checkbox], [type=radio]), textarea'))
            element.value = value;
        for (const [type, Kind] of steps)
            element.dispatchEvent(new Kind(type, pointer));
        for (const key of keys)
            for (const type of ['keydown', 'keypress', 'keyup'])
                element.dispatchEvent(new KeyboardEvent(type, { ...common, key, code: key }));
        element.click?.();
    }
}

// Submits form number n in one of the ways there are. Gives whether there is such a form.
export function submitForm([n, way]) {
    const form = document.forms[n];
    if (!form)
        return false;
    if (way === 'event')
        form.dispatchEvent(new SubmitEvent('submit', { bubbles: true, cancelable: true }));
    else
        HTMLFormElement.prototype[way].call(form);
    return true;
}

// The addresses that the page names: of its links and of its forms.
export const addresses = () => [
    ...[...document.querySelectorAll('a[href], area[href]')].map((link) => link.href),
    ...[...document.querySelectorAll('form[action], [formaction]')]
        .map((form) => form.formAction || form.action),
];
