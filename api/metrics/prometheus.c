#include "api/metrics/prometheus.h"

#include "vault/lifecycle/answer.h"
#include "vault/lifecycle/lifecycle.h"

#include <inttypes.h>
#include <stdio.h>

enum { LABELS_MAX = 160, NUMBER_MAX = 48 };

#define MILLION UINT64_C(1000000)

void prometheus_family(struct text *t, const char *name, const char *type, const char *help)
{
    text_add(t, "# HELP ");
    text_add(t, name);
    text_add(t, " ");
    text_add(t, help);
    text_add(t, "\n# TYPE ");
    text_add(t, name);
    text_add(t, " ");
    text_add(t, type);
    text_add(t, "\n");
}

/* A sample whose name ends in suffix. */
static void put(struct text *t, const char *name, const char *suffix, const char *labels,
                const char *value)
{
    text_add(t, name);
    text_add(t, suffix);
    if (labels[0] != '\0') {
        text_add(t, "{");
        text_add(t, labels);
        text_add(t, "}");
    }
    text_add(t, " ");
    text_add(t, value);
    text_add(t, "\n");
}

static void put_count(struct text *t, const char *name, const char *suffix, const char *labels,
                      uint64_t value)
{
    char number[NUMBER_MAX];

    snprintf(number, sizeof(number), "%" PRIu64, value);
    put(t, name, suffix, labels, number);
}

void prometheus_sample(struct text *t, const char *name, const char *labels, uint64_t value)
{
    put_count(t, name, "", labels, value);
}

/* Millionths as a decimal number without needless digits. */
static void decimal(char out[NUMBER_MAX], uint64_t millionths)
{
    int len = snprintf(out, NUMBER_MAX, "%" PRIu64 ".%06" PRIu64, millionths / MILLION,
                       millionths % MILLION);

    while (out[len - 1] == '0')
        out[--len] = '\0';
    if (out[len - 1] == '.')
        out[len - 1] = '\0';
}

void prometheus_histogram(struct text *t, const char *name, const char *labels,
                          const struct prometheus_histogram *h)
{
    const char *comma = labels[0] != '\0' ? "," : "";
    char with_bound[LABELS_MAX + NUMBER_MAX], number[NUMBER_MAX];
    uint64_t total = 0;

    for (unsigned i = 0; i < h->count; i++) {
        total += h->bucket[i];
        decimal(number, h->bounds[i]);
        snprintf(with_bound, sizeof(with_bound), "%s%sle=\"%s\"", labels, comma, number);
        put_count(t, name, "_bucket", with_bound, total);
    }
    total += h->bucket[h->count];
    snprintf(with_bound, sizeof(with_bound), "%s%sle=\"+Inf\"", labels, comma);
    put_count(t, name, "_bucket", with_bound, total);
    decimal(number, h->sum);
    put(t, name, "_sum", labels, number);
    put_count(t, name, "_count", labels, total);
}

/* ---- the vault's ---- */

/* One of the vault's histograms, whose unit is so many millionths. */
static void vault_histogram(struct text *t, const char *name, const char *help,
                            const struct vault_histogram *in, uint64_t unit)
{
    uint64_t bounds[VAULT_BUCKETS - 1];
    const struct prometheus_histogram h = {
        .bucket = in->bucket, .bounds = bounds, .count = VAULT_BUCKETS - 1, .sum = in->sum * unit};

    for (unsigned i = 0; i < VAULT_BUCKETS - 1; i++)
        bounds[i] = unit << i;
    prometheus_family(t, name, "histogram", help);
    prometheus_histogram(t, name, "", &h);
}

/* A counter with one label, from a table of words. */
static void labelled(struct text *t, const char *name, const char *label, const char *word,
                     uint64_t value)
{
    char labels[LABELS_MAX];

    snprintf(labels, sizeof(labels), "%s=\"%s\"", label, word);
    prometheus_sample(t, name, labels, value);
}

static void vault_counters(struct text *t, const struct vault_stats *s)
{
    prometheus_family(t, "handoff_events_total", "counter",
                      "Events written to the audit log since the start, by kind.");
    for (unsigned i = 0; i < VAULT_KINDS; i++)
        labelled(t, "handoff_events_total", "kind", vault_kind_name((enum vault_kind)i),
                 s->events[i]);
    prometheus_family(t, "handoff_burned_total", "counter",
                      "Envelopes destroyed since the start, by cause.");
    for (unsigned i = LIFECYCLE_CAUSE_NONE + 1; i < LIFECYCLE_CAUSES; i++)
        labelled(t, "handoff_burned_total", "cause", lifecycle_cause_name((enum lifecycle_cause)i),
                 s->burned[i]);
    prometheus_family(t, "handoff_calls_total", "counter",
                      "Writing calls that the vault answered, by answer.");
    for (unsigned i = 0; i < ANSWER_COUNT; i++)
        labelled(t, "handoff_calls_total", "answer", answer_name((enum answer)i), s->answers[i]);
    prometheus_family(t, "handoff_commit_failures_total", "counter",
                      "Transactions that failed, or of which nobody knows whether they did.");
    labelled(t, "handoff_commit_failures_total", "kind", "failed", s->commits_failed);
    labelled(t, "handoff_commit_failures_total", "kind", "unknown", s->commits_unknown);
}

static void gauge(struct text *t, const char *name, const char *help, uint64_t value)
{
    prometheus_family(t, name, "gauge", help);
    prometheus_sample(t, name, "", value);
}

void prometheus_vault(struct text *t, const struct vault_stats *s)
{
    vault_counters(t, s);
    vault_histogram(t, "handoff_batch_jobs", "Calls that one transaction carried.", &s->batch,
                    MILLION);
    vault_histogram(t, "handoff_commit_seconds", "How long a commit took.", &s->commit_64us, 64);
    vault_histogram(t, "handoff_scrub_seconds",
                    "From the destruction of an envelope until its bytes were gone from the files.",
                    &s->scrub_64ms, 64000);
    gauge(t, "handoff_queue_jobs", "Writing calls that wait for their transaction.", s->queued);
    gauge(t, "handoff_live", "Handoffs whose envelope has not been destroyed yet.", s->live);
    gauge(t, "handoff_live_bytes", "Bytes of their envelopes.", s->live_bytes);
    gauge(t, "handoff_due", "Handoffs that are due and not swept yet, at most 1000.", s->due);
    gauge(t, "handoff_wal_bytes", "Bytes in the write-ahead log.", s->log_bytes);
    gauge(t, "handoff_log_events", "Events in the audit log; the next one gets this index.",
          s->next);
    gauge(t, "handoff_log_unsigned",
          "1 while log.key is not there, so that nothing of the audit log can be signed.",
          s->log_unsigned);
    gauge(t, "handoff_scrub_late", "1 while destroyed bytes are in the files for longer than 2 s.",
          s->scrub_late);
    gauge(t, "handoff_key_rotation_active", "1 while the master key's rotation is under way.",
          s->rotating);
}

/* ---- of this moment ---- */

static void gauge_if_known(struct text *t, const char *name, const char *help, int64_t value)
{
    if (value >= 0)
        gauge(t, name, help, (uint64_t)value);
}

void prometheus_now(struct text *t, const struct prometheus_now *now)
{
    gauge(t, "handoff_store_readable", "1 when the database could be read just now.",
          now->readable);
    gauge(t, "handoff_memory_locked", "1 when every secret is locked into memory.",
          now->memory_locked);
    gauge_if_known(t, "handoff_connections", "Connections of clients that are open.",
                   now->connections);
    gauge_if_known(t, "handoff_waits", "Requests that wait for an event.", now->waits);
    gauge_if_known(t, "handoff_data_free_bytes",
                   "Bytes that are free to the service in the data directory's file system.",
                   now->data_free_bytes);
    gauge_if_known(t, "handoff_data_size_bytes", "Size of the data directory's file system.",
                   now->data_bytes);
    gauge_if_known(t, "handoff_certificate_expiry_seconds",
                   "Unix time at which the certificate in use expires.",
                   now->certificate_expires_at);
    gauge_if_known(t, "process_resident_memory_bytes", "Resident memory.", now->resident_bytes);
    gauge_if_known(t, "process_open_fds", "Open files.", now->open_files);
    gauge_if_known(t, "process_max_fds", "Files that may be open.", now->files_max);
    gauge_if_known(t, "process_start_time_seconds", "Unix time of the start.", now->started_at);
    prometheus_family(t, "handoff_build_info", "gauge", "The version that runs.");
    prometheus_sample(t, "handoff_build_info", "version=\"" HANDOFF_VERSION "\"", 1);
}
