#include "vault/protocol/handoff/credential.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/jsontext.h"
#include "vault/protocol/encoding/text.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

/* A member of a type: its name, where its value is kept, and what is asked of it. */
struct member {
    const char *name;
    size_t offset;
    bool needed, binary;
    const char *missing, *not_utf8;
};

#define MEMBER(field) .name = #field, .offset = offsetof(struct credential, field)
#define NOT_UTF8(field)                                                                            \
    .not_utf8 = "the " field " is not valid UTF-8 text: send it as a file instead"

static const struct member login_members[] = {
    {MEMBER(username), NOT_UTF8("user name")},
    {MEMBER(password), .needed = true, .missing = "the password is empty", NOT_UTF8("password")},
    {MEMBER(url), NOT_UTF8("URL")},
    {MEMBER(note), NOT_UTF8("note")},
    {.name = NULL}};

static const struct member text_members[] = {
    {MEMBER(text), .needed = true, .missing = "the text is empty", NOT_UTF8("text")},
    {.name = NULL}};

static const struct member file_members[] = {
    {MEMBER(name), .needed = true, .missing = "the file's name is empty", NOT_UTF8("file's name")},
    {MEMBER(data), .needed = true, .binary = true, .missing = "the file's data is missing"},
    {.name = NULL}};

static const struct {
    const char *name;
    const struct member *members;
} types[] = {
    [CREDENTIAL_LOGIN] = {"credential", login_members},
    [CREDENTIAL_TEXT] = {"text", text_members},
    [CREDENTIAL_FILE] = {"file", file_members},
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

static const struct credential_value *value_of(const struct credential *c, const struct member *m)
{
    return (const struct credential_value *)(const void *)((const char *)c + m->offset);
}

/* Whether a value may stand where m is; NULL, or why not. */
static const char *objection(const struct member *m, const struct credential_value *v)
{
    if (m->needed && (v->data == NULL || (v->len == 0 && !m->binary)))
        return m->missing;
    if (v->data != NULL && !m->binary && !encoding_utf8_valid(v->data, v->len))
        return m->not_utf8;
    return NULL;
}

/* ---- writing ---- */

/* What a value takes at most: locked memory is scarce, so plain characters count once. */
static size_t room_for_value(const struct credential_value *v, bool binary)
{
    enum { ESCAPED = 6 };
    size_t size = 0;

    if (binary)
        return ENCODING_BASE64URL_LEN(v->len);
    for (size_t i = 0; i < v->len; i++) {
        const uint8_t c = v->data[i];

        size += c < 0x20 || c == '"' || c == '\\' || c == 0x7f ? ESCAPED : 1;
    }
    return size;
}

static size_t room_for(const struct credential *c)
{
    enum { AROUND = 32 };
    size_t size = 64;

    for (const struct member *m = types[c->type].members; m->name != NULL; m++)
        size += AROUND + room_for_value(value_of(c, m), m->binary);
    return size;
}

static void add_member(struct text *t, const struct member *m, const struct credential_value *v)
{
    text_add(t, ",\"");
    text_add(t, m->name);
    text_add(t, "\":");
    if (m->binary) {
        text_add(t, "\"");
        text_base64url(t, v->data, v->len);
        text_add(t, "\"");
    } else {
        text_json_string(t, (const char *)v->data, v->len);
    }
}

struct secret *credential_encode(const struct credential *c, const char **why)
{
    const struct member *const members = types[c->type].members;
    struct secret *json;
    struct text t;

    for (const struct member *m = members; m->name != NULL; m++) {
        *why = objection(m, value_of(c, m));
        if (*why != NULL)
            return NULL;
    }
    *why = "out of memory";
    json = secret_new(room_for(c));
    if (json == NULL)
        return NULL;
    t = text_into((char *)secret_data(json), secret_capacity(json));
    text_add(&t, "{\"type\":\"");
    text_add(&t, types[c->type].name);
    text_add(&t, "\"");
    for (const struct member *m = members; m->name != NULL; m++)
        if (value_of(c, m)->data != NULL)
            add_member(&t, m, value_of(c, m));
    text_add(&t, "}");
    if (t.overflow || secret_resize(json, t.len) != 0) {
        secret_free(json);
        return NULL;
    }
    return json;
}

/* ---- reading ---- */

/* Copies a member's value into the owner's memory. Returns NULL, or what is wrong. */
static const char *take_member(struct credential *out, const struct member *m, const json_t *value)
{
    struct credential_value *v = (struct credential_value *)(void *)((char *)out + m->offset);
    const size_t at = secret_len(out->owner);
    const char *text = json_string_value(value);
    const size_t len = json_string_length(value);

    if (text == NULL)
        return "a member of the content is not a string";
    v->data = secret_bytes(out->owner) + at;
    if (m->binary) {
        if (encoding_base64url_decode(secret_data(out->owner) + at,
                                      secret_capacity(out->owner) - at, &v->len, text, len) != 0 ||
            secret_resize(out->owner, at + v->len) != 0)
            return "the file's data is not base64url";
    } else {
        if (secret_append(out->owner, text, len) != 0)
            return "out of memory";
        v->len = len;
    }
    return objection(m, v);
}

static const char *take_members(struct credential *out, const json_t *root)
{
    size_t taken = 1; /* type */

    for (const struct member *m = types[out->type].members; m->name != NULL; m++) {
        const json_t *value = json_object_get(root, m->name);
        const char *why;

        if (value == NULL) {
            if (m->needed)
                return m->missing;
            continue;
        }
        why = take_member(out, m, value);
        if (why != NULL)
            return why;
        taken++;
    }
    return taken == json_object_size(root) ? NULL : "the content has a member that is not known";
}

static int find_type(struct credential *out, const json_t *root)
{
    const json_t *type = json_object_get(root, "type");
    const char *name = json_string_value(type);
    const size_t len = json_string_length(type); /* it may hold a NUL */

    for (size_t i = 0; name != NULL && i < TYPES; i++)
        if (len == strlen(types[i].name) && memcmp(name, types[i].name, len) == 0) {
            out->type = (enum credential_type)i;
            return 0;
        }
    return -1;
}

int credential_decode(struct credential *out, const struct secret *json, const char **why)
{
    json_t *root;

    memset(out, 0, sizeof(*out));
    *why = "the content is not JSON of the kind that this program knows";
    root = jsontext_parse((const char *)secret_bytes(json), secret_len(json),
                          JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!json_is_object(root) || find_type(out, root) != 0)
        goto fail;
    *why = "out of memory";
    out->owner = secret_new(secret_len(json));
    if (out->owner == NULL)
        goto fail;
    *why = take_members(out, root);
    if (*why != NULL)
        goto fail;
    json_decref(root);
    return 0;

fail:
    json_decref(root);
    credential_clear(out);
    return -1;
}

void credential_clear(struct credential *c)
{
    secret_free(c->owner);
    memset(c, 0, sizeof(*c));
}
