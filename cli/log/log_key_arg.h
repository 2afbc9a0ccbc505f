/* A log's verifier key as a person names it: its text, or a file that holds it. */
#ifndef HANDOFF_CLI_LOG_LOG_KEY_ARG_H
#define HANDOFF_CLI_LOG_LOG_KEY_ARG_H

#include "cli/io/exit.h"
#include "vault/protocol/tlog/note.h"

/* Says what is wrong: EXIT_USAGE. */
enum exit_code log_key_arg_read(struct note_key *key, const char *given)
    __attribute__((nonnull, warn_unused_result));

#endif
