#include "api/base/service.h"
#include "api/endpoints/endpoints.h"
#include "vault/protocol/encoding/clock.h"
#include "vault/protocol/encoding/secret.h"

enum { REPLY_MAX = 128, PROBE_GOOD_US = 1000000 };

/* The last probe is kept in one word, so that it is read whole: when it was, in microseconds,
   times 2, plus whether the service was ready; 0: there was none. */
static bool probed(const struct service *s, bool *ready)
{
    const int64_t word = atomic_load(&s->probed);

    *ready = word & 1;
    return word != 0 && clock_monotonic_us() - (word >> 1) < PROBE_GOOD_US;
}

static void keep_probe(struct service *s, bool ready)
{
    atomic_store(&s->probed, clock_monotonic_us() * 2 + ready);
}

void health_live(struct request *r)
{
    struct text t = request_json(r, REPLY_MAX);

    text_add(&t, "{\"status\":\"alive\"}");
    request_reply(r, MHD_HTTP_OK, &t);
}

static void reply_ready(struct request *r, bool ready)
{
    struct text t;

    if (!ready) {
        request_refuse(r, PROBLEM_UNAVAILABLE,
                       "No event could be written: look at the service's log and the disk.");
        return;
    }
    t = request_json(r, REPLY_MAX);
    text_add(&t, "{\"status\":\"ready\",\"memory_locked\":");
    text_add(&t, secret_all_locked() ? "true}" : "false}");
    request_reply(r, MHD_HTTP_OK, &t);
}

/* A probe is a real commit; its result is good for a second, so that asking costs nobody anything.
 */
void health_ready(struct request *r)
{
    bool ready;

    if (probed(r->service, &ready)) {
        reply_ready(r, ready);
        return;
    }
    r->job.op = VAULT_PROBE;
    request_post(r);
}

void health_ready_done(struct request *r)
{
    const bool ready = r->job.result.answer == ANSWER_OK;

    keep_probe(r->service, ready);
    reply_ready(r, ready);
}
