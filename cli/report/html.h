/* The audit report as the page that people read and print. */
#ifndef HANDOFF_CLI_REPORT_HTML_H
#define HANDOFF_CLI_REPORT_HTML_H

#include "cli/report/report.h"

#include <stdio.h>

/* Writes the page to out and flushes it. It needs nothing but itself: no script, no other file. All
   that comes from r is escaped, so that no text of a sender or recipient can act as markup or pass
   for other text. Times are shown in the local time zone. Returns 0, or -1 with errno when out does
   not take it or memory is short. */
int html_write(FILE *out, const struct report *r) __attribute__((nonnull, warn_unused_result));

#endif
