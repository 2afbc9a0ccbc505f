#include "cli/report/rows.h"

#include "cli/io/terminal.h"
#include "vault/protocol/encoding/jsontext.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char empty[] = "";

int rows_begin(struct rows *r, int64_t from, int64_t to)
{
    *r = (struct rows){.from = from, .to = to, .first = UINT64_MAX};
    r->places = json_object();
    return r->places != NULL ? 0 : -1;
}

/* All that is not empty was copied for its row. */
static void drop(const char *text)
{
    if (text != empty)
        free((char *)(uintptr_t)text);
}

void rows_end(struct rows *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct report_handoff *h = &r->handoffs[i];

        drop(h->label);
        drop(h->recipient);
        drop(h->ref);
        drop(h->sender);
        drop(h->receipt_by);
        drop(h->receipt_note);
    }
    free(r->handoffs);
    json_decref(r->places);
    *r = (struct rows){0};
}

static enum exit_code no_memory(void)
{
    terminal_say("Memory is short.");
    return EXIT_INTERNAL;
}

/* ---- events ---- */

/* One event in hand. */
struct step {
    struct report_handoff *h; /* the handoff's row; NULL where it is not of the period */
    const json_t *line;
    int64_t t;
};

static const char *text_of(const struct step *s, const char *member)
{
    const char *text = json_string_value(json_object_get(s->line, member));

    return text != NULL ? text : empty;
}

static bool is_true(const struct step *s, const char *member)
{
    return json_is_true(json_object_get(s->line, member));
}

/* The table's own word for one of a few: texts of lines do not live long enough. */
static const char *known(const char *word)
{
    static const char *const words[] = {"opened",  "on-claim", "lapsed",
                                        "expired", "revoked",  "restored"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], word) == 0)
            return words[i];
    return empty;
}

static void accepted(struct step *s)
{
    s->h->claimed_at = s->t;
    s->h->state = "claimed";
}

static void refused(struct step *s)
{
    if (!is_true(s, "claimant"))
        s->h->refused += (unsigned)json_integer_value(json_object_get(s->line, "count"));
}

static void wrong_code(struct step *s)
{
    s->h->wrong_codes += (unsigned)json_integer_value(json_object_get(s->line, "count"));
}

static bool has_receipt(const struct report_handoff *h)
{
    return h->receipt_at != 0;
}

static void opened(struct step *s)
{
    s->h->opened_at = s->t;
    s->h->late = is_true(s, "late");
    if (!has_receipt(s->h))
        s->h->state = "delivered";
}

static void lapsed(struct step *s)
{
    s->h->state = "lapsed";
}

static void burned(struct step *s)
{
    s->h->cause = known(text_of(s, "cause"));
    if (strcmp(s->h->cause, "expired") == 0 || strcmp(s->h->cause, "revoked") == 0)
        s->h->state = strcmp(s->h->state, "available") == 0 ? s->h->cause : s->h->state;
}

/* One that shows the claimant outranks those that do not; among equals the later decides. */
static void receipt(struct step *s, const char *outcome)
{
    struct report_handoff *h = s->h;
    const bool claimant = is_true(s, "claimant");

    if ((has_receipt(h) && h->receipt_claimant && !claimant) ||
        (strcmp(h->state, "lapsed") == 0 && !claimant))
        return;
    h->receipt_at = s->t;
    h->receipt_claimant = claimant;
    h->state = outcome;
}

static void confirmed(struct step *s)
{
    receipt(s, "confirmed");
}

static void rejected(struct step *s)
{
    receipt(s, "rejected");
}

static void erased(struct step *s)
{
    s->h->erased = true;
}

static const struct {
    const char *kind;
    void (*take)(struct step *s);
} kinds[] = {
    {"claim.accepted", accepted},     {"claim.refused", refused},
    {"claim.wrong-code", wrong_code}, {"handoff.opened", opened},
    {"handoff.lapsed", lapsed},       {"handoff.burned", burned},
    {"receipt.confirmed", confirmed}, {"receipt.rejected", rejected},
    {"details.erased", erased},
};

/* Counts what belongs to no handoff. */
static void count_other(struct report_log *l, const char *kind)
{
    const struct {
        const char *kind;
        unsigned *count;
    } others[] = {
        {"token.added", &l->tokens_added}, {"token.revoked", &l->tokens_revoked},
        {"key.rotated", &l->keys_rotated}, {"log-key.rotated", &l->log_keys_rotated},
        {"vault.restored", &l->restored},  {"details.erased", &l->erasures},
        {"vault.backed-up", &l->backups},  {"vault.opened", &l->starts},
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i].kind, kind) == 0)
            ++*others[i].count;
}

static enum exit_code add_row(struct rows *r, const struct step *s, const char *id, uint64_t n)
{
    struct report_handoff *h;
    char place[24];

    if (r->count == r->room) {
        const size_t room = r->room * 2 + 256;
        void *bigger = realloc(r->handoffs, room * sizeof *r->handoffs);

        if (bigger == NULL)
            return no_memory();
        r->handoffs = bigger;
        r->room = room;
    }
    h = &r->handoffs[r->count];
    *h = (struct report_handoff){.label = empty,
                                 .recipient = empty,
                                 .ref = empty,
                                 .sender = empty,
                                 .receipt_by = empty,
                                 .receipt_note = empty,
                                 .state = "available",
                                 .cause = empty,
                                 .code = is_true(s, "code"),
                                 .created_at = s->t,
                                 .event = (int64_t)n};
    (void)snprintf(h->id, sizeof h->id, "%s", id);
    (void)snprintf(place, sizeof place, "%" PRIu64, n);
    if (json_object_set_new(r->places, h->id, json_integer((json_int_t)r->count)) != 0 ||
        json_object_set_new(r->places, place, json_integer((json_int_t)r->count)) != 0)
        return no_memory();
    r->count++;
    return EXIT_DONE;
}

static enum exit_code take(struct rows *r, uint64_t n, struct step *s)
{
    const char *kind = text_of(s, "kind"), *id = text_of(s, "id");
    const bool now = s->t >= r->from && s->t < r->to;
    const json_t *place = json_object_get(r->places, id);
    char number[24];

    if (now && r->first == UINT64_MAX)
        r->first = n;
    if (now)
        count_other(&r->log, kind);
    if (now && strcmp(kind, "handoff.created") == 0)
        return add_row(r, s, id, n);
    if (place == NULL || id[0] == '\0')
        return EXIT_DONE;
    s->h = &r->handoffs[json_integer_value(place)];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            kinds[i].take(s);
    if (strncmp(kind, "receipt.", strlen("receipt.")) != 0)
        return EXIT_DONE;
    (void)snprintf(number, sizeof number, "%" PRIu64, n);
    return json_object_set_new(r->places, number, json_integer(json_integer_value(place))) == 0
               ? EXIT_DONE
               : no_memory();
}

/* What was erased because of age: all that lies below an event. */
static void erase_old(struct rows *r, const struct step *s)
{
    const json_t *before = json_object_get(s->line, "before");

    for (size_t i = 0; json_is_integer(before) && i < r->count; i++)
        r->handoffs[i].erased |= r->handoffs[i].event < json_integer_value(before);
}

enum exit_code rows_event(struct rows *r, uint64_t n, const char *line, size_t len)
{
    json_t *object = jsontext_parse(line, len, 0, NULL);
    struct step s = {.line = object,
                     .t = (int64_t)json_integer_value(json_object_get(object, "t"))};
    const enum exit_code rc = take(r, n, &s);

    if (strcmp(text_of(&s, "kind"), "details.erased") == 0)
        erase_old(r, &s);
    json_decref(object);
    return rc;
}

/* ---- details ---- */

static const char *detail(const json_t *details, const char *field)
{
    return json_string_value(json_object_get(json_object_get(details, field), "value"));
}

static int set(const char **out, const char *text)
{
    char *copy;

    if (text == NULL || text[0] == '\0')
        return 0;
    copy = strdup(text);
    if (copy == NULL)
        return -1;
    drop(*out);
    *out = copy;
    return 0;
}

static int take_details(struct report_handoff *h, const json_t *details)
{
    const char *words = detail(details, "details");
    json_t *receipt = words != NULL ? jsontext_parse(words, strlen(words), 0, NULL) : json_object();
    int rc = set(&h->receipt_by, json_string_value(json_object_get(receipt, "by")));

    rc |= set(&h->receipt_note, json_string_value(json_object_get(receipt, "note")));
    rc |= set(&h->label, detail(details, "label"));
    rc |= set(&h->recipient, detail(details, "recipient"));
    rc |= set(&h->ref, detail(details, "ref"));
    json_decref(receipt);
    return rc;
}

enum exit_code rows_details(struct rows *r, uint64_t n, const char *line, size_t len)
{
    struct report_handoff *h;
    const json_t *place;
    json_t *object;
    char number[24];
    int rc = 0;

    (void)snprintf(number, sizeof number, "%" PRIu64, n);
    place = json_object_get(r->places, number);
    if (place == NULL)
        return EXIT_DONE;
    object = jsontext_parse(line, len, 0, NULL);
    h = &r->handoffs[json_integer_value(place)];
    rc = take_details(h, json_object_get(object, "details"));
    if (rc == 0 && (int64_t)n == h->event)
        rc = set(&h->sender, detail(json_object_get(object, "details"), "token"));
    json_decref(object);
    return rc == 0 ? EXIT_DONE : no_memory();
}
