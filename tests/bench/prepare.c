#include "tests/bench/prepare.h"

#include "vault/protocol/encoding.h"
#include "vault/protocol/envelope.h"
#include "vault/protocol/keys.h"
#include "vault/protocol/text.h"

#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

const char *const prepare_step_names[PREPARE_STEPS] = {
    [PREPARE_PUT] = "put",
    [PREPARE_CLAIM] = "claim",
    [PREPARE_OPENED] = "opened",
};

enum { PREPARE_HEADER_MAX = 512, PREPARE_BODY_FIXED = 640, PREPARE_THREADS_MAX = 64 };

struct prepare_set {
    struct prepare_options options;
    size_t envelope_len; /* bytes */
    size_t stride;       /* bytes of one handoff in the arena */
    size_t offset[PREPARE_STEPS], len[PREPARE_STEPS], body_len[PREPARE_STEPS];
    size_t id_offset, envelope_offset; /* where they stand inside a handoff */
    char *arena;
};

/* What one handoff is made of. */
struct material {
    uint8_t id[16];
    uint8_t claim_hash[32], opened_hash[32], receipt_key[32], manage_hash[32];
    uint8_t claim_token[32], opened_token[32], claimant[32];
    uint8_t *envelope;
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

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Tokens and envelopes are random bytes of the right shape: what a client derives and seals cannot
   be told from them by anyone without the link key, and making them so costs a tenth. */
static void make_material(struct material *m, struct worker *w)
{
    uint8_t receipt_seed[KEYS_BYTES];

    encoding_id_new(m->id, now_ms());
    randombytes_buf(m->claim_token, sizeof(m->claim_token));
    randombytes_buf(m->opened_token, sizeof(m->opened_token));
    randombytes_buf(m->claimant, sizeof(m->claimant));
    randombytes_buf(m->manage_hash, sizeof(m->manage_hash));
    randombytes_buf(receipt_seed, sizeof(receipt_seed));
    keys_hash(m->claim_hash, m->claim_token);
    keys_hash(m->opened_hash, m->opened_token);
    keys_receipt_public(m->receipt_key, receipt_seed);
    m->envelope = w->envelope;
    randombytes_buf(m->envelope, w->set->envelope_len);
    m->envelope[0] = 0x01;
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
        member(&t, "{\"envelope\":\"", m->envelope, w->set->envelope_len);
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
    case PREPARE_STEPS:
        member(&t, "{\"opened_token\":\"", m->opened_token, 32);
        member(&t, ",\"claimant\":\"", m->claimant, 32);
        text_add(&t, "}");
        break;
    }
    return t;
}

/* The target of a bare request is as long as the real one's: "/b/<size>/" and then filler. */
static void add_target(struct text *t, const struct prepare_options *o, const uint8_t id[16],
                       enum prepare_step step)
{
    static const char *const tails[PREPARE_STEPS] = {"", "/claim", "/opened"};
    const size_t from = t->len;
    size_t wanted;

    if (!o->bare) {
        text_add(t, "/v1/handoffs/");
        text_id(t, id);
        text_add(t, tails[step]);
        return;
    }
    wanted = strlen("/v1/handoffs/") + ENCODING_ID_TEXT + strlen(tails[step]);
    text_add(t, "/b/");
    text_i64(t, (int64_t)o->answers[step]);
    text_add(t, "/");
    while (t->len - from < wanted && !t->overflow)
        text_add(t, "0");
}

static struct text make_header(char *out, size_t size, const struct prepare_options *o,
                               const uint8_t id[16], enum prepare_step step, size_t body_len)
{
    struct text t = text_into(out, size);

    text_add(&t, step == PREPARE_PUT && !o->bare ? "PUT " : "POST ");
    add_target(&t, o, id, step);
    text_add(&t, " HTTP/1.1\r\nHost: 127.0.0.1:");
    text_i64(&t, o->port);
    text_add(&t, "\r\nUser-Agent: handoff-load\r\nContent-Type: application/json\r\n"
                 "Content-Length: ");
    text_i64(&t, (int64_t)body_len);
    text_add(&t, "\r\n\r\n");
    return t;
}

/* Writes one handoff into the arena; the first of all (measure set) fixes the layout instead. */
static int make_handoff(struct worker *w, const struct material *m, char *out, bool measure)
{
    struct prepare_set *s = w->set;
    char header[PREPARE_HEADER_MAX];
    size_t at = 0;

    for (enum prepare_step step = PREPARE_PUT; step < PREPARE_STEPS; step++) {
        const struct text body = make_body(w, m, step);
        const struct text head =
            make_header(header, sizeof(header), &s->options, m->id, step, body.len);
        if (body.overflow || head.overflow)
            return -1;
        if (measure) {
            s->offset[step] = at;
            s->len[step] = head.len + body.len;
            s->body_len[step] = body.len;
            if (step == PREPARE_PUT)
                s->envelope_offset = at + head.len + strlen("{\"envelope\":\"");
        } else if (s->len[step] != head.len + body.len) {
            return -1;
        } else {
            memcpy(out + at, head.data, head.len);
            memcpy(out + at + head.len, body.data, body.len);
        }
        at += head.len + body.len;
    }
    if (measure) {
        s->id_offset = at;
        s->stride = at + ENCODING_ID_TEXT + 1;
    } else {
        encoding_id_format(out + s->id_offset, m->id);
    }
    return 0;
}

static int make_one(struct worker *w, char *out, bool measure)
{
    struct material m;

    make_material(&m, w);
    return make_handoff(w, &m, out, measure);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    const struct prepare_set *s = w->set;

    for (size_t i = w->first; i < s->options.count && !w->failed; i += s->options.threads)
        w->failed = make_one(w, s->arena + i * s->stride, false) != 0;
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
static int fill(struct prepare_set *set, struct worker *workers)
{
    const unsigned threads = set->options.threads;
    unsigned started = 0;
    int rc = 0;

    if (make_one(&workers[0], NULL, true) != 0)
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

struct prepare_set *prepare_new(const struct prepare_options *options)
{
    struct worker workers[PREPARE_THREADS_MAX] = {0};
    struct prepare_set *set = calloc(1, sizeof(*set));
    int rc = -1;

    if (set == NULL || options->threads == 0 || options->threads > PREPARE_THREADS_MAX)
        goto err;
    set->options = *options;
    set->envelope_len = envelope_size(options->plaintext);
    for (unsigned i = 0; i < options->threads; i++)
        if (worker_init(&workers[i], set, i) != 0)
            goto err;
    rc = fill(set, workers);
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

static struct prepare_span span(const struct prepare_set *set, size_t handoff, size_t offset,
                                size_t len)
{
    return (struct prepare_span){set->arena + handoff * set->stride + offset, len};
}

struct prepare_span prepare_request(const struct prepare_set *set, size_t handoff,
                                    enum prepare_step step)
{
    return span(set, handoff, set->offset[step], set->len[step]);
}

size_t prepare_body_len(const struct prepare_set *set, enum prepare_step step)
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
