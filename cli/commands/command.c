#include "cli/commands/command.h"

#include "cli/io/terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 24 };

static size_t find(const struct command *command, const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < command->options_len; i++)
        if (strlen(command->options[i].name) == len &&
            strncmp(command->options[i].name, name, len) == 0)
            break;
    return i;
}

static int usage_error(const struct command *command)
{
    terminal_hint("Nothing was done. See: handoff help %s", command->name);
    return -1;
}

static int no_such_option(const struct command *command, const char *name, size_t len)
{
    terminal_say("%s has no option --%.*s.", command->name, (int)len, name);
    if (len == 8 && strncmp(name, "password", len) == 0)
        terminal_hint("A password is asked for or read from stdin: arguments can be seen by "
                      "others. If you gave one here, it should not be used.");
    return usage_error(command);
}

/* Takes argv[i] as an option, and its value if it has one. Returns how many were taken, or -1. */
static int take_option(struct command_input *out, const struct command *command, int left,
                       char **argv)
{
    const char *name = argv[0] + 2;
    const size_t len = strcspn(name, "=");
    const size_t i = find(command, name, len);
    const struct command_option *option;
    const bool joined = name[len] == '=';

    if (i == command->options_len)
        return no_such_option(command, name, len);
    option = &command->options[i];
    if (out->value[i] != NULL) {
        terminal_say("--%s is given twice.", option->name);
        return usage_error(command);
    }
    if (option->argument == NULL && joined) {
        terminal_say("--%s takes no value.", option->name);
        return usage_error(command);
    }
    if (option->argument == NULL || joined) {
        out->value[i] = joined ? name + len + 1 : "";
        return 1;
    }
    if (left < 2) {
        terminal_say("--%s needs a value: %s.", option->name, option->argument);
        return usage_error(command);
    }
    out->value[i] = argv[1];
    return 2;
}

/* The word itself is not repeated: it might be a secret that does not belong here. */
static int take_word(struct command_input *out, const struct command *command, char *word)
{
    if (command->word != NULL && out->word == NULL) {
        out->word = word;
        return 1;
    }
    terminal_say(command->word == NULL ? "%s takes no argument without a name."
                                       : "%s takes one argument, not two.",
                 command->name);
    terminal_hint("Passwords and codes are never arguments: others can see those. A value with "
                  "spaces needs quotes.");
    return usage_error(command);
}

int command_parse(struct command_input *out, const struct command *command, int argc, char **argv)
{
    bool only_words = false;
    int taken;

    memset(out, 0, sizeof *out);
    for (int i = 0; i < argc; i += taken) {
        char *arg = argv[i];

        taken = 1;
        if (!only_words && strcmp(arg, "--") == 0)
            only_words = true;
        else if (!only_words && (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0))
            return 1;
        else if (!only_words && strncmp(arg, "--", 2) == 0)
            taken = take_option(out, command, argc - i, argv + i);
        else if (!only_words && arg[0] == '-' && arg[1] != '\0')
            taken = no_such_option(command, arg + 1, 1);
        else
            taken = take_word(out, command, arg);
        if (taken < 0)
            return -1;
    }
    return 0;
}

void command_help(const struct command *command)
{
    printf("Usage: handoff %s%s%s%s\n\n%s\n", command->name,
           command->options_len > 0 ? " [option ...]" : "", command->word != NULL ? " " : "",
           command->word != NULL ? command->word : "", command->summary);
    if (command->options_len > 0)
        printf("\nOptions:\n");
    for (size_t i = 0; i < command->options_len; i++) {
        const struct command_option *o = &command->options[i];
        const int n = printf("  --%s%s%s", o->name, o->argument != NULL ? " " : "",
                             o->argument != NULL ? o->argument : "");

        printf("%*s%s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "", o->help);
    }
}
