/*
 * The room of what handoffd does besides serving: commands on the data directory, beside the
 * running service or without it. A command is a row; the parser, the help and the usage errors are
 * made from it.
 */
#ifndef HANDOFF_API_COMMANDS_COMMAND_H
#define HANDOFF_API_COMMANDS_COMMAND_H

#include "api/config/config.h"
#include "vault/admin.h"

#include <stddef.h>

enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

enum { COMMAND_OPTIONS_MAX = 8, COMMAND_WHY_MAX = 1024 };

struct command_option {
    const char *name;     /* without its dashes */
    const char *argument; /* what the help calls its value; NULL for a flag */
    const char *help;
};

/* What the operator gave: a value for each option in the order of the command's rows, NULL where it
   was not given, "" for a flag that was; the argument, or NULL; and the configuration. */
struct command_call {
    const char *value[COMMAND_OPTIONS_MAX];
    const char *word;
    struct config config;
};

struct command {
    const char *name, *verb; /* "token", "add"; verb NULL where there is one word alone */
    const char *word;        /* what the help calls its argument; NULL: it takes none */
    const char *summary;
    const struct command_option *options;
    size_t options_len;
    int (*run)(const struct command_call *call);
};

/* Each is in a file of this folder. */
extern const struct command command_token_add, command_token_list, command_token_revoke,
    command_key_rotate, command_key_rotate_log, command_audit_erase, command_audit_key,
    command_backup, command_restore, command_check;

/* Runs the command that argv[1] (and argv[2]) name. Returns the exit status. */
int command_main(int argc, char **argv) __attribute__((nonnull));

/* Opens the data directory that the configuration names; NULL after having said what is wrong. */
struct admin *command_admin(const struct command_call *call, bool may_create)
    __attribute__((nonnull, warn_unused_result));

/* Says what is wrong on stderr; returns the exit status of a failure, or of wrong usage. */
int command_fail(const char *why) __attribute__((nonnull));
int command_usage(const char *why) __attribute__((nonnull));

/* Ends a command that printed: a full disk or a closed pipe is a failure too. */
int command_printed(void);

#endif
