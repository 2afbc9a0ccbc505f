#include "api/endpoints/endpoints.h"
#include "api/server.h"
#include "vault/protocol/encoding/secret.h"

enum { REPLY_MAX = 128 };

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

    if (server_probed(r->server, &ready)) {
        reply_ready(r, ready);
        return;
    }
    r->job.op = VAULT_PROBE;
    request_post(r);
}

void health_ready_done(struct request *r)
{
    const bool ready = r->job.result.answer == ANSWER_OK;

    server_keep_probe(r->server, ready);
    reply_ready(r, ready);
}
