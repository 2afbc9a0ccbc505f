#include "api/endpoints/endpoints.h"
#include "api/server.h"

enum { REPLY_MAX = 256 };

void service_get(struct request *r)
{
    struct text t = request_json(r, REPLY_MAX);

    text_add(&t, "{\"version\":\"" HANDOFF_VERSION "\",\"submissions\":");
    text_add(&t, server_submissions_open(r->server) ? "\"open\"" : "\"token\"");
    text_add(&t, ",\"envelope_max\":");
    text_i64(&t, (int64_t)server_envelope_max(r->server));
    text_add(&t, ",\"expires_max\":");
    text_i64(&t, VAULT_EXPIRES_MAX_S);
    text_add(&t, "}");
    request_reply(r, MHD_HTTP_OK, &t);
}
