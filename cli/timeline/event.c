#include "cli/timeline/event.h"

#include "cli/evidence/statement.h"
#include "cli/io/terminal.h"
#include "vault/protocol/encoding/jsontext.h"
#include "vault/protocol/encoding/text.h"
#include "vault/protocol/handoff/receipt.h"

#include <stdio.h>
#include <string.h>

static int64_t integer(const struct event *e, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(e->line, name));
}

static bool flag(const struct event *e, const char *name)
{
    return json_is_true(json_object_get(e->line, name));
}

/* A disclosed detail, or NULL. */
static const json_t *detail(const struct event *e, const char *field)
{
    const json_t *value = json_object_get(json_object_get(e->details, field), "value");

    return json_is_string(value) ? value : NULL;
}

static void add_origin(struct text *t, const struct event *e)
{
    const char *address = json_string_value(detail(e, "address"));
    const char *agent = json_string_value(detail(e, "agent"));
    const char *token = json_string_value(detail(e, "token"));

    if (address != NULL) {
        text_add(t, ", from ");
        text_add(t, address);
    }
    if (agent != NULL) {
        text_add(t, address != NULL ? " with " : ", with ");
        text_add(t, agent);
    }
    if (token != NULL) {
        text_add(t, ", by the token of ");
        text_add(t, token);
    }
}

static void add_detail(struct text *t, const struct event *e, const char *field, const char *words)
{
    const char *value = json_string_value(detail(e, field));

    if (value == NULL)
        return;
    text_add(t, words);
    text_add(t, value);
}

static void add_count(struct text *t, const struct event *e)
{
    const int64_t count = integer(e, "count");

    if (count < 2)
        return;
    text_add(t, " (");
    text_i64(t, count);
    text_add(t, " times)");
}

/* ---- one function for each kind ---- */

static void created(struct text *t, struct event *e, const struct state *sent)
{
    char time[TERMINAL_TIME_MAX];

    (void)sent;
    terminal_time(time, integer(e, "expires_at"));
    text_add(t,
             flag(e, "code") ? "created, with an access code, to expire " : "created, to expire ");
    text_add(t, time);
    add_detail(t, e, "recipient", ", for ");
    add_detail(t, e, "ref", ", reference ");
    add_origin(t, e);
}

static void accepted(struct text *t, struct event *e, const struct state *sent)
{
    (void)sent;
    text_add(t, "taken");
    add_origin(t, e);
}

static void refused(struct text *t, struct event *e, const struct state *sent)
{
    (void)sent;
    e->alarm = !flag(e, "claimant");
    text_add(t, e->alarm ? "REFUSED: another party with the link tried to take it, too late"
                         : "refused: the party that took it asked for it again, too late");
    add_count(t, e);
    add_origin(t, e);
}

static void wrong_code(struct text *t, struct event *e, const struct state *sent)
{
    (void)sent;
    e->alarm = true;
    text_add(t, "WRONG CODE: someone with the link gave a wrong access code");
    add_count(t, e);
    add_origin(t, e);
}

static void opened(struct text *t, struct event *e, const struct state *sent)
{
    (void)sent;
    text_add(t, flag(e, "late") ? "opened (acknowledged late)" : "opened");
    add_origin(t, e);
}

static void lapsed(struct text *t, struct event *e, const struct state *sent)
{
    const char *cause = json_string_value(json_object_get(e->line, "cause"));

    (void)sent;
    e->alarm = true;
    if (cause != NULL && strcmp(cause, "restored") == 0)
        text_add(t,
                 "LAPSED: the service came back from a backup, and it may have been taken since");
    else
        text_add(t, cause != NULL && strcmp(cause, "revoked") == 0
                        ? "LAPSED: it was revoked after it had been taken"
                        : "LAPSED: it was taken, and never acknowledged");
}

static void burned(struct text *t, struct event *e, const struct state *sent)
{
    const char *cause = json_string_value(json_object_get(e->line, "cause"));

    (void)sent;
    text_add(t, "burned: the service no longer has it");
    if (cause != NULL) {
        text_add(t, " (");
        text_add(t, cause);
        text_add(t, ")");
    }
}

static void erased(struct text *t, struct event *e, const struct state *sent)
{
    (void)e;
    (void)sent;
    text_add(t, "names, notes, labels and addresses were erased at somebody's wish");
}

/* ---- receipts ---- */

/* What the service discloses is held against what this machine kept, so that one which swaps words
   or envelopes does not pass. */
static bool verify(const struct event *e, const struct state *sent, enum receipt_outcome outcome)
{
    const json_t *words = detail(e, "details"), *statement = detail(e, "statement");
    struct receipt r = {.outcome = outcome, .at = integer(e, "at")};

    memcpy(r.id, sent->id, sizeof r.id);
    memcpy(r.envelope_hash, sent->envelope_hash, sizeof r.envelope_hash);
    if (words != NULL) {
        r.details = json_string_value(words);
        r.details_len = json_string_length(words);
    }
    return statement_fits(statement, &r, statement_hidden(e->line, e->details)) &&
           statement_signed(statement, detail(e, "signature"), sent->receipt_key);
}

static void add_words(struct text *t, const struct event *e)
{
    const json_t *text = detail(e, "details");
    json_t *words = text == NULL ? NULL
                                 : jsontext_parse(json_string_value(text), json_string_length(text),
                                                  JSON_REJECT_DUPLICATES, NULL);
    const char *by = json_string_value(json_object_get(words, "by"));
    const char *note = json_string_value(json_object_get(words, "note"));

    if (by != NULL) {
        text_add(t, " by ");
        text_add(t, by);
    }
    if (note != NULL) {
        text_add(t, ": ");
        text_add(t, note);
    }
    json_decref(words);
}

static void receipt(struct text *t, struct event *e, const struct state *sent,
                    enum receipt_outcome outcome)
{
    text_add(t, outcome == RECEIPT_CONFIRMED ? "confirmed" : "REJECTED");
    add_words(t, e);
    e->alarm = outcome == RECEIPT_REJECTED;
    if (e->checked) {
        /* said by whoever checked */
    } else if (detail(e, "signature") != NULL && sent == NULL) {
        text_add(t, " [signature not checked: that takes the sender's machine]");
    } else if (detail(e, "signature") != NULL) {
        e->unverified = !verify(e, sent, outcome);
        text_add(t, e->unverified ? " [SIGNATURE DOES NOT VERIFY]" : " [signature verified]");
    }
    if (!flag(e, "claimant"))
        text_add(t, " [not shown to be who opened it]");
    add_origin(t, e);
}

static void confirmed(struct text *t, struct event *e, const struct state *sent)
{
    receipt(t, e, sent, RECEIPT_CONFIRMED);
}

static void rejected(struct text *t, struct event *e, const struct state *sent)
{
    receipt(t, e, sent, RECEIPT_REJECTED);
}

static const struct {
    const char *kind;
    void (*describe)(struct text *t, struct event *e, const struct state *sent);
} kinds[] = {
    {"handoff.created", created},     {"claim.accepted", accepted},   {"claim.refused", refused},
    {"claim.wrong-code", wrong_code}, {"handoff.opened", opened},     {"handoff.lapsed", lapsed},
    {"receipt.confirmed", confirmed}, {"receipt.rejected", rejected}, {"handoff.burned", burned},
    {"details.erased", erased},
};

void event_describe(char out[EVENT_TEXT_MAX], struct event *e, const struct state *sent)
{
    const char *kind = json_string_value(json_object_get(e->line, "kind"));
    char time[TERMINAL_TIME_MAX];
    struct text t = text_into(out, EVENT_TEXT_MAX - 1);
    size_t i;

    e->alarm = false;
    e->unverified = false;
    terminal_time(time, integer(e, "t"));
    text_add(&t, time);
    text_add(&t, "  ");
    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kind != NULL && strcmp(kinds[i].kind, kind) == 0)
            break;
    if (i < sizeof kinds / sizeof kinds[0])
        kinds[i].describe(&t, e, sent);
    else
        text_add(&t, kind != NULL ? kind : "an event that this program cannot read");
    out[t.len] = '\0';
}
