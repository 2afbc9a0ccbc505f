/* How the vault tells its operator what he should know. */
#ifndef HANDOFF_VAULT_JOB_REPORTER_H
#define HANDOFF_VAULT_JOB_REPORTER_H

#include <stdint.h>

enum { VAULT_REPORT_ERROR = 3, VAULT_REPORT_WARNING = 4, VAULT_REPORT_INFO = 6 }; /* syslog's */

struct reporter {
    /* Called with constant text and an errno-like number (or 0); from any thread; never given
       anything of a client. NULL: nobody wants to know. */
    void (*tell)(void *ctx, int level, const char *what, int64_t number);
    void *ctx;
};

/* Calls tell, where there is one. */
void reporter_tell(const struct reporter *r, int level, const char *what, int64_t number)
    __attribute__((nonnull));

#endif
