#include "cli/commands/command.h"
#include "cli/evidence/evidence.h"
#include "cli/evidence/receiptfile.h"
#include "cli/io/input.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/log/log_key_arg.h"
#include "cli/timeline/event.h"
#include "vault/protocol/encoding/jsontext.h"
#include "vault/protocol/encoding/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024 * 1024 };

enum option { KEY, JSON, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [KEY] = {"key", "KEY", "the log's verifier key that you trust, or a file that holds it"},
    [JSON] = {"json", NULL, "print one JSON object"},
};

static enum exit_code usage(const char *what, const char *next)
{
    terminal_say("%s", what);
    terminal_hint("%s", next);
    return EXIT_USAGE;
}

static enum exit_code read_bundle(json_t **bundle, const char *path)
{
    struct secret *text =
        strcmp(path, "-") == 0 ? input_fd(STDIN_FILENO, FILE_MAX) : input_file(path, FILE_MAX);
    json_error_t error;

    if (text == NULL) {
        terminal_say("%s cannot be read: %s.", path, strerror(errno));
        return EXIT_USAGE;
    }
    *bundle = jsontext_parse((const char *)secret_bytes(text), secret_len(text),
                             JSON_REJECT_DUPLICATES, &error);
    secret_free(text);
    if (*bundle != NULL)
        return EXIT_DONE;
    terminal_say("%s is not JSON (line %d: %s).", path, error.line, error.text);
    return EXIT_UNVERIFIED;
}

/* ---- telling ---- */

/* Others' words: a terminal gets them escaped. */
static void print_line(const char *before, const char *text)
{
    struct secret *shown =
        isatty(STDOUT_FILENO)
            ? terminal_escape((const uint8_t *)text, strlen(text), TERMINAL_LINE, NULL)
            : NULL;

    if (shown != NULL)
        printf("%s%.*s\n", before, (int)secret_len(shown), (const char *)secret_bytes(shown));
    else
        printf("%s%s\n", before, text);
    secret_free(shown);
}

static void print_event(const json_t *item, const json_t *details)
{
    const json_t *text = json_object_get(item, "line");
    json_t *line = jsontext_parse(json_string_value(text), json_string_length(text), 0, NULL);
    struct event e = {.line = line, .details = details, .checked = true};
    char sentence[EVENT_TEXT_MAX], number[32];

    event_describe(sentence, &e, NULL);
    (void)snprintf(number, sizeof number, "%s %8" JSON_INTEGER_FORMAT "  ", e.alarm ? "!" : " ",
                   json_integer_value(json_object_get(item, "index")));
    print_line(number, sentence);
    json_decref(line);
}

static void print_story(const json_t *bundle)
{
    const json_t *events = json_object_get(bundle, "events");

    for (size_t i = 0; i < json_array_size(events); i++)
        print_event(json_array_get(events, i),
                    json_object_get(json_array_get(events, i), "details"));
}

static void print_head(const uint8_t id[16], const struct note_key *log,
                       const struct checkpoint *checkpoint, bool trusted)
{
    char text[ENCODING_ID_TEXT + 1], key[NOTE_KEY_MAX];

    encoding_id_format(text, id);
    note_key_format(key, log);
    printf("VALID%s\n\n", trusted ? "" : ", by the key in the file itself: see below");
    printf("handoff   %s\nlog       %s, %" PRIu64 " events\nkey       %s\n", text, log->name,
           checkpoint->size, key);
}

static void print_place(size_t events, const struct note_key *log,
                        const struct checkpoint *checkpoint)
{
    printf("\nProven:\n");
    printf("  + Each of these %zu events stands unchanged, and in this order, in the log of %s:\n"
           "    one of %" PRIu64 " events that its key has signed together.\n",
           events, log->name, checkpoint->size);
}

static void print_untrusted(void)
{
    printf("  - Whose log that is: the key stands in the file itself. Ask the service's operator "
           "for it by\n    another way, and check again with --key.\n");
}

/* ---- a sender's evidence ---- */

static void print_receipts(const struct evidence *e)
{
    for (size_t i = 0; i < e->receipts_len; i++) {
        const struct evidence_receipt *r = &e->receipts[i];

        if (r->unsigned_here)
            continue;
        printf("  + The receipt \"%s\" (event %" PRId64 ") was signed with this handoff's own key, "
               "over this envelope%s.\n",
               r->outcome, r->index,
               r->hidden ? "; its words are not disclosed" : " and those very words");
    }
}

static void print_proven(const struct evidence *e)
{
    print_place(e->events, &e->key, &e->checkpoint);
    if (e->opened && !e->opened_hidden)
        printf("  + Whoever opened it had the link%s: the token that opening reveals fits the hash "
               "that was\n    fixed when it was made, and the service could not have made it up.\n",
               e->code ? " and the access code" : "");
    print_receipts(e);
    if (e->burned[0] != '\0')
        printf("  + The service has stated that it destroyed the envelope (%s).\n", e->burned);
}

static void print_not_proven(const struct evidence *e)
{
    printf("\nNot proven:\n");
    if (e->opened || e->receipts_len > 0)
        printf("  - Who that was: it proves the link%s, not a person. The sender made the link and "
               "holds it too.\n",
               e->code ? " and the code" : "");
    printf("  - That it was handed to one party only, and the times and addresses: the service "
           "says so.\n"
           "  - That there is no further event of this handoff: only the whole log can show that\n"
           "    (handoff audit export).\n");
    if (e->opened_hidden)
        printf("  - That the opened token is the right one: its hash is not disclosed in this "
               "file.\n");
    for (size_t i = 0; i < e->receipts_len; i++)
        if (e->receipts[i].unsigned_here)
            printf("  - The receipt of event %" PRId64
                   ": the key to its signature is not disclosed "
                   "in this file.\n",
                   e->receipts[i].index);
    if (e->undisclosed > 0)
        printf("  - %u details are not in this file: erased, or not disclosed.\n", e->undisclosed);
    if (!e->opened)
        printf("  - Nothing about an opening: this story has none.\n");
    if (e->receipts_len == 0)
        printf("  - Nothing about a receipt: this story has none.\n");
}

static void print_json(const struct evidence *e, bool trusted)
{
    char id[ENCODING_ID_TEXT + 1], key[NOTE_KEY_MAX];
    json_t *receipts = json_array(), *object;

    encoding_id_format(id, e->id);
    note_key_format(key, &e->key);
    for (size_t i = 0; i < e->receipts_len; i++)
        (void)json_array_append_new(
            receipts,
            json_pack("{s:s,s:I,s:I,s:b,s:b}", "outcome", e->receipts[i].outcome, "at",
                      (json_int_t)e->receipts[i].at, "event", (json_int_t)e->receipts[i].index,
                      "claimant", (int)e->receipts[i].claimant, "signature_checked",
                      (int)!e->receipts[i].unsigned_here));
    object =
        json_pack("{s:b,s:s,s:b,s:s,s:s,s:I,s:I,s:b,s:b,s:o,s:I,s:I,s:I}", "valid", 1, "type",
                  EVIDENCE_TYPE, "key_trusted", (int)trusted, "id", id, "key", key, "log_size",
                  (json_int_t)e->checkpoint.size, "events", (json_int_t)e->events, "opened",
                  (int)e->opened, "opened_token_checked", (int)(e->opened && !e->opened_hidden),
                  "receipts", receipts, "refused", (json_int_t)e->refused, "wrong_codes",
                  (json_int_t)e->wrong_codes, "undisclosed", (json_int_t)e->undisclosed);
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    (void)putchar('\n');
    json_decref(object);
}

static void print_words(const struct evidence *e, const json_t *bundle, bool trusted)
{
    print_head(e->id, &e->key, &e->checkpoint, trusted);
    printf("\n");
    print_story(bundle);
    print_proven(e);
    print_not_proven(e);
    if (!trusted)
        print_untrusted();
}

/* ---- a recipient's receipts ---- */

static void format_bytes(char out[ENCODING_BASE64URL_LEN(32) + 1], const uint8_t bytes[32])
{
    encoding_base64url(out, bytes, 32);
}

/* The events, each receipt's with the words that its key signed. */
static void print_acts(const struct receiptfile *r, const json_t *file)
{
    const json_t *events = json_object_get(file, "events");
    size_t next = 0;

    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *item = json_array_get(events, i);
        json_t *details = NULL;

        if (next < r->receipts_len &&
            json_integer_value(json_object_get(item, "index")) == r->receipts[next].index) {
            if (r->receipts[next].details != NULL)
                details = json_pack("{s:{s:s}}", "details", "value", r->receipts[next].details);
            next++;
        }
        print_event(item, details);
        json_decref(details);
    }
}

static void print_acts_proven(const struct receiptfile *r)
{
    print_place(r->events, &r->key, &r->checkpoint);
    for (size_t i = 0; i < r->receipts_len; i++)
        printf("  + The receipt \"%s\" (event %" PRId64 ") was signed with this receipt key, over "
               "this envelope%s.\n",
               r->receipts[i].outcome, r->receipts[i].index,
               r->receipts[i].details != NULL ? " and those very words" : ", without words");
    printf("\nNot proven:\n"
           "  - That this receipt key is the handoff's own: whoever makes such a file can make a "
           "key. The evidence\n    of the sender, or of an auditor, shows the key that was fixed "
           "when the handoff was made: it must be\n    this one, and the envelope too.\n"
           "  - Who that was: whoever has the link can sign. The sender made the link and holds it "
           "too.\n"
           "  - That it was handed to one party only, and the times: the service says so.\n"
           "  - What else became of the handoff: these are the recipient's own acts alone.\n");
    if (!r->opened)
        printf("  - Nothing about an opening: it is not in this file.\n");
}

static void print_acts_json(const struct receiptfile *r, bool trusted)
{
    char id[ENCODING_ID_TEXT + 1], key[NOTE_KEY_MAX];
    char receipt_key[ENCODING_BASE64URL_LEN(32) + 1], envelope[ENCODING_BASE64URL_LEN(32) + 1];
    json_t *receipts = json_array(), *object;

    encoding_id_format(id, r->id);
    note_key_format(key, &r->key);
    format_bytes(receipt_key, r->receipt_key);
    format_bytes(envelope, r->envelope_hash);
    for (size_t i = 0; i < r->receipts_len; i++)
        (void)json_array_append_new(
            receipts,
            json_pack("{s:s,s:I,s:I,s:s?,s:b}", "outcome", r->receipts[i].outcome, "at",
                      (json_int_t)r->receipts[i].at, "event", (json_int_t)r->receipts[i].index,
                      "details", r->receipts[i].details, "signature_checked", 1));
    object = json_pack("{s:b,s:s,s:b,s:s,s:s,s:I,s:I,s:b,s:s,s:b,s:s,s:o}", "valid", 1, "type",
                       RECEIPTFILE_TYPE, "key_trusted", (int)trusted, "id", id, "key", key,
                       "log_size", (json_int_t)r->checkpoint.size, "events", (json_int_t)r->events,
                       "opened", (int)r->opened, "receipt_key", receipt_key, "receipt_key_checked",
                       0, "envelope_hash", envelope, "receipts", receipts);
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    (void)putchar('\n');
    json_decref(object);
}

static void print_acts_words(const struct receiptfile *r, const json_t *file, bool trusted)
{
    char receipt_key[ENCODING_BASE64URL_LEN(32) + 1], envelope[ENCODING_BASE64URL_LEN(32) + 1];

    format_bytes(receipt_key, r->receipt_key);
    format_bytes(envelope, r->envelope_hash);
    print_head(r->id, &r->key, &r->checkpoint, trusted);
    printf("signed by %s\nenvelope  %s\n\n", receipt_key, envelope);
    print_acts(r, file);
    print_acts_proven(r);
    if (!trusted)
        print_untrusted();
}

/* ---- either ---- */

static int verify_evidence(const struct command_input *in, const json_t *bundle,
                           const struct note_key *trusted, char why[BUNDLE_WHY_MAX])
{
    struct evidence e;

    if (evidence_check(&e, bundle, trusted, why) != 0)
        return -1;
    if (in->value[JSON] != NULL)
        print_json(&e, trusted != NULL);
    else
        print_words(&e, bundle, trusted != NULL);
    return 0;
}

static int verify_receipts(const struct command_input *in, const json_t *file,
                           const struct note_key *trusted, char why[BUNDLE_WHY_MAX])
{
    struct receiptfile r;

    if (receiptfile_check(&r, file, trusted, why) != 0)
        return -1;
    if (in->value[JSON] != NULL)
        print_acts_json(&r, trusted != NULL);
    else
        print_acts_words(&r, file, trusted != NULL);
    return 0;
}

static bool is_receipts(const json_t *bundle)
{
    const char *type = bundle_text(bundle, "type");

    return type != NULL && strcmp(type, RECEIPTFILE_TYPE) == 0;
}

static enum exit_code verify(const struct command_input *in, const struct note_key *trusted)
{
    char why[BUNDLE_WHY_MAX];
    json_t *bundle = NULL;
    enum exit_code rc = read_bundle(&bundle, in->word);

    if (rc == EXIT_DONE &&
        (is_receipts(bundle) ? verify_receipts : verify_evidence)(in, bundle, trusted, why) != 0) {
        if (in->value[JSON] != NULL)
            printf("{\"valid\":false}\n");
        terminal_say("NOT VALID: %s", why);
        rc = EXIT_UNVERIFIED;
    }
    if (output_flush() != 0 && rc == EXIT_DONE) {
        terminal_say("stdout does not take the output: %s.", strerror(errno));
        rc = EXIT_INTERNAL;
    }
    json_decref(bundle);
    return rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct note_key key;
    enum exit_code rc = EXIT_DONE;

    if (in->word == NULL)
        return usage("A file with evidence is missing.", "Nothing was done. See: handoff help "
                                                         "verify");
    if (in->value[KEY] != NULL)
        rc = log_key_arg_read(&key, in->value[KEY]);
    return rc == EXIT_DONE ? verify(in, in->value[KEY] != NULL ? &key : NULL) : rc;
}

const struct command command_verify = {
    .name = "verify",
    .word = "FILE | -",
    .summary = "check evidence offline, and say what it proves and what it does not",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
