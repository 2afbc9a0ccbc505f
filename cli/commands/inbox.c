#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "vault/protocol/encoding/duration.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SINCE_MAX_S = 10 * 366 * 86400 };

enum option { ALL, STATE, RECIPIENT, SINCE, JSON, SERVER, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [ALL] = {"all", NULL, "also what needs nobody any more"},
    [STATE] = {"state", "STATE", "only those available, claimed, delivered, confirmed, …"},
    [RECIPIENT] = {"recipient", "TEAM", "only those for this team (for auditors and operators)"},
    [SINCE] = {"since", "TIME", "only those made within this time, such as 7d"},
    [JSON] = {"json", NULL, "print one JSON array"},
    [SERVER] = {"server", "URL", "the service, instead of HANDOFF_URL"},
};

struct inbox {
    const struct command_input *in;
    struct client *client;
    struct service_filter filter;
    json_t *array; /* NULL: print lines */
    size_t count;
};

static const char *text_of(const json_t *row, const char *name)
{
    const char *value = json_string_value(json_object_get(row, name));

    return value != NULL ? value : "";
}

/* What still needs somebody: to redeem it, or to confirm it. */
static bool needs_somebody(const json_t *row)
{
    const char *state = text_of(row, "state");

    return strcmp(state, "available") == 0 || strcmp(state, "claimed") == 0 ||
           strcmp(state, "delivered") == 0;
}

/* Others' words: a terminal gets them escaped. */
static void print_words(const char *before, const char *value)
{
    struct secret *shown = NULL;

    if (value[0] == '\0')
        return;
    if (isatty(STDOUT_FILENO))
        shown = terminal_escape((const uint8_t *)value, strlen(value), TERMINAL_LINE, NULL);
    if (shown != NULL)
        printf("%s%.*s", before, (int)secret_len(shown), (const char *)secret_bytes(shown));
    else
        printf("%s%s", before, value);
    secret_free(shown);
}

static void print_alarm(const json_t *row)
{
    const long long late = json_integer_value(json_object_get(row, "refused"));
    const long long wrong = json_integer_value(json_object_get(row, "wrong_codes"));

    if (late > 0)
        printf("  ! %lld came too late", late);
    if (wrong > 0)
        printf("  ! %lld wrong code%s", wrong, wrong > 1 ? "s" : "");
}

static void print_row(const struct inbox *b, const json_t *row)
{
    const bool labelled = text_of(row, "label")[0] != '\0';
    char created[TERMINAL_TIME_MAX];

    terminal_time(created, json_integer_value(json_object_get(row, "created_at")));
    printf("%s  %s  %-9s", text_of(row, "id"), created, text_of(row, "state"));
    print_words("  ", text_of(row, labelled ? "label" : "shown_label"));
    print_words("  from ", text_of(row, "token"));
    if (!settings_of_team(b->in->settings))
        print_words("  for ", text_of(row, "recipient"));
    print_words("  ref ", text_of(row, "ref"));
    print_alarm(row);
    printf("\n");
}

static void take_row(struct inbox *b, json_t *row)
{
    if (b->in->value[ALL] == NULL && b->in->value[STATE] == NULL && !needs_somebody(row))
        return;
    b->count++;
    if (b->array != NULL)
        (void)json_array_append(b->array, row);
    else
        print_row(b, row);
}

/* Follows the pages to their end. */
static enum exit_code read_all(struct inbox *b)
{
    do {
        struct client_reply reply;
        json_t *rows;

        if (!service_list(b->client, &b->filter, &reply)) {
            const enum exit_code rc = problem_say(b->client, &reply, NULL);

            client_reply_clear(&reply);
            return rc;
        }
        rows = json_object_get(reply.body, "handoffs");
        for (size_t i = 0; i < json_array_size(rows); i++)
            take_row(b, json_array_get(rows, i));
        b->filter.before = client_integer(&reply, "next", -1);
        client_reply_clear(&reply);
    } while (b->filter.before >= 0);
    return EXIT_DONE;
}

static enum exit_code finish(struct inbox *b)
{
    if (b->array != NULL) {
        (void)json_dumpf(b->array, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        (void)putchar('\n');
    } else if (b->count == 0) {
        terminal_say(b->in->value[ALL] != NULL ? "There is nothing."
                                               : "Nothing needs you. See all with --all.");
    }
    if (output_flush() == 0)
        return EXIT_DONE;
    terminal_say("stdout does not take the output: %s.", strerror(errno));
    return EXIT_INTERNAL;
}

static enum exit_code usage(const char *what, const char *next)
{
    terminal_say("%s", what);
    terminal_hint("%s", next);
    return EXIT_USAGE;
}

static bool is_state(const char *word)
{
    static const char *const states[] = {"available", "claimed",  "lapsed",  "delivered",
                                         "confirmed", "rejected", "expired", "revoked"};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(states[i], word) == 0)
            return true;
    return false;
}

static enum exit_code read_options(struct inbox *b)
{
    const char *const *v = b->in->value;
    uint64_t seconds;

    b->filter = (struct service_filter){.state = v[STATE], .recipient = v[RECIPIENT], .before = -1};
    if (v[STATE] != NULL && !is_state(v[STATE]))
        return usage(
            "--state takes available, claimed, lapsed, delivered, confirmed, rejected, expired "
            "or revoked.",
            "See: handoff help inbox");
    if (v[SINCE] == NULL)
        return EXIT_DONE;
    if (duration_parse(&seconds, v[SINCE], 1, SINCE_MAX_S) != 0)
        return usage("--since takes a number and a unit, such as 12h, 7d or 4w.",
                     "See: handoff help inbox");
    b->filter.since = (int64_t)time(NULL) - (int64_t)seconds;
    return EXIT_DONE;
}

static enum exit_code run(const struct command_input *in)
{
    struct inbox b = {.in = in};
    enum exit_code rc = read_options(&b);

    if (rc == EXIT_DONE)
        rc = connect_client(&b.client, in->settings, in->value[SERVER]);
    if (rc == EXIT_DONE && !client_has_token(b.client))
        rc = usage("Listing needs your team's token.",
                   "Put it into a file that only you can read and name that by HANDOFF_TOKEN_FILE. "
                   "The service's operator makes one: handoffd token add --role team …");
    if (rc == EXIT_DONE && in->value[JSON] != NULL)
        b.array = json_array();
    if (rc == EXIT_DONE)
        rc = read_all(&b);
    if (rc == EXIT_DONE)
        rc = finish(&b);
    json_decref(b.array);
    client_free(b.client);
    return rc;
}

const struct command command_inbox = {
    .name = "inbox",
    .summary = "list what was sent to your team, newest first",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
