/*
 * The room of the service's log: what is held of it, fetched, rebuilt and compared, and exported.
 *
 * This is what this machine holds of a service's log, so that the service cannot take back what it
 * has said:
 *
 *   XDG_STATE_HOME/handoff/logs/<service>/
 *     service                      its base URL
 *     key                          its verifier key: taken at the first meeting, then changed only
 *                                  by a chain of replacements that the keys before have signed
 *     checkpoint                   the newest that it has signed and that continues those before
 *     proofs/N.event, .tlog-proof  what was done from here: the event's line, and its proof
 *     conflict-N.note              a checkpoint that contradicts: the evidence against the service
 */
#ifndef HANDOFF_CLI_LOG_TRUST_H
#define HANDOFF_CLI_LOG_TRUST_H

#include "cli/io/exit.h"
#include "cli/net/client.h"
#include "vault/protocol/tlog/checkpoint.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct trust {
    char dir[PATH_MAX];
    bool known; /* key is set */
    struct note_key key;
    bool kept; /* latest is set */
    struct checkpoint latest;
};

/* Reads what is held of the service at base; nothing yet is fine. Says what is wrong. */
enum exit_code trust_load(struct trust *t, const char *base)
    __attribute__((nonnull, warn_unused_result));

/* Takes on a key that one was told by another way, at the first meeting; later it must be the one
   that is known. Says what is wrong. */
enum exit_code trust_pin(struct trust *t, const struct client *c, const struct note_key *key)
    __attribute__((nonnull, warn_unused_result));

/* Takes a checkpoint that the service at c gave: checks its signature (taking the key on at the
   first meeting, following replacements), and that it continues the newest that is kept, which it
   then becomes. Says what is wrong: EXIT_UNVERIFIED where the service contradicts itself. */
enum exit_code trust_checkpoint(struct trust *t, struct client *c, const char *note, size_t len,
                                struct checkpoint *out)
    __attribute__((nonnull, warn_unused_result));

/* Fetches the newest checkpoint and takes it. note (of NOTE_BYTES) gets its text. */
enum exit_code trust_update(struct trust *t, struct client *c, struct checkpoint *out,
                            char note[NOTE_BYTES], size_t *len)
    __attribute__((nonnull, warn_unused_result));

/* Holds an event's line against a proof of the service's, and keeps both. line: what the answer's
   event carried. */
enum exit_code trust_event(struct trust *t, struct client *c, int64_t index, const char *line,
                           size_t line_len, const char *proof, size_t proof_len)
    __attribute__((nonnull, warn_unused_result));

/* The same after a call whose reply names an event: fetches the proof where the reply has none.
   What cannot be fetched now is told and is no failure; returns EXIT_UNVERIFIED only where the
   service contradicts itself. */
enum exit_code trust_reply(struct client *c, const struct client_reply *reply)
    __attribute__((nonnull, warn_unused_result));

/* Fetches the newest checkpoint on the side: what cannot be had is passed over. Returns
   EXIT_UNVERIFIED, after having said so, where the service contradicts itself. */
enum exit_code trust_look(struct client *c) __attribute__((nonnull, warn_unused_result));

/* Reads an array of base64 hashes. Returns 0, or -1; p->count is then how many were good. */
int trust_hashes(struct merkle_proof *p, const json_t *hashes)
    __attribute__((nonnull(1), warn_unused_result));

/* Takes one replacement of a log's key ({"index","line","proof"}): its line and the old key's
   signature over a log that has it. held: *key must be the old key. *key is then the new one.
   Returns whether it is good. */
bool trust_step(const json_t *step, struct note_key *key, bool held)
    __attribute__((nonnull(2), warn_unused_result));

/* Whether an array of them leads from one key to another. */
bool trust_chain_of(const json_t *steps, const struct note_key *from, const struct note_key *to)
    __attribute__((nonnull(2, 3), warn_unused_result));

#endif
