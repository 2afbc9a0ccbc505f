/* A log that tells anything: the input's events, in whatever words, are put into a tree, their
   details committed to and the whole signed as an honest log would. So what a log's own operator
   could write, and a change to a file never reaches, is read too. The checks refuse it with a
   sentence or tell what it shows; what they show stands in the report as text alone. */
#include "cli/evidence/evidence.h"
#include "cli/evidence/receiptfile.h"
#include "cli/report/html.h"
#include "vault/protocol/handoff/receipt.h"
#include "vault/protocol/tlog/commitment.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENTS_MAX = 16 };

static const uint8_t log_seed[32] = {1}, receipt_seed[32] = {2};

struct story {
    uint8_t leaf[EVENTS_MAX][MERKLE_HASH_BYTES];
    size_t count;
};

/* ---- what an honest log adds ---- */

static json_t *base64url(const uint8_t *bytes, size_t len)
{
    char buffer[128];
    struct text t = text_into(buffer, sizeof buffer);

    text_base64url(&t, bytes, len);
    return json_stringn(t.data, t.len);
}

static json_t *signature_of(const json_t *statement)
{
    uint8_t signature[RECEIPT_SIGNATURE_BYTES], public[32], secret[64];

    if (!json_is_string(statement))
        return json_null();
    crypto_sign_seed_keypair(public, secret, receipt_seed);
    crypto_sign_detached(signature, NULL, (const uint8_t *)json_string_value(statement),
                         json_string_length(statement), secret);
    return base64url(signature, sizeof signature);
}

/* The details of an event, each with a commitment in its line. */
static void commit(json_t *line, json_t *details)
{
    json_t *committed = json_object_get(line, "details"), *detail;
    const char *field;

    if (json_object_get(details, "signature") != NULL)
        json_object_set_new(
            json_object_get(details, "signature"), "value",
            signature_of(json_object_get(json_object_get(details, "statement"), "value")));
    json_object_foreach (details, field, detail) {
        const json_t *value = json_object_get(detail, "value");
        uint8_t salt[COMMITMENT_SALT_BYTES], hash[COMMITMENT_BYTES];

        if (!json_is_string(value) ||
            !bundle_bytes(salt, sizeof salt, json_object_get(detail, "salt")))
            continue;
        commitment(hash, salt, field, json_string_value(value), json_string_length(value));
        json_object_set_new(committed, field, base64url(hash, sizeof hash));
    }
}

/* An event whose line is an object gets the text that stands for it. */
static void record(struct story *s, json_t *event)
{
    json_t *line = json_object_get(event, "line");
    char *text;

    if (!json_is_object(line) || s->count == EVENTS_MAX)
        return;
    commit(line, json_object_get(event, "details"));
    json_object_set_new(line, "n", json_integer((json_int_t)s->count));
    json_object_set_new(event, "index", json_integer((json_int_t)s->count));
    text = json_dumps(line, JSON_COMPACT);
    if (text == NULL)
        return;
    merkle_leaf(s->leaf[s->count++], text, strlen(text));
    json_object_set_new(event, "line", json_string(text));
    free(text);
}

static int node_of(void *ctx, unsigned level, uint64_t index, uint8_t hash[MERKLE_HASH_BYTES])
{
    struct story *s = ctx;
    uint8_t right[MERKLE_HASH_BYTES];

    if (level == 0) {
        memcpy(hash, s->leaf[index], MERKLE_HASH_BYTES);
        return 0;
    }
    if (node_of(s, level - 1, 2 * index, hash) != 0 ||
        node_of(s, level - 1, 2 * index + 1, right) != 0)
        return -1;
    merkle_node(hash, hash, right);
    return 0;
}

static json_t *proof_of(struct story *s, uint64_t index)
{
    const struct merkle_source source = {.node = node_of, .ctx = s};
    struct merkle_proof p;
    json_t *hashes = json_array();

    if (merkle_prove_inclusion(&p, &source, index, s->count) != 0)
        abort();
    for (size_t i = 0; i < p.count; i++) {
        char buffer[64];
        struct text t = text_into(buffer, sizeof buffer);

        text_base64(&t, p.hash[i], MERKLE_HASH_BYTES);
        json_array_append_new(hashes, json_stringn(t.data, t.len));
    }
    return hashes;
}

/* Puts the frame around the events. */
static void publish(struct story *s, json_t *bundle, struct note_key *key)
{
    const struct merkle_source source = {.node = node_of, .ctx = s};
    struct merkle_frontier f;
    struct checkpoint c;
    char note[NOTE_BYTES], name[NOTE_KEY_MAX];
    struct text t = text_into(note, sizeof note);

    if (merkle_frontier_read(&f, &source, s->count) != 0)
        abort();
    c = checkpoint_of(&f);
    note_key_of(key, "fuzz.example", log_seed);
    checkpoint_sign(&t, &c, key, log_seed);
    note_key_format(name, key);
    json_object_set_new(bundle, "checkpoint", json_stringn(t.data, t.len));
    json_object_set_new(bundle, "key", json_string(name));
    json_object_set_new(bundle, "keys", json_array());
}

static void tell(struct story *s, json_t *bundle, struct note_key *key)
{
    json_t *events = json_object_get(bundle, "events"), *receipt;
    size_t i, proven = 0;

    for (i = 0; i < json_array_size(events); i++)
        record(s, json_array_get(events, i));
    for (i = 0; i < json_array_size(events) && proven < s->count; i++) {
        json_t *event = json_array_get(events, i);

        if (json_integer_value(json_object_get(event, "index")) == (json_int_t)proven)
            json_object_set_new(event, "proof", proof_of(s, proven++));
    }
    json_array_foreach (json_object_get(bundle, "receipts"), i, receipt)
        json_object_set_new(receipt, "signature",
                            signature_of(json_object_get(receipt, "statement")));
    publish(s, bundle, key);
}

/* ---- what is shown ---- */

/* A report of one handoff, all of whose texts are these details. */
static void show(const char *details, const char *text)
{
    const struct report_handoff handoff = {.label = text,
                                           .recipient = text,
                                           .ref = text,
                                           .sender = text,
                                           .receipt_by = details,
                                           .receipt_note = details,
                                           .state = "confirmed",
                                           .cause = "opened"};
    const struct report report = {
        .base = text,
        .log = {.origin = "", .key = "", .root = "", .note = text},
        .handoffs = &handoff,
        .count = 1,
    };
    char *page = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&page, &len);

    if (out == NULL || html_write(out, &report) != 0 || fclose(out) != 0 ||
        strstr(page, "<script") != NULL || strstr(page, "<img") != NULL)
        abort();
    free(page);
}

static void check(const json_t *bundle, const struct note_key *key)
{
    char why[BUNDLE_WHY_MAX] = "";
    struct evidence sent;
    struct receiptfile received;

    if (evidence_check(&sent, bundle, key, why) == 0) {
        for (size_t i = 0; i < sent.receipts_len; i++)
            if (sent.receipts[i].details != NULL)
                show(sent.receipts[i].details, sent.burned);
    } else if (why[0] == '\0') {
        abort();
    }
    why[0] = '\0';
    if (receiptfile_check(&received, bundle, key, why) == 0) {
        if (received.receipts_len == 0)
            abort();
    } else if (why[0] == '\0') {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct story s = {.count = 0};
    struct note_key key;
    json_t *bundle;

    if (sodium_init() < 0)
        abort();
    bundle = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (bundle == NULL)
        return 0;
    tell(&s, bundle, &key);
    check(bundle, &key);
    json_decref(bundle);
    return 0;
}
