// libsodium as npm has it, ready to use. Its ESM build asks for the browser's crypto object, which
// Node 18, Debian 12's, does not put there by itself.

import { webcrypto } from 'node:crypto';

globalThis.crypto ??= webcrypto;

const { default: sodium } = await import('libsodium-wrappers-sumo');
await sodium.ready;

export default sodium;
