#include "cli/evidence/evidence.h"

#include "cli/evidence/statement.h"
#include "vault/protocol/handoff/keys.h"
#include "vault/protocol/handoff/receipt.h"
#include "vault/protocol/tlog/commitment.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct bundle b;
    struct evidence *e;
    const json_t *details; /* of the event in hand */
    /* What the created event fixed. */
    bool created, has_opened_hash, has_receipt_key;
    uint8_t envelope_hash[32], opened_hash[32], receipt_key[32];
};

/* ---- details ---- */

static const json_t *value_of(const struct check *c, const char *field)
{
    return json_object_get(json_object_get(c->details, field), "value");
}

static int check_detail(struct check *c, const char *field, const json_t *detail,
                        const json_t *committed)
{
    static const char *const names[] = {"salt", "value"};
    uint8_t salt[COMMITMENT_SALT_BYTES], expected[COMMITMENT_BYTES], found[COMMITMENT_BYTES];
    const json_t *value = json_object_get(detail, "value");

    if (!bundle_has_just(detail, names, 2) || !json_is_string(value) ||
        !bundle_bytes(salt, sizeof salt, json_object_get(detail, "salt")))
        return bundle_wrong(&c->b, "Event %" PRId64 ": the detail \"%s\" is malformed.", c->b.index,
                            field);
    if (!bundle_bytes(expected, sizeof expected, committed))
        return bundle_wrong(&c->b, "Event %" PRId64 " has no commitment to a detail \"%s\".",
                            c->b.index, field);
    commitment(found, salt, field, json_string_value(value), json_string_length(value));
    if (memcmp(found, expected, sizeof found) == 0)
        return 0;
    return bundle_wrong(&c->b,
                        "Event %" PRId64
                        ": the detail \"%s\", or its salt, is not what the log committed to.",
                        c->b.index, field);
}

static int check_details(struct check *c)
{
    json_t *committed = json_object_get(c->b.line, "details"), *detail;
    const char *field;

    if (!json_is_object(committed) || !json_is_object(c->details))
        return bundle_wrong(&c->b, "Event %" PRId64 " has no details.", c->b.index);
    json_object_foreach ((json_t *)(uintptr_t)c->details, field, detail)
        if (check_detail(c, field, detail, json_object_get(committed, field)) != 0)
            return -1;
    c->e->undisclosed += (unsigned)(json_object_size(committed) - json_object_size(c->details));
    return 0;
}

/* ---- kinds ---- */

static bool is_true(const struct check *c, const char *member)
{
    return json_is_true(json_object_get(c->b.line, member));
}

static int created(struct check *c)
{
    if (c->created)
        return bundle_wrong(&c->b, "Event %" PRId64 " creates the handoff a second time.",
                            c->b.index);
    c->created = true;
    c->e->code = is_true(c, "code");
    c->has_opened_hash = bundle_bytes(c->opened_hash, 32, value_of(c, "opened_hash"));
    c->has_receipt_key = bundle_bytes(c->receipt_key, 32, value_of(c, "receipt_key"));
    if (!bundle_bytes(c->envelope_hash, 32, json_object_get(c->b.line, "envelope_hash")))
        return bundle_wrong(&c->b, "Event %" PRId64 " does not tell the envelope's hash.",
                            c->b.index);
    return 0;
}

static int accepted(struct check *c)
{
    if (c->e->claimed)
        return bundle_wrong(&c->b, "Event %" PRId64 " hands the envelope out a second time.",
                            c->b.index);
    c->e->claimed = true;
    return 0;
}

static unsigned count_of(const struct check *c)
{
    return (unsigned)json_integer_value(json_object_get(c->b.line, "count"));
}

static int refused(struct check *c)
{
    c->e->refused += is_true(c, "claimant") ? 0 : count_of(c);
    return 0;
}

static int wrong_code(struct check *c)
{
    c->e->wrong_codes += count_of(c);
    return 0;
}

static int opened(struct check *c)
{
    uint8_t token[KEYS_BYTES], hash[KEYS_BYTES];

    c->e->opened = true;
    c->e->late = is_true(c, "late");
    c->e->opened_hidden = !c->has_opened_hash;
    if (!bundle_bytes(token, sizeof token, json_object_get(c->b.line, "opened_token")))
        return bundle_wrong(&c->b, "Event %" PRId64 " has no opened token.", c->b.index);
    keys_hash(hash, token);
    if (c->has_opened_hash && memcmp(hash, c->opened_hash, sizeof hash) != 0)
        return bundle_wrong(&c->b,
                            "Event %" PRId64
                            ": the opened token is not the one whose hash was fixed when "
                            "the handoff was made.",
                            c->b.index);
    return 0;
}

static int burned(struct check *c)
{
    const char *cause = json_string_value(json_object_get(c->b.line, "cause"));

    (void)snprintf(c->e->burned, sizeof c->e->burned, "%s", cause != NULL ? cause : "");
    return 0;
}

static int check_receipt(struct check *c, const struct receipt *r, bool hidden)
{
    const json_t *statement = value_of(c, "statement"), *signature = value_of(c, "signature");
    uint8_t bytes[RECEIPT_SIGNATURE_BYTES];

    if (!json_is_string(statement))
        return bundle_wrong(&c->b, "Event %" PRId64 ": the receipt's statement is missing.",
                            c->b.index);
    if (!statement_fits(statement, r, hidden))
        return bundle_wrong(&c->b,
                            "Event %" PRId64
                            ": the receipt's statement does not say what the log says of "
                            "it (handoff, outcome, envelope, time, words).",
                            c->b.index);
    if (!bundle_bytes(bytes, sizeof bytes, signature))
        return bundle_wrong(&c->b, "Event %" PRId64 ": the receipt's signature is missing.",
                            c->b.index);
    if (c->has_receipt_key && !statement_signed(statement, signature, c->receipt_key))
        return bundle_wrong(&c->b,
                            "Event %" PRId64
                            ": the receipt is not signed by the key that was fixed when "
                            "the handoff was made.",
                            c->b.index);
    return 0;
}

static int receipt(struct check *c, enum receipt_outcome outcome)
{
    const json_t *words = value_of(c, "details"), *at = json_object_get(c->b.line, "at");
    const bool hidden = statement_hidden(c->b.line, c->details);
    struct receipt r = {.outcome = outcome, .at = (int64_t)json_integer_value(at)};
    struct evidence *e = c->e;

    memcpy(r.id, e->id, sizeof r.id);
    memcpy(r.envelope_hash, c->envelope_hash, sizeof r.envelope_hash);
    if (words != NULL) {
        r.details = json_string_value(words);
        r.details_len = json_string_length(words);
    }
    if (!json_is_integer(at) || r.at < 0)
        return bundle_wrong(&c->b, "Event %" PRId64 ": the receipt's time is malformed.",
                            c->b.index);
    if (check_receipt(c, &r, hidden) != 0)
        return -1;
    if (e->receipts_len == EVIDENCE_RECEIPTS_MAX)
        return bundle_wrong(&c->b, "There are more receipts than a handoff can have.");
    e->receipts[e->receipts_len++] =
        (struct evidence_receipt){.outcome = receipt_outcome_name(outcome),
                                  .at = r.at,
                                  .index = c->b.index,
                                  .details = r.details,
                                  .hidden = hidden,
                                  .claimant = is_true(c, "claimant"),
                                  .unsigned_here = !c->has_receipt_key};
    return 0;
}

static int confirmed(struct check *c)
{
    return receipt(c, RECEIPT_CONFIRMED);
}

static int rejected(struct check *c)
{
    return receipt(c, RECEIPT_REJECTED);
}

static int check_kind(struct check *c)
{
    static const struct {
        const char *kind;
        int (*check)(struct check *c);
    } kinds[] = {
        {"handoff.created", created},     {"claim.accepted", accepted},
        {"claim.refused", refused},       {"claim.wrong-code", wrong_code},
        {"handoff.opened", opened},       {"handoff.burned", burned},
        {"receipt.confirmed", confirmed}, {"receipt.rejected", rejected},
    };
    const char *kind = json_string_value(json_object_get(c->b.line, "kind"));

    if (kind == NULL)
        return bundle_wrong(&c->b, "Event %" PRId64 " has no kind.", c->b.index);
    if (!c->created && strcmp(kind, "handoff.created") != 0)
        return bundle_wrong(&c->b,
                            "The story does not begin with the handoff's creation, but with event "
                            "%" PRId64 ", %s.",
                            c->b.index, kind);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].check(c);
    return 0; /* a kind from after this program: it is in the log, and that is all we say */
}

static int take_event(void *ctx, const json_t *event)
{
    struct check *c = ctx;

    c->details = json_object_get(event, "details");
    return check_details(c) == 0 ? check_kind(c) : -1;
}

int evidence_check(struct evidence *e, const json_t *object, const struct note_key *trusted,
                   char why[BUNDLE_WHY_MAX])
{
    struct check c = {.e = e};
    int rc;

    memset(e, 0, sizeof *e);
    if (bundle_open(&c.b, object, EVIDENCE_TYPE, NULL, 0, trusted, why) != 0)
        return -1;
    memcpy(e->id, c.b.id, sizeof e->id);
    e->key = c.b.key;
    e->checkpoint = c.b.checkpoint;
    rc = bundle_events(&c.b, object, true, take_event, &c);
    e->events = c.b.events;
    return rc;
}
