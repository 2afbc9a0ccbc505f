#include "cli/timeline/timeline.h"

#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "cli/timeline/event.h"
#include "vault/protocol/encoding/jsontext.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_S = 55, PAUSE_S = 2 };

static void print_event(const char *text, bool alarm)
{
    const bool colour = alarm && terminal_colour(STDOUT_FILENO);
    struct secret *shown = NULL;

    if (isatty(STDOUT_FILENO))
        shown = terminal_escape((const uint8_t *)text, strlen(text), TERMINAL_LINE, NULL);
    printf("%s%s ", colour ? "\033[1;31m" : "", alarm ? "!" : " ");
    if (shown != NULL)
        (void)fwrite(secret_bytes(shown), 1, secret_len(shown), stdout);
    else
        (void)fputs(text, stdout);
    printf("%s\n", colour ? "\033[0m" : "");
    secret_free(shown);
}

static void take_event(struct timeline *t, json_t *item)
{
    const json_t *text = json_object_get(item, "line");
    json_t *line = json_is_string(text)
                       ? jsontext_parse(json_string_value(text), json_string_length(text), 0, NULL)
                       : NULL;
    struct event e = {.line = line, .details = json_object_get(item, "details")};
    char sentence[EVENT_TEXT_MAX];

    event_describe(sentence, &e, t->sent);
    t->alarms += e.alarm;
    t->unverified |= e.unverified;
    if (t->print)
        print_event(sentence, e.alarm || e.unverified);
    if (t->events != NULL) {
        (void)json_object_set(item, "event", line);
        (void)json_array_append(t->events, item);
    }
    json_decref(line);
}

/* One answer's worth. Returns EXIT_DONE, and whether there is more at once in *more. */
static enum exit_code read_page(struct timeline *t, unsigned wait_s, bool *more, bool sit_out)
{
    struct client_reply reply;
    enum exit_code rc = EXIT_DONE;
    json_t *events;

    *more = false;
    if (!service_events(t->client, t->id, t->key, t->after, wait_s, &reply)) {
        if (sit_out && (reply.status == 0 || reply.status >= 500))
            rc = EXIT_SERVICE;
        else
            rc = problem_say(t->client, &reply, NULL);
        client_reply_clear(&reply);
        return rc;
    }
    events = json_object_get(reply.body, "events");
    for (size_t i = 0; i < json_array_size(events); i++)
        take_event(t, json_array_get(events, i));
    *more = json_array_size(events) > 0;
    t->after = client_integer(&reply, "next", t->after);
    (void)snprintf(t->state, sizeof t->state, "%s", client_text(&reply, "state"));
    client_reply_clear(&reply);
    return rc;
}

enum exit_code timeline_read(struct timeline *t, unsigned wait_s)
{
    bool more = true;
    enum exit_code rc = EXIT_DONE;

    while (rc == EXIT_DONE && more) {
        rc = read_page(t, wait_s, &more, false);
        wait_s = 0;
    }
    return rc;
}

static bool is_final(const char *state)
{
    static const char *const final[] = {"confirmed", "rejected", "lapsed", "expired", "revoked"};

    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++)
        if (strcmp(final[i], state) == 0)
            return true;
    return false;
}

enum exit_code timeline_wait(struct timeline *t)
{
    enum exit_code rc = timeline_read(t, 0);
    const struct timespec pause = {.tv_sec = PAUSE_S};
    bool lost = false;

    while (rc == EXIT_DONE && !is_final(t->state)) {
        bool more;

        if (t->print && output_flush() != 0)
            return EXIT_INTERNAL;
        rc = read_page(t, WAIT_S, &more, true);
        if (rc != EXIT_SERVICE) {
            if (lost && rc == EXIT_DONE)
                terminal_say("%s answers again.", client_base(t->client));
            lost = false;
            continue;
        }
        if (!lost)
            terminal_say("%s does not answer; still waiting for it.", client_base(t->client));
        lost = true;
        rc = EXIT_DONE;
        (void)nanosleep(&pause, NULL);
    }
    /* What came together with the last change, or just after it. */
    return rc == EXIT_DONE ? timeline_read(t, 0) : rc;
}

enum exit_code timeline_advise(const struct timeline *t)
{
    if (t->unverified) {
        terminal_say("A receipt's signature does not verify: either it was not made with your "
                     "link, or the service changed it.");
        terminal_hint("Ask the recipient directly, and tell the service's operator.");
        return EXIT_UNVERIFIED;
    }
    if (t->alarms == 0)
        return EXIT_DONE;
    if (strcmp(t->state, "rejected") == 0)
        terminal_say("The recipient says that it does not work: make a new credential and send it "
                     "again.");
    else if (strcmp(t->state, "lapsed") == 0)
        terminal_say("Whoever took it may have read it: change the credential and send it again.");
    else
        terminal_say("Someone else has the link too (see !): ask the recipient whether that was "
                     "them.");
    if (strcmp(t->state, "available") == 0)
        terminal_hint("If not, revoke this handoff and send a new one by another channel.");
    else if (strcmp(t->state, "rejected") != 0 && strcmp(t->state, "lapsed") != 0)
        terminal_hint("If not, change the credential: the first to take it may have been the "
                      "wrong party.");
    return EXIT_DONE;
}
