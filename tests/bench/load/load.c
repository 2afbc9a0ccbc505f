/*
 * A closed-loop load generator: does with each handoff what its kind says against handoffd, or as
 * much against the bare responder, judges every answer and prints what it measured as JSON. Only
 * ever talks to 127.0.0.1.
 */
#include "tests/bench/load/client.h"

#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/handoff/envelope.h"

#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOAD_CONNECTIONS_MAX = 4096,
    LOAD_HANDOFFS_MAX = 10000000,
    LOAD_HELD_MAX = 16384,
    LOAD_PLAINTEXT_MAX = 700000
};

struct options {
    uint64_t port, connections, threads, handoffs, milliseconds, plaintext;
    uint64_t seed, filled, from, hold;
    uint64_t answers[PREPARE_STEPS_MAX];
    const struct prepare_kind *kind;
    const char *trusted; /* NULL: no TLS */
    bool bare, in_order;
};

struct thread {
    pthread_t id;
    const struct client_plan *plan;
    unsigned number, connections;
    struct client_result result;
    int rc;
};

static const char usage[] =
    "usage: load --port P [--kind KIND] [--connections N] [--threads T] [--handoffs M]\n"
    "            [--milliseconds MS] [--plaintext BYTES] [--bare BYTES[,BYTES…]] [--tls FILE]\n"
    "            [--seed S --filled N [--from RANK] [--in-order] [--hold N]]\n"
    "Does what the kind says with M handoffs, or with as many as fit into MS milliseconds, over N\n"
    "connections. Kinds: handoffs (put, claim, opened), create (put); with handoffs that fill "
    "made\n"
    "from seed S (N of them), taken at random from a rank on: status (get), redeem (claim,\n"
    "opened). --hold: so many long-polls wait meanwhile, each for a filled handoff of its own, "
    "and\n"
    "are claimed in the end; those of --from on are for them.\n"
    "--bare: as much against the bare responder, with answers of these sizes.\n"
    "--tls: by TLS, with the certificate of this file.\n"
    "Status: 0 every answer was right, 1 one was not or a connection failed, 2 usage.\n";

/* Sizes separated by commas; as many as the kind has steps. */
static int parse_answers(struct options *o, const char *text)
{
    for (unsigned i = 0; i < o->kind->count; i++) {
        const size_t len = strcspn(text, ",");
        if (encoding_u64(&o->answers[i], text, len, ENVELOPE_MAX * 2) != 0)
            return -1;
        text += len;
        if (i + 1 < o->kind->count && *text++ != ',')
            return -1;
    }
    return *text == '\0' ? 0 : -1;
}

static bool complete(const struct options *o)
{
    return o->port > 0 && o->connections >= o->threads && o->threads > 0 &&
           o->handoffs >= o->connections && (!o->bare || o->milliseconds > 0) &&
           (!o->kind->repeats || o->milliseconds > 0) &&
           (o->hold == 0 || (!o->kind->filled && !o->bare && o->hold >= o->threads));
}

static int parse_options(struct options *o, int argc, char **argv)
{
    static const struct option table[] = {
        {"port", required_argument, NULL, 'p'},
        {"connections", required_argument, NULL, 'c'},
        {"threads", required_argument, NULL, 't'},
        {"handoffs", required_argument, NULL, 'n'},
        {"plaintext", required_argument, NULL, 'l'},
        {"milliseconds", required_argument, NULL, 'm'},
        {"seed", required_argument, NULL, 's'},
        {"filled", required_argument, NULL, 'f'},
        {"from", required_argument, NULL, 'r'},
        {"hold", required_argument, NULL, 'h'},
        {"in-order", no_argument, NULL, 'o'},
        {"kind", required_argument, NULL, 'k'},
        {"tls", required_argument, NULL, 'e'},
        {"bare", required_argument, NULL, 'b'},
        {NULL, 0, NULL, 0},
    };
    const struct {
        int option;
        uint64_t *value;
        uint64_t max;
    } numbers[] = {
        {'p', &o->port, 65535},
        {'c', &o->connections, LOAD_CONNECTIONS_MAX},
        {'t', &o->threads, PREPARE_THREADS_MAX},
        {'n', &o->handoffs, LOAD_HANDOFFS_MAX},
        {'m', &o->milliseconds, 600000},
        {'l', &o->plaintext, LOAD_PLAINTEXT_MAX},
        {'s', &o->seed, UINT32_MAX},
        {'f', &o->filled, LOAD_HANDOFFS_MAX},
        {'r', &o->from, LOAD_HANDOFFS_MAX},
        {'h', &o->hold, LOAD_HELD_MAX},
    };
    const char *bare = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == '?')
            return -1;
        if (option == 'b')
            bare = optarg;
        else if (option == 'e')
            o->trusted = optarg;
        else if (option == 'o')
            o->in_order = true;
        else if (option == 'k' && (o->kind = prepare_kind(optarg)) == NULL)
            return -1;
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
            if (numbers[i].option == option &&
                encoding_u64(numbers[i].value, optarg, strlen(optarg), numbers[i].max) != 0)
                return -1;
    }
    o->bare = bare != NULL;
    if (optind != argc || (o->bare && parse_answers(o, bare) != 0))
        return -1;
    return complete(o) ? 0 : -1;
}

static void *run_thread(void *arg)
{
    struct thread *t = arg;

    t->rc = client_run(t->plan, t->number, t->connections, &t->result);
    return NULL;
}

static void add(struct client_result *sum, const struct client_result *r)
{
    for (unsigned i = 0; i < PREPARE_STEPS_MAX; i++) {
        histogram_merge(&sum->latency[i], &r->latency[i]);
        sum->answer_bytes[i] += r->answer_bytes[i];
    }
    histogram_merge(&sum->woken, &r->woken);
    sum->handoffs += r->handoffs;
    sum->wrong += r->wrong;
    sum->broken += r->broken;
    sum->exhausted = sum->exhausted || r->exhausted;
    if (sum->start_ns == 0 || r->start_ns < sum->start_ns)
        sum->start_ns = r->start_ns;
    if (r->end_ns > sum->end_ns)
        sum->end_ns = r->end_ns;
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
        pthread_join(threads[i].id, NULL);
        add(sum, &threads[i].result);
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

static void print_steps(const struct prepare_set *set, const struct client_result *r)
{
    const struct prepare_kind *const kind = prepare_kind_of(set);

    for (unsigned i = 0; i < kind->count; i++) {
        const uint64_t count = r->latency[i].count;
        printf("%s{\"name\":\"%s\",\"body_bytes\":%zu,\"answer_bytes\":%llu,", i > 0 ? "," : "",
               prepare_step_name(kind->steps[i]), prepare_body_len(set, i),
               (unsigned long long)(count > 0 ? (r->answer_bytes[i] + count / 2) / count : 0));
        print_latency(&r->latency[i]);
        fputs("}", stdout);
    }
}

static void print_result(const struct options *o, const struct prepare_set *set,
                         const struct client_result *r)
{
    const double seconds = (double)(r->end_ns - r->start_ns) / 1e9;
    static struct histogram all;

    for (unsigned i = 0; i < PREPARE_STEPS_MAX; i++)
        histogram_merge(&all, &r->latency[i]);
    printf("{\"kind\":\"%s\",\"bare\":%s,\"connections\":%u,\"threads\":%u,\"seconds\":%.3f,"
           "\"requests_per_s\":%.0f,\"handoffs\":%llu,\"wrong\":%llu,\"broken\":%llu,"
           "\"exhausted\":%s,",
           o->kind->name, o->bare ? "true" : "false", (unsigned)o->connections,
           (unsigned)o->threads, seconds, seconds > 0 ? (double)all.count / seconds : 0,
           (unsigned long long)r->handoffs, (unsigned long long)r->wrong,
           (unsigned long long)r->broken, r->exhausted ? "true" : "false");
    print_latency(&all);
    fputs(",\"steps\":[", stdout);
    print_steps(set, r);
    fputs("]", stdout);
    if (o->hold > 0) {
        fputs(",\"woken\":{", stdout);
        print_latency(&r->woken);
        fputs("}", stdout);
    }
    fputs("}\n", stdout);
}

static int measure(const struct options *o, const struct prepare_set *set,
                   const struct prepare_set *held, gnutls_certificate_credentials_t credentials)
{
    static struct client_result sum;
    pthread_barrier_t barrier;
    struct client_plan plan = {.set = set,
                               .held = held,
                               .port = (uint16_t)o->port,
                               .credentials = credentials,
                               .bare = o->bare,
                               .threads = (unsigned)o->threads,
                               .limit_ns = o->milliseconds * 1000000,
                               .barrier = &barrier};
    int rc;

    for (unsigned i = 0; i < PREPARE_STEPS_MAX; i++)
        plan.answers[i] = (size_t)o->answers[i];
    if (pthread_barrier_init(&barrier, NULL, plan.threads) != 0)
        return EXIT_FAILURE;
    rc = run(&plan, (unsigned)o->connections, &sum);
    pthread_barrier_destroy(&barrier);
    print_result(o, set, &sum);
    return rc == 0 && sum.wrong + sum.broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What the certificate must be; NULL without TLS. Returns 0, or -1 with a message on stderr. */
static int trust(const struct options *o, gnutls_certificate_credentials_t *out)
{
    *out = NULL;
    if (o->trusted == NULL)
        return 0;
    if (gnutls_certificate_allocate_credentials(out) == GNUTLS_E_SUCCESS &&
        gnutls_certificate_set_x509_trust_file(*out, o->trusted, GNUTLS_X509_FMT_PEM) > 0)
        return 0;
    fprintf(stderr, "load: %s holds no certificate\n", o->trusted);
    return -1;
}

static struct prepare_options plan_requests(const struct options *o)
{
    struct prepare_options p = {.kind = o->kind,
                                .count = (size_t)o->handoffs,
                                .plaintext = (size_t)o->plaintext,
                                .threads = (unsigned)o->threads,
                                .port = (uint16_t)o->port,
                                .bare = o->bare,
                                .seed = o->seed,
                                .filled = o->filled,
                                .from = o->from,
                                .in_order = o->in_order};

    for (unsigned i = 0; i < PREPARE_STEPS_MAX; i++)
        p.answers[i] = (size_t)o->answers[i];
    return p;
}

int main(int argc, char **argv)
{
    struct options o = {.connections = 32,
                        .threads = 2,
                        .handoffs = 10000,
                        .plaintext = 200,
                        .kind = prepare_kind("handoffs")};
    struct prepare_options plan;
    struct prepare_set *set = NULL, *held = NULL;
    gnutls_certificate_credentials_t credentials;
    int rc = EXIT_FAILURE;

    if (parse_options(&o, argc, argv) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (sodium_init() < 0 || trust(&o, &credentials) != 0)
        return EXIT_FAILURE;
    plan = plan_requests(&o);
    set = prepare_new(&plan);
    if (o.hold > 0) {
        plan.kind = prepare_kind("held");
        plan.count = (size_t)o.hold;
        held = prepare_new(&plan);
    }
    if (set != NULL && (held != NULL) == (o.hold > 0))
        rc = measure(&o, set, held, credentials);
    prepare_free(held);
    prepare_free(set);
    if (credentials != NULL)
        gnutls_certificate_free_credentials(credentials);
    return rc;
}
