#include "cli/command.h"
#include "cli/event.h"
#include "cli/evidence.h"
#include "cli/input.h"
#include "cli/keyword.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "vault/protocol/text.h"

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
    *bundle = json_loadb((const char *)secret_bytes(text), secret_len(text), JSON_REJECT_DUPLICATES,
                         &error);
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

static void print_story(const json_t *bundle)
{
    const json_t *events = json_object_get(bundle, "events");

    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *item = json_array_get(events, i), *text = json_object_get(item, "line");
        json_t *line = json_loadb(json_string_value(text), json_string_length(text), 0, NULL);
        struct event e = {
            .line = line, .details = json_object_get(item, "details"), .checked = true};
        char sentence[EVENT_TEXT_MAX], number[32];

        event_describe(sentence, &e, NULL);
        (void)snprintf(number, sizeof number, "%s %8" JSON_INTEGER_FORMAT "  ", e.alarm ? "!" : " ",
                       json_integer_value(json_object_get(item, "index")));
        print_line(number, sentence);
        json_decref(line);
    }
}

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
    printf("\nProven:\n");
    printf("  + Each of these %zu events stands unchanged, and in this order, in the log of %s:\n"
           "    one of %" PRIu64 " events that its key has signed together.\n",
           e->events, e->key.name, e->checkpoint.size);
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
        json_pack("{s:b,s:b,s:s,s:s,s:I,s:I,s:b,s:b,s:o,s:I,s:I,s:I}", "valid", 1, "key_trusted",
                  (int)trusted, "id", id, "key", key, "log_size", (json_int_t)e->checkpoint.size,
                  "events", (json_int_t)e->events, "opened", (int)e->opened, "opened_token_checked",
                  (int)(e->opened && !e->opened_hidden), "receipts", receipts, "refused",
                  (json_int_t)e->refused, "wrong_codes", (json_int_t)e->wrong_codes, "undisclosed",
                  (json_int_t)e->undisclosed);
    (void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    (void)putchar('\n');
    json_decref(object);
}

static void print_words(const struct evidence *e, const json_t *bundle, bool trusted)
{
    char id[ENCODING_ID_TEXT + 1], key[NOTE_KEY_MAX];

    encoding_id_format(id, e->id);
    note_key_format(key, &e->key);
    printf("VALID%s\n\n", trusted ? "" : ", by the key in the file itself: see below");
    printf("handoff   %s\nlog       %s, %" PRIu64 " events\nkey       %s\n\n", id, e->key.name,
           e->checkpoint.size, key);
    print_story(bundle);
    print_proven(e);
    print_not_proven(e);
    if (!trusted)
        printf(
            "  - Whose log that is: the key stands in the file itself. Ask the service's operator "
            "for it by\n    another way, and check again with --key.\n");
}

static enum exit_code verify(const struct command_input *in, const struct note_key *trusted)
{
    char why[EVIDENCE_WHY_MAX];
    json_t *bundle = NULL;
    struct evidence e;
    enum exit_code rc = read_bundle(&bundle, in->word);

    if (rc == EXIT_DONE && evidence_check(&e, bundle, trusted, why) != 0) {
        if (in->value[JSON] != NULL)
            printf("{\"valid\":false}\n");
        terminal_say("NOT VALID: %s", why);
        rc = EXIT_UNVERIFIED;
    } else if (rc == EXIT_DONE && in->value[JSON] != NULL) {
        print_json(&e, trusted != NULL);
    } else if (rc == EXIT_DONE) {
        print_words(&e, bundle, trusted != NULL);
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
        rc = keyword_read(&key, in->value[KEY]);
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
