/* The access code on the recipient's side. */
#ifndef HANDOFF_CLI_HANDOFF_CODE_H
#define HANDOFF_CLI_HANDOFF_CODE_H

#include "cli/io/exit.h"
#include "vault/protocol/encoding/secret.h"
#include "vault/protocol/handoff/keys.h"
#include "vault/protocol/handoff/link.h"

#include <stdbool.h>

/* Derives the keys of a link: without a code where none is needed; else with that of the file; else
   with the one that the person types. Says what is wrong. */
enum exit_code code_keys(struct keys **out, const struct link *link, bool needed, const char *file)
    __attribute__((nonnull(1, 2), warn_unused_result));

#endif
