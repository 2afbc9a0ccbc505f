/* Placeholder until engineer 3's file is here: overwrite it. */
#ifndef HANDOFF_API_LIMITS_H
#define HANDOFF_API_LIMITS_H

#include "api/request.h"

static inline bool limits_token(struct request *r, const uint8_t hash[32])
{
    return r != NULL && hash != NULL;
}

static inline void limits_handoff_proved(struct request *r)
{
    (void)r;
}

#endif
