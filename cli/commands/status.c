#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/reference.h"
#include "cli/log/trust.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "cli/timeline/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { POLL_S = 5 };

enum option { WAIT, JSON, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [WAIT] = {"wait", NULL, "wait until it is confirmed, rejected, lapsed, expired or revoked"},
    [JSON] = {"json", NULL, "print one JSON object"},
};

struct asking {
    const struct command_input *in;
    struct reference ref;
    struct client *client;
};

/* Labels and states come from elsewhere: a terminal gets them escaped. */
static void print_field(const char *name, const char *value)
{
    struct secret *shown;

    if (value == NULL || value[0] == '\0')
        return;
    shown = isatty(STDOUT_FILENO)
                ? terminal_escape((const uint8_t *)value, strlen(value), TERMINAL_LINE, NULL)
                : NULL;
    if (shown != NULL)
        printf("%-11s%.*s\n", name, (int)secret_len(shown), (const char *)secret_bytes(shown));
    else
        printf("%-11s%s\n", name, value);
    secret_free(shown);
}

static void print_time(const char *name, int64_t at)
{
    char time[TERMINAL_TIME_MAX];

    if (at <= 0)
        return;
    terminal_time(time, at);
    print_field(name, time);
}

static void print_id(const uint8_t id[16])
{
    char text[ENCODING_ID_TEXT + 1];

    encoding_id_format(text, id);
    print_field("id", text);
}

static enum exit_code print_object(json_t *object)
{
    int rc = -1;

    if (object != NULL && json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 &&
        putchar('\n') != EOF)
        rc = output_flush();
    json_decref(object);
    if (rc == 0)
        return EXIT_DONE;
    terminal_say("stdout does not take the output: %s.", strerror(errno));
    return EXIT_INTERNAL;
}

static enum exit_code flush(void)
{
    if (output_flush() == 0)
        return EXIT_DONE;
    terminal_say("stdout does not take the output: %s.", strerror(errno));
    return EXIT_INTERNAL;
}

/* ---- what was sent from here ---- */

static json_t *sent_object(const struct timeline *t)
{
    const struct state *s = t->sent;
    char id[ENCODING_ID_TEXT + 1];
    json_t *object;

    encoding_id_format(id, s->id);
    object = json_pack("{s:s,s:s,s:s,s:I,s:I,s:O}", "id", id, "role", "sent", "state", t->state,
                       "created_at", (json_int_t)s->created_at, "expires_at",
                       (json_int_t)s->expires_at, "events", t->events);
    if (object != NULL && s->label[0] != '\0')
        (void)json_object_set_new(object, "label", json_string(s->label));
    if (object != NULL && s->recipient[0] != '\0')
        (void)json_object_set_new(object, "recipient", json_string(s->recipient));
    if (object != NULL && s->ref[0] != '\0')
        (void)json_object_set_new(object, "ref", json_string(s->ref));
    return object;
}

static enum exit_code sent_status(struct asking *a)
{
    const bool json = a->in->value[JSON] != NULL;
    const bool wait = a->in->value[WAIT] != NULL;
    const struct state *s = a->ref.sent_state;
    struct timeline t = {
        .client = a->client, .id = s->id, .key = s->key, .sent = s, .after = -1, .print = !json};
    enum exit_code rc, honest = EXIT_DONE;

    if (json) {
        t.events = json_array();
    } else {
        print_id(s->id);
        print_field("label", s->label);
        print_field("to", s->recipient);
        print_field("ref", s->ref);
        printf("\n");
    }
    rc = wait ? timeline_wait(&t) : timeline_read(&t, 0);
    if (rc == EXIT_DONE)
        honest = trust_look(a->client);
    if (rc == EXIT_DONE && json)
        rc = print_object(sent_object(&t));
    if (rc == EXIT_DONE && !json) {
        printf("\n");
        print_field("state", t.state);
        rc = flush();
    }
    json_decref(t.events);
    if (rc == EXIT_DONE)
        rc = timeline_advise(&t);
    return rc == EXIT_DONE ? honest : rc;
}

/* ---- what was received, or only a link ---- */

static json_t *public_object(const struct asking *a, const struct client_reply *reply)
{
    json_t *object = json_copy(reply->body);
    const int64_t shown_at = a->ref.received ? a->ref.received_state->shown_at : 0;

    if (object == NULL)
        return NULL;
    (void)json_object_set_new(object, "role", json_string(a->ref.received ? "received" : "link"));
    if (shown_at > 0)
        (void)json_object_set_new(object, "redeemed_at", json_integer((json_int_t)shown_at));
    return object;
}

static void print_public(const struct asking *a, const struct client_reply *reply)
{
    const bool burned = json_is_true(json_object_get(reply->body, "burned"));

    print_id(a->ref.id);
    print_field("label", client_text(reply, "shown_label"));
    print_field("state", client_text(reply, "state"));
    print_field("secret", burned ? "burned" : "still with the service, sealed");
    print_time("created", client_integer(reply, "created_at", 0));
    print_time("expires", client_integer(reply, "expires_at", 0));
    print_time("changed", client_integer(reply, "changed_at", 0));
    print_time("lease ends", burned ? 0 : client_integer(reply, "lease_until", 0));
    if (a->ref.received)
        print_time("shown here", a->ref.received_state->shown_at);
}

static bool still_open(const char *state)
{
    return strcmp(state, "available") == 0 || strcmp(state, "claimed") == 0 ||
           strcmp(state, "delivered") == 0;
}

/* Without the manage key there is nothing to long-poll: ask again now and then. */
static enum exit_code read_public(struct asking *a, struct client_reply *reply)
{
    const struct timespec pause = {.tv_sec = POLL_S};
    bool lost = false;

    for (;;) {
        const bool ok = service_read(a->client, a->ref.id, 0, reply);

        if (!ok && !(lost && (reply->status == 0 || reply->status >= 500)))
            return problem_say(a->client, reply, NULL);
        if (a->in->value[WAIT] == NULL)
            return EXIT_DONE;
        if (ok && !still_open(client_text(reply, "state")))
            return EXIT_DONE;
        lost = true;
        client_reply_clear(reply);
        (void)nanosleep(&pause, NULL);
    }
}

static enum exit_code public_status(struct asking *a)
{
    struct client_reply reply;
    enum exit_code rc = read_public(a, &reply);

    if (rc == EXIT_DONE && a->in->value[JSON] != NULL) {
        rc = print_object(public_object(a, &reply));
    } else if (rc == EXIT_DONE) {
        print_public(a, &reply);
        rc = flush();
    }
    client_reply_clear(&reply);
    return rc;
}

/* ---- what a token or a follow link lets see ---- */

/* Whether one may follow this handoff: by the link for that, or by the token. */
static bool may_follow(struct asking *a)
{
    struct client_reply reply;
    bool may;

    if (a->ref.follow != NULL)
        return true;
    if (!client_has_token(a->client))
        return false;
    may = service_events(a->client, a->ref.id, NULL, -1, 0, &reply);
    client_reply_clear(&reply);
    return may;
}

static json_t *followed_object(const struct asking *a, const struct timeline *t)
{
    char id[ENCODING_ID_TEXT + 1];

    encoding_id_format(id, a->ref.id);
    return json_pack("{s:s,s:s,s:s,s:O}", "id", id, "role", "followed", "state", t->state, "events",
                     t->events);
}

static enum exit_code followed_status(struct asking *a)
{
    const bool json = a->in->value[JSON] != NULL;
    struct timeline t = {.client = a->client,
                         .id = a->ref.id,
                         .key = reference_manage_key(&a->ref),
                         .after = -1,
                         .print = !json};
    enum exit_code rc, honest = EXIT_DONE;

    if (json) {
        t.events = json_array();
    } else {
        print_id(a->ref.id);
        printf("\n");
    }
    rc = a->in->value[WAIT] != NULL ? timeline_wait(&t) : timeline_read(&t, 0);
    if (rc == EXIT_DONE && t.key != NULL)
        honest = trust_look(a->client);
    if (rc == EXIT_DONE && json) {
        rc = print_object(followed_object(a, &t));
    } else if (rc == EXIT_DONE) {
        printf("\n");
        print_field("state", t.state);
        rc = flush();
    }
    json_decref(t.events);
    /* What an alarm asks for is the sender's to do. */
    if (rc == EXIT_DONE && t.key != NULL)
        rc = timeline_advise(&t);
    return rc == EXIT_DONE ? honest : rc;
}

static enum exit_code run(const struct command_input *in)
{
    struct asking a = {.in = in};
    const char *base;
    enum exit_code rc;

    if (in->word == NULL) {
        terminal_say("status of which handoff? Give an id, a part of one, or a link.");
        return EXIT_USAGE;
    }
    rc = reference_find(&a.ref, in->word);
    if (rc != EXIT_DONE)
        return rc;
    base = reference_base(&a.ref);
    rc = base != NULL ? connect_base(&a.client, in->settings, base)
                      : connect_client(&a.client, in->settings, NULL);
    if (rc == EXIT_DONE)
        rc = a.ref.sent       ? sent_status(&a)
             : may_follow(&a) ? followed_status(&a)
                              : public_status(&a);
    client_free(a.client);
    reference_clear(&a.ref);
    return rc;
}

const struct command command_status = {
    .name = "status",
    .word = "REF | LINK | -",
    .summary = "tell what has become of a handoff",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
