#include "api/fields.h"

#include "vault/protocol/encoding.h"
#include "vault/protocol/jsontext.h"

#include <string.h>

static void object(struct fields *f, enum problem_code code, const char *name, const char *detail)
{
    if (f->problem.code != PROBLEM_NONE)
        return;
    f->problem.code = code;
    f->problem.detail = detail;
    if (name != NULL) {
        const size_t len = strlen(name);
        const size_t fits = len < PROBLEM_MEMBER_MAX ? len : 0; /* an absurd name is not repeated */

        memcpy(f->problem.member, name, fits);
        f->problem.member[fits] = '\0';
    }
}

void fields_object(struct fields *f, const char *name, const char *detail)
{
    object(f, PROBLEM_BAD_REQUEST, name, detail);
}

void fields_too_large(struct fields *f, const char *name, size_t limit)
{
    object(f, PROBLEM_TOO_LARGE, name, NULL);
    f->problem.limit = (int64_t)limit;
}

void fields_short_of_memory(struct fields *f)
{
    object(f, PROBLEM_UNAVAILABLE, NULL, NULL);
}

void fields_begin(struct fields *f, const uint8_t *body, size_t len)
{
    json_error_t error;

    memset(f, 0, sizeof(*f));
    f->root =
        len > 0 ? jsontext_parse((const char *)body, len, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (json_is_object(f->root))
        return;
    if (f->root == NULL && len > 0 && json_error_code(&error) == json_error_out_of_memory)
        fields_short_of_memory(f);
    object(f, PROBLEM_BAD_REQUEST, NULL,
           f->root == NULL && len > 0 && json_error_code(&error) == json_error_duplicate_key
               ? "A member stands twice in the body. Nothing was changed."
               : "The body is not a JSON object in UTF-8. Nothing was changed.");
}

/* The member, which counts as taken; NULL when it is absent or something was wrong before. */
static json_t *take(struct fields *f, const char *name, bool needed)
{
    json_t *value;

    if (f->problem.code != PROBLEM_NONE)
        return NULL;
    value = json_object_get(f->root, name);
    if (value == NULL) {
        if (needed)
            fields_object(f, name, "A member is missing. Nothing was changed.");
        return NULL;
    }
    if (f->count < FIELDS_MAX)
        f->taken[f->count++] = name;
    return value;
}

static bool was_taken(const struct fields *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->taken[i], name) == 0)
            return true;
    return false;
}

bool fields_end(struct fields *f)
{
    if (f->problem.code == PROBLEM_NONE && json_object_size(f->root) != f->count) {
        const char *name;
        json_t *value;

        json_object_foreach(f->root, name, value)
        {
            if (!was_taken(f, name))
                object(f, PROBLEM_UNKNOWN_MEMBER, name, NULL);
        }
    }
    json_decref(f->root);
    f->root = NULL;
    return f->problem.code == PROBLEM_NONE;
}

bool fields_has(const struct fields *f, const char *name)
{
    return f->problem.code == PROBLEM_NONE && json_object_get(f->root, name) != NULL;
}

const char *fields_string(struct fields *f, const char *name, size_t *len)
{
    const json_t *value = take(f, name, true);

    *len = 0;
    if (value == NULL)
        return NULL;
    if (!json_is_string(value)) {
        fields_object(f, name, "A member must be a string. Nothing was changed.");
        return NULL;
    }
    *len = json_string_length(value);
    return json_string_value(value);
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
    const json_t *value = take(f, name, true);
    int64_t number;

    if (value == NULL)
        return min;
    number = json_integer_value(value);
    if (json_is_integer(value) && number >= min && number <= max)
        return number;
    fields_object(f, name,
                  "A member must be a whole number within its bounds. Nothing was changed.");
    return min;
}

bool fields_bool(struct fields *f, const char *name)
{
    const json_t *value = take(f, name, true);

    if (value != NULL && !json_is_boolean(value))
        fields_object(f, name, "A member must be true or false. Nothing was changed.");
    return json_is_true(value);
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
