/*
 * What the files that prove something have in common: a log's key and how it came to be, a signed
 * checkpoint, and events of one handoff that lie under it:
 *
 *   {"type":"…","id":"…","key":"<verifier key>","checkpoint":"<signed note>",
 *    "keys":[{"index":N,"line":"…","proof":"<tlog-proof>"},…],
 *    "events":[{"index":N,"line":"…","proof":["<base64>",…]},…], …}
 *
 * Each event's line is a leaf of the checkpoint's tree, proof its inclusion proof there. keys are
 * the replacements of the log's key, of which each is signed by the key before; key is the last
 * one, which signed the checkpoint.
 */
#ifndef HANDOFF_CLI_EVIDENCE_BUNDLE_H
#define HANDOFF_CLI_EVIDENCE_BUNDLE_H

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/tlog/checkpoint.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BUNDLE_WHY_MAX = 512 };

/* A bundle in the checking. */
struct bundle {
    char *why; /* BUNDLE_WHY_MAX bytes: the sentence that says what is wrong */
    uint8_t id[ENCODING_ID_BYTES];
    struct note_key key;
    struct checkpoint checkpoint;
    size_t events; /* that were checked */
    /* The event in hand: its index, and what its line says. */
    int64_t index;
    json_t *line;
    int64_t last_index, last_time;
};

/* Says what is wrong; -1. */
int bundle_wrong(struct bundle *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether an object has these members and no others. */
bool bundle_has_just(const json_t *object, const char *const *names, size_t count)
    __attribute__((warn_unused_result));

/* Whether a text is so many bytes in base64url, which it then gives. */
bool bundle_bytes(uint8_t *out, size_t size, const json_t *text)
    __attribute__((nonnull(1), warn_unused_result));

/* The text of a member, or NULL. */
const char *bundle_text(const json_t *object, const char *name) __attribute__((nonnull(2)));

/* Begins with an object of this type, whose members are those above and more (more_len of them):
   checks all but the events, by the key that one trusts or one that it was replaced by in a chain
   that the bundle shows; trusted NULL: by the bundle's own. Returns 0, or -1 with a sentence in
   why, as all here. */
int bundle_open(struct bundle *b, const json_t *object, const char *type, const char *const *more,
                size_t more_len, const struct note_key *trusted, char why[BUNDLE_WHY_MAX])
    __attribute__((nonnull(1, 2, 3, 7), warn_unused_result));

/* Checks the events, each at its place in the log and in the story, and hands them to take, which
   finds the line in b. They have just the members above and, where details is set, "details". */
int bundle_events(struct bundle *b, const json_t *object, bool details,
                  int (*take)(void *ctx, const json_t *event), void *ctx)
    __attribute__((nonnull, warn_unused_result));

#endif
