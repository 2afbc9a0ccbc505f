/*
 * The room of what this person's machine has of its own: settings, state, and how a person names a
 * handoff.
 *
 * This is what must outlive the command: XDG_STATE_HOME/handoff/{sent,received}/<id>.json, 0600 in
 * folders of 0700, each written whole or not at all. Never a link key, a code or a password.
 */
#ifndef HANDOFF_CLI_LOCAL_STATE_H
#define HANDOFF_CLI_LOCAL_STATE_H

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/link.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATE_TEXT_MAX = 200 };

enum state_role { STATE_SENT, STATE_RECEIVED };

/* Kept in secret memory: state_new. */
struct state {
    enum state_role role;
    uint8_t id[ENCODING_ID_BYTES];
    char base[LINK_BASE_MAX];
    int64_t created_at;        /* sent: when; received: when the claim was first made */
    uint8_t key[KEYS_BYTES];   /* sent: the manage key; received: the claimant */
    uint8_t envelope_hash[32]; /* received: known once shown_at is set */

    int64_t expires_at; /* the rest is for sent ones */
    uint8_t receipt_key[32];
    char label[STATE_TEXT_MAX + 1], recipient[STATE_TEXT_MAX + 1], ref[STATE_TEXT_MAX + 1];

    int64_t shown_at; /* the rest is for received ones; 0: not yet shown to the person */
    uint8_t receipt_seed[KEYS_BYTES];
};

/* An empty state in secret memory; NULL when memory is short. Free with state_free. */
struct state *state_new(void) __attribute__((warn_unused_result));
void state_free(struct state *s);

/* Writes s as a new file: 0; 1 when there is one for this id already (it is left as it is); -1
   after having said what is wrong. */
int state_create(const struct state *s) __attribute__((nonnull, warn_unused_result));

/* Writes s over what is there. Returns 0, or -1 after having said what is wrong. */
int state_replace(const struct state *s) __attribute__((nonnull, warn_unused_result));

/* Reads one: 0; 1 when there is none; -1 after having said what is wrong with the file. */
int state_read(struct state *s, enum state_role role, const uint8_t id[ENCODING_ID_BYTES])
    __attribute__((nonnull, warn_unused_result));

/* The folder that all state lies in. Returns 0, or -1 after having said that there is none. */
int state_home(char out[PATH_MAX]) __attribute__((nonnull, warn_unused_result));

/* Makes the folders of a path that are missing, for this user alone. Returns 0 or -1 with errno. */
int state_make_folders(const char *path) __attribute__((nonnull, warn_unused_result));

/* Removes one; that it is missing is no error. */
void state_remove(enum state_role role, const uint8_t id[ENCODING_ID_BYTES])
    __attribute__((nonnull));

/* The ids of a role whose text contains part, oldest first, as a new array that the caller frees
   with secret_heap_free. Returns 0 (also for none), or -1 after having said what is wrong. */
int state_find(uint8_t (**ids)[ENCODING_ID_BYTES], size_t *count, enum state_role role,
               const char *part) __attribute__((nonnull, warn_unused_result));

#endif
