/*
 * Everything that the service can be told, in one table: it makes the flags, the keys of the
 * configuration file, the help and the manual's lists.
 */
#ifndef HANDOFF_API_CONFIG_OPTION_H
#define HANDOFF_API_CONFIG_OPTION_H

#include "api/config/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct option_row {
    const char *name;     /* "rate-limit": flag (behind its dashes) and key alike */
    const char *argument; /* what the help calls its value */
    const char *usual;    /* what holds when it is not given, in words */
    const char *must;     /* what the value must be */
    const char *help;
    bool reloadable; /* SIGHUP is enough */
    /* Reads the value, which lives as long as the configuration. Returns 0, or -1 when it is not
       what it must be. */
    int (*set)(struct config *c, const char *value);
};

extern const struct option_row option_rows[CONFIG_OPTIONS];

/* The row of a name of len characters; CONFIG_OPTIONS when there is none. */
size_t option_find(const char *name, size_t len) __attribute__((nonnull));

/* Fills in what holds when nothing is given. */
void option_defaults(struct config *c) __attribute__((nonnull));

/* Works out what follows from several options together. Returns NULL, or what does not fit. */
const char *option_settle(struct config *c) __attribute__((nonnull, warn_unused_result));

#endif
