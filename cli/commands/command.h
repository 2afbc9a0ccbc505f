/*
 * The room of the commands: one file for each verb of the command line.
 *
 * A command is a row: its name, what it takes, what it does. The parser, the help and the usage
 * errors are made from it.
 */
#ifndef HANDOFF_CLI_COMMANDS_COMMAND_H
#define HANDOFF_CLI_COMMANDS_COMMAND_H

#include "cli/io/exit.h"
#include "cli/local/settings.h"

#include <stddef.h>

enum { COMMAND_OPTIONS_MAX = 24 };

struct command_option {
    const char *name;     /* without its dashes */
    const char *argument; /* what the help calls its value; NULL for a flag */
    const char *help;
};

/* What the person gave: a value for each option, in the order of the command's rows; NULL where it
   was not given, "" for a flag that was. */
struct command_input {
    const char *value[COMMAND_OPTIONS_MAX];
    char *word; /* the one argument that is no option, or NULL; who read a secret wipes it */
    struct settings *settings;
};

struct command {
    const char *name;
    const char *word; /* what the help calls its argument; NULL: it takes none */
    const char *summary;
    const struct command_option *options;
    size_t options_len;
    enum exit_code (*run)(const struct command_input *in);
};

/* Each is one file beside this one. */
extern const struct command command_send, command_redeem, command_confirm, command_reject,
    command_status, command_list, command_revoke, command_inbox, command_audit_events,
    command_audit_checkpoint, command_audit_export, command_audit_verify, command_audit_report,
    command_evidence, command_verify, command_verify_page;

/* Reads argv[0..argc) by the command's rows; options may stand anywhere and must be written out in
   full, since a --password that fell to --password-out would name a file by it. Returns 0; 1 when
   help is asked for; -1 after having said what is wrong. */
int command_parse(struct command_input *out, const struct command *command, int argc, char **argv)
    __attribute__((nonnull, warn_unused_result));

/* Prints a command's help to stdout. */
void command_help(const struct command *command) __attribute__((nonnull));

#endif
