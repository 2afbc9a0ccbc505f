// libsodium for everything in this folder. It is loaded apart from the other modules, so that a
// page shows itself before the library has arrived, and can say so where a browser cannot run it.

// Set when `ready` is fulfilled; nothing uses it earlier.
let sodium;
export { sodium as default };

// A module without contents: its magic number and version.
const emptyModule = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

// Whether WebAssembly is there and may be used: some browsers leave it out when they are locked
// down, and a Content-Security-Policy can forbid it.
export function hasWasm() {
    try {
        return typeof WebAssembly === 'object'
            && new WebAssembly.Module(emptyModule) instanceof WebAssembly.Module;
    } catch {
        return false;
    }
}

async function load() {
    if (!hasWasm())
        throw Object.assign(new Error('WebAssembly is not to be had'), { code: 'no-wasm' });
    const { default: library } = await import('libsodium-wrappers-sumo');
    await library.ready;
    sodium = library;
}

// Rejects where the library cannot be loaded; its code is 'no-wasm' for want of WebAssembly.
export const ready = load();

// Whoever awaits it sees the failure; until somebody does, it is no unhandled one.
ready.catch(() => {});
