// Copy buttons. What is copied goes to the clipboard and nowhere else.

import { announce, say } from './text.mjs';

const doneMs = 2500;

// Where the clipboard is denied: marks the text, so that the person can copy it by key.
function mark(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
}

// A button that copies. text: gives it; shown: the element that shows it (null: none), for when the
// clipboard is denied; reveal: called before marking where the text may be hidden; copied: called
// once it is in the clipboard.
export function copyButton(button, own) {
    const { text, shown = null, label = 'copy', reveal = () => {}, copied = () => {} } = own;
    let timer;
    button.addEventListener('click', async () => {
        clearTimeout(timer);
        try {
            await navigator.clipboard.writeText(text());
        } catch {
            reveal();
            if (shown)
                mark(shown);
            announce('copy.failed');
            say(button, 'copy.failed');
            return;
        }
        copied();
        say(button, 'copy.done');
        announce('copy.done');
        timer = setTimeout(() => say(button, label), doneMs);
    });
}
