// The deliberate act. Mail scanners load pages, run scripts, click everything and submit forms; none
// of that opens anything here. A person holds the button down for a second (finger, mouse or space
// bar), or types the word that the page shows: assistive technology can only click, so typing is
// offered to all. Only what the browser itself reports as a person's doing (isTrusted) counts.

const holdMs = 1000;

// Words without a letter that reads like another, short enough to type, in no language a command.
const words = ['amber', 'birch', 'cedar', 'coral', 'delta', 'ember', 'falcon', 'garden', 'harbor',
    'indigo', 'jasmin', 'karat', 'lemon', 'magnet', 'nectar', 'orbit', 'panda', 'radar', 'salmon',
    'tango', 'velvet', 'walnut', 'yoga', 'zebra'];

export function drawWord() {
    const [n] = crypto.getRandomValues(new Uint32Array(1));
    return words[n % words.length];
}

// Calls act once the button was held. onShort: it was let go too early.
export function holdButton(button, act, onShort = () => {}) {
    let began = null;
    let frame = 0;

    const paint = (share) => button.style.setProperty('--held', String(share));
    const stop = () => {
        cancelAnimationFrame(frame);
        began = null;
        paint(0);
    };
    const letGo = (event) => {
        if (began === null)
            return;
        stop();
        if (event?.isTrusted)
            onShort();
    };
    const tick = () => {
        if (began === null)
            return;
        const share = Math.min(1, (performance.now() - began) / holdMs);
        paint(share);
        if (share < 1) {
            frame = requestAnimationFrame(tick);
            return;
        }
        stop();
        act();
    };
    const begin = (event) => {
        if (!event.isTrusted || began !== null || button.disabled)
            return;
        began = performance.now();
        tick();
    };

    button.addEventListener('pointerdown', (event) => {
        if (event.button !== 0 || !event.isPrimary)
            return;
        begin(event);
        if (event.isTrusted)
            button.setPointerCapture(event.pointerId); // a finger may tremble off its edge
    });
    for (const name of ['pointerup', 'pointercancel', 'blur'])
        button.addEventListener(name, letGo);
    button.addEventListener('contextmenu', (event) => event.preventDefault()); // a long press
    button.addEventListener('keydown', (event) => {
        if (event.key !== ' ' && event.key !== 'Enter')
            return;
        event.preventDefault();
        if (!event.repeat)
            begin(event);
    });
    button.addEventListener('keyup', letGo);
    document.addEventListener('visibilitychange', stop);
}

// Enables `button` once `input` holds the word, and calls act when it is then pressed, or Enter is.
export function wordInput(input, button, word, act) {
    let typed = false; // by a person: a script that sets the value is not heard
    const fits = () => typed && input.value.trim().toLowerCase() === word;

    input.addEventListener('input', (event) => {
        typed = event.isTrusted;
        button.disabled = !fits();
    });
    input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter')
            return;
        event.preventDefault();
        if (event.isTrusted && fits())
            act();
    });
    button.addEventListener('click', (event) => {
        if (event.isTrusted && fits())
            act();
    });
    button.disabled = true;
}
