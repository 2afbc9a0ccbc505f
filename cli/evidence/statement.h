/* A receipt as the log discloses it, held against what it must say. */
#ifndef HANDOFF_CLI_EVIDENCE_STATEMENT_H
#define HANDOFF_CLI_EVIDENCE_STATEMENT_H

#include "vault/protocol/handoff/receipt.h"

#include <jansson.h>
#include <stdbool.h>

/* Whether an event commits to a receipt's words that are not disclosed (any more). */
bool statement_hidden(const json_t *line, const json_t *details);

/* Whether the disclosed statement is the one that r makes; where the words are hidden, but for its
   last line, which is their hash. */
bool statement_fits(const json_t *statement, const struct receipt *r, bool hidden)
    __attribute__((nonnull(2)));

/* Whether the signature is receipt_key's over the disclosed statement. Both are texts. */
bool statement_signed(const json_t *statement, const json_t *signature,
                      const uint8_t receipt_key[32]) __attribute__((nonnull(3)));

#endif
