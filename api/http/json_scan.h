/*
 * Reads JSON objects of the plain kind that nearly every request sends, where they stand: one pass,
 * nothing copied, nothing allocated. It judges no other text: jansson does, which takes whatever is
 * taken here too, with the same members.
 */
#ifndef HANDOFF_API_HTTP_JSON_SCAN_H
#define HANDOFF_API_HTTP_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_scan_kind {
    JSON_SCAN_STRING,
    JSON_SCAN_INTEGER,
    JSON_SCAN_BOOL,
    JSON_SCAN_OTHER /* null, a fraction, something nested: never in a plain text */
};

struct json_scan_member {
    const char *name, *text; /* without NUL; text: a string's */
    size_t name_len, text_len;
    int64_t number; /* an integer's; 1 for true, 0 for false */
    enum json_scan_kind kind;
};

/* Reads text (len bytes), when it is plain, into members (room for max) in their order; their names
   and texts point into it. Plain is an object of RFC 8259 of at most max members, no two of one
   name; names and strings are of printable ASCII without quote and backslash, all other values
   true, false or whole numbers of at most 18 digits, without fraction or exponent.
   Returns whether it is plain, then with *count set; members are undefined when not. */
bool json_scan_read(struct json_scan_member *members, size_t max, size_t *count, const char *text,
                    size_t len) __attribute__((nonnull, warn_unused_result));

/* The member of this name (len bytes); NULL when there is none. */
const struct json_scan_member *json_scan_find(const struct json_scan_member *members, size_t count,
                                              const char *name, size_t len)
    __attribute__((nonnull));

#endif
