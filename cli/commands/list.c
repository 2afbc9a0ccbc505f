#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/state.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/service.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATE_NAME_MAX = 32, TRIES = 2 };

enum option { JSON, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [JSON] = {"json", NULL, "print one JSON array"},
};

/* The service that was asked last. One that did not answer is not asked again. */
struct asked {
    struct client *client;
    char base[LINK_BASE_MAX];
    bool silent;
};

struct listing {
    struct asked asked;
    struct state *state; /* of the row in hand */
    json_t *array;       /* NULL: print lines */
    bool damaged, offline;
};

static void ask_state(char out[STATE_NAME_MAX], struct listing *l)
{
    struct asked *a = &l->asked;
    struct client_reply reply;
    const char *why;

    (void)snprintf(out, STATE_NAME_MAX, "unknown");
    if (strcmp(a->base, l->state->base) != 0) {
        client_free(a->client);
        a->client = client_new(l->state->base, &why);
        a->silent = a->client == NULL;
        memcpy(a->base, l->state->base, sizeof a->base);
    }
    if (a->silent)
        return;
    if (service_read(a->client, l->state->id, TRIES, &reply)) {
        (void)snprintf(out, STATE_NAME_MAX, "%s", client_text(&reply, "state"));
    } else if (reply.status == 404) {
        (void)snprintf(out, STATE_NAME_MAX, "not-found");
    } else if (reply.status == 0) {
        a->silent = true;
        terminal_say("%s does not answer: %s.", client_base(a->client), reply.error);
    }
    l->offline |= a->silent;
    client_reply_clear(&reply);
}

static void print_row(const char *id, const char *state, const struct state *s)
{
    struct secret *label =
        isatty(STDOUT_FILENO)
            ? terminal_escape((const uint8_t *)s->label, strlen(s->label), TERMINAL_LINE, NULL)
            : NULL;
    char created[TERMINAL_TIME_MAX];

    terminal_time(created, s->created_at);
    printf("%s  %s  %-9s  ", id, created, state);
    if (label != NULL)
        printf("%.*s\n", (int)secret_len(label), (const char *)secret_bytes(label));
    else
        printf("%s\n", s->label);
    secret_free(label);
}

static void list_one(struct listing *l, const uint8_t id[ENCODING_ID_BYTES])
{
    char text[ENCODING_ID_TEXT + 1];
    char state[STATE_NAME_MAX];
    json_t *row;

    if (state_read(l->state, STATE_SENT, id) != 0) {
        l->damaged = true;
        return;
    }
    encoding_id_format(text, id);
    ask_state(state, l);
    if (l->array == NULL) {
        print_row(text, state, l->state);
        return;
    }
    row = json_pack("{s:s,s:s,s:I,s:I,s:s}", "id", text, "state", state, "created_at",
                    (json_int_t)l->state->created_at, "expires_at",
                    (json_int_t)l->state->expires_at, "base", l->state->base);
    if (row != NULL && l->state->label[0] != '\0')
        (void)json_object_set_new(row, "label", json_string(l->state->label));
    (void)json_array_append_new(l->array, row);
}

static enum exit_code finish(struct listing *l, size_t count)
{
    if (l->array != NULL) {
        (void)json_dumpf(l->array, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        (void)putchar('\n');
    } else if (count == 0) {
        terminal_say("Nothing was sent from this machine yet.");
    }
    if (output_flush() != 0) {
        terminal_say("stdout does not take the output: %s.", strerror(errno));
        return EXIT_INTERNAL;
    }
    if (l->damaged)
        return EXIT_INTERNAL;
    return l->offline ? EXIT_SERVICE : EXIT_DONE;
}

static enum exit_code run(const struct command_input *in)
{
    struct listing l = {.state = state_new()};
    uint8_t(*ids)[ENCODING_ID_BYTES] = NULL;
    size_t count = 0;
    enum exit_code rc = EXIT_INTERNAL;

    if (in->value[JSON] != NULL)
        l.array = json_array();
    if (l.state != NULL && state_find(&ids, &count, STATE_SENT, "") == 0) {
        for (size_t i = count; i > 0; i--)
            list_one(&l, ids[i - 1]);
        rc = finish(&l, count);
    }
    secret_heap_free(ids);
    json_decref(l.array);
    client_free(l.asked.client);
    state_free(l.state);
    return rc;
}

const struct command command_list = {
    .name = "list",
    .summary = "list what was sent from this machine, newest first",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
