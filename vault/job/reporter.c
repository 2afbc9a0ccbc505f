#include "vault/job/reporter.h"

#include <stddef.h>

void reporter_tell(const struct reporter *r, int level, const char *what, int64_t number)
{
    if (r->tell != NULL)
        r->tell(r->ctx, level, what, number);
}
