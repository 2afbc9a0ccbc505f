#include "cli/evidence/evidence.h"
#include "cli/commands/command.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/reference.h"
#include "cli/log/trust.h"
#include "cli/net/client.h"
#include "cli/net/connect.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum option { OUT, OPTIONS };

static const struct command_option options[OPTIONS] = {
    [OUT] = {"out", "FILE", "write it to FILE instead of stdout"},
};

struct gathering {
    const struct command_input *in;
    struct reference ref;
    struct client *client;
    struct trust trust;
    struct checkpoint checkpoint;
    json_t *bundle, *events;
};

static enum exit_code no_memory(void)
{
    terminal_say("Memory is short.");
    return EXIT_INTERNAL;
}

/* All events of the handoff, with what of their details is disclosed. */
static enum exit_code read_events(struct gathering *g)
{
    const uint8_t *key = reference_manage_key(&g->ref);
    enum exit_code rc = EXIT_DONE;
    int64_t after = -1;
    bool more = true;

    while (rc == EXIT_DONE && more) {
        struct client_reply reply;
        json_t *page;

        if (service_events(g->client, g->ref.id, key, after, 0, &reply)) {
            page = json_object_get(reply.body, "events");
            more = json_array_size(page) > 0;
            if (json_array_extend(g->events, page) != 0)
                rc = no_memory();
            after = client_integer(&reply, "next", after);
        } else {
            rc = problem_say(g->client, &reply, NULL);
            if (key == NULL && reply.status == 401)
                terminal_hint("Evidence is for who sent it from this machine or has its follow "
                              "link, and for who has the token of the team that it was for, or of "
                              "an auditor.");
        }
        client_reply_clear(&reply);
    }
    return rc;
}

/* The log's key and how it came to be; what came before a lost key proves nothing about the newer
   ones, and is left out. */
static enum exit_code read_keys(struct gathering *g)
{
    json_t *steps = json_array();
    struct client_reply reply;
    enum exit_code rc = EXIT_DONE;

    if (service_audit_json(g->client, "/keys", &reply)) {
        const json_t *all = json_object_get(reply.body, "replaced");

        for (size_t i = 0; i < json_array_size(all); i++) {
            json_t *step = json_array_get(all, i);

            if (json_string_length(json_object_get(step, "proof")) == 0)
                (void)json_array_clear(steps);
            else
                (void)json_array_append(steps, step);
        }
    } else {
        rc = problem_say(g->client, &reply, NULL);
    }
    client_reply_clear(&reply);
    if (json_object_set_new(g->bundle, "keys", steps) != 0 && rc == EXIT_DONE)
        rc = no_memory();
    return rc;
}

/* Fetches the newest checkpoint, which the events that were read lie under. */
static enum exit_code read_checkpoint(struct gathering *g)
{
    char note[NOTE_BYTES], key[NOTE_KEY_MAX];
    size_t len;
    enum exit_code rc = trust_load(&g->trust, client_base(g->client));

    if (rc == EXIT_DONE)
        rc = trust_update(&g->trust, g->client, &g->checkpoint, note, &len);
    if (rc != EXIT_DONE)
        return rc;
    note_key_format(key, &g->trust.key);
    if (json_object_set_new(g->bundle, "key", json_string(key)) != 0 ||
        json_object_set_new(g->bundle, "checkpoint", json_stringn(note, len)) != 0)
        return no_memory();
    return EXIT_DONE;
}

/* The event's inclusion proof under that checkpoint, as an array of its hashes. */
static enum exit_code read_proof(struct gathering *g, json_t *event)
{
    struct client_reply reply;
    struct merkle_proof p = {.count = 0};
    json_t *hashes = json_array();
    char path[96], text[ENCODING_BASE64_LEN(MERKLE_HASH_BYTES) + 1];
    const char *note;
    uint64_t index;
    size_t len;
    enum exit_code rc = EXIT_DONE;

    (void)snprintf(path, sizeof path, "/proof/%" PRId64 "?size=%" PRIu64,
                   (int64_t)json_integer_value(json_object_get(event, "index")),
                   g->checkpoint.size);
    if (!service_audit(g->client, path, &reply))
        rc = problem_say(g->client, &reply, NULL);
    else if (checkpoint_proof_parse(&index, &p, &note, &len, reply.data, reply.len) != 0)
        rc = EXIT_UNVERIFIED; /* which the check of the whole will say */
    client_reply_clear(&reply);
    for (size_t i = 0; i < p.count; i++) {
        encoding_base64(text, p.hash[i], MERKLE_HASH_BYTES);
        (void)json_array_append_new(hashes, json_string(text));
    }
    if (json_object_set_new(event, "proof", hashes) != 0)
        return no_memory();
    return rc == EXIT_UNVERIFIED ? EXIT_DONE : rc;
}

static enum exit_code gather(struct gathering *g)
{
    char id[ENCODING_ID_TEXT + 1];
    enum exit_code rc;

    encoding_id_format(id, g->ref.id);
    g->events = json_array();
    g->bundle = json_pack("{s:s,s:s,s:O}", "type", EVIDENCE_TYPE, "id", id, "events", g->events);
    if (g->bundle == NULL)
        return no_memory();
    rc = read_events(g);
    if (rc == EXIT_DONE)
        rc = read_checkpoint(g);
    if (rc == EXIT_DONE)
        rc = read_keys(g);
    for (size_t i = 0; rc == EXIT_DONE && i < json_array_size(g->events); i++)
        rc = read_proof(g, json_array_get(g->events, i));
    return rc;
}

/* Nothing is handed on that would not be accepted. */
static enum exit_code check(const struct gathering *g)
{
    char why[BUNDLE_WHY_MAX];
    struct evidence found;

    if (evidence_check(&found, g->bundle, &g->trust.key, why) == 0)
        return EXIT_DONE;
    terminal_say("WHAT THE SERVICE GIVES AS EVIDENCE DOES NOT HOLD: %s", why);
    terminal_hint("Nothing was written. Tell its operator and your auditor; handoff audit verify "
                  "tells more to who may read the log.");
    return EXIT_UNVERIFIED;
}

static enum exit_code write_out(const struct gathering *g)
{
    const char *out = g->in->value[OUT];
    char *text = json_dumps(g->bundle, JSON_INDENT(1) | JSON_ENSURE_ASCII);
    enum exit_code rc = EXIT_DONE;

    if (text == NULL)
        return no_memory();
    if (out != NULL && output_file_write(out, text, strlen(text), false) != 0) {
        const int number = errno;

        terminal_say("%s cannot be written: %s.", out, strerror(number));
        if (number == EEXIST)
            terminal_hint("It was left as it is. Give --out another name.");
        rc = number == EEXIST ? EXIT_USAGE : EXIT_INTERNAL;
    } else if (out == NULL && (puts(text) == EOF || output_flush() != 0)) {
        terminal_say("stdout does not take the output: %s.", strerror(errno));
        rc = EXIT_INTERNAL;
    }
    secret_heap_free(text);
    return rc;
}

static void advise(const struct gathering *g)
{
    char key[NOTE_KEY_MAX];

    note_key_format(key, &g->trust.key);
    terminal_say("%zu events, with their proofs. Anyone can check it, without the service:",
                 json_array_size(g->events));
    terminal_hint("handoff verify %s --key '%s'", g->in->value[OUT], key);
    terminal_hint("It holds the names, notes and addresses that you may see: give it to those who "
                  "may see them too.");
}

static enum exit_code run(const struct command_input *in)
{
    struct gathering g = {.in = in};
    enum exit_code rc = reference_find(&g.ref, in->word);

    if (rc == EXIT_DONE) {
        const char *base = reference_base(&g.ref);

        rc = base != NULL ? connect_base(&g.client, in->settings, base)
                          : connect_client(&g.client, in->settings, NULL);
        if (rc == EXIT_DONE)
            rc = gather(&g);
        if (rc == EXIT_DONE)
            rc = check(&g);
        if (rc == EXIT_DONE)
            rc = write_out(&g);
        if (rc == EXIT_DONE && in->value[OUT] != NULL)
            advise(&g);
        json_decref(g.events);
        json_decref(g.bundle);
        client_free(g.client);
        reference_clear(&g.ref);
    }
    return rc;
}

const struct command command_evidence = {
    .name = "evidence",
    .word = "REF | LINK | -",
    .summary = "put a handoff's whole story into one file that anyone can check offline",
    .options = options,
    .options_len = OPTIONS,
    .run = run,
};
