#include "cli/io/progress.h"

#include "vault/protocol/encoding/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { FIRST_MS = 1000, EVERY_MS = 250 };

void progress_begin(struct progress *p, const char *what, uint64_t total)
{
    *p = (struct progress){.what = what, .total = total, .started_ms = clock_monotonic_ms()};
    p->told_ms = p->started_ms + FIRST_MS - EVERY_MS;
}

void progress_tell(struct progress *p, uint64_t done)
{
    const int64_t now = clock_monotonic_ms();

    if (now - p->told_ms < EVERY_MS || p->total == 0 || !isatty(STDERR_FILENO))
        return;
    p->told_ms = now;
    p->told = true;
    (void)fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " (%" PRIu64 " %%)\033[K", p->what, done,
                  p->total, done * 100 / p->total);
}

void progress_end(struct progress *p)
{
    if (p->told)
        (void)fputs("\r\033[K", stderr);
    p->told = false;
}
