/*
 * The room of the audit report: one page of HTML for auditors and managers, made from a log that
 * was verified. rows.h gathers what is reported, chart.h draws it, html.h writes the page.
 *
 * This is what the three hand on.
 */
#ifndef HANDOFF_CLI_REPORT_REPORT_H
#define HANDOFF_CLI_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One handoff. No string is NULL: what is absent or erased is "". Times are Unix seconds, 0 for
   what did not happen. */
struct report_handoff {
    char id[37];
    const char *label, *recipient, *ref, *sender; /* sender: the name of the sender's token */
    const char *receipt_by, *receipt_note;        /* the last receipt's */
    const char *state; /* available claimed lapsed delivered confirmed rejected expired revoked */
    const char *cause; /* opened on-claim lapsed expired revoked restored; "" while it lives */
    bool code, late, receipt_claimant, erased;
    int64_t created_at, claimed_at, opened_at, receipt_at;
    unsigned refused, wrong_codes; /* late claims by others, wrong codes: alarms */
    int64_t event;                 /* index of its creation in the log */
};

struct report_log {
    const char *origin, *key; /* the log's name, the verifier key's text */
    const char *root, *note;  /* the hash in base64, the signed checkpoint's whole text */
    int64_t size;             /* events under the checkpoint */
    unsigned checkpoints;     /* older ones, kept on this machine, that it is consistent with */
    /* events in the period: */
    unsigned tokens_added, tokens_revoked, keys_rotated, log_keys_rotated;
    unsigned restored, erasures, backups, starts;
};

struct report {
    const char *base;          /* URL of the service */
    int64_t from, to, made_at; /* the period [from, to); from 0: all that the log has */
    struct report_log log;
    const struct report_handoff *handoffs; /* oldest first */
    size_t count;
};

#endif
