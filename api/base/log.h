/*
 * The service's log: one line for each thing on stderr, in one write. It can hold no secret,
 * because nothing that came from a client fits through these signatures: only static words, numbers
 * and the request ids that we make ourselves. What the operator wrote has a door of its own.
 */
#ifndef HANDOFF_API_BASE_LOG_H
#define HANDOFF_API_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* "error", "warning", "info" or "debug". Returns 0 or -1. */
int log_level_parse(const char *name, enum log_level *level);

/* "text" or "json". Returns 0 or -1. */
int log_format_parse(const char *name, bool *json) __attribute__((nonnull));

/* A log: what is less important than its threshold is left out. */
struct log {
    enum log_level threshold;
    bool json; /* each line is a JSON object; false: text for people */
};

/* An occurrence: a static text and a number (left out when 0). */
void log_note(const struct log *log, enum log_level level, const char *what, int64_t number)
    __attribute__((nonnull));

/* What the operator has to be told in words that are his own: a path, a fault in a configuration.
   Never a client's. Control characters and bytes that are no UTF-8 are escaped; what is longer
   than a line is cut. */
void log_operator(const struct log *log, enum log_level level, const char *text)
    __attribute__((nonnull));

struct log_request {
    uint64_t id;         /* of the request */
    const char *method;  /* static */
    const char *pattern; /* the route's, static; never the target itself */
    unsigned status;
    const char *code; /* the problem's, static; NULL for none */
    bool expected;    /* a 5xx that is no fault of the service */
    int64_t microseconds;
};

/* A finished request: debug when it succeeded, info when it was refused, error for an unexpected
   5xx. */
void log_request(const struct log *log, const struct log_request *r) __attribute__((nonnull));

#endif
