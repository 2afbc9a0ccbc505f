// Other tabs of this browser: whether one of them is opening this handoff, or shows it. They are
// told nothing but the id, and where the browser has no channel between tabs, they are not asked.

const answerMs = 250;

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('handoff') : null;
let own = null; // the id that this tab is opening or shows

const tell = (what, id) => channel?.postMessage({ what, id });

channel?.addEventListener('message', ({ data }) => {
    if (data?.what === 'who' && data.id === own)
        tell('here', own);
});

// From now on this tab answers for the id; null: no longer for any.
export function holdHere(id) {
    own = id;
    if (id !== null)
        tell('here', id);
}

// Whether another tab answers for it.
export function isElsewhere(id) {
    if (channel === null)
        return Promise.resolve(false);
    return new Promise((resolve) => {
        const done = (found) => {
            clearTimeout(timer);
            channel.removeEventListener('message', hear);
            resolve(found);
        };
        const hear = ({ data }) => {
            if (data?.what === 'here' && data.id === id)
                done(true);
        };
        const timer = setTimeout(() => done(false), answerMs);
        channel.addEventListener('message', hear);
        tell('who', id);
    });
}

// Calls back when another tab begins with it.
export function onElsewhere(id, act) {
    channel?.addEventListener('message', ({ data }) => {
        if (data?.what === 'here' && data.id === id && own !== id)
            act();
    });
}
