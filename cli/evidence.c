#include "cli/evidence.h"

#include "cli/statement.h"
#include "cli/trust.h"
#include "vault/protocol/commitment.h"
#include "vault/protocol/keys.h"
#include "vault/protocol/receipt.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct evidence *e;
    char *why;
    /* The event in hand. */
    int64_t index;
    json_t *line;
    const json_t *details;
    /* What the created event fixed. */
    bool created, has_opened_hash, has_receipt_key;
    uint8_t envelope_hash[32], opened_hash[32], receipt_key[32];
    int64_t last_index, last_time;
};

static int wrong(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(struct check *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(c->why, EVIDENCE_WHY_MAX, format, args);
    va_end(args);
    return -1;
}

/* Whether an object has these members and no others. */
static bool has_just(const json_t *object, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_object_get(object, names[i]) == NULL)
            return false;
    return json_is_object(object) && json_object_size(object) == count;
}

static bool bytes_of(uint8_t *out, size_t size, const json_t *text)
{
    return json_is_string(text) && encoding_base64url_exact(out, size, json_string_value(text),
                                                            json_string_length(text)) == 0;
}

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

    if (!has_just(detail, names, 2) || !json_is_string(value) ||
        !bytes_of(salt, sizeof salt, json_object_get(detail, "salt")))
        return wrong(c, "Event %" PRId64 ": the detail \"%s\" is malformed.", c->index, field);
    if (!bytes_of(expected, sizeof expected, committed))
        return wrong(c, "Event %" PRId64 " has no commitment to a detail \"%s\".", c->index, field);
    commitment(found, salt, field, json_string_value(value), json_string_length(value));
    if (memcmp(found, expected, sizeof found) == 0)
        return 0;
    return wrong(
        c, "Event %" PRId64 ": the detail \"%s\", or its salt, is not what the log committed to.",
        c->index, field);
}

static int check_details(struct check *c)
{
    json_t *committed = json_object_get(c->line, "details"), *detail;
    const char *field;

    if (!json_is_object(committed) || !json_is_object(c->details))
        return wrong(c, "Event %" PRId64 " has no details.", c->index);
    json_object_foreach((json_t *)(uintptr_t)c->details, field,
                        detail) if (check_detail(c, field, detail,
                                                 json_object_get(committed, field)) != 0) return -1;
    c->e->undisclosed += (unsigned)(json_object_size(committed) - json_object_size(c->details));
    return 0;
}

/* ---- kinds ---- */

static bool is_true(const struct check *c, const char *member)
{
    return json_is_true(json_object_get(c->line, member));
}

static int created(struct check *c)
{
    if (c->created)
        return wrong(c, "Event %" PRId64 " creates the handoff a second time.", c->index);
    c->created = true;
    c->e->code = is_true(c, "code");
    c->has_opened_hash = bytes_of(c->opened_hash, 32, value_of(c, "opened_hash"));
    c->has_receipt_key = bytes_of(c->receipt_key, 32, value_of(c, "receipt_key"));
    if (!bytes_of(c->envelope_hash, 32, json_object_get(c->line, "envelope_hash")))
        return wrong(c, "Event %" PRId64 " does not tell the envelope's hash.", c->index);
    return 0;
}

static int accepted(struct check *c)
{
    if (c->e->claimed)
        return wrong(c, "Event %" PRId64 " hands the envelope out a second time.", c->index);
    c->e->claimed = true;
    return 0;
}

static unsigned count_of(const struct check *c)
{
    return (unsigned)json_integer_value(json_object_get(c->line, "count"));
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
    if (!bytes_of(token, sizeof token, json_object_get(c->line, "opened_token")))
        return wrong(c, "Event %" PRId64 " has no opened token.", c->index);
    keys_hash(hash, token);
    if (c->has_opened_hash && memcmp(hash, c->opened_hash, sizeof hash) != 0)
        return wrong(c,
                     "Event %" PRId64 ": the opened token is not the one whose hash was fixed when "
                     "the handoff was made.",
                     c->index);
    return 0;
}

static int burned(struct check *c)
{
    const char *cause = json_string_value(json_object_get(c->line, "cause"));

    (void)snprintf(c->e->burned, sizeof c->e->burned, "%s", cause != NULL ? cause : "");
    return 0;
}

static int check_receipt(struct check *c, const struct receipt *r, bool hidden)
{
    const json_t *statement = value_of(c, "statement"), *signature = value_of(c, "signature");
    uint8_t bytes[RECEIPT_SIGNATURE_BYTES];

    if (!json_is_string(statement))
        return wrong(c, "Event %" PRId64 ": the receipt's statement is missing.", c->index);
    if (!statement_fits(statement, r, hidden))
        return wrong(c,
                     "Event %" PRId64 ": the receipt's statement does not say what the log says of "
                     "it (handoff, outcome, envelope, time, words).",
                     c->index);
    if (!bytes_of(bytes, sizeof bytes, signature))
        return wrong(c, "Event %" PRId64 ": the receipt's signature is missing.", c->index);
    if (c->has_receipt_key && !statement_signed(statement, signature, c->receipt_key))
        return wrong(c,
                     "Event %" PRId64 ": the receipt is not signed by the key that was fixed when "
                     "the handoff was made.",
                     c->index);
    return 0;
}

static int receipt(struct check *c, enum receipt_outcome outcome)
{
    const json_t *words = value_of(c, "details"), *at = json_object_get(c->line, "at");
    const bool hidden = statement_hidden(c->line, c->details);
    struct receipt r = {.outcome = outcome, .at = (int64_t)json_integer_value(at)};
    struct evidence *e = c->e;

    memcpy(r.id, e->id, sizeof r.id);
    memcpy(r.envelope_hash, c->envelope_hash, sizeof r.envelope_hash);
    if (words != NULL) {
        r.details = json_string_value(words);
        r.details_len = json_string_length(words);
    }
    if (!json_is_integer(at) || r.at < 0)
        return wrong(c, "Event %" PRId64 ": the receipt's time is malformed.", c->index);
    if (check_receipt(c, &r, hidden) != 0)
        return -1;
    if (e->receipts_len == EVIDENCE_RECEIPTS_MAX)
        return wrong(c, "There are more receipts than a handoff can have.");
    e->receipts[e->receipts_len++] =
        (struct evidence_receipt){.outcome = receipt_outcome_name(outcome),
                                  .at = r.at,
                                  .index = c->index,
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
    const char *kind = json_string_value(json_object_get(c->line, "kind"));

    if (kind == NULL)
        return wrong(c, "Event %" PRId64 " has no kind.", c->index);
    if (!c->created && strcmp(kind, "handoff.created") != 0)
        return wrong(c,
                     "The story does not begin with the handoff's creation, but with event "
                     "%" PRId64 ", %s.",
                     c->index, kind);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return kinds[i].check(c);
    return 0; /* a kind from after this program: it is in the log, and that is all we say */
}

/* ---- events ---- */

static int check_proof(struct check *c, const json_t *event)
{
    const json_t *text = json_object_get(event, "line"), *hashes = json_object_get(event, "proof");
    struct merkle_proof p;
    uint8_t leaf[MERKLE_HASH_BYTES];

    if (!json_is_array(hashes) || json_array_size(hashes) > MERKLE_PROOF_MAX)
        return wrong(c, "Event %" PRId64 ": its proof is malformed.", c->index);
    if (trust_hashes(&p, hashes) != 0)
        return wrong(c, "Event %" PRId64 ": hash %zu of its proof is malformed.", c->index,
                     p.count);
    merkle_leaf(leaf, json_string_value(text), json_string_length(text));
    if (merkle_check_inclusion(&p, leaf, (uint64_t)c->index, c->e->checkpoint.size,
                               c->e->checkpoint.root))
        return 0;
    return wrong(c,
                 "Event %" PRId64 " is not in the log that was signed: its line, its index or its "
                 "proof was changed.",
                 c->index);
}

static int check_line(struct check *c)
{
    const json_t *n = json_object_get(c->line, "n"), *t = json_object_get(c->line, "t");
    const char *id = json_string_value(json_object_get(c->line, "id"));
    char expected[ENCODING_ID_TEXT + 1];

    encoding_id_format(expected, c->e->id);
    if (!json_is_integer(n) || json_integer_value(n) != c->index)
        return wrong(c, "Event %" PRId64 " names another place in the log.", c->index);
    if (id == NULL || strcmp(id, expected) != 0)
        return wrong(c, "Event %" PRId64 " is of another handoff.", c->index);
    if (c->index <= c->last_index || !json_is_integer(t) || json_integer_value(t) < c->last_time)
        return wrong(c, "Event %" PRId64 " is out of order.", c->index);
    c->last_index = c->index;
    c->last_time = (int64_t)json_integer_value(t);
    return 0;
}

static int check_event(struct check *c, const json_t *event)
{
    static const char *const names[] = {"index", "line", "proof", "details"};
    const json_t *text = json_object_get(event, "line"), *index = json_object_get(event, "index");
    int rc = -1;

    if (!has_just(event, names, sizeof names / sizeof names[0]) || !json_is_integer(index) ||
        json_integer_value(index) < 0 || !json_is_string(text))
        return wrong(c, "Event number %zu of the file is malformed.", c->e->events + 1);
    c->index = (int64_t)json_integer_value(index);
    c->details = json_object_get(event, "details");
    if (check_proof(c, event) != 0)
        return -1;
    c->line =
        json_loadb(json_string_value(text), json_string_length(text), JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(c->line))
        rc = wrong(c, "Event %" PRId64 "'s line is no JSON object.", c->index);
    else if (check_line(c) == 0 && check_details(c) == 0)
        rc = check_kind(c);
    json_decref(c->line);
    c->line = NULL;
    c->e->events++;
    return rc;
}

/* ---- the frame ---- */

/* Each replacement of the key must be the word of the key before it. */
static int check_keys(struct check *c, const json_t *bundle, const struct note_key *trusted)
{
    static const char *const names[] = {"index", "line", "proof"};
    const json_t *steps = json_object_get(bundle, "keys");
    struct note_key key;

    if (!json_is_array(steps))
        return wrong(c, "The list of the log's keys is malformed.");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);

        if (!has_just(step, names, 3) || !trust_step(step, &key, i > 0))
            return wrong(c, "Replacement %zu of the log's key is not signed by the key before it.",
                         i + 1);
    }
    if (json_array_size(steps) > 0 && !note_key_equal(&key, &c->e->key))
        return wrong(c, "The log's keys do not lead to the one that this evidence names.");
    if (trusted == NULL || note_key_equal(trusted, &c->e->key))
        return 0;
    if (trust_chain_of(steps, trusted, &c->e->key))
        return 0;
    return wrong(c, "It is signed by another log's key, or by one that the trusted key did not "
                    "appoint.");
}

static int check_checkpoint(struct check *c, const json_t *bundle)
{
    const json_t *note = json_object_get(bundle, "checkpoint");
    const enum note_verdict verdict =
        json_is_string(note) ? checkpoint_open(&c->e->checkpoint, json_string_value(note),
                                               json_string_length(note), &c->e->key)
                             : NOTE_MALFORMED;

    switch (verdict) {
    case NOTE_GOOD:
        return 0;
    case NOTE_UNSIGNED:
        return wrong(c, "The checkpoint is not signed by the key that the evidence names.");
    case NOTE_FORGED:
        return wrong(c, "The checkpoint's signature does not verify: it was changed, or forged.");
    case NOTE_MALFORMED:
        break;
    }
    return wrong(c, "The checkpoint is malformed.");
}

int evidence_check(struct evidence *e, const json_t *bundle, const struct note_key *trusted,
                   char why[EVIDENCE_WHY_MAX])
{
    static const char *const names[] = {"type", "id", "key", "checkpoint", "keys", "events"};
    struct check c = {.e = e, .why = why, .last_index = -1};
    const char *type = json_string_value(json_object_get(bundle, "type"));
    const char *id = json_string_value(json_object_get(bundle, "id"));
    const char *key = json_string_value(json_object_get(bundle, "key"));
    const json_t *events = json_object_get(bundle, "events");

    memset(e, 0, sizeof *e);
    if (type == NULL || strcmp(type, "handoff-evidence/1") != 0)
        return wrong(&c, "This is no evidence that this program can read (handoff-evidence/1).");
    if (!has_just(bundle, names, sizeof names / sizeof names[0]))
        return wrong(&c, "The evidence lacks a member, or has one that it must not have.");
    if (id == NULL || encoding_id_parse(e->id, id, strlen(id)) != 0)
        return wrong(&c, "The handoff's id is malformed.");
    if (key == NULL || note_key_parse(&e->key, key, strlen(key)) != 0)
        return wrong(&c, "The log's key is malformed, or its key id is not its own.");
    if (check_keys(&c, bundle, trusted) != 0 || check_checkpoint(&c, bundle) != 0)
        return -1;
    if (json_array_size(events) == 0)
        return wrong(&c, "There is no event in it.");
    for (size_t i = 0; i < json_array_size(events); i++)
        if (check_event(&c, json_array_get(events, i)) != 0)
            return -1;
    return 0;
}
