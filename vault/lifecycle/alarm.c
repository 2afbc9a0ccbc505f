#include "vault/lifecycle/alarm.h"

enum { SINGLY = 10, WINDOW_S = 10, WINDOW_MAX_S = 3600, DOUBLINGS = 9 };

static int64_t window_s(const struct alarm *a)
{
    const unsigned coalesced = a->events > SINGLY ? a->events - SINGLY : 0;
    const int64_t s = (int64_t)WINDOW_S << (coalesced < DOUBLINGS ? coalesced : DOUBLINGS);

    return s < WINDOW_MAX_S ? s : WINDOW_MAX_S;
}

unsigned alarm_hit(struct alarm *a, int64_t now)
{
    if (a->events < SINGLY) {
        a->events++;
        return 1;
    }
    if (a->pending++ == 0)
        a->flush_at = now + window_s(a);
    return 0;
}

unsigned alarm_flush(struct alarm *a, int64_t now)
{
    const unsigned count = a->pending;

    if (count == 0 || now < a->flush_at)
        return 0;
    a->events++;
    a->pending = 0;
    a->flush_at = 0;
    return count;
}
