/*
 * What this person and machine say: which service, and the token to show it. From the environment
 * (HANDOFF_URL, HANDOFF_TOKEN or HANDOFF_TOKEN_FILE), then from the file handoff/config under
 * XDG_CONFIG_HOME (or ~/.config): lines `url = "…"` and `token-file = "…"`.
 */
#ifndef HANDOFF_CLI_LOCAL_SETTINGS_H
#define HANDOFF_CLI_LOCAL_SETTINGS_H

#include "cli/io/exit.h"
#include "vault/protocol/encoding/secret.h"

#include <stdbool.h>

struct settings;

/* Takes a token out of the environment, where others could see it, into memory that is wiped. NULL
   when memory is short. */
struct settings *settings_new(void) __attribute__((warn_unused_result));
void settings_free(struct settings *s);

/* Reads the rest, at the first call; says what is wrong with it. */
enum exit_code settings_load(struct settings *s) __attribute__((nonnull, warn_unused_result));

/* The service's address; the token's text, or NULL where there is none; and whether it is a team's.
   Once loaded. */
const char *settings_url(const struct settings *s) __attribute__((nonnull));
const struct secret *settings_token(const struct settings *s) __attribute__((nonnull));
bool settings_of_team(const struct settings *s) __attribute__((nonnull));

#endif
