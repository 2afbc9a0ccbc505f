/*
 * The C protocol behind a pipe, for the tests of other languages: a JSON request a line on stdin,
 * an answer a line on stdout. Bytes are base64url.
 *
 *   {"op":"derive", H}                        the keys by name
 *   {"op":"seal", H, "plaintext"|"payload"}   {"envelope"}
 *   {"op":"open", H, "envelope"}              {"plaintext","payload"}, payload null for other
 * content
 *   {"op":"sign", H, "outcome","envelope_hash","at","details"?}   {"statement","signature"}
 *   {"op":"verify", "statement","signature","receipt_key"}        {"valid"}
 *
 * H stands for "id", "link_key" and "code" (or null). Whatever is refused is {"error":true}.
 */
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/credential.h"
#include "vault/protocol/handoff/envelope.h"
#include "vault/protocol/handoff/keys.h"
#include "vault/protocol/handoff/receipt.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct handoff {
    uint8_t id[16];
    struct keys *keys;
};

/* ---- bytes in JSON ---- */

static json_t *text_of(const uint8_t *data, size_t len)
{
    char *text = malloc(ENCODING_BASE64URL_LEN(len) + 1);
    json_t *value = NULL;

    if (text == NULL)
        return NULL;
    encoding_base64url(text, data, len);
    value = json_string(text);
    free(text);
    return value;
}

/* The bytes of a member, which the caller frees; NULL when it is no base64url. */
static uint8_t *bytes_of(const json_t *request, const char *name, size_t *len)
{
    const json_t *value = json_object_get(request, name);
    const size_t text_len = json_string_length(value);
    uint8_t *bytes = malloc(text_len + 1);

    if (bytes != NULL && json_is_string(value) &&
        encoding_base64url_decode(bytes, text_len, len, json_string_value(value), text_len) == 0)
        return bytes;
    free(bytes);
    return NULL;
}

static int exactly(const json_t *request, const char *name, uint8_t *out, size_t size)
{
    const json_t *value = json_object_get(request, name);

    return json_is_string(value) ? encoding_base64url_exact(out, size, json_string_value(value),
                                                            json_string_length(value))
                                 : -1;
}

/* ---- payloads ---- */

static struct credential_value *value_of(struct credential *c, const char *name)
{
    const struct {
        const char *name;
        struct credential_value *value;
    } members[] = {{"username", &c->username}, {"password", &c->password}, {"url", &c->url},
                   {"note", &c->note},         {"text", &c->text},         {"name", &c->name},
                   {"data", &c->data}};

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (strcmp(members[i].name, name) == 0)
            return members[i].value;
    return NULL;
}

static const char *const type_names[] = {"credential", "text", "file"};

static struct secret *encode(json_t *payload)
{
    struct credential c = {.type = CREDENTIAL_LOGIN};
    struct secret *json;
    uint8_t *data = NULL;
    const char *name, *why;
    json_t *member;

    json_object_foreach (payload, name, member) {
        struct credential_value *value = value_of(&c, name);

        if (strcmp(name, "type") == 0) {
            while (c.type < CREDENTIAL_FILE &&
                   strcmp(type_names[c.type], json_string_value(member)) != 0)
                c.type++;
        } else if (strcmp(name, "data") == 0) {
            data = bytes_of(payload, name, &c.data.len);
            c.data.data = data;
        } else if (value != NULL) {
            value->data = (const uint8_t *)json_string_value(member);
            value->len = json_string_length(member);
        }
    }
    json = credential_encode(&c, &why);
    free(data);
    return json;
}

static json_t *decode(const struct secret *json)
{
    static const char *const names[] = {"username", "password", "url", "note", "text", "name"};
    struct credential c;
    const char *why;
    json_t *payload;

    if (credential_decode(&c, json, &why) != 0)
        return json_null();
    payload = json_pack("{s:s}", "type", type_names[c.type]);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct credential_value *value = value_of(&c, names[i]);

        if (value->data != NULL)
            json_object_set_new(payload, names[i],
                                json_stringn((const char *)value->data, value->len));
    }
    if (c.data.data != NULL)
        json_object_set_new(payload, "data", text_of(c.data.data, c.data.len));
    credential_clear(&c);
    return payload;
}

/* ---- what can be asked ---- */

static json_t *derive(const json_t *request, const struct handoff *h)
{
    const struct keys *k = h->keys;
    uint8_t receipt_key[32];

    (void)request;
    keys_receipt_public(receipt_key, k->receipt_seed);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "content_key", text_of(k->content_key, 32),
                     "claim_token", text_of(k->claim_token, 32), "receipt_seed",
                     text_of(k->receipt_seed, 32), "opened_token", text_of(k->opened_token, 32),
                     "link_token", k->code ? text_of(k->link_token, 32) : json_null(),
                     "receipt_key", text_of(receipt_key, 32));
}

static json_t *seal_bytes(const struct handoff *h, const uint8_t *plain, size_t len)
{
    uint8_t *envelope = malloc(envelope_size(len));
    json_t *answer = NULL;

    if (envelope != NULL && envelope_seal(envelope, h->keys, h->id, plain, len, NULL) == 0)
        answer = json_pack("{s:o}", "envelope", text_of(envelope, envelope_size(len)));
    free(envelope);
    return answer;
}

static json_t *seal(const json_t *request, const struct handoff *h)
{
    json_t *payload = json_object_get(request, "payload"), *answer = NULL;

    if (payload != NULL) {
        struct secret *json = encode(payload);

        if (json != NULL)
            answer = seal_bytes(h, secret_bytes(json), secret_len(json));
        secret_free(json);
    } else {
        size_t len;
        uint8_t *plain = bytes_of(request, "plaintext", &len);

        if (plain != NULL)
            answer = seal_bytes(h, plain, len);
        free(plain);
    }
    return answer;
}

static json_t *open_envelope(const json_t *request, const struct handoff *h)
{
    size_t len;
    uint8_t *envelope = bytes_of(request, "envelope", &len);
    struct secret *plain = envelope != NULL ? envelope_open(h->keys, h->id, envelope, len) : NULL;
    json_t *answer = NULL;

    if (plain != NULL)
        answer =
            json_pack("{s:o, s:o}", "plaintext", text_of(secret_bytes(plain), secret_len(plain)),
                      "payload", decode(plain));
    secret_free(plain);
    free(envelope);
    return answer;
}

static json_t *sign(const json_t *request, const struct handoff *h)
{
    const json_t *details = json_object_get(request, "details");
    const char *outcome = json_string_value(json_object_get(request, "outcome"));
    struct receipt r = {.at = json_integer_value(json_object_get(request, "at")),
                        .details = json_string_value(details),
                        .details_len = json_string_length(details)};
    char statement[RECEIPT_STATEMENT_MAX];
    uint8_t signature[RECEIPT_SIGNATURE_BYTES];
    size_t len;

    if (outcome == NULL || exactly(request, "envelope_hash", r.envelope_hash, 32) != 0)
        return NULL;
    r.outcome = strcmp(outcome, "confirmed") == 0 ? RECEIPT_CONFIRMED : RECEIPT_REJECTED;
    memcpy(r.id, h->id, sizeof(r.id));
    len = receipt_statement(statement, &r);
    receipt_sign(signature, statement, len, h->keys->receipt_seed);
    return json_pack("{s:s%, s:o}", "statement", statement, len, "signature",
                     text_of(signature, sizeof(signature)));
}

static json_t *verify(const json_t *request, const struct handoff *h)
{
    const json_t *statement = json_object_get(request, "statement");
    uint8_t signature[RECEIPT_SIGNATURE_BYTES], receipt_key[32];

    (void)h;
    if (!json_is_string(statement) || exactly(request, "signature", signature, 64) != 0 ||
        exactly(request, "receipt_key", receipt_key, 32) != 0)
        return NULL;
    return json_pack("{s:b}", "valid",
                     receipt_verify(signature, json_string_value(statement),
                                    json_string_length(statement), receipt_key));
}

static const struct {
    const char *name;
    json_t *(*answer)(const json_t *request, const struct handoff *h);
    bool keys; /* whether it needs a handoff's */
} ops[] = {{"derive", derive, true},
           {"seal", seal, true},
           {"open", open_envelope, true},
           {"sign", sign, true},
           {"verify", verify, false}};

/* ---- serving ---- */

static int find_keys(const json_t *request, struct handoff *h)
{
    const json_t *code = json_object_get(request, "code"), *id = json_object_get(request, "id");
    struct secret *normalised = NULL;
    uint8_t link_key[32];
    const char *why;

    if (!json_is_string(id) || exactly(request, "link_key", link_key, sizeof(link_key)) != 0 ||
        encoding_id_parse(h->id, json_string_value(id), json_string_length(id)) != 0)
        return -1;
    if (json_is_string(code)) {
        normalised = keys_code_normalise(json_string_value(code), json_string_length(code), &why);
        if (normalised == NULL)
            return -1;
    }
    h->keys = keys_derive(link_key, h->id, normalised);
    secret_free(normalised);
    return h->keys != NULL ? 0 : -1;
}

static json_t *answer_to(const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "op"));
    struct handoff h = {.keys = NULL};
    json_t *answer = NULL;

    for (size_t i = 0; name != NULL && i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(ops[i].name, name) == 0 && (!ops[i].keys || find_keys(request, &h) == 0))
            answer = ops[i].answer(request, &h);
    keys_free(h.keys);
    return answer != NULL ? answer : json_pack("{s:b}", "error", 1);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    if (sodium_init() < 0)
        return 1;
    while ((len = getline(&line, &size, stdin)) > 0) {
        json_t *request = json_loadb(line, (size_t)len, JSON_ALLOW_NUL, NULL);
        json_t *answer = answer_to(request);

        json_dumpf(answer, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        putchar('\n');
        fflush(stdout);
        json_decref(answer);
        json_decref(request);
    }
    free(line);
    return 0;
}
