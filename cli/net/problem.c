#include "cli/net/problem.h"

#include "cli/io/terminal.h"

#include <stdio.h>
#include <string.h>

struct row {
    const char *code;
    enum exit_code exit;
    const char *what; /* a sentence */
    const char *next; /* what to do, or NULL */
};

/* One row for each code of a problem. The service's own words follow where it knows more. */
static const struct row rows[] = {
    {"bad-request", EXIT_INTERNAL, "The service did not understand the request.",
     "This program and the service may be of different versions; tell the operator."},
    {"unknown-member", EXIT_INTERNAL, "The service does not know a part of the request.",
     "This program may be newer than the service; tell the operator."},
    {"bad-id", EXIT_USAGE, "The service does not accept this id.", "Check it letter by letter."},
    {"unauthorized", EXIT_REFUSED, "The service wants to know who you are.",
     "Name the file that holds your token by HANDOFF_TOKEN_FILE; the service's operator gives you "
     "one."},
    {"forbidden", EXIT_REFUSED, "The service does not accept this key or token for that.",
     "For a handoff that you sent, use the machine and account that sent it."},
    {"wrong-token", EXIT_REFUSED, "This link does not open this handoff.",
     "It was altered on the way: ask the sender for the link again, exactly as it was made."},
    {"wrong-code", EXIT_REFUSED, "The access code is wrong.",
     "Ask the sender for the code over a channel other than the link's, and run this again."},
    {"bad-proof", EXIT_REFUSED,
     "The service does not accept the proof: link, code or claimant do "
     "not match this handoff.",
     "Check link and code, and use the machine that redeemed it if you can."},
    {"not-found", EXIT_NOT_FOUND, "The service knows no handoff of this id.",
     "Check the link, and that this is the right service."},
    {"method-not-allowed", EXIT_SERVICE, "The service does not know this call.",
     "Is the address really a handoff service's?"},
    {"deadline", EXIT_SERVICE, "The request took too long to arrive.", "Run this again."},
    {"conflict", EXIT_REFUSED, "Another handoff has this id already.",
     "Send again: it gets a new "
     "id."},
    {"not-claimed", EXIT_REFUSED, "Nobody has redeemed this handoff yet.",
     "Redeem it first: handoff redeem LINK"},
    {"not-opened", EXIT_REFUSED, "The service has not heard yet that this handoff was opened.",
     "Run handoff redeem again to finish it, then this."},
    {"too-many-receipts", EXIT_REFUSED, "This handoff has as many receipts as it can have.",
     "Tell the sender directly."},
    {"too-large", EXIT_USAGE, "This is too large for the service.", NULL},
    {"media-type", EXIT_SERVICE, "The service does not accept JSON here.",
     "Is the address really a handoff service's?"},
    {"rate-limited", EXIT_REFUSED, "Too many requests came from your address.", NULL},
    {"too-many-tries", EXIT_REFUSED,
     "Too many wrong codes: the handoff is locked for a while, for "
     "the right code too.",
     NULL},
    {"unavailable", EXIT_SERVICE, "The service cannot work at the moment.",
     "Run this again in a minute."},
    {"outcome-unknown", EXIT_SERVICE, "The service cannot tell whether it has done this.",
     "Run this again: repeating is safe."},
};

struct gone_row {
    const char *state;
    const char *what; /* with the time in place of %s */
    const char *next;
};

static const char rotate[] =
    "If that was neither you nor your team, tell the sender at once: the credential must be "
    "changed.";

static const struct gone_row gone_rows[] = {
    {"claimed", "This handoff was already taken%s. It can be taken only once.", rotate},
    {"taken", "This handoff was already taken%s. It can be taken only once.", rotate},
    {"delivered", "This handoff was already taken%s, and opened. Its secret is burned.", rotate},
    {"confirmed",
     "This handoff was already taken, and its receipt confirmed%s. Its secret is "
     "burned.",
     rotate},
    {"rejected",
     "This handoff was already taken, and rejected as not working%s. Its secret is "
     "burned.",
     "Ask the sender for a new one."},
    {"lapsed", "This handoff was taken%s, but never acknowledged. Its secret is burned.",
     "Tell the sender: the credential must be changed and sent again."},
    {"expired", "This handoff expired%s, unopened. Its secret is burned.",
     "Ask the sender for a new one."},
    {"revoked", "The sender revoked this handoff%s, unopened. Its secret is burned.",
     "Ask the sender why, and for a new one."},
};

static const struct gone_row *gone_find(const char *state)
{
    for (size_t i = 0; i < sizeof gone_rows / sizeof gone_rows[0]; i++)
        if (strcmp(gone_rows[i].state, state) == 0)
            return &gone_rows[i];
    return NULL;
}

static const struct row *row_find(const char *code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].code, code) == 0)
            return &rows[i];
    return NULL;
}

bool problem_is_gone(const struct client_reply *reply)
{
    return reply->status == 410 && gone_find(client_code(reply)) != NULL;
}

/* Puts when in place of the %s of a row's sentence. */
static void fill_in(char *out, size_t size, const char *what, const char *when)
{
    const char *hole = strstr(what, "%s");

    if (hole == NULL)
        (void)snprintf(out, size, "%s", what);
    else
        (void)snprintf(out, size, "%.*s%s%s", (int)(hole - what), what, when, hole + 2);
}

enum exit_code problem_gone(const char *state, int64_t at)
{
    const struct gone_row *row = gone_find(state);
    char when[TERMINAL_TIME_MAX + 8] = "";
    char time[TERMINAL_TIME_MAX];
    char sentence[256];

    if (at > 0) {
        terminal_time(time, at);
        (void)snprintf(when, sizeof when, ", %s", time);
    }
    if (row == NULL) {
        terminal_say("This handoff can no longer be redeemed: it is \"%s\".", state);
        terminal_hint("This program may be older than the service.");
        return EXIT_GONE;
    }
    fill_in(sentence, sizeof sentence, row->what, when);
    terminal_say("%s", sentence);
    terminal_hint("%s", row->next);
    return EXIT_GONE;
}

static void say_unless_null(const char *sentence)
{
    if (sentence != NULL)
        terminal_hint("%s", sentence);
}

static enum exit_code no_answer(const struct client *c, const struct client_reply *reply,
                                const char *safe)
{
    terminal_say("No answer from %s: %s.", client_base(c), reply->error);
    say_unless_null(safe);
    terminal_hint("Check the address and the network, then run this again.");
    return EXIT_SERVICE;
}

static enum exit_code strange_answer(const struct client *c, const struct client_reply *reply,
                                     const char *safe)
{
    if (reply->status >= 300 && reply->status < 400)
        terminal_say("%s answered with a redirection (HTTP %ld), which is not followed.",
                     client_base(c), reply->status);
    else
        terminal_say("%s gave an answer that no handoff service gives (HTTP %ld).", client_base(c),
                     reply->status);
    say_unless_null(safe);
    terminal_hint("Check that the address is the service's, or ask its operator.");
    return EXIT_SERVICE;
}

/* Base64 twice, a block of padding, and the other members. */
static int64_t file_room(int64_t limit)
{
    const int64_t room = limit / 16 * 9 - 2048;

    return room > 0 ? room : 0;
}

static void say_limits(const struct client_reply *reply)
{
    const int64_t wait = client_integer(reply, "retry_after", reply->retry_s);
    const int64_t limit = client_integer(reply, "limit", 0);
    const int64_t left = client_integer(reply, "tries_left", -1);

    if (wait > 0)
        terminal_hint("Try again in %lld s.", (long long)wait);
    if (limit > 0)
        terminal_hint(
            "Its limit is %lld bytes. A file nearly doubles on its way: one of %lld bytes "
            "fits for sure. Send less, or a key to where the rest is.",
            (long long)limit, (long long)file_room(limit));
    if (left >= 0)
        terminal_hint("Tries left before a pause: %lld.", (long long)left);
}

enum exit_code problem_say(const struct client *c, const struct client_reply *reply,
                           const char *safe)
{
    const char *code = client_code(reply);
    const char *detail = client_text(reply, "detail");
    const struct row *row = row_find(code);

    if (reply->status == 0)
        return no_answer(c, reply, safe);
    if (problem_is_gone(reply))
        return problem_gone(code, client_integer(reply, "at", 0));
    if (row == NULL)
        return strange_answer(c, reply, safe);
    terminal_say("%s", row->what);
    if (detail != NULL && (row->exit == EXIT_INTERNAL || row->exit == EXIT_USAGE))
        terminal_hint("The service says: %s", detail);
    say_unless_null(safe);
    say_limits(reply);
    say_unless_null(row->next);
    return row->exit;
}
