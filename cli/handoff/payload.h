/*
 * The room of what is handed over: made, read, announced, printed and acknowledged.
 *
 * This is what a person hands over, from prompt, pipe or file to the plaintext that is sealed.
 */
#ifndef HANDOFF_CLI_HANDOFF_PAYLOAD_H
#define HANDOFF_CLI_HANDOFF_PAYLOAD_H

#include "cli/io/exit.h"
#include "vault/protocol/encoding/secret.h"

/* Each makes a new secret in *out, or says what is wrong. */

/* A credential; the password is made (not NULL), or asked for, or comes from stdin. */
enum exit_code payload_login(struct secret **out, const char *username, const char *url,
                             const char *note, const struct secret *made)
    __attribute__((nonnull(1), warn_unused_result));

/* All of stdin as text. */
enum exit_code payload_text(struct secret **out) __attribute__((nonnull, warn_unused_result));

/* A file by its path, or "-" for stdin. */
enum exit_code payload_file(struct secret **out, const char *path)
    __attribute__((nonnull, warn_unused_result));

/* A code, normalised, from what was typed or made, or from a file. */
enum exit_code payload_code(struct secret **out, const struct secret *typed)
    __attribute__((nonnull, warn_unused_result));
enum exit_code payload_code_file(struct secret **out, const char *path)
    __attribute__((nonnull, warn_unused_result));

#endif
