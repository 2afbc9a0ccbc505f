#include "api/commands/command.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_token_add,      &command_token_list,  &command_token_revoke, &command_key_rotate,
    &command_key_rotate_log, &command_audit_erase, &command_audit_key,    &command_backup,
    &command_restore,        &command_check,
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]), HELP_COLUMN = 24 };

/* Where the configuration is; every command takes these. */
static const struct command_option common[] = {
    {"config", "FILE", "the configuration file, as for the service"},
    {"data", "DIR", "the data directory, as for the service"},
    {"master-key", "FILE", "the master key's file, as for the service"},
};
enum { COMMON = sizeof(common) / sizeof(common[0]) };

int command_fail(const char *why)
{
    fprintf(stderr, "handoffd: %s\n", why);
    return COMMAND_FAILED;
}

int command_usage(const char *why)
{
    fprintf(stderr, "handoffd: %s\n", why);
    return COMMAND_USAGE;
}

int command_printed(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return COMMAND_DONE;
    return command_fail("stdout does not take the output");
}

struct admin *command_admin(const struct command_call *call, bool may_create)
{
    const struct admin_options options = {
        .dir = call->config.data, .key = call->config.master_key, .may_create = may_create};
    char why[COMMAND_WHY_MAX];
    struct admin *a = admin_open(&options, why, sizeof(why));

    if (a == NULL)
        (void)command_fail(why);
    return a;
}

/* ---- help ---- */

static void print_options(const struct command_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int n = printf("  --%s%s%s", options[i].name, options[i].argument != NULL ? " " : "",
                             options[i].argument != NULL ? options[i].argument : "");

        printf("%*s%s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "", options[i].help);
    }
}

static int print_help(const struct command *c)
{
    printf("Usage: handoffd %s%s%s [OPTION]...%s%s\n\n%s\n\nOptions:\n", c->name,
           c->verb != NULL ? " " : "", c->verb != NULL ? c->verb : "", c->word != NULL ? " " : "",
           c->word != NULL ? c->word : "", c->summary);
    print_options(c->options, c->options_len);
    print_options(common, COMMON);
    return command_printed();
}

/* ---- reading the arguments ---- */

static const struct command *find(int argc, char **argv, int *taken)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const struct command *c = commands[i];

        if (strcmp(c->name, argv[1]) != 0)
            continue;
        if (c->verb != NULL && (argc < 3 || strcmp(c->verb, argv[2]) != 0))
            continue;
        *taken = c->verb != NULL ? 3 : 2;
        return c;
    }
    return NULL;
}

static int unknown(const char *name)
{
    fprintf(stderr, "handoffd: there is no such command; there are:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(stderr, "  handoffd %s%s%s%s%s\n", commands[i]->name,
                commands[i]->verb != NULL ? " " : "",
                commands[i]->verb != NULL ? commands[i]->verb : "",
                commands[i]->word != NULL ? " " : "",
                commands[i]->word != NULL ? commands[i]->word : "");
    (void)name;
    return COMMAND_USAGE;
}

/* What has been read: the command's own values, and the common ones as the service's flags. */
struct reading {
    const struct command *command;
    struct command_call *call;
    const char *common[COMMON];
};

static const char **place(struct reading *r, const char *name, size_t len, bool *flag)
{
    for (size_t i = 0; i < r->command->options_len; i++)
        if (strlen(r->command->options[i].name) == len &&
            strncmp(r->command->options[i].name, name, len) == 0) {
            *flag = r->command->options[i].argument == NULL;
            return &r->call->value[i];
        }
    *flag = false;
    for (size_t i = 0; i < COMMON; i++)
        if (strlen(common[i].name) == len && strncmp(common[i].name, name, len) == 0)
            return &r->common[i];
    return NULL;
}

/* Takes one argument, and the next as its value where it needs one. Returns how many were taken, or
   0 after having said what is wrong. */
static int take(struct reading *r, const char *arg, const char *next)
{
    const size_t len = strcspn(arg, "=");
    const char **value;
    bool flag;

    if (strncmp(arg, "--", 2) != 0) {
        if (r->command->word == NULL || r->call->word != NULL) {
            (void)command_usage("there is an argument too many; see --help");
            return 0;
        }
        r->call->word = arg;
        return 1;
    }
    value = place(r, arg + 2, len - 2, &flag);
    if (value == NULL || *value != NULL || (flag && arg[len] == '=') ||
        (!flag && arg[len] != '=' && next == NULL)) {
        fprintf(stderr, "handoffd: %.*s %s; see --help\n", (int)len, arg,
                value == NULL    ? "is no option of this command"
                : *value != NULL ? "is given twice"
                : flag           ? "takes no value"
                                 : "lacks its value");
        return 0;
    }
    if (flag)
        *value = "";
    else
        *value = arg[len] == '=' ? arg + len + 1 : next;
    return flag || arg[len] == '=' ? 1 : 2;
}

/* Reads the configuration as the service would with the common options as its flags. */
static enum config_result read_config(struct reading *r, char *why, size_t why_size)
{
    char flags[COMMON][32];
    char *argv[2 * COMMON + 2] = {(char *)(uintptr_t) "handoffd"};
    int argc = 1;

    for (size_t i = 0; i < COMMON; i++)
        if (r->common[i] != NULL) {
            snprintf(flags[i], sizeof(flags[i]), "--%s", common[i].name);
            argv[argc++] = flags[i];
            argv[argc++] = (char *)(uintptr_t)r->common[i];
        }
    return config_read(&r->call->config, argc, argv, stdout, why, why_size);
}

int command_main(int argc, char **argv)
{
    struct command_call call = {0};
    struct reading r = {.call = &call};
    char why[COMMAND_WHY_MAX];
    int taken = 1, status;

    r.command = find(argc, argv, &taken);
    if (r.command == NULL)
        return unknown(argv[1]);
    for (int i = taken; i < argc; i += taken) {
        if (strcmp(argv[i], "--help") == 0)
            return print_help(r.command);
        taken = take(&r, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (taken == 0)
            return COMMAND_USAGE;
    }
    if (r.command->word != NULL && call.word == NULL)
        return command_usage("an argument is missing; see --help");
    if (read_config(&r, why, sizeof(why)) != CONFIG_RUN)
        status = command_usage(why);
    else
        status = r.command->run(&call);
    config_free(&call.config);
    return status;
}
