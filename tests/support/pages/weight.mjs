// What a page loads, as it says itself.

// What comes later on purpose: the other language when it is asked for, and the worker, which takes
// the modules that the page has.
export const isLate = (path) => /\/strings-|\/stretch-worker\./.test(path);

const all = (text, pattern, base) => [...text.matchAll(pattern)].map(([, address]) => new URL(address, base).href);

// The addresses that a page's HTML names.
export const named = (html, base) => all(html, /\s(?:href|src)="([^"]+)"/g, base);

// The modules beside it that a script names.
export const imported = (script, base) => all(script, /"(\.\/[\w-]+\.[0-9a-f]{16}\.mjs)"/g, base);
