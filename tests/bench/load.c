/*
 * A closed-loop load generator: runs whole handoffs against handoffd, or plain POSTs of the same
 * sizes against the bare responder, judges every answer and prints what it measured as JSON. Only
 * ever talks to 127.0.0.1.
 */
#include "tests/bench/client.h"

#include "vault/protocol/encoding.h"
#include "vault/protocol/envelope.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOAD_THREADS_MAX = 64, LOAD_CONNECTIONS_MAX = 4096, LOAD_HANDOFFS_MAX = 2000000 };

struct options {
    uint64_t port, connections, threads, handoffs, milliseconds, plaintext;
    uint64_t answers[PREPARE_STEPS];
    bool bare;
};

struct thread {
    pthread_t id;
    const struct client_plan *plan;
    unsigned number, connections;
    struct client_result result;
    int rc;
};

static const char usage[] =
    "usage: load --port P [--connections N] [--threads T] [--handoffs M] [--milliseconds MS]\n"
    "            [--plaintext BYTES] [--bare PUT,CLAIM,OPENED]\n"
    "Runs M prepared handoffs, or as many of them as fit into MS milliseconds, over N "
    "connections.\n"
    "--bare: plain POSTs against the bare responder instead, with answers of these sizes.\n"
    "Status: 0 every answer was right, 1 one was not or a connection failed, 2 usage.\n";

/* Three sizes separated by commas. */
static int parse_answers(uint64_t out[PREPARE_STEPS], const char *text)
{
    for (enum prepare_step step = PREPARE_PUT; step < PREPARE_STEPS; step++) {
        const size_t len = strcspn(text, ",");
        if (encoding_u64(&out[step], text, len, ENVELOPE_MAX * 2) != 0)
            return -1;
        text += len;
        if (step + 1 < PREPARE_STEPS && *text++ != ',')
            return -1;
    }
    return *text == '\0' ? 0 : -1;
}

static int parse_options(struct options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"port", required_argument, NULL, 'p'},      {"connections", required_argument, NULL, 'c'},
        {"threads", required_argument, NULL, 't'},   {"handoffs", required_argument, NULL, 'n'},
        {"plaintext", required_argument, NULL, 'l'}, {"milliseconds", required_argument, NULL, 'm'},
        {"bare", required_argument, NULL, 'b'},      {NULL, 0, NULL, 0},
    };
    const struct {
        int option;
        uint64_t *value;
        uint64_t max;
    } numbers[] = {
        {'p', &o->port, 65535},
        {'c', &o->connections, LOAD_CONNECTIONS_MAX},
        {'t', &o->threads, LOAD_THREADS_MAX},
        {'n', &o->handoffs, LOAD_HANDOFFS_MAX},
        {'m', &o->milliseconds, 600000},
        {'l', &o->plaintext, 700000},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        bool known = option == 'b';
        if (known) {
            o->bare = true;
            if (parse_answers(o->answers, optarg) != 0)
                return -1;
        }
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
            if (numbers[i].option == option) {
                known = true;
                if (encoding_u64(numbers[i].value, optarg, strlen(optarg), numbers[i].max) != 0)
                    return -1;
            }
        if (!known)
            return -1;
    }
    return optind == argc && o->port > 0 && o->connections >= o->threads && o->threads > 0 &&
                   o->handoffs >= o->connections
               ? 0
               : -1;
}

static void *run_thread(void *arg)
{
    struct thread *t = arg;

    t->rc = client_run(t->plan, t->number, t->connections, &t->result);
    return NULL;
}

/* Runs the threads and adds up what they did into *sum. Returns 0, or -1 when one could not. */
static int run(const struct client_plan *plan, unsigned connections, struct client_result *sum)
{
    struct thread *threads = calloc(plan->threads, sizeof(*threads));
    int rc = 0;

    if (threads == NULL)
        return -1;
    for (unsigned i = 0; i < plan->threads; i++) {
        threads[i].plan = plan;
        threads[i].number = i;
        threads[i].connections =
            connections / plan->threads + (i < connections % plan->threads ? 1 : 0);
        if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) != 0) {
            fputs("load: cannot start a thread\n", stderr);
            exit(EXIT_FAILURE);
        }
    }
    for (unsigned i = 0; i < plan->threads; i++) {
        const struct client_result *const r = &threads[i].result;
        pthread_join(threads[i].id, NULL);
        for (enum prepare_step step = PREPARE_PUT; step < PREPARE_STEPS; step++) {
            histogram_merge(&sum->latency[step], &r->latency[step]);
            sum->answer_bytes[step] += r->answer_bytes[step];
        }
        sum->handoffs += r->handoffs;
        sum->wrong += r->wrong;
        sum->broken += r->broken;
        sum->exhausted = sum->exhausted || r->exhausted;
        if (sum->start_ns == 0 || r->start_ns < sum->start_ns)
            sum->start_ns = r->start_ns;
        if (r->end_ns > sum->end_ns)
            sum->end_ns = r->end_ns;
        if (threads[i].rc != 0)
            rc = -1;
    }
    free(threads);
    return rc;
}

static void print_latency(const struct histogram *h)
{
    printf("\"requests\":%llu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f",
           (unsigned long long)h->count, (double)histogram_quantile(h, 0.5) / 1e3,
           (double)histogram_quantile(h, 0.99) / 1e3, (double)histogram_quantile(h, 0.999) / 1e3,
           (double)h->max_ns / 1e3);
}

static void print_result(const struct options *o, const struct prepare_set *set,
                         const struct client_result *r)
{
    const double seconds = (double)(r->end_ns - r->start_ns) / 1e9;
    static struct histogram all;

    for (enum prepare_step step = PREPARE_PUT; step < PREPARE_STEPS; step++)
        histogram_merge(&all, &r->latency[step]);
    printf("{\"mode\":\"%s\",\"connections\":%u,\"threads\":%u,\"seconds\":%.3f,"
           "\"requests_per_s\":%.0f,\"handoffs\":%llu,\"wrong\":%llu,\"broken\":%llu,"
           "\"exhausted\":%s,",
           o->bare ? "bare" : "handoffs", (unsigned)o->connections, (unsigned)o->threads, seconds,
           seconds > 0 ? (double)all.count / seconds : 0, (unsigned long long)r->handoffs,
           (unsigned long long)r->wrong, (unsigned long long)r->broken,
           r->exhausted ? "true" : "false");
    print_latency(&all);
    fputs(",\"steps\":[", stdout);
    for (enum prepare_step step = PREPARE_PUT; step < PREPARE_STEPS; step++) {
        const uint64_t count = r->latency[step].count;
        printf("%s{\"name\":\"%s\",\"body_bytes\":%zu,\"answer_bytes\":%llu,", step > 0 ? "," : "",
               prepare_step_names[step], prepare_body_len(set, step),
               (unsigned long long)(count > 0 ? (r->answer_bytes[step] + count / 2) / count : 0));
        print_latency(&r->latency[step]);
        fputs("}", stdout);
    }
    fputs("]}\n", stdout);
}

static int measure(const struct options *o, const struct prepare_set *set)
{
    static struct client_result sum;
    pthread_barrier_t barrier;
    struct client_plan plan = {.set = set,
                               .port = (uint16_t)o->port,
                               .bare = o->bare,
                               .threads = (unsigned)o->threads,
                               .limit_ns = o->milliseconds * 1000000,
                               .barrier = &barrier};
    int rc;

    for (enum prepare_step step = PREPARE_PUT; step < PREPARE_STEPS; step++)
        plan.answers[step] = (size_t)o->answers[step];
    if (pthread_barrier_init(&barrier, NULL, plan.threads) != 0)
        return EXIT_FAILURE;
    rc = run(&plan, (unsigned)o->connections, &sum);
    pthread_barrier_destroy(&barrier);
    print_result(o, set, &sum);
    return rc == 0 && sum.wrong + sum.broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct options o = {.connections = 32, .threads = 2, .handoffs = 10000, .plaintext = 200};
    struct prepare_options prepare;
    struct prepare_set *set;
    int rc;

    if (parse_options(&o, argc, argv) != 0 || (o.bare && o.milliseconds == 0)) {
        fputs(usage, stderr);
        return 2;
    }
    if (sodium_init() < 0)
        return EXIT_FAILURE;
    prepare = (struct prepare_options){.count = (size_t)o.handoffs,
                                       .plaintext = (size_t)o.plaintext,
                                       .threads = (unsigned)o.threads,
                                       .port = (uint16_t)o.port,
                                       .bare = o.bare};
    for (enum prepare_step step = PREPARE_PUT; step < PREPARE_STEPS; step++)
        prepare.answers[step] = (size_t)o.answers[step];
    set = prepare_new(&prepare);
    if (set == NULL)
        return EXIT_FAILURE;
    rc = measure(&o, set);
    prepare_free(set);
    return rc;
}
