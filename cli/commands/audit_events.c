#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/log/fetch.h"
#include "cli/log/trust.h"
#include "cli/net/connect.h"
#include "vault/protocol/encoding/encoding.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum option { START, LIMIT, DETAILS, SERVER, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [START] = {"start", "N", "from event N on (0)"},
    [LIMIT] = {"limit", "N", "at most N events (all)"},
    [DETAILS] = {"details", NULL, "the disclosed details instead of the lines"},
    [SERVER] = {"server", "URL", "the service, instead of HANDOFF_URL"},
};

static enum exit_code print_line(void *ctx, uint64_t n, const char *line, size_t len)
{
    (void)ctx;
    (void)n;
    if (fwrite(line, 1, len, stdout) == len && putchar('\n') != EOF)
        return EXIT_DONE;
    terminal_say("stdout does not take the output: %s.", strerror(errno));
    return EXIT_INTERNAL;
}

static enum exit_code number(uint64_t *out, const char *text, const char *name)
{
    if (text == NULL || encoding_u64(out, text, strlen(text), INT64_MAX) == 0)
        return EXIT_DONE;
    terminal_say("--%s takes a whole number.", name);
    terminal_hint("Nothing was done.");
    return EXIT_USAGE;
}

static enum exit_code run(const struct command_input *in)
{
    struct client *client = NULL;
    struct trust trust;
    struct checkpoint newest;
    char note[NOTE_BYTES];
    uint64_t start = 0, limit = UINT64_MAX;
    size_t len;
    struct fetch fetch = {.path = in->value[DETAILS] != NULL ? "/details" : "/events",
                          .what = "Reading the log",
                          .each = print_line};
    enum exit_code rc = number(&start, in->value[START], "start");

    if (rc == EXIT_DONE)
        rc = number(&limit, in->value[LIMIT], "limit");
    if (rc == EXIT_DONE)
        rc = connect_client(&client, in->settings, in->value[SERVER]);
    if (rc == EXIT_DONE)
        rc = trust_load(&trust, client_base(client));
    if (rc == EXIT_DONE)
        rc = trust_update(&trust, client, &newest, note, &len);
    if (rc == EXIT_DONE) {
        fetch.client = client;
        fetch.next = start;
        fetch.size = limit < newest.size - (start < newest.size ? start : newest.size)
                         ? start + limit
                         : newest.size;
        rc = fetch_lines(&fetch);
    }
    if (rc == EXIT_DONE && output_flush() != 0) {
        terminal_say("stdout does not take the output: %s.", strerror(errno));
        rc = EXIT_INTERNAL;
    }
    client_free(client);
    return rc;
}

const struct command command_audit_events = {
    .name = "audit events",
    .summary = "print the log's events, a line of JSON each, byte for byte",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
