/* Spans of time as people write them: "7d", "90m". */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_DURATION_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_DURATION_H

#include <stdint.h>

/* Reads a whole number and a unit (s, m, h, d or w) into seconds, from min to max of them. Returns
   0; or -1, and *seconds is untouched. */
int duration_parse(uint64_t *seconds, const char *text, uint64_t min, uint64_t max)
    __attribute__((nonnull, warn_unused_result));

#endif
