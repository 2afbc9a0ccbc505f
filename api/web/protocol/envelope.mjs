// The envelope: the payload, padded and sealed (docs/protocol.md section 5).

import { ProtocolError, concat, idBytes, utf8, wipe } from './encoding.mjs';
import sodium from './sodium.mjs';

const version = 0x01;
const block = 256;
const nonceBytes = 24;
const headBytes = 1 + nonceBytes;
const overhead = headBytes + 16;

const additional = (keys, id) => concat(utf8('handoff/1'), idBytes(id), [keys.code ? 0x01 : 0x00]);

export function seal(keys, id, payload) {
    const nonce = sodium.randombytes_buf(nonceBytes);
    const padded = sodium.pad(payload, block);
    const sealed = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        padded,
        additional(keys, id),
        null,
        nonce,
        keys.contentKey,
    );
    wipe(padded);
    return concat([version], nonce, sealed);
}

function decrypt(keys, id, envelope) {
    try {
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
            null,
            envelope.subarray(headBytes),
            additional(keys, id),
            envelope.subarray(1, headBytes),
            keys.contentKey,
        );
    } catch {
        throw new ProtocolError('envelope-forged', 'the envelope does not open with these keys');
    }
}

// The payload's bytes.
export function open(keys, id, envelope) {
    const length = envelope.length - overhead;
    if (envelope[0] !== version || length < block || length % block !== 0)
        throw new ProtocolError('envelope-malformed', 'not an envelope');
    const padded = decrypt(keys, id, envelope);
    try {
        return sodium.unpad(padded, block).slice();
    } catch {
        throw new ProtocolError('envelope-malformed', 'the padding is not ours');
    } finally {
        wipe(padded);
    }
}

export const envelopeHash = (envelope) => sodium.crypto_hash_sha256(envelope);

// The longest payload that an envelope of so many bytes holds.
export const payloadMax = (envelopeMax) => Math.floor((envelopeMax - overhead) / block) * block - 1;
