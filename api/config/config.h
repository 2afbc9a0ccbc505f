/*
 * The room of what an operator says: one table of options (option), read from the command line and
 * from a file (configfile) into one plain struct (settings). It knows no request and no vault.
 */
#ifndef HANDOFF_API_CONFIG_CONFIG_H
#define HANDOFF_API_CONFIG_CONFIG_H

#include "api/config/settings.h"

#include <stddef.h>
#include <stdio.h>

enum config_result { CONFIG_RUN, CONFIG_DONE, CONFIG_WRONG };

/* Reads the command line and the configuration file that it names (or the usual one, where it is
   there); what the command line says wins. CONFIG_DONE: --help or --version was printed to out.
   CONFIG_WRONG: why (of why_size bytes) says what is wrong, with file and line where it stands in
   the file. Whatever comes of it, config_free. */
enum config_result config_read(struct config *c, int argc, char **argv, FILE *out, char *why,
                               size_t why_size) __attribute__((nonnull, warn_unused_result));

/* The options, by name, in which two configurations differ and for which SIGHUP is not enough.
   Returns how many of names (CONFIG_OPTIONS of them) were filled. */
size_t config_differences(const struct config *running, const struct config *wanted,
                          const char *names[CONFIG_OPTIONS]) __attribute__((nonnull));

/* Frees the texts; a zeroed one is nothing. */
void config_free(struct config *c) __attribute__((nonnull));

#endif
