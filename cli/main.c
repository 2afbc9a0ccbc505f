#include "cli/command.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "vault/protocol/secret.h"

#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_send,   &command_redeem, &command_confirm, &command_reject,
    &command_status, &command_list,   &command_inbox,   &command_revoke,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void help(void)
{
    printf("handoff hands a credential to exactly one party, once, with a receipt.\n\n"
           "Usage: handoff command [option ...] [argument]\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-10s%s\n", commands[i]->name, commands[i]->summary);
    printf("\nhandoff help COMMAND tells a command's options; handoff(1) tells all.\n"
           "The service is that of HANDOFF_URL, or of the configuration, or http://127.0.0.1:8088; "
           "its\n"
           "token, where it wants one, that of HANDOFF_TOKEN_FILE.\n");
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* Whatever may be a link moves into memory that is wiped, and out of what ps shows. */
static int hide_links(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *copy;

        if (strchr(argv[i], '#') == NULL && strstr(argv[i], "://") == NULL &&
            strstr(argv[i], "/h/") == NULL && strchr(argv[i], '%') == NULL)
            continue;
        copy = secret_heap_strdup(argv[i]);
        if (copy == NULL)
            return -1;
        sodium_memzero(argv[i], strlen(argv[i]));
        argv[i] = copy;
    }
    return 0;
}

static int printed(void)
{
    if (output_flush() == 0)
        return EXIT_DONE;
    terminal_say("stdout does not take the output.");
    return EXIT_INTERNAL;
}

static int unknown(const char *name)
{
    terminal_say("There is no command \"%s\".", name);
    terminal_hint("Nothing was done. See: handoff help");
    return EXIT_USAGE;
}

static int run(const struct command *command, struct settings *settings, int argc, char **argv)
{
    struct command_input in;
    const int rc = command_parse(&in, command, argc, argv);

    in.settings = settings;
    if (rc < 0)
        return EXIT_USAGE;
    if (rc > 0) {
        command_help(command);
        return printed();
    }
    return (int)command->run(&in);
}

static int dispatch(struct settings *settings, int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "help";

    if (strcmp(name, "--version") == 0) {
        printf("handoff %s\n", HANDOFF_VERSION);
        return printed();
    }
    if (argc > 2 && strcmp(name, "help") == 0) {
        if (find(argv[2]) == NULL)
            return unknown(argv[2]);
        command_help(find(argv[2]));
        return printed();
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help();
        return argc > 1 ? printed() : EXIT_USAGE;
    }
    return find(name) != NULL ? run(find(name), settings, argc - 2, argv + 2) : unknown(name);
}

int main(int argc, char **argv)
{
    struct settings *settings;
    int status;

    if (secret_forbid_dumps() != 0 || sodium_init() < 0 || hide_links(argc, argv) != 0) {
        (void)fputs("handoff: This machine cannot keep secrets (memory protection failed).\n",
                    stderr);
        return EXIT_INTERNAL;
    }
    json_set_alloc_funcs(secret_heap_alloc, secret_heap_free);
    (void)signal(SIGPIPE, SIG_IGN);
    settings = settings_new();
    if (settings == NULL) {
        terminal_say("Memory is short.");
        return EXIT_INTERNAL;
    }
    status = dispatch(settings, argc, argv);
    settings_free(settings);
    return status;
}
