/* The configuration file, in libconfuse's syntax: "name = value" lines, values in quotes where they
   hold more than letters, digits and -.:/, comments from # on. */
#ifndef HANDOFF_API_CONFIG_CONFIGFILE_H
#define HANDOFF_API_CONFIG_CONFIGFILE_H

#include "api/config/settings.h"

#include <stddef.h>

struct configfile_value {
    const char *text; /* as it was written; NULL: it was not */
    unsigned line;    /* where */
};

/* Reads the file into a value for each row of option_rows; the texts lie in *memory, which grows.
   Returns 0, or -1 with a sentence in why that names file and line. */
int configfile_read(const char *path, struct configfile_value values[CONFIG_OPTIONS], void **memory,
                    char *why, size_t why_size) __attribute__((nonnull, warn_unused_result));

/* Keeps a copy of a text in *memory; NULL when memory is short. */
const char *configfile_keep(void **memory, const char *text)
    __attribute__((nonnull, warn_unused_result));

/* Frees all of it; NULL is nothing. */
void configfile_free(void *memory);

#endif
