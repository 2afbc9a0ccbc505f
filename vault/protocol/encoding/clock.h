/* The clock that only goes forward, for measuring and for deadlines. */
#ifndef HANDOFF_VAULT_PROTOCOL_ENCODING_CLOCK_H
#define HANDOFF_VAULT_PROTOCOL_ENCODING_CLOCK_H

#include <stdint.h>

/* The monotonic clock in microseconds, and in milliseconds. */
int64_t clock_monotonic_us(void);
int64_t clock_monotonic_ms(void);

#endif
