#include "api/http/fields.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/jsontext.h"

#include <string.h>

/* name: of len bytes; "" for no member's fault. */
static void object(struct fields *f, enum problem_code code, const char *name, size_t len,
                   const char *detail)
{
    const size_t fits = len < PROBLEM_MEMBER_MAX ? len : 0; /* an absurd name is not repeated */

    if (f->problem.code != PROBLEM_NONE)
        return;
    f->problem.code = code;
    f->problem.detail = detail;
    memcpy(f->problem.member, name, fits);
    f->problem.member[fits] = '\0';
}

void fields_object(struct fields *f, const char *name, const char *detail)
{
    object(f, PROBLEM_BAD_REQUEST, name, strlen(name), detail);
}

void fields_too_large(struct fields *f, const char *name, size_t limit)
{
    object(f, PROBLEM_TOO_LARGE, name, strlen(name), NULL);
    f->problem.limit = (int64_t)limit;
}

void fields_short_of_memory(struct fields *f)
{
    object(f, PROBLEM_UNAVAILABLE, "", 0, NULL);
}

static void read_tree(struct fields *f, const char *body, size_t len)
{
    json_error_t error;

    f->root = len > 0 ? jsontext_parse(body, len, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (json_is_object(f->root))
        return;
    if (f->root == NULL && len > 0 && json_error_code(&error) == json_error_out_of_memory)
        fields_short_of_memory(f);
    fields_object(f, "",
                  f->root == NULL && len > 0 && json_error_code(&error) == json_error_duplicate_key
                      ? "A member stands twice in the body. Nothing was changed."
                      : "The body is not a JSON object in UTF-8. Nothing was changed.");
}

void fields_begin(struct fields *f, const uint8_t *body, size_t len)
{
    const char *const text = (const char *)body;

    f->json_scan_count = 0;
    f->root = NULL;
    f->taken_count = 0;
    memset(&f->problem, 0, sizeof(f->problem));
    if (len == 0 || !json_scan_read(f->plain, FIELDS_MAX, &f->json_scan_count, text, len))
        read_tree(f, text, len);
}

/* A member of the tree as one of a plain body, but for its name. */
static void from_tree(struct json_scan_member *m, const json_t *value)
{
    memset(m, 0, sizeof(*m));
    if (json_is_string(value)) {
        m->kind = JSON_SCAN_STRING;
        m->text = json_string_value(value);
        m->text_len = json_string_length(value);
    } else if (json_is_integer(value)) {
        m->kind = JSON_SCAN_INTEGER;
        m->number = json_integer_value(value);
    } else if (json_is_boolean(value)) {
        m->kind = JSON_SCAN_BOOL;
        m->number = json_is_true(value);
    } else {
        m->kind = JSON_SCAN_OTHER;
    }
}

/* Finds a member of either kind of body. */
static bool find(const struct fields *f, const char *name, struct json_scan_member *out)
{
    const struct json_scan_member *plain;
    const json_t *value;

    if (f->root != NULL) {
        value = json_object_get(f->root, name);
        if (value != NULL)
            from_tree(out, value);
        return value != NULL;
    }
    plain = json_scan_find(f->plain, f->json_scan_count, name, strlen(name));
    if (plain != NULL)
        *out = *plain;
    return plain != NULL;
}

/* Gives a needed member, which counts as taken; false when something is or was wrong. */
static bool take(struct fields *f, const char *name, struct json_scan_member *out)
{
    if (f->problem.code != PROBLEM_NONE)
        return false;
    if (!find(f, name, out)) {
        fields_object(f, name, "A member is missing. Nothing was changed.");
        return false;
    }
    if (f->taken_count < FIELDS_MAX)
        f->taken[f->taken_count++] = name;
    return true;
}

/* Objects to a member that was not taken. */
static void judge(struct fields *f, const char *name, size_t len)
{
    for (size_t i = 0; i < f->taken_count; i++)
        if (fields_is(name, len, f->taken[i]))
            return;
    object(f, PROBLEM_UNKNOWN_MEMBER, name, len, NULL);
}

bool fields_end(struct fields *f)
{
    const size_t count = f->root != NULL ? json_object_size(f->root) : f->json_scan_count;

    if (f->problem.code == PROBLEM_NONE && count != f->taken_count) {
        const char *name;
        json_t *value;

        for (size_t i = 0; i < f->json_scan_count; i++)
            judge(f, f->plain[i].name, f->plain[i].name_len);
        json_object_foreach (f->root, name, value)
            judge(f, name, strlen(name));
    }
    json_decref(f->root);
    f->root = NULL;
    return f->problem.code == PROBLEM_NONE;
}

bool fields_has(const struct fields *f, const char *name)
{
    struct json_scan_member m;

    return f->problem.code == PROBLEM_NONE && find(f, name, &m);
}

const char *fields_string(struct fields *f, const char *name, size_t *len)
{
    struct json_scan_member m;

    *len = 0;
    if (!take(f, name, &m))
        return NULL;
    if (m.kind != JSON_SCAN_STRING) {
        fields_object(f, name, "A member must be a string. Nothing was changed.");
        return NULL;
    }
    *len = m.text_len;
    return m.text;
}

bool fields_is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

void fields_bytes(struct fields *f, const char *name, uint8_t *out, size_t size)
{
    size_t len;
    const char *text = fields_string(f, name, &len);

    if (text != NULL && encoding_base64url_exact(out, size, text, len) != 0)
        fields_object(f, name,
                      "A member must be base64url without padding, of just the right length. "
                      "Nothing was changed.");
}

int64_t fields_integer(struct fields *f, const char *name, int64_t min, int64_t max)
{
    struct json_scan_member m;

    if (!take(f, name, &m))
        return min;
    if (m.kind == JSON_SCAN_INTEGER && m.number >= min && m.number <= max)
        return m.number;
    fields_object(f, name,
                  "A member must be a whole number within its bounds. Nothing was changed.");
    return min;
}

bool fields_bool(struct fields *f, const char *name)
{
    struct json_scan_member m;

    if (!take(f, name, &m))
        return false;
    if (m.kind == JSON_SCAN_BOOL)
        return m.number != 0;
    fields_object(f, name, "A member must be true or false. Nothing was changed.");
    return false;
}

/* Whether a text in UTF-8 holds a control character: C0, DEL, C1. */
static bool has_control(const char *text, size_t len)
{
    const uint8_t *s = (const uint8_t *)text;

    for (size_t i = 0; i < len; i++) {
        if (s[i] < 0x20 || s[i] == 0x7f)
            return true;
        if (s[i] == 0xc2 && i + 1 < len && s[i + 1] >= 0x80 && s[i + 1] <= 0x9f)
            return true;
    }
    return false;
}

bool fields_text_valid(const char *text, size_t len, size_t max)
{
    return len > 0 && len <= max && encoding_utf8_valid(text, len) && !has_control(text, len);
}

void fields_text(struct fields *f, const char *name, char *out, size_t max)
{
    const char *text;
    size_t len;

    if (!fields_has(f, name))
        return;
    text = fields_string(f, name, &len);
    if (text == NULL)
        return;
    if (len == 0 || len > max) {
        fields_object(f, name, "A text is empty or too long. Nothing was changed.");
        return;
    }
    if (has_control(text, len)) {
        fields_object(f, name, "A text holds a control character. Nothing was changed.");
        return;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}
