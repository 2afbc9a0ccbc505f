/* Whether jansson reads a plain body as api/plain does: for the unit test and the fuzzer. */
#ifndef HANDOFF_TESTS_SUPPORT_PROTOCOL_JSON_SCAN_H
#define HANDOFF_TESTS_SUPPORT_PROTOCOL_JSON_SCAN_H

#include "api/http/json_scan.h"

#include <jansson.h>
#include <string.h>

static inline bool json_scan_agrees(const struct json_scan_member *m, const char *name,
                                    const json_t *value)
{
    if (strlen(name) != m->name_len || memcmp(name, m->name, m->name_len) != 0)
        return false;
    switch (m->kind) {
    case JSON_SCAN_STRING:
        return json_is_string(value) && json_string_length(value) == m->text_len &&
               memcmp(json_string_value(value), m->text, m->text_len) == 0;
    case JSON_SCAN_INTEGER:
        return json_is_integer(value) && json_integer_value(value) == m->number;
    case JSON_SCAN_BOOL:
        return (json_is_true(value) && m->number == 1) || (json_is_false(value) && m->number == 0);
    case JSON_SCAN_OTHER:
        break;
    }
    return false;
}

/* What jansson says otherwise of a text that was read as plain, static; NULL: nothing. */
static inline const char *json_scan_differs(const struct json_scan_member *members, size_t count,
                                            const char *text, size_t len)
{
    json_t *const root = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    const char *what = NULL, *name;
    json_t *value;
    size_t i = 0;

    if (!json_is_object(root))
        what = "it is no object";
    else if (json_object_size(root) != count)
        what = "there are more or fewer members";
    else
        json_object_foreach (root, name, value) {
            if (!json_scan_agrees(&members[i++], name, value))
                what = "a member is another";
        }
    json_decref(root);
    return what;
}

#endif
