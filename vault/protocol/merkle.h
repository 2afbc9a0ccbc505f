/* The hashes of the audit log's tree (RFC 6962 section 2.1, SHA-256). */
#ifndef HANDOFF_PROTOCOL_MERKLE_H
#define HANDOFF_PROTOCOL_MERKLE_H

#include <stddef.h>
#include <stdint.h>

enum { MERKLE_HASH_BYTES = 32 };

/* The hash of a leaf: SHA-256(0x00 ‖ data). */
void merkle_leaf(uint8_t hash[MERKLE_HASH_BYTES], const void *data, size_t len)
    __attribute__((nonnull(1)));

#endif
