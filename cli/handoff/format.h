/* A credential as it is printed. */
#ifndef HANDOFF_CLI_HANDOFF_FORMAT_H
#define HANDOFF_CLI_HANDOFF_FORMAT_H

#include "cli/io/terminal.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/credential.h"

#include <stdbool.h>

struct format_options {
    const char *field; /* NULL: all of it */
    bool json;
    bool terminal; /* a line break within a value must not look like another line */
};

/* Whether a field of this name can be in a credential. */
bool format_is_field(const char *name) __attribute__((nonnull));

/* The bytes to print, as a new secret, and how a terminal should escape them: the whole object as
   JSON, one field and a line end, or lines for a login and the bytes of a text or a file. Returns
   NULL with *why (static text). */
struct secret *format_credential(const struct credential *c, const struct format_options *options,
                                 enum terminal_style *style, const char **why)
    __attribute__((nonnull, warn_unused_result));

#endif
