/* What anyone may ask of the log, so that whoever holds an old checkpoint can check a newer one. */
#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/endpoints.h"
#include "api/http/query.h"
#include "vault/protocol/encoding/encoding.h"

#include <stdlib.h>
#include <string.h>

enum { CONSISTENCY_MAX = 64 + MERKLE_PROOF_MAX * 48, KEYS_REPLY_MAX = 512 * 1024 };

static const char plain[] = "text/plain; charset=utf-8";
static const char fewer[] = "The log has fewer events than that.";

static void reply_plain(struct request *r, const struct text *t)
{
    r->reply.type = plain;
    request_reply(r, MHD_HTTP_OK, t);
}

/* Ends a call that the vault answered; says in words what was not found. */
static void reply(struct request *r, enum answer answer, const struct text *t)
{
    if (answer == ANSWER_NOT_FOUND) {
        request_drop_reply(r);
        request_refuse(r, PROBLEM_NOT_FOUND, fewer);
    } else if (answer != ANSWER_OK) {
        request_drop_reply(r);
        (void)request_refused(r, answer);
    } else {
        reply_plain(r, t);
    }
}

/* Reads size, where it may be asked for; -1: the newest. Returns 0, or -1 with the reply filled. */
static int take_size(struct request *r, int64_t *size)
{
    uint64_t asked = UINT64_MAX;
    const struct query_argument arguments[] = {
        {.name = "size", .number = &asked, .max = INT64_MAX}};
    const char *objection =
        query_read(r, arguments, 1,
                   "Only size is asked for here, once: a number of events, the newest "
                   "checkpoint's where it is not given.");

    *size = asked == UINT64_MAX ? -1 : (int64_t)asked;
    if (objection != NULL)
        request_refuse(r, PROBLEM_BAD_REQUEST, objection);
    return objection != NULL ? -1 : 0;
}

void audit_checkpoint(struct request *r)
{
    struct text t;
    int64_t size;

    if (take_size(r, &size) != 0)
        return;
    t = request_json(r, NOTE_BYTES);
    reply(r, vault_checkpoint(r->service->vault, size, &t), &t);
}

void audit_key(struct request *r)
{
    char text[NOTE_KEY_MAX];
    struct note_key key;
    struct text t;

    if (request_refused(r, vault_log_key(r->service->vault, &key)))
        return;
    note_key_format(text, &key);
    t = request_json(r, sizeof(text) + 1);
    text_add(&t, text);
    text_add(&t, "\n");
    reply_plain(r, &t);
}

static void add_key(void *ctx, int64_t index, const char *line, size_t line_len, const char *proof,
                    size_t proof_len)
{
    struct text *t = ctx;

    text_add(t, t->data[t->len - 1] == '[' ? "{\"index\":" : ",{\"index\":");
    text_i64(t, index);
    text_add(t, ",\"line\":");
    text_json_string(t, line, line_len);
    text_add(t, ",\"proof\":");
    text_json_string(t, proof, proof_len);
    text_add(t, "}");
}

void audit_keys(struct request *r)
{
    struct vault *vault = r->service->vault;
    char text[NOTE_KEY_MAX];
    struct note_key key;
    struct text t;

    if (request_refused(r, vault_log_key(vault, &key)))
        return;
    note_key_format(text, &key);
    t = request_json(r, KEYS_REPLY_MAX);
    text_add(&t, "{\"key\":");
    text_json_string(&t, text, strlen(text));
    text_add(&t, ",\"replaced\":[");
    if (t.overflow) {
        request_refuse(r, PROBLEM_UNAVAILABLE, NULL);
        return;
    }
    if (request_refused(r, vault_log_keys(vault, add_key, &t)))
        return;
    text_add(&t, "]}");
    request_reply(r, MHD_HTTP_OK, &t);
}

void audit_proof(struct request *r)
{
    uint64_t index;
    int64_t size;
    struct text t;

    if (encoding_u64(&index, r->rest, strlen(r->rest), INT64_MAX) != 0) {
        request_refuse(r, PROBLEM_BAD_REQUEST,
                       "What is asked for is the index of an event: a number without sign or "
                       "leading zeros.");
        return;
    }
    if (take_size(r, &size) != 0)
        return;
    t = request_json(r, CHECKPOINT_PROOF_MAX);
    reply(r, vault_proof(r->service->vault, (int64_t)index, size, &t), &t);
}

void audit_consistency(struct request *r)
{
    uint64_t from = UINT64_MAX, to = UINT64_MAX;
    const struct query_argument arguments[] = {
        {.name = "from", .number = &from, .max = INT64_MAX},
        {.name = "to", .number = &to, .max = INT64_MAX},
    };
    const char *objection =
        query_read(r, arguments, 2,
                   "from and to are asked for here, each once: numbers of events; to is that "
                   "of the whole log where it is not given.");
    struct merkle_proof p;
    struct text t;
    int64_t size;
    enum answer answer;

    if (objection == NULL && from == UINT64_MAX)
        objection = "from is missing: the size of the checkpoint that you hold.";
    if (objection == NULL && to != UINT64_MAX && from > to)
        objection = "from is larger than to.";
    if (objection != NULL) {
        request_refuse(r, PROBLEM_BAD_REQUEST, objection);
        return;
    }
    size = to == UINT64_MAX ? -1 : (int64_t)to;
    answer = vault_consistency(r->service->vault, (int64_t)from, &size, &p);
    if (answer == ANSWER_NOT_FOUND) {
        request_refuse(r, PROBLEM_NOT_FOUND, fewer);
        return;
    }
    if (request_refused(r, answer))
        return;
    t = request_json(r, CONSISTENCY_MAX);
    text_add(&t, "{\"hashes\":[");
    for (size_t i = 0; i < p.count; i++) {
        text_add(&t, i > 0 ? ",\"" : "\"");
        text_base64(&t, p.hash[i], MERKLE_HASH_BYTES);
        text_add(&t, "\"");
    }
    text_add(&t, "]}");
    request_reply(r, MHD_HTTP_OK, &t);
}
