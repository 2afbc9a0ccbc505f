#include "cli/commands/command.h"
#include "cli/handoff/announce.h"
#include "cli/handoff/generate.h"
#include "cli/handoff/payload.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/state.h"
#include "cli/log/trust.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "cli/timeline/timeline.h"
#include "vault/protocol/encoding/duration.h"
#include "vault/protocol/handoff/envelope.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    EXPIRES_MIN_S = 60,
    EXPIRES_DEFAULT_S = 7 * 86400,
    EXPIRES_MAX_S = 30 * 86400,
    LEASE_MIN_S = 60,
    LEASE_MAX_S = 86400
};

enum option {
    USERNAME,
    URL,
    NOTE,
    GENERATE,
    LENGTH,
    PASSWORD_OUT,
    TEXT,
    FILE_NAME,
    CODE,
    CODE_FILE,
    LABEL,
    SHOWN_LABEL,
    TO,
    REF,
    EXPIRES,
    LEASE,
    BURN_ON_CLAIM,
    WAIT,
    JSON,
    SERVER,
    OPTIONS
};

static const struct command_option options[OPTIONS] = {
    [USERNAME] = {"username", "NAME", "the account's user name"},
    [URL] = {"url", "URL", "where to sign in"},
    [NOTE] = {"note", "TEXT", "what the recipient should know; sealed too"},
    [GENERATE] = {"generate", NULL, "make a password that Microsoft 365 accepts"},
    [LENGTH] = {"length", "N", "its length: 8 to 256 characters (20)"},
    [PASSWORD_OUT] = {"password-out", "FILE", "write the made password there, not to the terminal"},
    [TEXT] = {"text", NULL, "send text from stdin instead of a password"},
    [FILE_NAME] = {"file", "FILE", "send a file instead; - is stdin"},
    [CODE] = {"code", NULL, "protect it with a made access code, shown on stderr"},
    [CODE_FILE] = {"code-file", "FILE", "protect it with the access code in FILE"},
    [LABEL] = {"label", "TEXT", "what you call it; seen by you and the team, not with the link"},
    [SHOWN_LABEL] = {"shown-label", "TEXT", "a name that whoever has the link sees first"},
    [TO] = {"to", "RECIPIENT", "whom it is for; recorded"},
    [REF] = {"ref", "TEXT", "a ticket or approver; recorded"},
    [EXPIRES] = {"expires", "TIME", "how long it can be taken: 1m to 30d (7d)"},
    [LEASE] = {"lease", "TIME", "how long its taker may fetch it again: 60s to 24h (10m)"},
    [BURN_ON_CLAIM] = {"burn-on-claim", NULL, "burn it as it is handed out, once and for all"},
    [WAIT] = {"wait", NULL, "then wait for the receipt, as status --wait does"},
    [JSON] = {"json", NULL, "print one JSON object instead of the link"},
    [SERVER] = {"server", "URL", "the service, instead of HANDOFF_URL"},
};

struct sending {
    const struct command_input *in;
    struct client *client;
    struct link *link;
    struct secret *made_password; /* --generate */
    struct secret *shown_code;    /* --code: as it is told to the recipient */
    struct secret *code;          /* normalised */
    struct secret *plaintext;
    struct keys *keys;
    uint8_t *envelope;
    size_t envelope_len;
    struct state *state;
    uint64_t expires_s, lease_s;
    int terminal;                 /* for the made password; -1: none */
    struct client_reply accepted; /* what the service answered */
};

static enum exit_code usage(const char *what)
{
    terminal_say("%s", what);
    terminal_hint("Nothing was done. See: handoff help send");
    return EXIT_USAGE;
}

static enum exit_code internal(const char *what)
{
    terminal_say("%s.", what);
    terminal_hint("Nothing was handed off: the credential is only with you.");
    return EXIT_INTERNAL;
}

static bool short_enough(const char *text)
{
    if (text == NULL)
        return true;
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return false;
    return text[0] != '\0' && strlen(text) <= STATE_TEXT_MAX &&
           encoding_utf8_valid(text, strlen(text));
}

static enum exit_code check_times(struct sending *s)
{
    const char *const *v = s->in->value;

    s->expires_s = EXPIRES_DEFAULT_S;
    if (v[EXPIRES] != NULL &&
        duration_parse(&s->expires_s, v[EXPIRES], EXPIRES_MIN_S, EXPIRES_MAX_S) != 0)
        return usage("--expires takes a number and a unit, such as 90m, 12h or 7d, from 1m to "
                     "30d.");
    if (v[LEASE] != NULL && duration_parse(&s->lease_s, v[LEASE], LEASE_MIN_S, LEASE_MAX_S) != 0)
        return usage("--lease takes a number and a unit, such as 90s or 2h, from 60s to 24h.");
    return EXIT_DONE;
}

static enum exit_code check(struct sending *s)
{
    const char *const *v = s->in->value;
    const bool login = v[TEXT] == NULL && v[FILE_NAME] == NULL;

    if ((v[TEXT] != NULL) + (v[FILE_NAME] != NULL) + (v[GENERATE] != NULL) > 1)
        return usage("--text, --file and --generate exclude each other.");
    if (!login && (v[USERNAME] != NULL || v[URL] != NULL || v[NOTE] != NULL))
        return usage("--username, --url and --note go with a password only.");
    if (v[GENERATE] == NULL && (v[LENGTH] != NULL || v[PASSWORD_OUT] != NULL))
        return usage("--length and --password-out go with --generate only.");
    if (v[CODE] != NULL && v[CODE_FILE] != NULL)
        return usage("--code makes a code, --code-file takes one: give one of them.");
    if (!short_enough(v[LABEL]) || !short_enough(v[SHOWN_LABEL]) || !short_enough(v[TO]) ||
        !short_enough(v[REF]))
        return usage("--label, --shown-label, --to and --ref take 1 to 200 bytes of UTF-8 without "
                     "control characters.");
    return check_times(s);
}

/* ---- what is sent ---- */

static enum exit_code make_password(struct sending *s)
{
    const char *const *v = s->in->value;
    uint64_t len = GENERATE_DEFAULT;

    if (v[LENGTH] != NULL &&
        (encoding_u64(&len, v[LENGTH], strlen(v[LENGTH]), GENERATE_MAX) != 0 || len < GENERATE_MIN))
        return usage("--length takes a number from 8 to 256.");
    if (v[PASSWORD_OUT] == NULL) {
        s->terminal = terminal_open();
        if (s->terminal < 0)
            return usage("--generate has no terminal on which to show the password: give "
                         "--password-out FILE.");
    }
    s->made_password = generate_password((size_t)len);
    return s->made_password != NULL ? EXIT_DONE : internal("Memory is short");
}

static enum exit_code make_plaintext(struct sending *s)
{
    const char *const *v = s->in->value;
    enum exit_code rc = EXIT_DONE;

    if (v[GENERATE] != NULL)
        rc = make_password(s);
    if (rc != EXIT_DONE)
        return rc;
    if (v[TEXT] != NULL)
        return payload_text(&s->plaintext);
    if (v[FILE_NAME] != NULL)
        return payload_file(&s->plaintext, v[FILE_NAME]);
    return payload_login(&s->plaintext, v[USERNAME], v[URL], v[NOTE], s->made_password);
}

static enum exit_code make_code(struct sending *s)
{
    const char *const *v = s->in->value;

    if (v[CODE_FILE] != NULL)
        return payload_code_file(&s->code, v[CODE_FILE]);
    if (v[CODE] == NULL)
        return EXIT_DONE;
    s->shown_code = secret_new(KEYS_CODE_GENERATED + 1);
    if (s->shown_code == NULL || secret_resize(s->shown_code, KEYS_CODE_GENERATED) != 0)
        return internal("Memory is short");
    keys_code_generate((char *)secret_data(s->shown_code));
    return payload_code(&s->code, s->shown_code);
}

static enum exit_code seal(struct sending *s)
{
    s->keys = keys_derive(s->link->key, s->link->id, s->code);
    s->envelope_len = envelope_size(secret_len(s->plaintext));
    if (s->envelope_len > ENVELOPE_MAX) {
        terminal_say("This is too large: sealed, at most %d bytes fit, which is a file of about "
                     "767 KiB.",
                     (int)ENVELOPE_MAX);
        terminal_hint("Nothing was done. Send a key to where the rest is.");
        return EXIT_USAGE;
    }
    s->envelope = secret_heap_alloc(s->envelope_len);
    if (s->keys == NULL || s->envelope == NULL ||
        envelope_seal(s->envelope, s->keys, s->link->id, secret_bytes(s->plaintext),
                      secret_len(s->plaintext), NULL) != 0)
        return internal("Memory is short");
    /* The service may take long to answer: what is sealed is not kept so long. */
    secret_free(s->plaintext);
    secret_free(s->code);
    s->plaintext = NULL;
    s->code = NULL;
    return EXIT_DONE;
}

static enum exit_code make_link(struct sending *s)
{
    struct timespec now;

    s->link = sodium_malloc(sizeof *s->link);
    s->state = state_new();
    if (s->link == NULL || s->state == NULL || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return internal("Memory is short");
    memset(s->link, 0, sizeof *s->link);
    encoding_id_new(s->link->id, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
    randombytes_buf(s->link->key, sizeof s->link->key);
    (void)snprintf(s->link->base, sizeof s->link->base, "%s", client_base(s->client));
    s->state->created_at = now.tv_sec;
    return EXIT_DONE;
}

/* ---- what is kept ---- */

static void keep_text(char out[STATE_TEXT_MAX + 1], const char *text)
{
    (void)snprintf(out, STATE_TEXT_MAX + 1, "%s", text != NULL ? text : "");
}

static enum exit_code keep(struct sending *s)
{
    struct state *state = s->state;
    const char *const *v = s->in->value;

    state->role = STATE_SENT;
    memcpy(state->id, s->link->id, sizeof state->id);
    memcpy(state->base, s->link->base, sizeof state->base);
    randombytes_buf(state->key, sizeof state->key);
    state->expires_at = state->created_at + (int64_t)s->expires_s;
    keys_receipt_public(state->receipt_key, s->keys->receipt_seed);
    envelope_hash(state->envelope_hash, s->envelope, s->envelope_len);
    keep_text(state->label, v[LABEL]);
    keep_text(state->recipient, v[TO]);
    keep_text(state->ref, v[REF]);
    if (state_create(state) == 0)
        return EXIT_DONE;
    terminal_hint("Nothing was handed off: the credential is only with you.");
    return EXIT_INTERNAL;
}

static enum exit_code keep_password(const struct sending *s)
{
    const char *path = s->in->value[PASSWORD_OUT];
    enum exit_code rc;

    if (path == NULL || output_file_write(path, secret_bytes(s->made_password),
                                          secret_len(s->made_password), false) == 0)
        return EXIT_DONE;
    rc = errno == EEXIST ? EXIT_USAGE : EXIT_INTERNAL;
    terminal_say("The password cannot be written to %s: %s.", path, strerror(errno));
    terminal_hint("Nothing was handed off. Give --password-out a new file.");
    state_remove(STATE_SENT, s->link->id);
    return rc;
}

/* ---- sending ---- */

static void say_unknown(const struct sending *s)
{
    char id[ENCODING_ID_TEXT + 1];

    encoding_id_format(id, s->link->id);
    terminal_say("It is not known whether %s has it.", client_base(s->client));
    terminal_hint("It is safe: nobody can open it without the link, which is not shown.");
    terminal_hint("Send again when the service answers, and then drop this one: handoff revoke %s",
                  id);
}

static enum exit_code submit(struct sending *s)
{
    const char *const *v = s->in->value;
    const struct service_submission submission = {
        .envelope = s->envelope,
        .envelope_len = s->envelope_len,
        .keys = s->keys,
        .manage_key = s->state->key,
        .expires_in_s = s->expires_s,
        .lease_s = s->lease_s,
        .burn_on_claim = v[BURN_ON_CLAIM] != NULL,
        .label = v[LABEL],
        .shown_label = v[SHOWN_LABEL],
        .recipient = v[TO],
        .ref = v[REF],
    };
    struct client_reply *reply = &s->accepted;
    enum exit_code rc = EXIT_DONE;

    if (service_submit(s->client, s->link->id, &submission, reply)) {
        s->state->expires_at = client_integer(reply, "expires_at", s->state->expires_at);
    } else if (reply->perhaps_done) {
        (void)problem_say(s->client, reply, NULL);
        say_unknown(s);
        rc = EXIT_SERVICE;
    } else {
        rc = problem_say(s->client, reply,
                         "Nothing was handed off: the credential is only with you.");
        state_remove(STATE_SENT, s->link->id);
    }
    if (rc != EXIT_DONE && v[PASSWORD_OUT] != NULL)
        (void)unlink(v[PASSWORD_OUT]);
    return rc;
}

/* ---- telling ---- */

static int print_link(const struct sending *s)
{
    const struct announcement a = {.link = s->link,
                                   .manage_key = s->state->key,
                                   .code = s->shown_code,
                                   .expires_at = s->state->expires_at};

    return s->in->value[JSON] != NULL ? announce_json(&a) : announce_line(&a);
}

static int show_made(const struct sending *s)
{
    if (s->terminal >= 0 &&
        terminal_show(s->terminal, "Password for the account (shown only now): ",
                      secret_bytes(s->made_password), secret_len(s->made_password)) != 0)
        return -1;
    if (s->shown_code != NULL &&
        terminal_show(STDERR_FILENO, "Access code (tell it by another channel than the link): ",
                      secret_bytes(s->shown_code), secret_len(s->shown_code)) != 0)
        return -1;
    return 0;
}

static enum exit_code tell(const struct sending *s)
{
    char id[ENCODING_ID_TEXT + 1];
    char until[TERMINAL_TIME_MAX];

    encoding_id_format(id, s->link->id);
    terminal_time(until, s->state->expires_at);
    if (print_link(s) != 0 || show_made(s) != 0) {
        terminal_say("It was handed off, but link, code or password could not be shown: %s.",
                     strerror(errno));
        terminal_hint("It is sealed, and nobody has the whole link. Drop it and send again: "
                      "handoff revoke %s",
                      id);
        return EXIT_INTERNAL;
    }
    if (isatty(STDERR_FILENO))
        terminal_say("The link can be redeemed once, until %s. See: handoff status %s", until, id);
    return EXIT_DONE;
}

static enum exit_code wait_for_receipt(const struct sending *s)
{
    const bool json = s->in->value[JSON] != NULL;
    struct timeline t = {.client = s->client,
                         .id = s->state->id,
                         .key = s->state->key,
                         .sent = s->state,
                         .after = -1,
                         .print = !json};
    enum exit_code rc;

    if (json)
        t.events = json_array();
    rc = timeline_wait(&t);
    if (rc == EXIT_DONE && json) {
        json_t *out = json_pack("{s:s,s:O}", "state", t.state, "events", t.events);

        rc = json_dumpf(out, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF ? EXIT_DONE
                                                                                : EXIT_INTERNAL;
        json_decref(out);
    }
    json_decref(t.events);
    if (rc == EXIT_DONE && output_flush() != 0)
        rc = EXIT_INTERNAL;
    return rc == EXIT_DONE ? timeline_advise(&t) : rc;
}

static enum exit_code run_stages(struct sending *s)
{
    enum exit_code rc = check(s);

    if (rc == EXIT_DONE)
        rc = connect_client(&s->client, s->in->settings, s->in->value[SERVER]);
    if (rc == EXIT_DONE)
        rc = make_plaintext(s);
    if (rc == EXIT_DONE)
        rc = make_code(s);
    if (rc == EXIT_DONE)
        rc = make_link(s);
    if (rc == EXIT_DONE)
        rc = seal(s);
    if (rc == EXIT_DONE)
        rc = keep(s);
    if (rc == EXIT_DONE)
        rc = keep_password(s);
    if (rc == EXIT_DONE)
        rc = submit(s);
    if (rc == EXIT_DONE)
        rc = tell(s);
    /* After the link is out: it is good whatever the log says, which is told. */
    if (rc == EXIT_DONE)
        (void)!trust_reply(s->client, &s->accepted);
    if (rc == EXIT_DONE && s->in->value[WAIT] != NULL)
        rc = wait_for_receipt(s);
    return rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct sending s = {.in = in, .terminal = -1};
    const enum exit_code rc = run_stages(&s);

    if (s.terminal >= 0)
        (void)close(s.terminal);
    state_free(s.state);
    secret_heap_free(s.envelope);
    keys_free(s.keys);
    secret_free(s.plaintext);
    secret_free(s.code);
    secret_free(s.shown_code);
    secret_free(s.made_password);
    sodium_free(s.link);
    client_reply_clear(&s.accepted);
    client_free(s.client);
    return rc;
}

const struct command command_send = {
    .name = "send",
    .summary = "seal a credential and get the link that opens it once",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
