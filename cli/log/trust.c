#include "cli/log/trust.h"

#include "cli/io/input.h"
#include "cli/io/output.h"
#include "cli/io/terminal.h"
#include "cli/local/state.h"
#include "cli/net/problem.h"
#include "cli/net/service.h"
#include "vault/protocol/encoding/jsontext.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 12, FILE_MAX = 64 * 1024 };

/* ---- files ---- */

static int path_of(char out[PATH_MAX], const struct trust *t, const char *name)
{
    return snprintf(out, PATH_MAX, "%s/%s", t->dir, name) < PATH_MAX ? 0 : -1;
}

static int write_file(const struct trust *t, const char *name, const char *data, size_t len)
{
    char path[PATH_MAX];

    if (path_of(path, t, name) == 0 && state_make_folders(path) == 0 &&
        output_file_write(path, data, len, true) == 0)
        return 0;
    terminal_say("%s/%s cannot be written: %s.", t->dir, name, strerror(errno));
    return -1;
}

/* Reads a file of text. NULL where there is none, with *rc EXIT_DONE, or after having said why. */
static struct secret *read_file(const struct trust *t, const char *name, enum exit_code *rc)
{
    char path[PATH_MAX];
    struct secret *text = NULL;

    *rc = EXIT_INTERNAL;
    if (path_of(path, t, name) != 0)
        return NULL;
    text = input_file(path, FILE_MAX);
    if (text != NULL || errno == ENOENT)
        *rc = EXIT_DONE;
    else
        terminal_say("%s cannot be read: %s.", path, strerror(errno));
    return text;
}

static enum exit_code damaged(const struct trust *t, const char *name)
{
    terminal_say("%s/%s is damaged.", t->dir, name);
    terminal_hint("It was left as it is. Bring back a copy of it, or move it away.");
    return EXIT_INTERNAL;
}

static enum exit_code load_key(struct trust *t)
{
    enum exit_code rc;
    struct secret *text = read_file(t, "key", &rc);

    if (text == NULL)
        return rc;
    input_strip_newline(text);
    t->known = note_key_parse(&t->key, (const char *)secret_bytes(text), secret_len(text)) == 0;
    secret_free(text);
    return t->known ? EXIT_DONE : damaged(t, "key");
}

/* It was verified when it was kept, perhaps by a key that has been replaced since. */
static enum exit_code load_checkpoint(struct trust *t)
{
    enum exit_code rc;
    struct secret *text = t->known ? read_file(t, "checkpoint", &rc) : NULL;

    if (text == NULL)
        return t->known ? rc : EXIT_DONE;
    t->kept = checkpoint_read(&t->latest, (const char *)secret_bytes(text), secret_len(text)) == 0;
    secret_free(text);
    return t->kept ? EXIT_DONE : damaged(t, "checkpoint");
}

enum exit_code trust_load(struct trust *t, const char *base)
{
    char home[PATH_MAX], name[ENCODING_BASE64URL_LEN(NAME_BYTES) + 1];
    uint8_t hash[32];
    enum exit_code rc;

    memset(t, 0, sizeof *t);
    if (state_home(home) != 0)
        return EXIT_INTERNAL;
    crypto_generichash(hash, sizeof hash, (const uint8_t *)base, strlen(base), NULL, 0);
    encoding_base64url(name, hash, NAME_BYTES);
    if (snprintf(t->dir, sizeof t->dir, "%s/logs/%s", home, name) >= (int)sizeof t->dir)
        return EXIT_INTERNAL;
    rc = load_key(t);
    return rc == EXIT_DONE ? load_checkpoint(t) : rc;
}

/* ---- keys ---- */

bool trust_step(const json_t *step, struct note_key *key, bool held)
{
    const json_t *text = json_object_get(step, "line"), *proof = json_object_get(step, "proof");
    json_t *line = jsontext_parse(json_is_string(text) ? json_string_value(text) : "",
                                  json_string_length(text), JSON_REJECT_DUPLICATES, NULL);
    const char *kind = json_string_value(json_object_get(line, "kind"));
    const char *from = json_string_value(json_object_get(line, "from"));
    const char *to = json_string_value(json_object_get(line, "to"));
    struct note_key old, new;
    struct merkle_proof p;
    struct checkpoint c;
    uint8_t leaf[MERKLE_HASH_BYTES];
    const char *note;
    uint64_t index;
    size_t note_len;
    bool good = false;

    if (kind == NULL || strcmp(kind, "log-key.rotated") != 0 || from == NULL || to == NULL ||
        !json_is_string(proof) || note_key_parse(&old, from, strlen(from)) != 0 ||
        note_key_parse(&new, to, strlen(to)) != 0 || (held && !note_key_equal(&old, key)))
        goto out;
    merkle_leaf(leaf, json_string_value(text), json_string_length(text));
    good = checkpoint_proof_parse(&index, &p, &note, &note_len, json_string_value(proof),
                                  json_string_length(proof)) == 0 &&
           (json_int_t)index == json_integer_value(json_object_get(step, "index")) &&
           (json_int_t)index == json_integer_value(json_object_get(line, "n")) &&
           checkpoint_open(&c, note, note_len, &old) == NOTE_GOOD &&
           merkle_check_inclusion(&p, leaf, index, c.size, c.root);
    if (good)
        *key = new;
out:
    json_decref(line);
    return good;
}

bool trust_chain_of(const json_t *steps, const struct note_key *from, const struct note_key *to)
{
    struct note_key key = *from;

    for (size_t i = 0; i < json_array_size(steps) && !note_key_equal(&key, to); i++)
        (void)!trust_step(json_array_get(steps, i), &key, true);
    return note_key_equal(&key, to);
}

static enum exit_code keep_key(struct trust *t, const struct note_key *key)
{
    char text[NOTE_KEY_MAX + 1];
    size_t len;

    note_key_format(text, key);
    len = strlen(text);
    text[len++] = '\n';
    if (write_file(t, "key", text, len) != 0)
        return EXIT_INTERNAL;
    t->key = *key;
    t->known = true;
    return EXIT_DONE;
}

enum exit_code trust_pin(struct trust *t, const struct client *c, const struct note_key *key)
{
    if (!t->known)
        return write_file(t, "service", client_base(c), strlen(client_base(c))) == 0
                   ? keep_key(t, key)
                   : EXIT_INTERNAL;
    if (note_key_equal(&t->key, key))
        return EXIT_DONE;
    terminal_say("%s/key is another key than the one that was named.", t->dir);
    terminal_hint("Nothing was checked. If the named one is right, and was not just replaced, the "
                  "service is not what it was: ask its operator.");
    return EXIT_UNVERIFIED;
}

/* The first meeting: there is nothing to hold the key against. */
static enum exit_code first_key(struct trust *t, struct client *c)
{
    struct client_reply reply;
    struct note_key key;
    enum exit_code rc = EXIT_SERVICE;

    if (service_audit(c, "/key", &reply) && reply.len > 0 &&
        note_key_parse(&key, reply.data, reply.len - 1) == 0)
        rc = trust_pin(t, c, &key);
    client_reply_clear(&reply);
    return rc;
}

/* The service signs with another key than the one that is held: does that one say so? */
static enum exit_code newer_key(struct trust *t, struct client *c)
{
    struct client_reply reply;
    struct note_key key;
    enum exit_code rc = EXIT_SERVICE;
    const char *text;

    if (!service_audit_json(c, "/keys", &reply)) {
        client_reply_clear(&reply);
        return rc;
    }
    text = client_text(&reply, "key");
    if (text != NULL && note_key_parse(&key, text, strlen(text)) == 0) {
        if (trust_chain_of(json_object_get(reply.body, "replaced"), &t->key, &key)) {
            rc = keep_key(t, &key);
        } else {
            terminal_say("THE SERVICE'S LOG IS SIGNED BY A KEY THAT THE KNOWN ONE DID NOT "
                         "APPOINT.");
            terminal_hint("Known here: %s/key. It signs now by: %s", t->dir, text);
            terminal_hint("Ask its operator by another channel. Only if that key is right, move "
                          "the folder away: then it is taken on anew.");
            rc = EXIT_UNVERIFIED;
        }
    }
    client_reply_clear(&reply);
    return rc;
}

/* ---- checkpoints ---- */

int trust_hashes(struct merkle_proof *p, const json_t *hashes)
{
    p->count = 0;
    if (!json_is_array(hashes) || json_array_size(hashes) > MERKLE_PROOF_MAX)
        return -1;
    for (size_t i = 0; i < json_array_size(hashes); i++, p->count++) {
        const json_t *hash = json_array_get(hashes, i);

        if (!json_is_string(hash) ||
            encoding_base64_exact(p->hash[i], MERKLE_HASH_BYTES, json_string_value(hash),
                                  json_string_length(hash)) != 0)
            return -1;
    }
    return 0;
}

/* The service said two things that cannot both be true: keeps the proof of it. */
static enum exit_code conflict(struct trust *t, const char *note, size_t len, uint64_t size,
                               const char *what)
{
    char name[64];

    (void)snprintf(name, sizeof name, "conflict-%llu.note", (unsigned long long)size);
    (void)!write_file(t, name, note, len);
    terminal_say("%s", what);
    terminal_hint("Kept here: a checkpoint of %llu events that it has signed; shown now: one of "
                  "%llu.",
                  (unsigned long long)t->latest.size, (unsigned long long)size);
    terminal_hint("An old copy of its data was put back, or events were changed. Tell its operator "
                  "and your auditor. The proof: checkpoint and %s in %s",
                  name, t->dir);
    return EXIT_UNVERIFIED;
}

static const char rewritten[] =
    "THE SERVICE'S LOG WAS REWRITTEN: what it signs now does not continue what it signed before.";
static const char went_back[] = "THE SERVICE'S LOG WENT BACK: it has lost events that it signed.";

/* Whether the service can prove that the smaller one is the beginning of the larger. */
static enum exit_code consistent(struct client *c, const struct checkpoint *a,
                                 const struct checkpoint *b, bool *good)
{
    struct client_reply reply;
    struct merkle_proof p = {.count = 0};
    char path[128];

    (void)snprintf(path, sizeof path, "/consistency?from=%llu&to=%llu", (unsigned long long)a->size,
                   (unsigned long long)b->size);
    if (a->size == b->size || a->size == 0) {
        *good = merkle_check_consistency(&p, a->size, a->root, b->size, b->root);
        return EXIT_DONE;
    }
    if (!service_audit_json(c, path, &reply)) {
        client_reply_clear(&reply);
        return EXIT_SERVICE;
    }
    *good = trust_hashes(&p, json_object_get(reply.body, "hashes")) == 0 &&
            merkle_check_consistency(&p, a->size, a->root, b->size, b->root);
    client_reply_clear(&reply);
    return EXIT_DONE;
}

static enum exit_code keep(struct trust *t, const struct checkpoint *c, const char *note,
                           size_t len)
{
    if (t->kept && c->size <= t->latest.size)
        return EXIT_DONE;
    if (write_file(t, "checkpoint", note, len) != 0)
        return EXIT_INTERNAL;
    t->latest = *c;
    t->kept = true;
    return EXIT_DONE;
}

/* A checkpoint that is older than the kept one may have been on its way when another process got
   that: what the service shows now decides. */
static enum exit_code check_older(struct trust *t, struct client *c, const struct checkpoint *got,
                                  const char *note, size_t len)
{
    struct client_reply reply;
    struct checkpoint now = *got;
    bool good = false;
    enum exit_code rc = EXIT_SERVICE;

    if (service_audit(c, "/checkpoint", &reply) &&
        checkpoint_open(&now, reply.data, reply.len, &t->key) == NOTE_GOOD)
        rc = EXIT_DONE;
    client_reply_clear(&reply);
    if (rc == EXIT_DONE && now.size < t->latest.size)
        return conflict(t, note, len, got->size, went_back);
    if (rc == EXIT_DONE)
        rc = consistent(c, got, &t->latest, &good);
    return rc != EXIT_DONE || good ? rc : conflict(t, note, len, got->size, rewritten);
}

enum exit_code trust_checkpoint(struct trust *t, struct client *c, const char *note, size_t len,
                                struct checkpoint *out)
{
    enum note_verdict verdict;
    enum exit_code rc = t->known ? EXIT_DONE : first_key(t, c);
    bool good = true;

    if (rc != EXIT_DONE)
        return rc;
    verdict = checkpoint_open(out, note, len, &t->key);
    if (verdict == NOTE_UNSIGNED) {
        rc = newer_key(t, c);
        if (rc != EXIT_DONE)
            return rc;
        verdict = checkpoint_open(out, note, len, &t->key);
    }
    if (verdict != NOTE_GOOD) {
        terminal_say("The service's checkpoint %s.",
                     verdict == NOTE_FORGED     ? "has a signature that does not verify"
                     : verdict == NOTE_UNSIGNED ? "is not signed by its key"
                                                : "is malformed");
        return EXIT_UNVERIFIED;
    }
    if (t->kept && out->size < t->latest.size)
        return check_older(t, c, out, note, len);
    if (t->kept)
        rc = consistent(c, &t->latest, out, &good);
    if (rc == EXIT_DONE && !good)
        return conflict(t, note, len, out->size, rewritten);
    return rc == EXIT_DONE ? keep(t, out, note, len) : rc;
}

enum exit_code trust_update(struct trust *t, struct client *c, struct checkpoint *out,
                            char note[NOTE_BYTES], size_t *len)
{
    struct client_reply reply;
    enum exit_code rc;

    *len = 0;
    if (!service_audit(c, "/checkpoint", &reply)) {
        rc = problem_say(c, &reply, NULL);
    } else if (reply.len == 0 || reply.len > NOTE_BYTES) {
        terminal_say("The service's checkpoint is malformed.");
        rc = EXIT_UNVERIFIED;
    } else {
        memcpy(note, reply.data, reply.len);
        *len = reply.len;
        rc = trust_checkpoint(t, c, note, *len, out);
        if (rc == EXIT_SERVICE)
            terminal_say("The service does not prove that its log continues what it was.");
    }
    client_reply_clear(&reply);
    return rc;
}

/* ---- events ---- */

static enum exit_code keep_event(const struct trust *t, int64_t index, const char *line,
                                 size_t line_len, const char *proof, size_t proof_len)
{
    char name[64];

    (void)snprintf(name, sizeof name, "proofs/%lld.event", (long long)index);
    if (write_file(t, name, line, line_len) != 0)
        return EXIT_INTERNAL;
    (void)snprintf(name, sizeof name, "proofs/%lld.tlog-proof", (long long)index);
    return write_file(t, name, proof, proof_len) == 0 ? EXIT_DONE : EXIT_INTERNAL;
}

enum exit_code trust_event(struct trust *t, struct client *c, int64_t index, const char *line,
                           size_t line_len, const char *proof, size_t proof_len)
{
    uint8_t leaf[MERKLE_HASH_BYTES];
    struct merkle_proof p;
    struct checkpoint checkpoint;
    const char *note = NULL;
    size_t note_len = 0;
    uint64_t proved;
    enum exit_code rc = EXIT_UNVERIFIED;

    if (checkpoint_proof_parse(&proved, &p, &note, &note_len, proof, proof_len) == 0 &&
        proved == (uint64_t)index) {
        rc = trust_checkpoint(t, c, note, note_len, &checkpoint);
        if (rc != EXIT_DONE)
            return rc;
        merkle_leaf(leaf, line, line_len);
        if (!merkle_check_inclusion(&p, leaf, proved, checkpoint.size, checkpoint.root))
            rc = EXIT_UNVERIFIED;
    }
    if (rc == EXIT_DONE)
        return keep_event(t, index, line, line_len, proof, proof_len);
    terminal_say("THE SERVICE DOES NOT PROVE THAT ITS LOG HAS RECORDED THIS (event %lld).",
                 (long long)index);
    terminal_hint("Tell its operator; handoff audit verify tells more to who may read the log.");
    return rc;
}

static enum exit_code fetch_and_check(struct trust *t, struct client *c, int64_t index,
                                      const json_t *line)
{
    struct client_reply reply;
    char path[64];
    enum exit_code rc = EXIT_SERVICE;

    (void)snprintf(path, sizeof path, "/proof/%lld", (long long)index);
    if (service_audit(c, path, &reply))
        rc = trust_event(t, c, index, json_string_value(line), json_string_length(line), reply.data,
                         reply.len);
    client_reply_clear(&reply);
    return rc;
}

enum exit_code trust_reply(struct client *c, const struct client_reply *reply)
{
    const json_t *event = json_object_get(reply->body, "event");
    const json_t *line = json_object_get(event, "line"), *proof = json_object_get(event, "proof");
    const int64_t index = (int64_t)json_integer_value(json_object_get(event, "index"));
    struct trust t;
    enum exit_code rc;

    if (!json_is_string(line))
        return EXIT_DONE; /* a service from before its log could prove anything */
    rc = trust_load(&t, client_base(c));
    if (rc == EXIT_DONE && json_is_string(proof))
        rc = trust_event(&t, c, index, json_string_value(line), json_string_length(line),
                         json_string_value(proof), json_string_length(proof));
    else if (rc == EXIT_DONE)
        rc = fetch_and_check(&t, c, index, line);
    if (rc == EXIT_UNVERIFIED)
        return rc;
    if (rc != EXIT_DONE)
        terminal_say("The log's proof of this could not be kept now; handoff evidence gets it "
                     "later.");
    return EXIT_DONE;
}

enum exit_code trust_look(struct client *c)
{
    struct client_reply reply;
    struct checkpoint checkpoint;
    struct trust t;
    enum exit_code rc = EXIT_DONE;

    if (trust_load(&t, client_base(c)) != EXIT_DONE)
        return EXIT_DONE;
    if (service_audit(c, "/checkpoint", &reply))
        rc = trust_checkpoint(&t, c, reply.data, reply.len, &checkpoint);
    client_reply_clear(&reply);
    return rc == EXIT_UNVERIFIED ? rc : EXIT_DONE;
}
