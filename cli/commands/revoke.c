#include "cli/commands/command.h"
#include "cli/io/terminal.h"
#include "cli/local/reference.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"

#include <string.h>

static enum exit_code too_late(const struct client_reply *reply)
{
    const char *code = client_code(reply);
    char when[TERMINAL_TIME_MAX] = "";
    const int64_t at = client_integer(reply, "at", 0);

    if (at > 0)
        terminal_time(when, at);
    if (strcmp(code, "expired") == 0) {
        terminal_say("It had expired, %s: nobody took it, and it is burned.", when);
        return EXIT_GONE;
    }
    terminal_say("Too late to revoke: it was taken, %s, and is burned at the service.", when);
    terminal_hint("Whoever took it may have read it: if that was not the right party, change the "
                  "credential.");
    return EXIT_GONE;
}

static enum exit_code tell(const struct client_reply *reply)
{
    const char *state = client_text(reply, "state");

    if (state != NULL && strcmp(state, "lapsed") == 0) {
        terminal_say("Revoked and burned, but it had been taken before.");
        terminal_hint("Whoever took it may have read it: change the credential.");
        return EXIT_DONE;
    }
    terminal_say("Revoked: nobody took it, it is burned, and nobody can take it any more.");
    return EXIT_DONE;
}

static enum exit_code revoke(const struct reference *ref, struct settings *settings)
{
    const uint8_t *key = reference_manage_key(ref);
    struct client *client = NULL;
    struct client_reply reply = {0};
    enum exit_code rc;

    if (key == NULL) {
        terminal_say("This machine did not send that handoff, so it cannot revoke it.");
        terminal_hint("Nothing was done. Use the machine and account that sent it, or the follow "
                      "link that its sender has.");
        return EXIT_NOT_FOUND;
    }
    rc = connect_base(&client, settings, reference_base(ref));
    if (rc != EXIT_DONE)
        return rc;
    if (service_revoke(client, ref->id, key, &reply))
        rc = tell(&reply);
    else if (problem_is_gone(&reply))
        rc = too_late(&reply);
    else
        rc = problem_say(client, &reply,
                         reply.perhaps_done ? "It is not known whether it is revoked; doing it "
                                              "again is safe."
                                            : "It was not revoked.");
    client_reply_clear(&reply);
    client_free(client);
    return rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct reference ref;
    enum exit_code rc;

    if (in->word == NULL) {
        terminal_say("revoke which handoff? Give an id, a part of one, or a link.");
        return EXIT_USAGE;
    }
    rc = reference_find(&ref, in->word);
    if (rc != EXIT_DONE)
        return rc;
    rc = revoke(&ref, in->settings);
    reference_clear(&ref);
    return rc;
}

const struct command command_revoke = {
    .name = "revoke",
    .word = "REF | LINK | -",
    .summary = "burn a handoff that you sent",
    .options = NULL,
    .options_len = 0,
    .run = run,
};
