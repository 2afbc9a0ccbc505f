#include "cli/handoff/code.h"

#include "cli/handoff/payload.h"
#include "cli/io/terminal.h"

#include <unistd.h>

static enum exit_code ask(struct secret **out)
{
    const int fd = terminal_open();
    struct secret *typed;
    enum exit_code rc;

    if (fd < 0) {
        terminal_say("An access code is needed, and there is no terminal to ask for it.");
        terminal_hint("Nothing was done. Give --code-file FILE.");
        return EXIT_USAGE;
    }
    typed = terminal_ask(fd, "Access code (not shown): ");
    (void)close(fd);
    if (typed == NULL) {
        terminal_say("No code was given. Nothing was done.");
        return EXIT_USAGE;
    }
    rc = payload_code(out, typed);
    secret_free(typed);
    return rc;
}

enum exit_code code_keys(struct keys **out, const struct link *link, bool needed, const char *file)
{
    struct secret *code = NULL;
    enum exit_code rc = EXIT_DONE;

    *out = NULL;
    if (!needed && file != NULL)
        terminal_say("This handoff needs no access code; the file is not used.");
    if (needed)
        rc = file != NULL ? payload_code_file(&code, file) : ask(&code);
    if (rc != EXIT_DONE)
        return rc;
    *out = keys_derive(link->key, link->id, code);
    secret_free(code);
    if (*out != NULL)
        return EXIT_DONE;
    terminal_say("Memory is short. Nothing was done.");
    return EXIT_INTERNAL;
}
