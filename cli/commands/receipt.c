/* confirm and reject: the same act with two outcomes. */
#include "cli/commands/command.h"
#include "cli/handoff/acknowledge.h"
#include "cli/handoff/code.h"
#include "cli/io/terminal.h"
#include "cli/local/reference.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"

#include <sodium.h>
#include <string.h>

enum option { AS, NOTE, CODE_FILE, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [AS] = {"as", "NAME", "your name; the sender and the log get it"},
    [NOTE] = {"note", "TEXT", "what you want to say, such as \"signed in, works\""},
    [CODE_FILE] = {"code-file", "FILE", "the access code, where this machine did not redeem it"},
};

struct giving {
    const struct command_input *in;
    enum receipt_outcome outcome;
    struct reference ref;
    struct client *client;
    struct keys *keys; /* where they had to be derived anew */
    uint8_t envelope_hash[32];
};

static enum exit_code check(const struct giving *g)
{
    const char *const *v = g->in->value;

    if (v[AS] == NULL)
        terminal_say("A receipt needs a name: --as NAME.");
    else if (g->outcome == RECEIPT_REJECTED && v[NOTE] == NULL)
        terminal_say("A rejection needs a reason that the sender can act on: --note TEXT.");
    else
        return acknowledge_check(v[AS], v[NOTE]);
    terminal_hint("Nothing was done.");
    return EXIT_USAGE;
}

/* Another device redeemed it: link and code lead to the same key, and the service knows the hash of
   the envelope. */
static enum exit_code derive(struct giving *g)
{
    struct client_reply reply;
    enum exit_code rc = EXIT_DONE;
    const char *hash = NULL;

    if (!service_read(g->client, g->ref.id, 0, &reply)) {
        rc = problem_say(g->client, &reply, "The receipt was not recorded.");
        goto out;
    }
    hash = client_text(&reply, "envelope_hash");
    if (hash == NULL || encoding_base64url_exact(g->envelope_hash, sizeof g->envelope_hash, hash,
                                                 strlen(hash)) != 0) {
        terminal_say("The service does not tell which envelope it had. No receipt was given.");
        rc = EXIT_SERVICE;
        goto out;
    }
    rc = code_keys(&g->keys, g->ref.link, json_is_true(json_object_get(reply.body, "code")),
                   g->in->value[CODE_FILE]);
out:
    client_reply_clear(&reply);
    return rc;
}

static enum exit_code give(struct giving *g)
{
    const bool kept = g->ref.received && g->ref.received_state->shown_at > 0;
    struct acknowledgement a = {.id = g->ref.id,
                                .outcome = g->outcome,
                                .by = g->in->value[AS],
                                .note = g->in->value[NOTE],
                                .claimant = g->ref.received ? g->ref.received_state->key : NULL};
    enum exit_code rc;

    if (!kept && g->ref.link == NULL) {
        terminal_say("This machine has not redeemed that handoff. Nothing was done.");
        terminal_hint("On another one, give the link instead (and --code-file, if it has a code).");
        return EXIT_NOT_FOUND;
    }
    rc = connect_base(&g->client, g->in->settings,
                      kept ? g->ref.received_state->base : g->ref.link->base);
    if (rc == EXIT_DONE && !kept)
        rc = derive(g);
    if (rc != EXIT_DONE)
        return rc;
    a.receipt_seed = kept ? g->ref.received_state->receipt_seed : g->keys->receipt_seed;
    a.envelope_hash = kept ? g->ref.received_state->envelope_hash : g->envelope_hash;
    return acknowledge(g->client, &a);
}

static enum exit_code run(const struct command_input *in, enum receipt_outcome outcome)
{
    struct giving g = {.in = in, .outcome = outcome};
    enum exit_code rc = check(&g);

    if (rc == EXIT_DONE)
        rc = reference_find(&g.ref, in->word);
    if (rc == EXIT_DONE)
        rc = g.ref.follow != NULL ? reference_refuse_follow() : give(&g);
    keys_free(g.keys);
    client_free(g.client);
    reference_clear(&g.ref);
    return rc;
}

static enum exit_code run_confirm(const struct command_input *in)
{
    return run(in, RECEIPT_CONFIRMED);
}

static enum exit_code run_reject(const struct command_input *in)
{
    return run(in, RECEIPT_REJECTED);
}

const struct command command_confirm = {
    .name = "confirm",
    .word = "REF | LINK | -",
    .summary = "tell the sender, signed, that it arrived and works",
    .options = options,
    .options_len = OPTIONS,
    .run = run_confirm,
};

const struct command command_reject = {
    .name = "reject",
    .word = "REF | LINK | -",
    .summary = "tell the sender, signed, that it does not work, and why",
    .options = options,
    .options_len = OPTIONS,
    .run = run_reject,
};
