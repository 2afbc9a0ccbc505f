/*
 * Goal: the exposition says what was counted, in Prometheus' text format: families with HELP and
 * TYPE before their samples and each of them once, cumulative buckets in seconds, every kind and
 * cause there from the start, unknown figures left out, and labels from our own tables alone,
 * whatever code a request is counted under; many threads count without losing one.
 */
#include "api/base/service.h"
#include "api/config/settings.h"
#include "api/endpoints/routes.h"
#include "api/http/longpoll.h"
#include "api/http/problem.h"
#include "api/metrics/page.h"
#include "api/metrics/prometheus.h"
#include "api/metrics/request_counts.h"
#include "api/net/connections.h"
#include "tests/unit/unit.h"
#include "vault/lifecycle/lifecycle.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 512 * 1024, THREADS = 4, EACH = 20000 };

/* The text so far, ended for the string functions. */
static const char *ended(struct text *t)
{
    assert_false(t->overflow);
    assert_true(t->len < t->size);
    t->data[t->len] = '\0';
    return t->data;
}

static void assert_line(const char *page, const char *line)
{
    for (const char *at = strstr(page, line); at != NULL; at = strstr(at + 1, line))
        if ((at == page || at[-1] == '\n') && at[strlen(line)] == '\n')
            return;
    print_error("%s", page);
    fail_msg("no line %s", line);
}

static void assert_no(const char *page, const char *words)
{
    if (strstr(page, words) != NULL)
        fail_msg("%s is in\n%s", words, page);
}

static void test_a_histogram_is_cumulative_and_in_seconds(void **state)
{
    const uint64_t bucket[] = {3, 0, 2, 1};
    const uint64_t bounds[] = {64, 1500000, 10000000};
    const struct prometheus_histogram h = {bucket, bounds, 3, 12345678};
    char page[2000];
    struct text t = text_into(page, sizeof(page));

    (void)state;
    prometheus_histogram(&t, "h", "a=\"b\"", &h);
    assert_string_equal(ended(&t), "h_bucket{a=\"b\",le=\"0.000064\"} 3\n"
                                   "h_bucket{a=\"b\",le=\"1.5\"} 3\n"
                                   "h_bucket{a=\"b\",le=\"10\"} 5\n"
                                   "h_bucket{a=\"b\",le=\"+Inf\"} 6\n"
                                   "h_sum{a=\"b\"} 12.345678\n"
                                   "h_count{a=\"b\"} 6\n");
}

static void test_the_vaults_figures(void **state)
{
    struct vault_stats stats = {
        .queued = 7, .live = 12, .next = UINT64_MAX, .log_unsigned = true, .scrub_late = true};
    char *page = malloc(PAGE);
    struct text t = text_into(page, PAGE);
    char line[160];

    (void)state;
    stats.events[VAULT_KIND_REFUSED] = 5;
    stats.burned[LIFECYCLE_CAUSE_LAPSED] = 4;
    stats.answers[ANSWER_TAKEN] = 3;
    stats.commits_unknown = 2;
    stats.commit_64us.bucket[0] = 1;
    stats.commit_64us.bucket[VAULT_BUCKETS - 1] = 1;
    stats.commit_64us.sum = 100000;
    prometheus_vault(&t, &stats);
    ended(&t);
    assert_line(page, "handoff_events_total{kind=\"claim.refused\"} 5");
    for (unsigned i = 0; i < VAULT_KINDS; i++)
        if (i != VAULT_KIND_REFUSED) {
            snprintf(line, sizeof(line), "handoff_events_total{kind=\"%s\"} 0",
                     vault_kind_name((enum vault_kind)i));
            assert_line(page, line);
        }
    assert_line(page, "handoff_burned_total{cause=\"lapsed\"} 4");
    assert_line(page, "handoff_calls_total{answer=\"taken\"} 3");
    assert_line(page, "handoff_commit_failures_total{kind=\"failed\"} 0");
    assert_line(page, "handoff_commit_failures_total{kind=\"unknown\"} 2");
    assert_line(page, "handoff_commit_seconds_bucket{le=\"0.000064\"} 1");
    assert_line(page, "handoff_commit_seconds_bucket{le=\"1.048576\"} 1");
    assert_line(page, "handoff_commit_seconds_bucket{le=\"+Inf\"} 2");
    assert_line(page, "handoff_commit_seconds_sum 6.4");
    assert_line(page, "handoff_batch_jobs_bucket{le=\"16384\"} 0");
    assert_line(page, "handoff_queue_jobs 7");
    assert_line(page, "handoff_live 12");
    assert_line(page, "handoff_log_events 18446744073709551615");
    assert_line(page, "handoff_log_unsigned 1");
    assert_line(page, "handoff_scrub_late 1");
    assert_line(page, "handoff_key_rotation_active 0");
    free(page);
}

static void test_what_is_unknown_is_left_out(void **state)
{
    const struct prometheus_now none = {.connections = -1,
                                        .waits = -1,
                                        .data_free_bytes = -1,
                                        .data_bytes = -1,
                                        .resident_bytes = -1,
                                        .open_files = -1,
                                        .files_max = -1,
                                        .started_at = -1,
                                        .certificate_expires_at = -1};
    const struct prometheus_now some = {.readable = true, .certificate_expires_at = 1893456000};
    char page[8192];
    struct text t = text_into(page, sizeof(page));

    (void)state;
    prometheus_now(&t, &none);
    ended(&t);
    assert_line(page, "handoff_store_readable 0");
    assert_line(page, "handoff_memory_locked 0");
    assert_line(page, "handoff_build_info{version=\"" HANDOFF_VERSION "\"} 1");
    assert_no(page, "certificate");
    assert_no(page, "process_");
    t = text_into(page, sizeof(page));
    prometheus_now(&t, &some);
    ended(&t);
    assert_line(page, "handoff_store_readable 1");
    assert_line(page, "handoff_certificate_expiry_seconds 1893456000");
    assert_line(page, "process_open_fds 0");
}

/* ---- with a vault ---- */

struct fixture {
    char dir[64], data[80];
    struct config config;
    struct service service;
    char *page;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *parent = getenv("TMPDIR");
    struct vault_options options = {0};
    char why[512];

    assert_non_null(f);
    assert_true(snprintf(f->dir, sizeof(f->dir), "%s/handoff-metrics-XXXXXX",
                         parent != NULL && strlen(parent) < 30 ? parent : P_tmpdir) > 0);
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->data, sizeof(f->data), "%s/data", f->dir);
    options.dir = f->data;
    options.readers = 1;
    f->config.data = f->data;
    atomic_init(&f->service.config, &f->config);
    f->service.vault = vault_open(&options, why, sizeof(why));
    if (f->service.vault == NULL)
        fail_msg("%s", why);
    f->service.connections = connections_new(&(struct connections_hooks){0});
    f->service.longpolls = longpoll_new(f->service.vault);
    f->service.request_counts = request_counts_new(&routes);
    f->page = malloc(PAGE);
    assert_true(f->service.connections != NULL && f->service.longpolls != NULL &&
                f->service.request_counts != NULL && f->page != NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"handoff.db", "handoff.db-wal", "handoff.db-shm",
                                        "master.key", "log.key",        "lock"};
    struct fixture *f = *state;
    char path[128];

    request_counts_free(f->service.request_counts);
    longpoll_free(f->service.longpolls);
    connections_free(f->service.connections);
    vault_close(f->service.vault);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->data, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(f->data), 0);
    assert_int_equal(rmdir(f->dir), 0);
    free(f->page);
    free(f);
    return 0;
}

static const char *page_of(struct fixture *f)
{
    const size_t len = page_write(&f->service, f->page, PAGE - 1);

    assert_true(len > 0);
    f->page[len] = '\0';
    return f->page;
}

static const struct route *route_of(const char *method, const char *path)
{
    struct router_match match;

    router_find(&match, &routes, method, path);
    assert_int_equal(match.result, ROUTER_FOUND);
    return match.route;
}

static void test_requests_are_counted_by_call_and_outcome(void **state)
{
    struct fixture *f = *state;
    const struct route *live = route_of("GET", "/livez");
    const char *page;

    request_counts_add(f->service.request_counts, live, 200, NULL, 700);
    request_counts_add(f->service.request_counts, live, 200, NULL, 60000000);
    request_counts_add(f->service.request_counts, live, 429, "rate-limited", 100);
    request_counts_add(f->service.request_counts, NULL, 404, "not-found", -5);
    page = page_of(f);
    assert_line(page, "handoff_requests_total{method=\"GET\",route=\"/livez\",status=\"200\","
                      "code=\"\"} 2");
    assert_line(page, "handoff_requests_total{method=\"GET\",route=\"/livez\",status=\"429\","
                      "code=\"rate-limited\"} 1");
    assert_line(page, "handoff_requests_total{method=\"none\",route=\"none\",status=\"404\","
                      "code=\"not-found\"} 1");
    assert_line(page, "handoff_request_seconds_bucket{method=\"GET\",route=\"/livez\","
                      "le=\"0.0005\"} 1");
    assert_line(page, "handoff_request_seconds_bucket{method=\"GET\",route=\"/livez\","
                      "le=\"0.001\"} 2");
    assert_line(page, "handoff_request_seconds_bucket{method=\"GET\",route=\"/livez\","
                      "le=\"30\"} 2");
    assert_line(page, "handoff_request_seconds_count{method=\"GET\",route=\"/livez\"} 3");
    assert_line(page, "handoff_request_seconds_sum{method=\"GET\",route=\"/livez\"} 60.0008");
    assert_line(page, "handoff_store_readable 1");
}

static void test_an_unknown_code_makes_no_label(void **state)
{
    struct fixture *f = *state;

    request_counts_add(f->service.request_counts, NULL, 418, "practiceprotect@contoso", 1);
    page_of(f);
    assert_no(f->page, "practiceprotect");
    assert_line(f->page, "handoff_requests_total{method=\"none\",route=\"none\",status=\"other\","
                         "code=\"\"} 1");
}

static void test_every_family_stands_once(void **state)
{
    struct fixture *f = *state;
    const char *at = page_of(f);
    unsigned families = 0;

    while ((at = strstr(at, "# TYPE ")) != NULL) {
        char head[128];
        const size_t len = strcspn(at + 7, " ");

        assert_true(len < sizeof(head) - 10);
        snprintf(head, sizeof(head), "# TYPE %.*s ", (int)len, at + 7);
        assert_ptr_equal(strstr(f->page, head), at);
        assert_null(strstr(at + 1, head));
        snprintf(head, sizeof(head), "# HELP %.*s ", (int)len, at + 7);
        assert_non_null(strstr(f->page, head));
        families++;
        at++;
    }
    assert_true(families >= 20);
}

static void test_a_page_that_does_not_fit_is_none(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(page_write(&f->service, f->page, 1000), 0);
}

static void *count_many(void *ctx)
{
    struct fixture *f = ctx;
    const struct route *route = route_of("GET", "/readyz");

    for (unsigned i = 0; i < EACH; i++)
        request_counts_add(f->service.request_counts, route, 200, NULL, 1);
    return NULL;
}

static void test_threads_lose_nothing(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    char line[160];

    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, f), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    snprintf(line, sizeof(line),
             "handoff_requests_total{method=\"GET\",route=\"/readyz\",status=\"200\",code=\"\"} %d",
             THREADS * EACH);
    assert_line(page_of(f), line);
    snprintf(line, sizeof(line),
             "handoff_request_seconds_count{method=\"GET\",route=\"/readyz\"} %d", THREADS * EACH);
    assert_line(f->page, line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_histogram_is_cumulative_and_in_seconds),
        cmocka_unit_test(test_the_vaults_figures),
        cmocka_unit_test(test_what_is_unknown_is_left_out),
        cmocka_unit_test_setup_teardown(test_requests_are_counted_by_call_and_outcome, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_unknown_code_makes_no_label, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_family_stands_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_page_that_does_not_fit_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads_lose_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
