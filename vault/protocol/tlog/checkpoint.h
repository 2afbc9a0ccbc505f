/*
 * What a log signs, and what it gives for an event: C2SP tlog-checkpoint and tlog-proof.
 *
 * A checkpoint is a signed note of three lines: origin, size, base64 of the root. Its key has the
 * origin for a name. A proof is "c2sp.org/tlog-proof@v1", "index N", the hashes of the inclusion
 * proof from the leaf's sibling up, an empty line and the checkpoint.
 */
#ifndef HANDOFF_VAULT_PROTOCOL_TLOG_CHECKPOINT_H
#define HANDOFF_VAULT_PROTOCOL_TLOG_CHECKPOINT_H

#include "vault/protocol/tlog/merkle.h"
#include "vault/protocol/tlog/note.h"

enum { CHECKPOINT_PROOF_MAX = NOTE_BYTES + 64 + MERKLE_PROOF_MAX * 45 };

struct checkpoint {
    uint64_t size;
    uint8_t root[MERKLE_HASH_BYTES];
};

/* The checkpoint of a tree; and whether c is the one of that tree. */
struct checkpoint checkpoint_of(const struct merkle_frontier *f) __attribute__((nonnull));
bool checkpoint_fits(const struct checkpoint *c, const struct merkle_frontier *f)
    __attribute__((nonnull, warn_unused_result));

/* Writes the signed note of c into t, which is empty. */
void checkpoint_sign(struct text *t, const struct checkpoint *c, const struct note_key *k,
                     const uint8_t seed[32]) __attribute__((nonnull));

/* Checks and reads a note of len bytes. The origin must be the key's name; extension lines are
   refused, as nobody could audit them. */
enum note_verdict checkpoint_open(struct checkpoint *c, const char *note, size_t len,
                                  const struct note_key *k)
    __attribute__((nonnull, warn_unused_result));

/* Reads a checkpoint's text (of len bytes, without its signatures) and checks nothing else but that
   its origin is this one. Returns 0, or -1 when it is malformed. */
int checkpoint_parse(struct checkpoint *c, const char *text, size_t len, const char *origin)
    __attribute__((nonnull, warn_unused_result));

/* Reads a whole note that was verified before, by whatever key. 0 or -1. */
int checkpoint_read(struct checkpoint *c, const char *note, size_t len)
    __attribute__((nonnull, warn_unused_result));

/* Writes a proof's text before its checkpoint. */
void checkpoint_proof_format(struct text *t, uint64_t index, const struct merkle_proof *p)
    __attribute__((nonnull));

/* Reads a proof's text; *note points to its checkpoint, *note_len bytes, inside text. Returns 0, or
   -1 when it is malformed. */
int checkpoint_proof_parse(uint64_t *index, struct merkle_proof *p, const char **note,
                           size_t *note_len, const char *text, size_t len)
    __attribute__((nonnull, warn_unused_result));

#endif
