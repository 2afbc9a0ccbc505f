#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/log/trust.h"
#include "cli/net/connect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum option { SERVER, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [SERVER] = {"server", "URL", "the service, instead of HANDOFF_URL"},
};

static enum exit_code run(const struct command_input *in)
{
    struct client *client = NULL;
    struct trust trust;
    struct checkpoint newest;
    char note[NOTE_BYTES], key[NOTE_KEY_MAX];
    uint64_t before = 0;
    size_t len;
    enum exit_code rc = connect_client(&client, in->settings, in->value[SERVER]);

    if (rc == EXIT_DONE)
        rc = trust_load(&trust, client_base(client));
    if (rc == EXIT_DONE) {
        before = trust.kept ? trust.latest.size : 0;
        rc = trust_update(&trust, client, &newest, note, &len);
    }
    if (rc == EXIT_DONE && (fwrite(note, 1, len, stdout) != len || output_flush() != 0)) {
        terminal_say("stdout does not take the output: %s.", strerror(errno));
        rc = EXIT_INTERNAL;
    }
    if (rc == EXIT_DONE && isatty(STDERR_FILENO)) {
        note_key_format(key, &trust.key);
        if (before > 0)
            terminal_say("Signed by the known key, and it continues what was kept here at %" PRIu64
                         " events.",
                         before);
        else
            terminal_say("The first checkpoint of this service on this machine: it is kept, and "
                         "each later one is held against it.");
        terminal_hint("Key: %s", key);
    }
    client_free(client);
    return rc;
}

const struct command command_audit_checkpoint = {
    .name = "audit checkpoint",
    .summary = "get the newest signed checkpoint, check it by the kept one, keep it",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
