#include "tests/bench/load/prepare.h"

#include "tests/bench/load/order.h"
#include "tests/bench/material/material.h"
#include "vault/protocol/encoding/encoding.h"
#include "vault/protocol/encoding/text.h"
#include "vault/protocol/handoff/envelope.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    PREPARE_HEADER_MAX = 512,
    PREPARE_BODY_FIXED = 640,
    PREPARE_HASH_TEXT = ENCODING_BASE64URL_LEN(ENVELOPE_HASH_BYTES)
};

static const struct prepare_kind kinds[] = {
    {"handoffs", {PREPARE_PUT, PREPARE_CLAIM, PREPARE_OPENED}, 3, false, false},
    {"create", {PREPARE_PUT}, 1, false, false},
    {"status", {PREPARE_STATUS}, 1, true, true},
    {"redeem", {PREPARE_CLAIM, PREPARE_OPENED}, 2, true, false},
    {"held", {PREPARE_EVENTS, PREPARE_CLAIM}, 2, true, false},
};

static const struct {
    const char *name, *method, *tail;
} steps[PREPARE_STEP_KINDS] = {
    [PREPARE_PUT] = {"put", "PUT", ""},
    [PREPARE_CLAIM] = {"claim", "POST", "/claim"},
    [PREPARE_OPENED] = {"opened", "POST", "/opened"},
    [PREPARE_STATUS] = {"status", "GET", ""},
    [PREPARE_EVENTS] = {"events", "GET", "/events"},
};

struct prepare_set {
    struct prepare_options options;
    struct material_source source;
    size_t envelope_len; /* bytes */
    size_t stride;       /* bytes of one handoff in the arena */
    size_t offset[PREPARE_STEPS_MAX], len[PREPARE_STEPS_MAX], body_len[PREPARE_STEPS_MAX];
    size_t id_offset, hash_offset, envelope_offset; /* where they stand inside a handoff */
    char *arena;
};

/* A thread's share, and room to build in. */
struct worker {
    struct prepare_set *set;
    size_t first;
    pthread_t thread;
    uint8_t *envelope;
    char *body;
    size_t body_size;
    bool failed;
};

const struct prepare_kind *prepare_kind(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const char *prepare_step_name(enum prepare_step step)
{
    return steps[step].name;
}

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void member(struct text *t, const char *prefix, const uint8_t *data, size_t len)
{
    text_add(t, prefix);
    text_base64url(t, data, len);
    text_add(t, "\"");
}

static struct text make_body(struct worker *w, const struct material *m, enum prepare_step step)
{
    struct text t = text_into(w->body, w->body_size);

    switch (step) {
    case PREPARE_PUT:
        member(&t, "{\"envelope\":\"", m->envelope, m->envelope_len);
        member(&t, ",\"claim_hash\":\"", m->claim_hash, 32);
        member(&t, ",\"opened_hash\":\"", m->opened_hash, 32);
        member(&t, ",\"receipt_key\":\"", m->receipt_key, 32);
        member(&t, ",\"manage_hash\":\"", m->manage_hash, 32);
        text_add(&t, ",\"code\":false,\"expires_in\":604800,\"label\":\"Onboarding account\"}");
        break;
    case PREPARE_CLAIM:
        member(&t, "{\"token\":\"", m->claim_token, 32);
        member(&t, ",\"claimant\":\"", m->claimant, 32);
        text_add(&t, "}");
        break;
    case PREPARE_OPENED:
        member(&t, "{\"opened_token\":\"", m->opened_token, 32);
        member(&t, ",\"claimant\":\"", m->claimant, 32);
        text_add(&t, "}");
        break;
    case PREPARE_STATUS:
    case PREPARE_EVENTS:
    case PREPARE_STEP_KINDS:
        break;
    }
    return t;
}

/* The target of a bare request is as long as the real one's: "/b/<size>/" and then filler. */
static void add_target(struct text *t, const struct prepare_options *o, const uint8_t id[16],
                       unsigned place)
{
    const char *const tail = steps[o->kind->steps[place]].tail;
    const size_t from = t->len;
    size_t wanted;

    if (!o->bare) {
        text_add(t, "/v1/handoffs/");
        text_id(t, id);
        text_add(t, tail);
        return;
    }
    wanted = strlen("/v1/handoffs/") + ENCODING_ID_TEXT + strlen(tail);
    text_add(t, "/b/");
    text_i64(t, (int64_t)o->answers[place]);
    text_add(t, "/");
    while (t->len - from < wanted && !t->overflow)
        text_add(t, "0");
}

/* Whoever wins in a comparison: a bare PUT would be refused by nobody, but POST is what is
   compared. */
static const char *method_of(const struct prepare_options *o, enum prepare_step step)
{
    return o->bare && step == PREPARE_PUT ? "POST" : steps[step].method;
}

static struct text make_header(char *out, size_t size, const struct prepare_options *o,
                               const struct material *m, unsigned place, size_t body_len)
{
    const enum prepare_step step = o->kind->steps[place];
    struct text t = text_into(out, size);

    text_add(&t, method_of(o, step));
    text_add(&t, " ");
    add_target(&t, o, m->id, place);
    text_add(&t, " HTTP/1.1\r\nHost: 127.0.0.1:");
    text_i64(&t, o->port);
    text_add(&t, "\r\nUser-Agent: handoff-load\r\n");
    if (step == PREPARE_EVENTS) {
        text_add(&t, "Authorization: Bearer ");
        text_base64url(&t, m->manage_key, sizeof(m->manage_key));
        text_add(&t, "\r\n");
    }
    if (body_len > 0) {
        text_add(&t, "Content-Type: application/json\r\nContent-Length: ");
        text_i64(&t, (int64_t)body_len);
        text_add(&t, "\r\n");
    }
    text_add(&t, "\r\n");
    return t;
}

/* What the answers must say, behind the requests. */
static void put_expected(const struct prepare_set *s, const struct material *m, char *out)
{
    uint8_t hash[ENVELOPE_HASH_BYTES];

    encoding_id_format(out + s->id_offset, m->id);
    envelope_hash(hash, m->envelope, m->envelope_len);
    encoding_base64url(out + s->hash_offset, hash, sizeof(hash));
    if (s->options.kind->steps[0] != PREPARE_PUT)
        encoding_base64url(out + s->envelope_offset, m->envelope, m->envelope_len);
}

/* Fixes the layout behind the requests. */
static void measure_expected(struct prepare_set *s, size_t at)
{
    s->id_offset = at;
    s->hash_offset = at + ENCODING_ID_TEXT + 1;
    s->stride = s->hash_offset + PREPARE_HASH_TEXT + 1;
    if (s->options.kind->steps[0] != PREPARE_PUT) {
        s->envelope_offset = s->stride;
        s->stride += ENCODING_BASE64URL_LEN(s->envelope_len) + 1;
    }
}

/* Writes one handoff into the arena; the first of all (measure set) fixes the layout instead. */
static int make_handoff(struct worker *w, const struct material *m, char *out, bool measure)
{
    struct prepare_set *s = w->set;
    char header[PREPARE_HEADER_MAX];
    size_t at = 0;

    for (unsigned i = 0; i < s->options.kind->count; i++) {
        const struct text body = make_body(w, m, s->options.kind->steps[i]);
        const struct text head = make_header(header, sizeof(header), &s->options, m, i, body.len);
        if (body.overflow || head.overflow)
            return -1;
        if (measure) {
            s->offset[i] = at;
            s->len[i] = head.len + body.len;
            s->body_len[i] = body.len;
            if (s->options.kind->steps[i] == PREPARE_PUT)
                s->envelope_offset = at + head.len + strlen("{\"envelope\":\"");
        } else if (s->len[i] != head.len + body.len) {
            return -1;
        } else {
            memcpy(out + at, head.data, head.len);
            memcpy(out + at + head.len, body.data, body.len);
        }
        at += head.len + body.len;
    }
    if (measure)
        measure_expected(s, at);
    else
        put_expected(s, m, out);
    return 0;
}

/* The number of the handoff at this place of the run. */
static uint64_t number_of(const struct prepare_options *o, size_t i)
{
    if (!o->kind->filled)
        return i;
    return o->in_order ? o->from + i : order_at(o->seed, o->filled, o->from + i);
}

static int make_one(struct worker *w, size_t i, char *out, bool measure)
{
    struct material m = {.envelope = w->envelope, .envelope_len = w->set->envelope_len};

    material_make(&m, &w->set->source, number_of(&w->set->options, i));
    return make_handoff(w, &m, out, measure);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct prepare_set *s = w->set;

    for (size_t i = w->first; i < s->options.count && !w->failed; i += s->options.threads)
        w->failed = make_one(w, i, s->arena + i * s->stride, false) != 0;
    return NULL;
}

static int worker_init(struct worker *w, struct prepare_set *set, size_t first)
{
    w->set = set;
    w->first = first;
    w->body_size = ENCODING_BASE64URL_LEN(set->envelope_len) + PREPARE_BODY_FIXED;
    w->envelope = malloc(set->envelope_len);
    w->body = malloc(w->body_size);
    return w->envelope != NULL && w->body != NULL ? 0 : -1;
}

static void worker_clear(struct worker *w)
{
    free(w->envelope);
    free(w->body);
}

/* Fills the arena with as many threads as asked for. */
static int fill_arena(struct prepare_set *set, struct worker *workers)
{
    const unsigned threads = set->options.threads;
    unsigned started = 0;
    int rc = 0;

    if (make_one(&workers[0], 0, NULL, true) != 0)
        return -1;
    set->arena = mmap(NULL, set->options.count * set->stride, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (set->arena == MAP_FAILED) {
        set->arena = NULL;
        return -1;
    }
    for (; started < threads; started++)
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    for (unsigned i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].failed)
            rc = -1;
    }
    return started == threads ? rc : -1;
}

/* Those that are there are named by the seed that they were filled with, new ones by one that
   nobody else has. */
static int choose(struct prepare_set *set)
{
    const struct prepare_options *const o = &set->options;
    uint64_t seed = o->seed;

    if (o->threads == 0 || o->threads > PREPARE_THREADS_MAX || o->count == 0)
        return -1;
    if (o->kind->filled && !o->bare && (o->from > o->filled || o->count > o->filled - o->from))
        return -1;
    if (!o->kind->filled)
        randombytes_buf(&seed, sizeof(seed));
    material_seed(&set->source, seed, o->kind->filled ? MATERIAL_FILLED_MS : now_ms());
    return 0;
}

struct prepare_set *prepare_new(const struct prepare_options *options)
{
    struct worker workers[PREPARE_THREADS_MAX] = {0};
    struct prepare_set *set = calloc(1, sizeof(*set));
    int rc = -1;

    if (set == NULL)
        goto err;
    set->options = *options;
    if (options->bare) { /* nobody knows a handoff there */
        set->options.in_order = true;
        set->options.from = 0;
    }
    set->envelope_len = envelope_size(options->plaintext);
    if (choose(set) != 0)
        goto err;
    for (unsigned i = 0; i < options->threads; i++)
        if (worker_init(&workers[i], set, i) != 0)
            goto err;
    rc = fill_arena(set, workers);
err:
    for (unsigned i = 0; i < PREPARE_THREADS_MAX; i++)
        worker_clear(&workers[i]);
    if (rc == 0)
        return set;
    fprintf(stderr, "load: cannot prepare %zu handoffs\n", options->count);
    prepare_free(set);
    return NULL;
}

void prepare_free(struct prepare_set *set)
{
    if (set == NULL)
        return;
    if (set->arena != NULL)
        munmap(set->arena, set->options.count * set->stride);
    free(set);
}

size_t prepare_count(const struct prepare_set *set)
{
    return set->options.count;
}

const struct prepare_kind *prepare_kind_of(const struct prepare_set *set)
{
    return set->options.kind;
}

static struct prepare_span span(const struct prepare_set *set, size_t handoff, size_t offset,
                                size_t len)
{
    return (struct prepare_span){set->arena + handoff * set->stride + offset, len};
}

struct prepare_span prepare_request(const struct prepare_set *set, size_t handoff, unsigned step)
{
    return span(set, handoff, set->offset[step], set->len[step]);
}

size_t prepare_body_len(const struct prepare_set *set, unsigned step)
{
    return set->body_len[step];
}

struct prepare_span prepare_id(const struct prepare_set *set, size_t handoff)
{
    return span(set, handoff, set->id_offset, ENCODING_ID_TEXT);
}

struct prepare_span prepare_envelope(const struct prepare_set *set, size_t handoff)
{
    return span(set, handoff, set->envelope_offset, ENCODING_BASE64URL_LEN(set->envelope_len));
}

struct prepare_span prepare_envelope_hash(const struct prepare_set *set, size_t handoff)
{
    return span(set, handoff, set->hash_offset, PREPARE_HASH_TEXT);
}
