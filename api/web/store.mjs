// What a page keeps: `keep` on this device, `hold` in this tab alone. Never a payload, a password or
// a code that was typed. Where the browser refuses (private modes, policies), memory has to do.

const prefix = 'handoff:';
const memory = { localStorage: new Map(), sessionStorage: new Map() };

function read(kind, name) {
    let text = memory[kind].get(prefix + name) ?? null;
    try {
        text = globalThis[kind].getItem(prefix + name) ?? text;
    } catch {
        // Storage is denied: what memory has.
    }
    try {
        return text === null ? null : JSON.parse(text);
    } catch {
        return null; // not ours, or damaged: as if it were not there
    }
}

function write(kind, name, value) {
    const text = JSON.stringify(value);
    try {
        globalThis[kind].setItem(prefix + name, text);
        return true;
    } catch {
        memory[kind].set(prefix + name, text);
        return false;
    }
}

function remove(kind, name) {
    memory[kind].delete(prefix + name);
    try {
        globalThis[kind].removeItem(prefix + name);
    } catch {
        // There was nothing then.
    }
}

// On this device, until forgotten. keep and hold return whether it outlives a reload.
export const keep = (name, value) => write('localStorage', name, value);
export const recall = (name) => read('localStorage', name);
export const forget = (name) => remove('localStorage', name);

// In this tab, over reloads.
export const hold = (name, value) => write('sessionStorage', name, value);
export const held = (name) => read('sessionStorage', name);
export const drop = (name) => remove('sessionStorage', name);

// Everything kept on this device whose name begins so: [[rest of the name, value], …].
export function recallAll(start) {
    const names = new Set(memory.localStorage.keys());
    try {
        for (let i = 0; i < localStorage.length; i++)
            names.add(localStorage.key(i));
    } catch {
        // Storage is denied: what memory has.
    }
    return [...names]
        .filter((name) => name.startsWith(prefix + start))
        .map((name) => name.slice(prefix.length))
        .map((name) => [name.slice(start.length), read('localStorage', name)])
        .filter(([, value]) => value !== null);
}
