#include "cli/commands/command.h"
#include "cli/handoff/acknowledge.h"
#include "cli/handoff/code.h"
#include "cli/handoff/format.h"
#include "cli/io/input.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/reference.h"
#include "cli/local/state.h"
#include "cli/log/trust.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "vault/protocol/handoff/credential.h"
#include "vault/protocol/handoff/envelope.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CODE_TRIES = 3 };

enum option { FIELD, OUT, CODE_FILE, CONFIRM_AS, JSON, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [FIELD] = {"field", "NAME", "print one field: username, password, url, note, text, name, data"},
    [OUT] = {"out", "FILE", "write to FILE (0600) instead of stdout; it must not exist yet"},
    [CODE_FILE] = {"code-file", "FILE", "take the access code from FILE instead of asking"},
    [CONFIRM_AS] = {"confirm-as", "NAME", "confirm receipt at once, in this name"},
    [JSON] = {"json", NULL, "print one JSON object"},
};

struct redeeming {
    const struct command_input *in;
    struct link *link;
    struct client *client;
    struct state *state;
    bool again; /* the state is that of an earlier run */
    bool kept;  /* the state is on the disk */
    bool late;  /* it was taken before this run */
    bool lost;  /* a claim may have arrived whose answer did not */
    bool code;
    struct keys *keys;
    uint8_t *envelope;
    size_t envelope_len;
    struct credential credential;
    struct secret *shown;
    enum terminal_style style;
    struct output_file out;
};

static const char untouched[] = "Nothing was opened: the secret is where it was.";

static enum exit_code no_memory(void)
{
    terminal_say("Memory is short. %s", untouched);
    return EXIT_INTERNAL;
}

static enum exit_code check(const struct redeeming *r)
{
    const char *const *v = r->in->value;

    if (v[FIELD] != NULL && !format_is_field(v[FIELD])) {
        terminal_say("There is no field \"%s\". Nothing was done. See: handoff help redeem",
                     v[FIELD]);
        return EXIT_USAGE;
    }
    if (v[FIELD] != NULL && v[JSON] != NULL) {
        terminal_say("--field and --json exclude each other. Nothing was done.");
        return EXIT_USAGE;
    }
    return v[CONFIRM_AS] != NULL ? acknowledge_check(v[CONFIRM_AS], NULL) : EXIT_DONE;
}

static enum exit_code find_state(struct redeeming *r)
{
    int rc;

    r->state = state_new();
    if (r->state == NULL)
        return no_memory();
    rc = state_read(r->state, STATE_RECEIVED, r->link->id);
    r->again = rc == 0;
    r->kept = r->again;
    return rc < 0 ? EXIT_INTERNAL : EXIT_DONE;
}

/* Whether the file could be written is found out while nothing has been claimed yet. */
static enum exit_code prepare_output(struct redeeming *r)
{
    const char *path = r->in->value[OUT];

    if (path == NULL)
        return EXIT_DONE;
    /* An earlier run may have written it and then lost the service: see finish_file. */
    if (access(path, F_OK) == 0 && r->state->shown_at == 0) {
        terminal_say("%s exists already and is not replaced.", path);
    } else if (output_file_begin(&r->out, path) == 0) {
        return EXIT_DONE;
    } else {
        terminal_say("%s cannot be written: %s.", path, strerror(errno));
    }
    terminal_hint("%s Give --out another name.", untouched);
    return EXIT_USAGE;
}

/* ---- gone ---- */

/* This machine showed the secret, but the service may not know it yet. */
static void finish_late(struct redeeming *r, const char *state)
{
    struct client_reply reply;

    if (strcmp(state, "lapsed") != 0 && strcmp(state, "claimed") != 0 &&
        strcmp(state, "taken") != 0)
        return;
    if (r->keys == NULL && code_keys(&r->keys, r->link, r->code, r->in->value[CODE_FILE]) != 0)
        return;
    if (service_opened(r->client, r->link->id, r->keys, r->state->key, &reply))
        terminal_say("The service knows now that it was opened.");
    else
        (void)problem_say(r->client, &reply, NULL);
    client_reply_clear(&reply);
}

static enum exit_code give_receipt(const struct redeeming *r)
{
    const struct acknowledgement a = {.id = r->link->id,
                                      .outcome = RECEIPT_CONFIRMED,
                                      .by = r->in->value[CONFIRM_AS],
                                      .receipt_seed = r->state->receipt_seed,
                                      .envelope_hash = r->state->envelope_hash,
                                      .claimant = r->state->key};

    return acknowledge(r->client, &a);
}

/* The earlier run may have been cut off before its --confirm-as. */
static void confirm_late(const struct redeeming *r, const char *state)
{
    if (r->in->value[CONFIRM_AS] != NULL && strcmp(state, "confirmed") != 0 &&
        strcmp(state, "rejected") != 0)
        (void)give_receipt(r);
}

static enum exit_code gone(struct redeeming *r, const char *state, int64_t at)
{
    char time[TERMINAL_TIME_MAX];

    if (!r->again && !r->lost)
        return problem_gone(state, at);
    if (r->state->shown_at > 0) {
        terminal_time(time, r->state->shown_at);
        terminal_say("This machine redeemed it, %s. The secret was shown then and is burned now.",
                     time);
        finish_late(r, state);
        confirm_late(r, state);
        terminal_hint("If it was not kept, tell the sender: the credential must be changed.");
        return EXIT_GONE;
    }
    (void)problem_gone(state, at);
    terminal_time(time, r->state->created_at);
    terminal_hint("This machine first asked for it %s, but never got to show it. If the times "
                  "agree, it was taken from here and nobody else has it.",
                  time);
    return EXIT_GONE;
}

/* A claimed handoff may have been claimed by the state's claimant: only the claim tells. One that
   another party took is claimed all the same where that needs no question: the refusal tells the
   sender that the link is with two, and this person when it was taken. */
static bool is_worth_claiming(const struct redeeming *r, const char *state)
{
    if (strcmp(state, "available") == 0 || (strcmp(state, "claimed") == 0 && r->again))
        return true;
    return !r->again && (!r->code || r->in->value[CODE_FILE] != NULL) &&
           strcmp(state, "expired") != 0 && strcmp(state, "revoked") != 0;
}

static enum exit_code look(struct redeeming *r)
{
    struct client_reply reply;
    enum exit_code rc = EXIT_DONE;
    const char *state;

    if (!service_read(r->client, r->link->id, 0, &reply)) {
        rc = problem_say(r->client, &reply, untouched);
        goto out;
    }
    state = client_text(&reply, "state");
    r->code = json_is_true(json_object_get(reply.body, "code"));
    r->late = !r->again && strcmp(state, "available") != 0;
    if (!is_worth_claiming(r, state))
        rc = gone(r, state, client_integer(&reply, "changed_at", 0));
    else if (!r->late && client_text(&reply, "shown_label") != NULL)
        terminal_say("Redeeming: %s", client_text(&reply, "shown_label"));
out:
    client_reply_clear(&reply);
    return rc;
}

/* ---- claiming ---- */

/* Before the claim is sent, so that whatever happens to it, the next run is the same claimant. Of
   two runs at once, one makes the file and both use it. */
static enum exit_code keep_claimant(struct redeeming *r)
{
    int rc;

    if (r->kept)
        return EXIT_DONE;
    r->state->role = STATE_RECEIVED;
    memcpy(r->state->id, r->link->id, sizeof r->state->id);
    memcpy(r->state->base, r->link->base, sizeof r->state->base);
    r->state->created_at = time(NULL);
    randombytes_buf(r->state->key, sizeof r->state->key);
    if (r->late)
        return EXIT_DONE;
    rc = state_create(r->state);
    r->again = rc == 1 && state_read(r->state, STATE_RECEIVED, r->link->id) == 0;
    r->kept = rc == 0 || r->again;
    if (r->kept)
        return EXIT_DONE;
    terminal_hint("%s", untouched);
    return EXIT_INTERNAL;
}

static enum exit_code take_envelope(struct redeeming *r, const struct client_reply *reply)
{
    const char *text = client_text(reply, "envelope");
    const size_t size = strlen(text);

    r->envelope = secret_heap_alloc(size + 1);
    if (r->envelope == NULL)
        return no_memory();
    if (encoding_base64url_decode(r->envelope, size + 1, &r->envelope_len, text, size) == 0)
        return EXIT_DONE;
    terminal_say("The service sent something that is no envelope.");
    terminal_hint("It is not burned: run this again within the lease, or ask the operator.");
    return EXIT_UNVERIFIED;
}

static bool is_wrong_code(const struct client_reply *reply)
{
    return reply->status == 403 && strcmp(client_code(reply), "wrong-code") == 0;
}

static enum exit_code claim_once(struct redeeming *r, bool *wrong_code)
{
    struct client_reply reply;
    enum exit_code rc;
    const bool done = service_claim(r->client, r->link->id, r->keys, r->state->key, &reply);

    *wrong_code = false;
    r->lost = reply.lost;
    if (done) {
        rc = take_envelope(r, &reply);
    } else if (problem_is_gone(&reply)) {
        rc = gone(r, client_code(&reply), client_integer(&reply, "at", 0));
    } else {
        *wrong_code = is_wrong_code(&reply);
        rc = problem_say(r->client, &reply,
                         reply.perhaps_done
                             ? "If the claim arrived, the secret waits for this machine alone; run "
                               "this again within the lease."
                             : untouched);
    }
    client_reply_clear(&reply);
    return rc;
}

static enum exit_code claim(struct redeeming *r)
{
    const char *file = r->in->value[CODE_FILE];
    enum exit_code rc = EXIT_DONE;
    bool wrong = true;

    for (unsigned try = 0; try < CODE_TRIES && wrong; try++) {
        keys_free(r->keys);
        rc = code_keys(&r->keys, r->link, r->code, file);
        if (rc == EXIT_USAGE && r->code && file == NULL && try + 1 < CODE_TRIES &&
            isatty(STDERR_FILENO))
            continue;
        if (rc == EXIT_DONE)
            rc = keep_claimant(r);
        if (rc == EXIT_DONE)
            rc = claim_once(r, &wrong);
        else
            wrong = false;
        wrong = wrong && file == NULL;
    }
    return rc;
}

/* ---- opening ---- */

/* What a claim left behind. A sender may have wished that handing it out burns it. */
static void say_what_is_left(struct redeeming *r)
{
    struct client_reply reply;

    if (!service_read(r->client, r->link->id, 1, &reply))
        terminal_hint("It was not acknowledged: run this again within the lease, on this machine.");
    else if (json_is_true(json_object_get(reply.body, "burned")))
        terminal_hint("Its sender wished that it burns when handed out, so it is gone: ask for a "
                      "new credential.");
    else
        terminal_hint("It was not acknowledged, so it is not burned: run this again within the "
                      "lease, on this machine.");
    client_reply_clear(&reply);
}

static enum exit_code unopened(struct redeeming *r, const char *why)
{
    terminal_say("What the service sent does not open: %s.", why);
    say_what_is_left(r);
    terminal_hint("If that does not help, ask the sender to revoke it and send a new one.");
    return EXIT_UNVERIFIED;
}

static enum exit_code open_envelope(struct redeeming *r)
{
    const char *why = "it is not authentic, or not this link's";
    struct secret *plaintext = envelope_open(r->keys, r->link->id, r->envelope, r->envelope_len);
    const char *const *v = r->in->value;
    const struct format_options format = {.field = v[FIELD],
                                          .json = v[JSON] != NULL,
                                          .terminal = v[OUT] == NULL && isatty(STDOUT_FILENO)};
    int rc = -1;

    if (plaintext != NULL)
        rc = credential_decode(&r->credential, plaintext, &why);
    secret_free(plaintext);
    if (rc != 0)
        return unopened(r, why);
    r->shown = format_credential(&r->credential, &format, &r->style, &why);
    if (r->shown != NULL)
        return EXIT_DONE;
    terminal_say("It cannot be shown so: %s.", why);
    say_what_is_left(r);
    return EXIT_USAGE;
}

/* ---- showing ---- */

/* A file that an earlier run wrote counts as written when it holds just this. */
static bool written_already(const struct redeeming *r)
{
    struct secret *found = NULL;
    bool same = false;

    if (errno == EEXIST && r->state->shown_at > 0)
        found = input_file(r->out.path, secret_len(r->shown));
    if (found != NULL)
        same = secret_len(found) == secret_len(r->shown) &&
               sodium_memcmp(secret_bytes(found), secret_bytes(r->shown), secret_len(found)) == 0;
    secret_free(found);
    return same;
}

static enum exit_code unshown(struct redeeming *r, const char *where)
{
    terminal_say("%s does not take the output: %s.", where, strerror(errno));
    say_what_is_left(r);
    return EXIT_INTERNAL;
}

static enum exit_code show(struct redeeming *r)
{
    const uint8_t *bytes = secret_bytes(r->shown);
    const size_t len = secret_len(r->shown);

    if (r->in->value[OUT] == NULL)
        return terminal_print(bytes, len, r->style) == 0 ? EXIT_DONE : unshown(r, "stdout");
    if (output_file_finish(&r->out, bytes, len, false) == 0 || written_already(r))
        return EXIT_DONE;
    return unshown(r, r->in->value[OUT]);
}

/* From now on this machine can give a receipt without link and code. */
static enum exit_code keep_receipt(struct redeeming *r)
{
    if (r->state->shown_at == 0)
        r->state->shown_at = time(NULL);
    memcpy(r->state->receipt_seed, r->keys->receipt_seed, sizeof r->state->receipt_seed);
    envelope_hash(r->state->envelope_hash, r->envelope, r->envelope_len);
    if (state_replace(r->state) == 0)
        return EXIT_DONE;
    terminal_hint("The secret was shown. To confirm it, the link will be needed again.");
    return EXIT_INTERNAL;
}

/* Once the secret is shown: the service may take long to answer. What `opened` needs stays. */
static void forget_secrets(struct redeeming *r)
{
    credential_clear(&r->credential);
    secret_free(r->shown);
    r->shown = NULL;
    sodium_memzero(r->link->key, sizeof r->link->key);
    if (r->in->word != NULL)
        sodium_memzero(r->in->word, strlen(r->in->word));
}

static enum exit_code acknowledge_opening(struct redeeming *r)
{
    struct client_reply reply;
    enum exit_code rc = EXIT_DONE;

    if (!service_opened(r->client, r->link->id, r->keys, r->state->key, &reply)) {
        rc = problem_say(r->client, &reply,
                         "The secret was shown, but the service has not heard of it yet.");
        terminal_hint("Run this again: it shows the same and finishes. Otherwise the sender is "
                      "told that it was never acknowledged.");
        if (rc != EXIT_REFUSED && rc != EXIT_GONE)
            rc = EXIT_SERVICE;
    } else {
        (void)!trust_reply(r->client, &reply); /* it is opened and burned whatever the log says */
    }
    client_reply_clear(&reply);
    return rc;
}

static enum exit_code confirm(const struct redeeming *r)
{
    char id[ENCODING_ID_TEXT + 1];

    if (r->in->value[CONFIRM_AS] != NULL)
        return give_receipt(r);
    encoding_id_format(id, r->link->id);
    if (isatty(STDERR_FILENO)) {
        terminal_say("The secret is burned now. When it works: handoff confirm %s --as NAME", id);
        terminal_hint("When it does not: handoff reject %s --as NAME --note TEXT", id);
    }
    return EXIT_DONE;
}

/* What is left once the person has the secret: it must burn even where the state cannot be kept. */
static enum exit_code finish(struct redeeming *r)
{
    const enum exit_code kept = keep_receipt(r);
    enum exit_code rc;

    forget_secrets(r);
    rc = acknowledge_opening(r);
    if (rc == EXIT_DONE)
        rc = confirm(r);
    return rc == EXIT_DONE ? kept : rc;
}

static enum exit_code run_stages(struct redeeming *r)
{
    enum exit_code rc = check(r);

    if (rc == EXIT_DONE && (r->link = reference_link(r->in->word)) == NULL)
        rc = EXIT_USAGE;
    if (rc == EXIT_DONE)
        rc = connect_base(&r->client, r->in->settings, r->link->base);
    if (rc == EXIT_DONE)
        rc = find_state(r);
    if (rc == EXIT_DONE)
        rc = prepare_output(r);
    if (rc == EXIT_DONE)
        rc = look(r);
    if (rc == EXIT_DONE)
        rc = claim(r);
    if (rc == EXIT_DONE)
        rc = open_envelope(r);
    if (rc == EXIT_DONE)
        rc = show(r);
    return rc == EXIT_DONE ? finish(r) : rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct redeeming r = {.in = in};
    const enum exit_code rc = run_stages(&r);

    output_file_drop(&r.out);
    secret_free(r.shown);
    credential_clear(&r.credential);
    secret_heap_free(r.envelope);
    keys_free(r.keys);
    state_free(r.state);
    client_free(r.client);
    sodium_free(r.link);
    return rc;
}

const struct command command_redeem = {
    .name = "redeem",
    .word = "[LINK | -]",
    .summary = "open a handoff, once, and print what is in it",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
