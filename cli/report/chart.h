/* The charts of the audit report, as SVG within the page. Each can be read without its colours: by
   patterns, by numbers at the bars, and by a description in words. */
#ifndef HANDOFF_CLI_REPORT_CHART_H
#define HANDOFF_CLI_REPORT_CHART_H

#include "cli/report/report.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What can become of a handoff. */
enum chart_kind {
    CHART_CONFIRMED,
    CHART_DELIVERED,
    CHART_REJECTED,
    CHART_LAPSED,
    CHART_EXPIRED,
    CHART_REVOKED,
    CHART_AVAILABLE,
    CHART_CLAIMED,
    CHART_UNKNOWN, /* a state that this program does not know */
    CHART_KINDS
};

/* How a state is shown. */
struct chart_state {
    const char *name, *mark, *words, *class;
    enum chart_kind kind;
    size_t outcome; /* its place in the bars */
};

/* The state of h. */
const struct chart_state *chart_state(const struct report_handoff *h)
    __attribute__((nonnull, returns_nonnull));

/* Writes one key figure into a <dl class="tiles">: n, and which part of `of` it is unless that is
   0. class (static text) is good, warn, bad or "", and counts where n is not 0. */
void chart_tile(FILE *out, const char *class, const char *words, size_t n, size_t of)
    __attribute__((nonnull));

/* Writes the rules for a <style>: colours for light and dark, which the page uses too (--ink,
   --soft, --line, --paper, --card; --good, --warn, --bad, --info, --idle, each with a -t for its
   tint), key figures, tables of times and charts. */
void chart_style(FILE *out) __attribute__((nonnull));

/* Writes the figure of the handoffs over time, stacked by outcome: by day, or by week, month or
   year where the period is long. */
void chart_outcomes(FILE *out, const struct report *r) __attribute__((nonnull));

/* Writes a table of how long opening and confirming took: median, 90th percentile and slowest.
   Returns 0, or -1 with errno when memory is short. */
int chart_times(FILE *out, const struct report *r) __attribute__((nonnull, warn_unused_result));

/* Writes histograms of the same times. Returns 0, or -1 with errno when memory is short. */
int chart_waits(FILE *out, const struct report *r) __attribute__((nonnull, warn_unused_result));

/* Writes a duration for people: "4 min", "2 h 10 min", "3 d 4 h". Below 0 is 0. */
void chart_duration(FILE *out, int64_t seconds) __attribute__((nonnull));

#endif
