/*
 * JSON texts into trees of jansson's, never with something left out.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_JSONTEXT_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_JSONTEXT_H

#include <jansson.h>
#include <stddef.h>

/* json_loadb(text, len, flags, error) of jansson, but NULL, with json_error_out_of_memory, when an
   allocation failed meanwhile: jansson (2.14) leaves out the byte that it could not store, and goes
   on, or ends the program where that was a part of an escape. error may be NULL.
   json_set_alloc_funcs(secret_heap_alloc, secret_heap_free) must have been called; json_decref
   frees the tree. */
json_t *jsontext_parse(const char *text, size_t len, size_t flags, json_error_t *error)
    __attribute__((nonnull(1), warn_unused_result));

#endif
