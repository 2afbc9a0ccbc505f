#include "cli/evidence/bundle.h"

#include "cli/log/trust.h"
#include "vault/protocol/encoding/jsontext.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int bundle_wrong(struct bundle *b, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(b->why, BUNDLE_WHY_MAX, format, args);
    va_end(args);
    return -1;
}

bool bundle_has_just(const json_t *object, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_object_get(object, names[i]) == NULL)
            return false;
    return json_is_object(object) && json_object_size(object) == count;
}

bool bundle_bytes(uint8_t *out, size_t size, const json_t *text)
{
    return json_is_string(text) && encoding_base64url_exact(out, size, json_string_value(text),
                                                            json_string_length(text)) == 0;
}

const char *bundle_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* ---- the frame ---- */

/* Each replacement of the key must be the word of the key before it. */
static int check_keys(struct bundle *b, const json_t *bundle, const struct note_key *trusted)
{
    static const char *const names[] = {"index", "line", "proof"};
    const json_t *steps = json_object_get(bundle, "keys");
    struct note_key key;

    if (!json_is_array(steps))
        return bundle_wrong(b, "The list of the log's keys is malformed.");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);

        if (!bundle_has_just(step, names, 3) || !trust_step(step, &key, i > 0))
            return bundle_wrong(
                b, "Replacement %zu of the log's key is not signed by the key before it.", i + 1);
    }
    if (json_array_size(steps) > 0 && !note_key_equal(&key, &b->key))
        return bundle_wrong(b, "The log's keys do not lead to the one that this file names.");
    if (trusted == NULL || note_key_equal(trusted, &b->key))
        return 0;
    if (trust_chain_of(steps, trusted, &b->key))
        return 0;
    return bundle_wrong(b,
                        "It is signed by another log's key, or by one that the trusted key did not "
                        "appoint.");
}

static int check_checkpoint(struct bundle *b, const json_t *bundle)
{
    const json_t *note = json_object_get(bundle, "checkpoint");
    const enum note_verdict verdict = json_is_string(note)
                                          ? checkpoint_open(&b->checkpoint, json_string_value(note),
                                                            json_string_length(note), &b->key)
                                          : NOTE_MALFORMED;

    switch (verdict) {
    case NOTE_GOOD:
        return 0;
    case NOTE_UNSIGNED:
        return bundle_wrong(b, "The checkpoint is not signed by the key that the file names.");
    case NOTE_FORGED:
        return bundle_wrong(
            b, "The checkpoint's signature does not verify: it was changed, or forged.");
    case NOTE_MALFORMED:
        break;
    }
    return bundle_wrong(b, "The checkpoint is malformed.");
}

/* Whether it has the members of every bundle, those of its type, and no others. */
static bool has_members(const json_t *object, const char *const *more, size_t more_len)
{
    static const char *const names[] = {"type", "id", "key", "checkpoint", "keys", "events"};
    enum { NAMES = sizeof names / sizeof names[0] };

    for (size_t i = 0; i < NAMES; i++)
        if (json_object_get(object, names[i]) == NULL)
            return false;
    for (size_t i = 0; i < more_len; i++)
        if (json_object_get(object, more[i]) == NULL)
            return false;
    return json_object_size(object) == NAMES + more_len;
}

int bundle_open(struct bundle *b, const json_t *object, const char *type, const char *const *more,
                size_t more_len, const struct note_key *trusted, char why[BUNDLE_WHY_MAX])
{
    const char *found = bundle_text(object, "type"), *id = bundle_text(object, "id");
    const char *key = bundle_text(object, "key");

    memset(b, 0, sizeof *b);
    b->why = why;
    b->last_index = -1;
    if (found == NULL || strcmp(found, type) != 0)
        return bundle_wrong(b, "This is no evidence that this program can read "
                               "(handoff-evidence/1 or handoff-receipt/1).");
    if (!has_members(object, more, more_len))
        return bundle_wrong(b, "The file lacks a member, or has one that it must not have.");
    if (id == NULL || encoding_id_parse(b->id, id, strlen(id)) != 0)
        return bundle_wrong(b, "The handoff's id is malformed.");
    if (key == NULL || note_key_parse(&b->key, key, strlen(key)) != 0)
        return bundle_wrong(b, "The log's key is malformed, or its key id is not its own.");
    if (check_keys(b, object, trusted) != 0 || check_checkpoint(b, object) != 0)
        return -1;
    if (json_array_size(json_object_get(object, "events")) == 0)
        return bundle_wrong(b, "There is no event in it.");
    return 0;
}

/* ---- events ---- */

static int check_proof(struct bundle *b, const json_t *event)
{
    const json_t *text = json_object_get(event, "line"), *hashes = json_object_get(event, "proof");
    struct merkle_proof p;
    uint8_t leaf[MERKLE_HASH_BYTES];

    if (!json_is_array(hashes) || json_array_size(hashes) > MERKLE_PROOF_MAX)
        return bundle_wrong(b, "Event %" PRId64 ": its proof is malformed.", b->index);
    if (trust_hashes(&p, hashes) != 0)
        return bundle_wrong(b, "Event %" PRId64 ": hash %zu of its proof is malformed.", b->index,
                            p.count);
    merkle_leaf(leaf, json_string_value(text), json_string_length(text));
    if (merkle_check_inclusion(&p, leaf, (uint64_t)b->index, b->checkpoint.size,
                               b->checkpoint.root))
        return 0;
    return bundle_wrong(b,
                        "Event %" PRId64
                        " is not in the log that was signed: its line, its index or its "
                        "proof was changed.",
                        b->index);
}

static int check_line(struct bundle *b)
{
    const json_t *n = json_object_get(b->line, "n"), *t = json_object_get(b->line, "t");
    const char *id = json_string_value(json_object_get(b->line, "id"));
    char expected[ENCODING_ID_TEXT + 1];

    encoding_id_format(expected, b->id);
    if (!json_is_integer(n) || json_integer_value(n) != b->index)
        return bundle_wrong(b, "Event %" PRId64 " names another place in the log.", b->index);
    if (id == NULL || strcmp(id, expected) != 0)
        return bundle_wrong(b, "Event %" PRId64 " is of another handoff.", b->index);
    if (b->index <= b->last_index || !json_is_integer(t) || json_integer_value(t) < b->last_time)
        return bundle_wrong(b, "Event %" PRId64 " is out of order.", b->index);
    b->last_index = b->index;
    b->last_time = (int64_t)json_integer_value(t);
    return 0;
}

static int check_event(struct bundle *b, const json_t *event, bool details)
{
    static const char *const names[] = {"index", "line", "proof", "details"};
    const json_t *text = json_object_get(event, "line"), *index = json_object_get(event, "index");

    if (!bundle_has_just(event, names, details ? 4 : 3) || !json_is_integer(index) ||
        json_integer_value(index) < 0 || !json_is_string(text))
        return bundle_wrong(b, "Event number %zu of the file is malformed.", b->events + 1);
    b->index = (int64_t)json_integer_value(index);
    if (check_proof(b, event) != 0)
        return -1;
    b->line = jsontext_parse(json_string_value(text), json_string_length(text),
                             JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(b->line))
        return bundle_wrong(b, "Event %" PRId64 "'s line is no JSON object.", b->index);
    return check_line(b);
}

int bundle_events(struct bundle *b, const json_t *object, bool details,
                  int (*take)(void *ctx, const json_t *event), void *ctx)
{
    const json_t *events = json_object_get(object, "events");
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < json_array_size(events); i++) {
        const json_t *event = json_array_get(events, i);

        rc = check_event(b, event, details);
        if (rc == 0)
            rc = take(ctx, event);
        json_decref(b->line);
        b->line = NULL;
        b->events++;
    }
    return rc;
}
