/*
 * A commitment to one detail of an event: BLAKE2b-256(key = salt, field ‖ 0x00 ‖ value), so that
 * each detail can be disclosed or erased alone.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_TLOG_COMMITMENT_H
#define HANDOFF_VAULT_PROTOCOL_TLOG_COMMITMENT_H

#include <stddef.h>
#include <stdint.h>

enum { COMMITMENT_BYTES = 32, COMMITMENT_SALT_BYTES = 32 };

void commitment(uint8_t out[COMMITMENT_BYTES], const uint8_t salt[COMMITMENT_SALT_BYTES],
                const char *field, const void *value, size_t len) __attribute__((nonnull(1, 2, 3)));

#endif
