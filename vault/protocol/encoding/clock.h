/* The clock by which durations and deadlines are measured. */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_CLOCK_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_CLOCK_H

#include <stdint.h>

/* Microseconds of the monotonic clock: of use against each other only. */
int64_t clock_monotonic_us(void);

#endif
