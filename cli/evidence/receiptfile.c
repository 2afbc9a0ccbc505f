#include "cli/evidence/receiptfile.h"

#include "cli/evidence/statement.h"
#include "vault/protocol/handoff/keys.h"
#include "vault/protocol/handoff/receipt.h"

#include <inttypes.h>
#include <string.h>

struct check {
    struct bundle b;
    struct receiptfile *r;
};

/* ---- events ---- */

static int opened(struct check *c)
{
    uint8_t token[KEYS_BYTES];

    if (c->r->opened)
        return bundle_wrong(&c->b, "Event %" PRId64 " opens the handoff a second time.",
                            c->b.index);
    c->r->opened = true;
    if (bundle_bytes(token, sizeof token, json_object_get(c->b.line, "opened_token")))
        return 0;
    return bundle_wrong(&c->b, "Event %" PRId64 " has no opened token.", c->b.index);
}

static int receipt(struct check *c, enum receipt_outcome outcome)
{
    const json_t *at = json_object_get(c->b.line, "at");
    struct receiptfile *r = c->r;

    if (!json_is_integer(at) || json_integer_value(at) < 0)
        return bundle_wrong(&c->b, "Event %" PRId64 ": the receipt's time is malformed.",
                            c->b.index);
    if (r->receipts_len == RECEIPTFILE_RECEIPTS_MAX)
        return bundle_wrong(&c->b, "There are more receipts than a handoff can have.");
    r->receipts[r->receipts_len++] =
        (struct receiptfile_receipt){.outcome = receipt_outcome_name(outcome),
                                     .at = (int64_t)json_integer_value(at),
                                     .index = c->b.index};
    return 0;
}

static int take_event(void *ctx, const json_t *event)
{
    struct check *c = ctx;
    const char *kind = bundle_text(c->b.line, "kind");

    (void)event;
    if (kind == NULL)
        return bundle_wrong(&c->b, "Event %" PRId64 " has no kind.", c->b.index);
    if (strcmp(kind, "handoff.opened") == 0)
        return opened(c);
    if (strcmp(kind, "receipt.confirmed") == 0)
        return receipt(c, RECEIPT_CONFIRMED);
    if (strcmp(kind, "receipt.rejected") == 0)
        return receipt(c, RECEIPT_REJECTED);
    return bundle_wrong(&c->b, "Event %" PRId64 ", %s, is none of the recipient's own acts.",
                        c->b.index, kind);
}

/* ---- statements ---- */

enum line { HEAD, ID, OUTCOME, ENVELOPE, AT, WORDS, LINES };

/* A statement's lines, without their ends. */
struct lines {
    const char *at[LINES];
    size_t len[LINES];
};

/* Returns 0, or -1 when there are not just six lines. */
static int split(struct lines *out, const char *text, size_t len)
{
    const char *const end = text + len;

    for (int i = 0; i < LINES; i++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));

        if (stop == NULL)
            return -1;
        out->at[i] = text;
        out->len[i] = (size_t)(stop - text);
        text = stop + 1;
    }
    return text == end ? 0 : -1;
}

static bool same_line(const struct lines *a, const struct lines *b, enum line i)
{
    return a->len[i] == b->len[i] && memcmp(a->at[i], b->at[i], a->len[i]) == 0;
}

/* What is wrong where a line is not the one that must be there. */
static const char *complaint(enum line i, const struct lines *found, const struct receipt *r)
{
    switch (i) {
    case HEAD:
        return "is no statement of a receipt";
    case ID:
        return "is about another handoff";
    case OUTCOME:
        return "has another outcome than its event";
    case ENVELOPE:
        return "is over another envelope than the ones before it";
    case AT:
        return "tells another time than its event";
    case WORDS:
    case LINES:
        break;
    }
    if (r->details == NULL)
        return "names words that are not in the file";
    return found->len[WORDS] == 1 && *found->at[WORDS] == '-'
               ? "names no words, but there are some in the file"
               : "is about other words than those in the file";
}

/* n counts from 1. The first statement tells the envelope that all must name. */
static int check_statement(struct check *c, size_t n, const json_t *statement, struct receipt *r)
{
    char text[RECEIPT_STATEMENT_MAX];
    struct lines found, expected;
    size_t len;

    if (!json_is_string(statement) ||
        split(&found, json_string_value(statement), json_string_length(statement)) != 0)
        return bundle_wrong(&c->b, "Receipt %zu: the statement is malformed.", n);
    if (n == 1 && encoding_base64url_exact(c->r->envelope_hash, sizeof c->r->envelope_hash,
                                           found.at[ENVELOPE], found.len[ENVELOPE]) != 0)
        return bundle_wrong(&c->b, "Receipt 1: the statement's envelope hash is malformed.");
    memcpy(r->envelope_hash, c->r->envelope_hash, sizeof r->envelope_hash);
    len = receipt_statement(text, r);
    if (split(&expected, text, len) != 0)
        return bundle_wrong(&c->b, "Receipt %zu cannot be checked.", n);
    for (enum line i = HEAD; i < LINES; i++)
        if (!same_line(&found, &expected, i))
            return bundle_wrong(&c->b, "Receipt %zu: the statement %s.", n,
                                complaint(i, &found, r));
    return 0;
}

/* ---- receipts ---- */

/* Whether it has its members and no others. */
static bool is_whole(const json_t *receipt)
{
    static const char *const names[] = {"statement", "signature", "details"};
    const json_t *details = json_object_get(receipt, "details");

    return bundle_has_just(receipt, names, details != NULL ? 3 : 2) &&
           (details == NULL || json_is_null(details) || json_is_string(details));
}

static int check_receipt(struct check *c, size_t i, const json_t *receipt)
{
    const json_t *details = json_object_get(receipt, "details");
    const json_t *statement = json_object_get(receipt, "statement");
    const json_t *signature = json_object_get(receipt, "signature");
    struct receiptfile_receipt *said = &c->r->receipts[i];
    struct receipt r = {.at = said->at};
    uint8_t bytes[RECEIPT_SIGNATURE_BYTES];

    if (!is_whole(receipt))
        return bundle_wrong(&c->b, "Receipt %zu of the file is malformed.", i + 1);
    memcpy(r.id, c->r->id, sizeof r.id);
    r.outcome = strcmp(said->outcome, receipt_outcome_name(RECEIPT_CONFIRMED)) == 0
                    ? RECEIPT_CONFIRMED
                    : RECEIPT_REJECTED;
    r.details = json_string_value(details);
    r.details_len = json_string_length(details);
    said->details = r.details;
    if (check_statement(c, i + 1, statement, &r) != 0)
        return -1;
    if (!bundle_bytes(bytes, sizeof bytes, signature))
        return bundle_wrong(&c->b, "Receipt %zu: the signature is malformed.", i + 1);
    if (statement_signed(statement, signature, c->r->receipt_key))
        return 0;
    return bundle_wrong(&c->b,
                        "Receipt %zu: the signature is not the receipt key's over this statement: "
                        "one of the three was changed.",
                        i + 1);
}

static int check_receipts(struct check *c, const json_t *object)
{
    const json_t *receipts = json_object_get(object, "receipts");
    struct receiptfile *r = c->r;

    if (!bundle_bytes(r->receipt_key, sizeof r->receipt_key,
                      json_object_get(object, "receipt_key")))
        return bundle_wrong(&c->b, "The receipt key is malformed.");
    if (!json_is_array(receipts))
        return bundle_wrong(&c->b, "The list of receipts is malformed.");
    if (r->receipts_len == 0)
        return bundle_wrong(&c->b, "There is no receipt in it.");
    if (json_array_size(receipts) != r->receipts_len)
        return bundle_wrong(&c->b, "There are %zu receipts in it for %zu receipt events.",
                            json_array_size(receipts), r->receipts_len);
    for (size_t i = 0; i < r->receipts_len; i++)
        if (check_receipt(c, i, json_array_get(receipts, i)) != 0)
            return -1;
    return 0;
}

int receiptfile_check(struct receiptfile *r, const json_t *object, const struct note_key *trusted,
                      char why[BUNDLE_WHY_MAX])
{
    static const char *const more[] = {"receipt_key", "receipts"};
    struct check c = {.r = r};

    memset(r, 0, sizeof *r);
    if (bundle_open(&c.b, object, RECEIPTFILE_TYPE, more, 2, trusted, why) != 0)
        return -1;
    memcpy(r->id, c.b.id, sizeof r->id);
    r->key = c.b.key;
    r->checkpoint = c.b.checkpoint;
    if (bundle_events(&c.b, object, false, take_event, &c) != 0)
        return -1;
    r->events = c.b.events;
    return check_receipts(&c, object);
}
