#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "vault/protocol/encoding/secret.h"

#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_send,         &command_redeem,
    &command_confirm,      &command_reject,
    &command_status,       &command_list,
    &command_inbox,        &command_revoke,
    &command_audit_events, &command_audit_checkpoint,
    &command_audit_export, &command_audit_verify,
    &command_audit_report, &command_evidence,
    &command_verify,       &command_verify_page,
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void help(void)
{
    printf("handoff hands a credential to exactly one party, once, with a receipt.\n\n"
           "Usage: handoff command [option ...] [argument]\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-18s%s\n", commands[i]->name, commands[i]->summary);
    printf("\nhandoff help COMMAND tells a command's options; handoff(1) tells all.\n"
           "The service is that of HANDOFF_URL, or of the configuration, or http://127.0.0.1:8088; "
           "its\n"
           "token, where it wants one, that of HANDOFF_TOKEN_FILE.\n");
}

/* Finds the command that argv[0] names, or argv[0] and argv[1] together: "audit verify". */
static const struct command *find(int argc, char **argv, int *words)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *name = commands[i]->name, *space = strchr(name, ' ');
        const size_t len = space != NULL ? (size_t)(space - name) : strlen(name);

        if (argc < 1 || strlen(argv[0]) != len || strncmp(argv[0], name, len) != 0)
            continue;
        *words = space != NULL ? 2 : 1;
        if (space == NULL || (argc > 1 && strcmp(argv[1], space + 1) == 0))
            return commands[i];
    }
    return NULL;
}

/* Whatever may be a link moves into memory that is wiped, and out of what ps shows. */
static int hide_links(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *copy;

        if (strchr(argv[i], '#') == NULL && strstr(argv[i], "://") == NULL &&
            strstr(argv[i], "/h/") == NULL && strstr(argv[i], "/s/") == NULL &&
            strchr(argv[i], '%') == NULL)
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

/* Whether there are commands that begin with this word: it takes a second one. */
static bool begins(const char *word)
{
    const size_t len = strlen(word);
    bool found = false;

    for (size_t i = 0; i < COMMANDS; i++)
        found |= strncmp(commands[i]->name, word, len) == 0 && commands[i]->name[len] == ' ';
    return found;
}

static int unknown(int argc, char **argv)
{
    if (!begins(argv[0])) {
        terminal_say("There is no command \"%s\".", argv[0]);
    } else {
        if (argc > 1)
            terminal_say("There is no command \"%s %s\". There are:", argv[0], argv[1]);
        else
            terminal_say("%s takes a second word:", argv[0]);
        for (size_t i = 0; i < COMMANDS; i++)
            if (strncmp(commands[i]->name, argv[0], strlen(argv[0])) == 0)
                terminal_hint("%-18s%s", commands[i]->name, commands[i]->summary);
    }
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
    const struct command *command;
    int words;

    if (strcmp(name, "--version") == 0) {
        printf("handoff %s\n", HANDOFF_VERSION);
        return printed();
    }
    if (argc > 2 && strcmp(name, "help") == 0) {
        command = find(argc - 2, argv + 2, &words);
        if (command == NULL)
            return unknown(argc - 2, argv + 2);
        command_help(command);
        return printed();
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help();
        return argc > 1 ? printed() : EXIT_USAGE;
    }
    command = find(argc - 1, argv + 1, &words);
    if (command == NULL)
        return unknown(argc - 1, argv + 1);
    return run(command, settings, argc - 1 - words, argv + 1 + words);
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
