/*
 * SHA-256 (FIPS 180-4), of which the log is made: each event takes about a dozen blocks.
 *
 * By Nettle, GnuTLS's own library, which uses the processor's instructions for it where there are
 * some. libsodium, from which all other cryptography comes, has it in portable C only, at a fifth
 * of the speed.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_SHA256_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32 };

/* The hash of data (len bytes; NULL only with 0). */
void sha256(uint8_t hash[SHA256_BYTES], const void *data, size_t len) __attribute__((nonnull(1)));

/* The hash of one byte and then data: a leaf's or a node's of RFC 6962, section 2.1. hash may lie
   in data. */
void sha256_prefixed(uint8_t hash[SHA256_BYTES], uint8_t prefix, const void *data, size_t len)
    __attribute__((nonnull(1)));

#endif
