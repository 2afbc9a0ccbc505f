/*
 * Reads a JSON body strictly: an object, no unknown or doubled members, each of the right type and
 * size. The first objection wins and names the member. A plain body is read where it stands
 * (api/plain), any other by jansson; nobody can tell which it was.
 */
#ifndef HANDOFF_API_HTTP_FIELDS_H
#define HANDOFF_API_HTTP_FIELDS_H

#include "api/http/json_scan.h"
#include "api/http/problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELDS_MAX = 24 };

struct fields {
    struct json_scan_member plain[FIELDS_MAX];
    size_t json_scan_count;
    json_t *root; /* of a body that is not plain, else NULL */
    const char *taken[FIELDS_MAX];
    size_t taken_count;
    struct problem problem; /* code PROBLEM_NONE as long as nothing is wrong */
};

/* Reads body, which stays as it is until fields_end. Whatever comes of it, fields_end must be
   called. */
void fields_begin(struct fields *f, const uint8_t *body, size_t len) __attribute__((nonnull(1)));

/* Objects to what was not taken, and frees the tree. Returns true when nothing was wrong. */
bool fields_end(struct fields *f) __attribute__((nonnull, warn_unused_result));

/* Objects to a member with a static text, unless something was wrong before. */
void fields_object(struct fields *f, const char *name, const char *detail) __attribute__((nonnull));

/* The same, with 503: nothing is wrong with the request. */
void fields_short_of_memory(struct fields *f) __attribute__((nonnull));

/* The same, with 413 and the limit in bytes. */
void fields_too_large(struct fields *f, const char *name, size_t limit) __attribute__((nonnull));

/* Whether a member is there at all; taking it is still owed. */
bool fields_has(const struct fields *f, const char *name) __attribute__((nonnull));

/* A needed member of exactly size bytes as base64url. */
void fields_bytes(struct fields *f, const char *name, uint8_t *out, size_t size)
    __attribute__((nonnull));

/* A needed string: its text of *len bytes without NUL, which lives until fields_end; NULL when
   something is wrong. */
const char *fields_string(struct fields *f, const char *name, size_t *len) __attribute__((nonnull));

/* Whether a text of fields_string is this word. */
bool fields_is(const char *text, size_t len, const char *word) __attribute__((nonnull));

/* A needed number within bounds. */
int64_t fields_integer(struct fields *f, const char *name, int64_t min, int64_t max)
    __attribute__((nonnull));

/* A needed true or false. */
bool fields_bool(struct fields *f, const char *name) __attribute__((nonnull));

/* Copies an optional text of 1 to max bytes without control characters, and NUL, to out (max + 1
   bytes); leaves out as it is when the member is absent. */
void fields_text(struct fields *f, const char *name, char *out, size_t max)
    __attribute__((nonnull));

/* Whether a text could be one that fields_text takes: UTF-8 of 1 to max bytes without control
   characters. */
bool fields_text_valid(const char *text, size_t len, size_t max) __attribute__((nonnull));

#endif
