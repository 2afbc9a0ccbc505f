/* What the tests that read tests/vectors share. Everything here fails the test that calls it when a
   vector is not as it should be. */
#ifndef HANDOFF_TESTS_UNIT_VECTORS_H
#define HANDOFF_TESTS_UNIT_VECTORS_H

#include "tests/unit/unit.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/keys.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Calls check for each vector of a file, or of the list of that name in it (NULL: the file is the
   list); there must be at least so many. */
void vectors_each(const char *file, const char *list, void (*check)(const json_t *vector),
                  size_t at_least);

/* A whole file; the caller frees it with json_decref. */
json_t *vectors_load(const char *file);

/* A member that is a string; NULL where it is absent or null. */
const char *vectors_text(const json_t *vector, const char *name);

/* Decodes a base64url member into out; returns its length, at most size. */
size_t vectors_bytes(const json_t *vector, const char *name, uint8_t *out, size_t size);

/* Holds len bytes against a base64url member. */
void vectors_assert_bytes(const json_t *vector, const char *name, const uint8_t *got, size_t len);

/* Holds len bytes against a member in hex. */
void vectors_assert_hex(const json_t *vector, const char *name, const uint8_t *got, size_t len);

/* The member "id". */
void vectors_id(const json_t *vector, uint8_t id[16]);

/* The member "code", normalised; NULL where it is null. */
struct secret *vectors_code(const json_t *vector);

/* The keys that follow from id, link_key and code; fills id. */
struct keys *vectors_keys(const json_t *vector, uint8_t id[16]);

#endif
